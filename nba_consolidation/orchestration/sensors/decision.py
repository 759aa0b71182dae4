"""Decides which dates a sensor requests now, and computes its next cursor. Pure functions, without Dagster.

A sensor looks at states, not at events: half of the predecessor's events were lost (incident 18). The state of a date
is a fingerprint of its data, made by the caller.
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
    """In seconds: a date is requested once it has not changed for `quiet`, or has been waiting for `patience`.

    `patience` is for a stream of tables that never ends: the date must be consolidated nevertheless.
    """

    quiet: float
    patience: float


@dataclass(frozen=True)
class Seen:
    """A date in the last tick: its state, when that changed, when it began to wait, and the state last requested."""

    fingerprint: str
    changed: float
    waiting: float
    requested: str | None = None

    @property
    def settled(self) -> bool:
        """Whether exactly this state was requested. If its run failed, it is not requested again until it changes."""
        return self.fingerprint == self.requested

    def due(self, now: float, pace: Pace) -> bool:
        """Whether it is time to request the date."""
        return now - self.changed >= pace.quiet or now - self.waiting >= pace.patience


@dataclass(frozen=True)
class Cursor:
    """The state of each date in the last tick. Dates without data are removed, so it stays small."""

    dates: Mapping[dt.date, Seen] = field(default_factory=dict)

    def dump(self) -> str:
        """The text that Dagster stores."""
        seen = {
            str(date): [entry.fingerprint, round(entry.changed, 1), round(entry.waiting, 1), entry.requested]
            for date, entry in sorted(self.dates.items())
        }
        return json.dumps({"format": _CURSOR_FORMAT, "dates": seen}, separators=(",", ":"))

    @classmethod
    def load(cls, text: str | None) -> Cursor:
        """Parses a cursor. An unreadable text becomes an empty cursor: run keys prevent duplicate requests."""
        try:
            document = json.loads(text or "")
            if document["format"] != _CURSOR_FORMAT:
                return cls()
            return cls({dt.date.fromisoformat(date): _seen(*entry) for date, entry in document["dates"].items()})
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            return cls()


@dataclass(frozen=True)
class RangeRequest:
    """One run over a range of dates without a gap. The key identifies the states of the dates."""

    first: dt.date
    last: dt.date
    run_key: str


@dataclass(frozen=True)
class ArrivalDecision:
    """The requests, the next cursor, and the reason why other dates are not requested, for people."""

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
    """Decides from the fingerprints of all dates with data, and the cursor.

    running: dates of runs in progress; they are requested once these have ended. what: the first part of each run key.
    until: the last date that has a partition; data of a later one waits for its day. recurs: an earlier state can come
    back and is then requested again, so the run key also depends on the state before.
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
    """The date as of now. If the clock was set back, times in the future become now, so that no date waits longer."""
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
        "settled": "up to date",
        "arriving": "still arriving",
        "running": "with a run in progress",
        "early": "later than today",
    }
    parts = [f"{count} {words[name]}" for name, count in counts.items() if count]
    return "dates: " + ", ".join(parts) if parts else "no dates have data"


def _seen(fingerprint: object, changed: str | float, waiting: str | float, requested: object) -> Seen:
    if not isinstance(fingerprint, str) or not (requested is None or isinstance(requested, str)):
        raise TypeError("not a fingerprint")
    return Seen(fingerprint, float(changed), float(waiting), requested)
