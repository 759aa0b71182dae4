"""The use case: computes the performance tables of some game dates from graded predictions, and writes them."""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nba_consolidation.fencing.computed_tables import ComputedTables
from nba_consolidation.fencing.fenced_writer import FencedWriter, log_outcome
from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.analysis.performance import metrics
from nba_consolidation.pipeline.analysis.performance.counts import EDGE_BOUNDS, DailyCounts
from nba_consolidation.pipeline.analysis.performance.queries import analysed_dates
from nba_consolidation.pipeline.analysis.performance.windows import (
    DateRange,
    dependent_dates,
    earliest_start,
    last_dependent,
    window_bounds,
)
from nba_consolidation.schema import ALL_TABLES, CALIBRATION_SCORES, CONFIDENCE_CALIBRATION, SYSTEM_PERFORMANCE
from nba_consolidation.sql import Statement, Value
from nba_consolidation.warehouse.interface import Warehouse

if TYPE_CHECKING:
    import pandas as pd

_log = logging.getLogger(__name__)
LOCK_TYPE = "performance"
_TABLES = ComputedTables(
    {"performance": SYSTEM_PERFORMANCE, "calibration": CONFIDENCE_CALIBRATION, "scores": CALIBRATION_SCORES},
    transaction_column="performance_id",
)
_EDGES = {f"edge_bound_{number}": bound for number, bound in enumerate(EDGE_BOUNDS, start=1)}


@dataclass(frozen=True)
class AnalysedDate:
    """The current rows of one date in the three tables, and how many of them this run wrote."""

    game_date: dt.date
    total_rows: int = 0
    written_rows: int = 0


@dataclass(frozen=True)
class AnalysisReport:
    """The result of an analysis. followed: later dates, analysed before, whose windows contain the requested dates."""

    run_id: str
    performance_id: str
    dates: tuple[AnalysedDate, ...]
    followed: tuple[dt.date, ...]
    seconds: float
    lease_wait_ms: int = 0
    lease_hold_ms: int = 0

    def total(self, figure: str) -> int:
        """The sum of one figure of AnalysedDate over the dates."""
        return sum(getattr(date, figure) for date in self.dates)


@dataclass(frozen=True)
class Analyst:
    """Everything an analysis needs. odds: American, for `roi`."""

    writer: FencedWriter
    odds: int = metrics.STANDARD_ODDS

    def analyse(
        self, dates: Collection[dt.date], holder: Holder, on_step: Callable[[str], None] = lambda _: None
    ) -> AnalysisReport:
        """Recomputes the rows of the dates, and of later dates whose windows contain them, in one transaction.

        Rows that do not change are not rewritten. Raises LeaseError, WarehouseError, FencedOut; then nothing was
        written. Call it after the grading of the dates is committed.
        """
        started = time.monotonic()
        requested = sorted(set(dates))
        if not requested:
            return AnalysisReport(holder.run_id, "", (), (), 0.0)
        warehouse = self.writer.warehouse
        warehouse.create_tables(ALL_TABLES)
        followed = sorted(set(_dependent(warehouse, requested)) - set(requested))
        ordered = sorted([*requested, *followed])
        performance_id = uuid.uuid4().hex
        with self.writer.holding(LOCK_TYPE, ordered, holder) as leased:
            on_step("count")
            counts = _counts(warehouse, ordered)
            on_step("compute")
            frames = {
                "performance": metrics.performance(counts, self.odds),
                "calibration": metrics.calibration(counts),
                "scores": metrics.calibration_scores(counts),
            }
            current = _TABLES.write(
                leased, ordered, frames, transaction=performance_id, counts="performance_counts", on_step=on_step
            )
        analysed = tuple(AnalysedDate(**current.get(date, {"game_date": date})) for date in ordered)
        seconds = round(time.monotonic() - started, 3)
        report = AnalysisReport(
            holder.run_id, performance_id, analysed, tuple(followed), seconds,
            leased.lease.waited_ms, leased.lease.held_ms,
        )  # fmt: skip
        log_outcome(
            _log, "analysed", holder.run_id, ordered, rows_written=report.total("written_rows"),
            ms=round(1000 * seconds), lease_wait_ms=report.lease_wait_ms, lease_hold_ms=report.lease_hold_ms,
        )  # fmt: skip
        return report


def _dependent(warehouse: Warehouse, requested: Sequence[dt.date]) -> list[dt.date]:
    """The dates that have been analysed and whose windows contain one of the requested dates."""
    analysed = analysed_dates(warehouse, requested[0], max(map(last_dependent, requested)))
    return dependent_dates(analysed, requested)


def _counts(warehouse: Warehouse, dates: Sequence[dt.date]) -> pd.DataFrame:
    """The counts of all windows that end with the dates, from one pass over the graded rows."""
    days = DateRange(min(map(earliest_start, dates)), dates[-1])
    parameters: dict[str, Value] = {"first_date": days.first, "last_date": days.last, **_EDGES}
    names = ("graded_rows", "daily_counts", "daily_confidences")
    rows = warehouse.run([Statement(name, parameters) for name in names]).rows
    scores = metrics.score_sums(rows["daily_confidences"], window_bounds(dates))
    return DailyCounts.of(days, rows["daily_counts"], scores).in_windows(dates)
