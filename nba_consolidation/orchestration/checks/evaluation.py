"""The parts of an evaluation that all kinds of checks share."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import dagster as dg

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.fencing.errors import AuditFailed
from nba_consolidation.operations.alerts.runbook import to_do
from nba_consolidation.orchestration.metadata import Metadata, table_of

LOST = "rows are in no count, or in two"
_NAMED = 5


class Evaluation(NamedTuple):
    """Whether a check passed, its metadata, and what it found, for people.

    warns: instead of what the check declares.
    """

    passed: bool
    metadata: Metadata
    message: str = ""
    warns: bool | None = None


class CountedDate(Protocol):
    """The counts of one date of a run."""

    @property
    def game_date(self) -> dt.date:
        """The date."""

    @property
    def conserved(self) -> bool:
        """Whether each row is in exactly one count."""


def severity(*, warns: bool) -> dg.AssetCheckSeverity:
    """The severity of a failed check."""
    return dg.AssetCheckSeverity.WARN if warns else dg.AssetCheckSeverity.ERROR


def described(check: str, causes: Sequence[str]) -> str:
    """What a check found and the next step, in one line; empty if it found nothing."""
    if not causes:
        return ""
    more = f"; and {len(causes) - _NAMED} more" if len(causes) > _NAMED else ""
    return f"{'; '.join(causes[:_NAMED])}{more}. Next: {to_do(check)}"


def by_date(causes: Mapping[dt.date, str]) -> list[str]:
    """What was found on each date, with the date."""
    return [f"{date}: {cause}" for date, cause in sorted(causes.items())]


def evaluate_conservation(
    check: str, audit: str, dates: Sequence[CountedDate], poisoned: Mapping[dt.date, ConsolidationError]
) -> Evaluation:
    """Rows that are not in exactly one count, or dates that the audit rolled back because of such rows."""
    lost = [date for date in dates if not date.conserved]
    causes = rolled_back_by(audit, poisoned) | {date.game_date: LOST for date in lost}
    metadata = {"dates_checked": len(dates), "lost": table_of(lost)}
    return Evaluation(not causes, metadata, described(check, by_date(causes)))


def rolled_back_by(audit: str, poisoned: Mapping[dt.date, ConsolidationError]) -> dict[dt.date, str]:
    """The dates that this audit rolled back inside the transaction, each with the reason."""
    return {
        date: str(error) for date, error in poisoned.items() if isinstance(error, AuditFailed) and error.audit == audit
    }
