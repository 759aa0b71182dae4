"""Groups failures into messages: one per cause, each date and cause once within a time window. Sends nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace

from nba_consolidation.operations.alerts.runbook import to_do

SEVERITIES = ("warning", "error")
NO_DATE = "no date"
ATTEMPTS = 20
_MOST_REASONS, _MOST_RUNS, _MOST_DATES = 3, 5, 10
_MOST_LETTERS = 600  # of each reason: messages are read on a phone, and the run has the full text


@dataclass(frozen=True)
class Failure:
    """A failed step or check. cause: the error class or the name of the check. what: the message."""

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
    """The content of one message."""

    cause: str
    severity: str
    dates: tuple[str, ...]
    what: tuple[str, ...]
    run_ids: tuple[str, ...]

    def subject(self) -> str:
        """Returns severity, cause and dates in one line."""
        dates = ", ".join(self.dates[:_MOST_DATES]) + (
            f" and {len(self.dates) - _MOST_DATES} more" * (len(self.dates) > _MOST_DATES)
        )
        return f"[{self.severity}] {self.cause}: {dates}"

    def text(self, webserver_url: str | None) -> str:
        """Returns the failures, links to the runs, and the next step."""
        runs = [run_address(webserver_url, run) or f"run {run}" for run in self.run_ids]
        return "\n".join([*self.what, "", f"Where: {', '.join(runs)}", f"What to do: {to_do(self.cause)}"])


def run_address(webserver_url: str | None, run_id: str) -> str | None:
    """The address of the page of a run; None if the address of Dagster's pages is not set."""
    return f"{webserver_url.rstrip('/')}/runs/{run_id}" if webserver_url else None


@dataclass(frozen=True)
class Pending:
    """An alert that was not sent to all of its channels yet."""

    alert: Alert
    channels: tuple[str, ...]
    attempts: int = 0


@dataclass(frozen=True)
class Outbox:
    """sent: severity and time by date and cause. pending: alerts that are still to be sent."""

    sent: dict[str, tuple[str, float]] = field(default_factory=dict)
    pending: tuple[Pending, ...] = ()

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Outbox:
        """The inverse of `to_json`."""
        document = json.loads(text)
        sent = {
            key: (SEVERITIES[_rank(severity)], float(at)) for key, (severity, at) in document.get("sent", {}).items()
        }
        return cls(sent, tuple(_pending(entry) for entry in document["pending"]))


def collect(
    outbox: Outbox,
    failures: Iterable[Failure],
    *,
    now: float,
    window: float,
    channels: Sequence[str],
    least: str = SEVERITIES[0],
) -> Outbox:
    """Returns the outbox with new alerts; a date and cause that was reported within `window` seconds is left out.

    It is reported again only if it became more severe. Retries of a run and further ticks add no alert.
    """
    before = {key: entry for key, entry in outbox.sent.items() if now - entry[1] < window}
    sent = dict(before)
    new: dict[str, list[Failure]] = {}
    for failure in failures:
        if _rank(failure.severity) < _rank(least) or _known(before.get(failure.key), failure):
            continue
        worst = max(failure.severity, sent.get(failure.key, SEVERITIES)[0], key=_rank)
        sent[failure.key] = (worst, now)
        new.setdefault(failure.cause, []).append(failure)
    alerts = [Pending(_alert(cause, same_cause), tuple(channels)) for cause, same_cause in new.items()]
    return Outbox(sent, (*outbox.pending, *alerts))


def after_attempt(pending: Pending, unreached: Sequence[str]) -> Pending | None:
    """Returns the rest to send after an attempt; None if all channels have it or no attempt is left."""
    if not unreached or pending.attempts + 1 >= ATTEMPTS:
        return None
    return replace(pending, channels=tuple(unreached), attempts=pending.attempts + 1)


def _known(entry: tuple[str, float] | None, failure: Failure) -> bool:
    return entry is not None and _rank(entry[0]) >= _rank(failure.severity)


def _alert(cause: str, failures: Sequence[Failure]) -> Alert:
    reasons = list(dict.fromkeys(_short(failure.what) for failure in failures))
    return Alert(
        cause,
        max((failure.severity for failure in failures), key=_rank),
        tuple(sorted({failure.date for failure in failures})),
        tuple(reasons[:_MOST_REASONS]),
        tuple(dict.fromkeys(failure.run_id for failure in failures))[:_MOST_RUNS],
    )


def _short(text: str) -> str:
    return text if len(text) <= _MOST_LETTERS else text[: _MOST_LETTERS - 3] + "..."


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity)


def _pending(document: dict[str, object]) -> Pending:
    alert = {name: tuple(value) if isinstance(value, list) else value for name, value in document["alert"].items()}  # type: ignore[attr-defined]
    return Pending(Alert(**alert), tuple(document["channels"]), int(document["attempts"]))  # type: ignore[arg-type,call-overload]
