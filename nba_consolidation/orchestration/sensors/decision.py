"""What a sensor decides: which dates are asked for now, and what it must remember. Pure; knows no Dagster.

It looks at states, not at events: half of the predecessor's events were lost (incident 18). A date's state is a
fingerprint; whoever calls knows of what.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

_CURSOR_FORMAT = 1


@dataclass(frozen=True)
class Pace:
    """Seconds. A date is asked for once it was `quiet` for so long, or once it has been waiting for `patience`.

    The second is for a stream that never ends: it must not keep the date from being consolidated at all.
    """

    quiet: float
    patience: float


@dataclass(frozen=True)
class Seen:
    """A date as it was last seen: its state, since when that state, since when it waits, the state last asked for."""

    fingerprint: str
    changed: float
    waiting: float
    requested: str | None = None

    @property
    def settled(self) -> bool:
        """Whether this very state was asked for. If its run failed, it is not asked for again until it changes."""
        return self.fingerprint == self.requested

    def due(self, now: float, pace: Pace) -> bool:
        return now - self.changed >= pace.quiet or now - self.waiting >= pace.patience


@dataclass(frozen=True)
class Cursor:
    """What a sensor remembers, by date. Only of the dates that are there: it stays small."""

    dates: Mapping[dt.date, Seen] = field(default_factory=dict)

    def dump(self) -> str:
        """As text, for Dagster to keep."""
        seen = {
            str(date): [entry.fingerprint, round(entry.changed, 1), round(entry.waiting, 1), entry.requested]
            for date, entry in sorted(self.dates.items())
        }
        return json.dumps({"format": _CURSOR_FORMAT, "dates": seen}, separators=(",", ":"))

    @classmethod
    def load(cls, text: str | None) -> Cursor:
        """From text. One that cannot be understood is begun anew: the run keys see to it that nothing runs twice."""
        try:
            document = json.loads(text or "")
            if document["format"] != _CURSOR_FORMAT:
                return cls()
            return cls({dt.date.fromisoformat(date): _seen(*entry) for date, entry in document["dates"].items()})
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            return cls()


@dataclass(frozen=True)
class RangeRequest:
    """One run over a range of dates without a gap. The key says which states it is about."""

    first: dt.date
    last: dt.date
    run_key: str


@dataclass(frozen=True)
class ArrivalDecision:
    """What is asked for, what to remember, and, for people, why it is not more."""

    requests: tuple[RangeRequest, ...]
    cursor: Cursor
    reason: str


def decide(
    listing: Mapping[dt.date, str],
    cursor: Cursor,
    running: Collection[dt.date],
    now: float,
    pace: Pace,
    *,
    what: str,
    until: dt.date = dt.date.max,
    recurs: bool = False,
) -> ArrivalDecision:
    """From the fingerprints of all dates that have something, and what is remembered.

    running: dates of runs in progress; theirs is asked for when they have ended. what: begins each run key.
    until: the last date that has a partition; what has come for a later one waits for its day. recurs: a state can come
    back, and is then as good as new; the run key must not be the one that it had before.
    """
    seen = {date: _look(fingerprint, cursor.dates.get(date), now) for date, fingerprint in listing.items()}
    open_ = {date: entry for date, entry in seen.items() if not entry.settled}
    early = {date for date in open_ if date > until}
    busy = {date for date in open_ if date in running} - early
    due = sorted(date for date, entry in open_.items() if date not in early | busy and entry.due(now, pace))
    requested = {date: replace(seen[date], requested=seen[date].fingerprint) for date in due}
    arriving = len(open_) - len(early) - len(busy) - len(due)
    states = {date: f"{seen[date].requested} " * recurs + seen[date].fingerprint for date in due}
    return ArrivalDecision(
        requests=tuple(_request(dates, states, what) for dates in _ranges(due)),
        cursor=Cursor(seen | requested),
        reason=_reason(settled=len(seen) - len(open_), arriving=arriving, running=len(busy), early=len(early)),
    )


def _look(fingerprint: str, before: Seen | None, now: float) -> Seen:
    """A clock that was set back makes nobody wait: what lies in the future is now."""
    if before is None:
        return Seen(fingerprint, now, now)
    if fingerprint == before.fingerprint:
        return replace(before, changed=min(before.changed, now), waiting=min(before.waiting, now))
    return Seen(fingerprint, now, now if before.settled else min(before.waiting, now), before.requested)


def _ranges(dates: Sequence[dt.date]) -> Iterator[list[dt.date]]:
    """The dates, sorted, in ranges without a gap."""
    current: list[dt.date] = []
    for date in dates:
        if current and date - current[-1] != dt.timedelta(days=1):
            yield current
            current = []
        current.append(date)
    if current:
        yield current


def _request(dates: Sequence[dt.date], states: Mapping[dt.date, str], what: str) -> RangeRequest:
    first, last = dates[0], dates[-1]
    state = "\n".join(f"{date} {states[date]}" for date in dates)
    span = str(first) if first == last else f"{first}..{last}"
    return RangeRequest(first, last, f"{what}:{span}:{hashlib.sha256(state.encode()).hexdigest()[:16]}")


def _reason(**counts: int) -> str:
    words = {
        "settled": "asked for already, and unchanged since",
        "arriving": "still arriving",
        "running": "being worked on",
        "early": "of a day to come",
    }
    parts = [f"{count} {words[name]}" for name, count in counts.items() if count]
    return "dates: " + ", ".join(parts) if parts else "nothing is there"


def _seen(fingerprint: object, changed: str | float, waiting: str | float, requested: object) -> Seen:
    if not isinstance(fingerprint, str) or not (requested is None or isinstance(requested, str)):
        raise TypeError("not a fingerprint")
    return Seen(fingerprint, float(changed), float(waiting), requested)
