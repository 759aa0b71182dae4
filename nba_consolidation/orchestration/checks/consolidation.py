"""How a consolidation is evaluated: its report, or one of all history for a check that is executed alone."""

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING

from nba_consolidation.orchestration.checks.evaluation import (
    LOST,
    Evaluation,
    by_date,
    described,
    evaluate_conservation,
)
from nba_consolidation.orchestration.metadata import table_of

if TYPE_CHECKING:
    from nba_consolidation.pipeline.consolidation.result import ConsolidationReport

LEASE_OVERHEAD_LIMIT_MS = 100
CONSOLIDATION_LIMIT_MS = 60_000


def unfit_dates(report: "ConsolidationReport") -> Mapping[dt.date, str]:
    """The dates that must not be validated because staged rows were lost, and why."""
    reason = described("conservation", [LOST])
    return {counts.game_date: reason for counts in report.dates if not counts.conserved}


def conservation(report: "ConsolidationReport") -> Evaluation:
    """Staged rows that are in no count, or dates rolled back because of such rows."""
    return evaluate_conservation("conservation", "unconserved_dates", report.dates, report.poisoned)


def quarantined_rows(report: "ConsolidationReport") -> Evaluation:
    """Staged rows that broke a rule."""
    quarantined = [counts for counts in report.dates if counts.quarantined]
    causes = {one.game_date: f"{one.quarantined:,} of {one.staged:,} staged rows" for one in quarantined}
    metadata = {"rows": report.total("quarantined"), "dates": table_of(quarantined)}
    return Evaluation(not quarantined, metadata, described("quarantined_rows", by_date(causes)))


def refused_tables(report: "ConsolidationReport") -> Evaluation:
    """Staging tables that were left out."""
    causes = [f"{table.name}: {table.reason}" for table in report.refused]
    metadata = {"tables": len(causes), "refused": table_of(report.refused)}
    return Evaluation(not causes, metadata, described("refused_tables", causes))


def lease_overhead(report: "ConsolidationReport") -> Evaluation:
    """How long acquisition and release of the leases took."""
    times = {name: getattr(report, name) for name in ("lease_overhead_ms", "lease_wait_ms", "lease_hold_ms")}
    return _limited("lease_overhead", times, LEASE_OVERHEAD_LIMIT_MS)


def duration(report: "ConsolidationReport") -> Evaluation:
    """How long the transaction took."""
    return _limited("consolidation_duration", {"transaction_ms": report.transaction_ms}, CONSOLIDATION_LIMIT_MS)


def _limited(check: str, times: Mapping[str, int], limit_ms: float) -> Evaluation:
    """Whether the first of these times is below the limit."""
    (name, time), *_ = times.items()
    causes = [] if time < limit_ms else [f"{name}: {time:,} ms, the limit is {limit_ms:,} ms"]
    return Evaluation(not causes, {**times, "limit_ms": limit_ms}, described(check, causes))
