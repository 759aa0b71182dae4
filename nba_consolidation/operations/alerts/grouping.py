"""Which failures become which messages: one per cause, each date of it told once in a window. Pure; sends nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace

from nba_consolidation.operations.alerts.runbook import to_do

SEVERITIES = ("warning", "error")
NO_DATE = "no date"
ATTEMPTS = 20
_WHATS, _RUNS, _DATES = 3, 5, 10
_LONGEST = 600  # letters of what happened: a message is read on a telephone, and its rest is in the run


@dataclass(frozen=True)
class Failure:
    """One thing that failed: a run's step or a check. `cause` is the error's class or the check's name."""

    date: str
    cause: str
    severity: str
    what: str
    run_id: str

    @property
    def key(self) -> str:
        return f"{self.date} {self.cause}"


@dataclass(frozen=True)
class Alert:
    """What one message tells."""

    cause: str
    severity: str
    dates: tuple[str, ...]
    what: tuple[str, ...]
    run_ids: tuple[str, ...]

    def subject(self) -> str:
        """How bad, what and which dates, in one line."""
        shown = ", ".join(self.dates[:_DATES]) + (f" and {len(self.dates) - _DATES} more" * (len(self.dates) > _DATES))
        return f"[{self.severity}] {self.cause}: {shown}"

    def text(self, webserver_url: str | None) -> str:
        """What happened, where to look and what to do."""
        base = webserver_url.rstrip("/") if webserver_url else None
        runs = [f"{base}/runs/{run}" if base else f"run {run}" for run in self.run_ids]
        return "\n".join([*self.what, "", f"Where: {', '.join(runs)}", f"What to do: {to_do(self.cause)}"])


@dataclass(frozen=True)
class Pending:
    """An alert that has not reached all of its channels yet."""

    alert: Alert
    channels: tuple[str, ...]
    attempts: int = 0


@dataclass(frozen=True)
class Outbox:
    """What was told when (severity and moment, by date and cause), and what is still to be sent."""

    told: dict[str, tuple[str, float]] = field(default_factory=dict)
    pending: tuple[Pending, ...] = ()

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Outbox:
        """The inverse of `to_json`."""
        document = json.loads(text)
        told = {key: (severity, at) for key, (severity, at) in document["told"].items()}
        return cls(told, tuple(_pending(entry) for entry in document["pending"]))


def collect(
    outbox: Outbox,
    failures: Iterable[Failure],
    *,
    now: float,
    window: float,
    channels: Sequence[str],
    least: str = SEVERITIES[0],
) -> Outbox:
    """The outbox with the new alerts in it: a date and cause that was told within the window is not told again.

    Unless it became worse. A retry of a run, and the next tick, tell the same date and cause, and so nothing.
    """
    before = {key: entry for key, entry in outbox.told.items() if now - entry[1] < window}
    told = dict(before)
    new: dict[str, list[Failure]] = {}
    for failure in failures:
        if _rank(failure.severity) < _rank(least) or _known(before.get(failure.key), failure):
            continue
        worst = max(failure.severity, told.get(failure.key, SEVERITIES)[0], key=_rank)
        told[failure.key] = (worst, now)
        new.setdefault(failure.cause, []).append(failure)
    alerts = [Pending(_alert(cause, found), tuple(channels)) for cause, found in new.items()]
    return Outbox(told, (*outbox.pending, *alerts))


def after_attempt(pending: Pending, unreached: Sequence[str]) -> Pending | None:
    """What is left to do once it was tried; None if it reached all, or if it was tried often enough."""
    if not unreached or pending.attempts + 1 >= ATTEMPTS:
        return None
    return replace(pending, channels=tuple(unreached), attempts=pending.attempts + 1)


def _known(entry: tuple[str, float] | None, failure: Failure) -> bool:
    return entry is not None and _rank(entry[0]) >= _rank(failure.severity)


def _alert(cause: str, found: Sequence[Failure]) -> Alert:
    whats = list(dict.fromkeys(_short(failure.what) for failure in found))
    return Alert(
        cause,
        max((failure.severity for failure in found), key=_rank),
        tuple(sorted({failure.date for failure in found})),
        tuple(whats[:_WHATS]),
        tuple(dict.fromkeys(failure.run_id for failure in found))[:_RUNS],
    )


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity)


def _pending(document: dict[str, object]) -> Pending:
    alert = {name: tuple(value) if isinstance(value, list) else value for name, value in document["alert"].items()}  # type: ignore[attr-defined]
    return Pending(Alert(**alert), tuple(document["channels"]), int(document["attempts"]))  # type: ignore[arg-type,call-overload]
