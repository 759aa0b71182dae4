"""How the outcome of a consolidation is evaluated, and which dates must not be validated after it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nba_consolidation.fencing.audits import ACTIVE_TWINS, DUPLICATE_BUSINESS_KEYS
from nba_consolidation.orchestration.checks.evaluation import AuditedOutcome, Evaluation, evaluate_conservation
from nba_consolidation.orchestration.metadata import table_of

if TYPE_CHECKING:
    from nba_consolidation.pipeline.consolidation.result import ConsolidationReport
    from nba_consolidation.warehouse.interface import Warehouse

LEASE_OVERHEAD_LIMIT_MS = 100
CONSOLIDATION_LIMIT_MS = 60_000
AUDITS_AFTER_COMMIT = (DUPLICATE_BUSINESS_KEYS, ACTIVE_TWINS)


@dataclass(frozen=True)
class ConsolidationOutcome:
    """The report, and the audits' findings after the commit, no matter who wrote the rows."""

    report: "ConsolidationReport"
    audited: AuditedOutcome

    @classmethod
    def of(
        cls, report: "ConsolidationReport", warehouse: "Warehouse", dates: Sequence[dt.date]
    ) -> "ConsolidationOutcome":
        """Reads the committed rows of the dates."""
        return cls(report, AuditedOutcome.of(AUDITS_AFTER_COMMIT, warehouse, dates, report.poisoned))

    def unfit_dates(self) -> Mapping[dt.date, str]:
        """The dates that must not be validated though they are not poisoned, and why."""
        unfit = {counts.game_date: "conservation: staged rows were lost" for counts in self.report.dates
                 if not counts.conserved}  # fmt: skip
        for audit, rows in self.audited.findings.items():
            unfit |= {row["game_date"]: f"{audit.name}: {audit.looks_for}" for row in rows}
        return {date: reason for date, reason in unfit.items() if date not in self.report.poisoned}


def conservation(outcome: ConsolidationOutcome) -> Evaluation:
    """Staged rows that are in no count, or dates rolled back because of such rows."""
    return evaluate_conservation("unconserved_dates", outcome.report.dates, outcome.report.poisoned)


def quarantined_rows(outcome: ConsolidationOutcome) -> Evaluation:
    """Staged rows that broke a rule."""
    report = outcome.report
    quarantined = [counts for counts in report.dates if counts.quarantined]
    return Evaluation(not quarantined, {"rows": report.total("quarantined"), "dates": table_of(quarantined)})


def refused_tables(outcome: ConsolidationOutcome) -> Evaluation:
    """Staging tables that were left out."""
    return Evaluation(not outcome.report.refused, {"tables": table_of(outcome.report.refused)})


def lease_overhead(outcome: ConsolidationOutcome) -> Evaluation:
    """How long acquisition and release of the leases took."""
    times = {name: getattr(outcome.report, name) for name in ("lease_overhead_ms", "lease_wait_ms", "lease_hold_ms")}
    return Evaluation(outcome.report.lease_overhead_ms < LEASE_OVERHEAD_LIMIT_MS, times)


def duration(outcome: ConsolidationOutcome) -> Evaluation:
    """How long the transaction took."""
    report = outcome.report
    metadata = {"transaction_ms": report.transaction_ms, "rows_per_second": round(report.rows_per_second)}
    return Evaluation(report.transaction_ms < CONSOLIDATION_LIMIT_MS, metadata)
