"""The parts of an evaluation that all kinds of checks share."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import dagster as dg

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.fencing.errors import AuditFailed
from nba_consolidation.orchestration.metadata import Metadata, table_of

if TYPE_CHECKING:
    from nba_consolidation.fencing.audits import Audit
    from nba_consolidation.warehouse.interface import Row, Warehouse

_EXAMPLES = 20


class Evaluation(NamedTuple):
    """Whether a check passed, and its metadata."""

    passed: bool
    metadata: Metadata


class AuditedOutcome(NamedTuple):
    """The findings of each audit after the commit, and the dates that could not be written."""

    findings: "Mapping[Audit, Sequence[Row]]"
    poisoned: Mapping[dt.date, ConsolidationError]

    @classmethod
    def of(
        cls,
        audits: "Iterable[Audit]",
        warehouse: "Warehouse",
        dates: Sequence[dt.date],
        poisoned: Mapping[dt.date, ConsolidationError],
    ) -> "AuditedOutcome":
        """Reads the committed rows of the dates."""
        return cls({audit: audit.findings(warehouse, dates) for audit in audits}, poisoned)


class CountedDate(Protocol):
    """The counts of one date of a run."""

    @property
    def conserved(self) -> bool:
        """Whether each row is in exactly one count."""


def severity(*, warns: bool) -> dg.AssetCheckSeverity:
    """The severity of a failed check."""
    return dg.AssetCheckSeverity.WARN if warns else dg.AssetCheckSeverity.ERROR


def evaluate_audit(audit: "Audit", audited: AuditedOutcome) -> Evaluation:
    """An audit that a run emits: about the committed rows, and about the dates that it rolled back."""
    findings, rolled_back = audited.findings.get(audit, ()), rolled_back_by(audit.name, audited.poisoned)
    metadata = {**findings_metadata(findings), "rolled_back": table_of(rolled_back)}
    return Evaluation(not findings and not rolled_back, metadata)


def evaluate_conservation(
    audit: str, dates: Sequence[CountedDate], poisoned: Mapping[dt.date, ConsolidationError]
) -> Evaluation:
    """Rows that are not in exactly one count, or dates that this audit rolled back because of such rows."""
    rolled_back = rolled_back_by(audit, poisoned)
    metadata = {"dates": table_of(dates), "rolled_back": table_of(rolled_back)}
    return Evaluation(not rolled_back and all(date.conserved for date in dates), metadata)


def findings_metadata(findings: "Sequence[Row]") -> Metadata:
    """The number of findings, also by date, and some of them."""
    by_date = Counter(str(finding["game_date"]) for finding in findings)
    return {
        "findings": len(findings),
        "by_date": table_of([{"game_date": date, "findings": count} for date, count in sorted(by_date.items())]),
        "examples": table_of(findings[:_EXAMPLES]),
    }


def rolled_back_by(audit: str, poisoned: Mapping[dt.date, ConsolidationError]) -> list[dict[str, str]]:
    """The dates that this audit rolled back inside the transaction."""
    return [
        {"game_date": str(date), "reason": str(error)}
        for date, error in sorted(poisoned.items())
        if isinstance(error, AuditFailed) and error.audit == audit
    ]
