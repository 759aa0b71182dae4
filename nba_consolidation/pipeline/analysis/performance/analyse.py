"""The use case: graded predictions of some game dates become the tables of performance, under their fence."""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import pandas as pd

from nba_consolidation.fencing.computed_tables import ComputedTables
from nba_consolidation.fencing.fenced_writer import FencedWriter, log_outcome
from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.analysis.performance.buckets import EDGE_BOUNDS
from nba_consolidation.pipeline.analysis.performance.calibration import reliability, scores, scores_by_stretch
from nba_consolidation.pipeline.analysis.performance.counts import DailyCounts
from nba_consolidation.pipeline.analysis.performance.figures import analysed_dates
from nba_consolidation.pipeline.analysis.performance.rates import STANDARD_ODDS, with_figures
from nba_consolidation.pipeline.analysis.performance.windows import Span, bounds, first_date_read, reach, touched
from nba_consolidation.schema import ALL_TABLES, CALIBRATION_SCORES, CONFIDENCE_CALIBRATION, SYSTEM_PERFORMANCE
from nba_consolidation.sql import Statement, Value
from nba_consolidation.warehouse.interface import Warehouse

_log = logging.getLogger(__name__)
LOCK_TYPE = "performance"
_TABLES = ComputedTables(
    {"performance": SYSTEM_PERFORMANCE, "calibration": CONFIDENCE_CALIBRATION, "scores": CALIBRATION_SCORES},
    transaction_column="performance_id",
)
_EDGES = {f"edge_bound_{number}": bound for number, bound in enumerate(EDGE_BOUNDS, start=1)}


@dataclass(frozen=True)
class AnalysedDate:
    """What stands of one date in the three tables, and how many of these rows this run had to write."""

    game_date: dt.date
    total_rows: int = 0
    written_rows: int = 0


@dataclass(frozen=True)
class AnalysisReport:
    """What an analysis came to. followed: later dates, analysed before, whose windows hold the dates asked for.

    Times of the lease are in milliseconds.
    """

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
    """Everything an analysis needs. odds: American, what `roi` is computed at."""

    writer: FencedWriter
    odds: int = STANDARD_ODDS

    def analyse(
        self, dates: Collection[dt.date], holder: Holder, on_step: Callable[[str], None] = lambda _: None
    ) -> AnalysisReport:
        """Brings the tables up to date for the dates, and for later ones whose windows hold them, in one transaction.

        Rows that come out as they stand are left alone. Raises LeaseError, WarehouseError, FencedOut; then nothing was
        written. Call it when the grading of the dates is committed: it reads what stands.
        """
        started = time.monotonic()
        asked = sorted(set(dates))
        if not asked:
            return AnalysisReport(holder.run_id, "", (), (), 0.0)
        warehouse = self.writer.warehouse
        warehouse.create_tables(ALL_TABLES)
        followed = [date for date in _analysed(warehouse, asked) if date not in set(asked)]
        ordered = sorted([*asked, *followed])
        performance_id = uuid.uuid4().hex
        with self.writer.holding(LOCK_TYPE, ordered, holder) as leased:
            on_step("count")
            counts = _counted(warehouse, ordered)
            on_step("compute")
            frames = self._computed(counts)
            stands = _TABLES.write(
                leased, ordered, frames, transaction=performance_id, counts="performance_counts", on_step=on_step
            )
        written = tuple(AnalysedDate(**stands.get(date, {"game_date": date})) for date in ordered)
        seconds = round(time.monotonic() - started, 3)
        report = AnalysisReport(
            holder.run_id, performance_id, written, tuple(followed), seconds,
            leased.lease.waited_ms, leased.lease.held_ms,
        )  # fmt: skip
        log_outcome(
            _log, "analysed", holder.run_id, ordered, rows_written=report.total("written_rows"),
            ms=round(1000 * seconds), lease_wait_ms=report.lease_wait_ms, lease_hold_ms=report.lease_hold_ms,
        )  # fmt: skip
        return report

    def _computed(self, counts: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """The rows of each table as they should stand."""
        return {
            "performance": with_figures(counts, self.odds),
            "calibration": reliability(counts),
            "scores": scores(counts),
        }


def _analysed(warehouse: Warehouse, asked: Sequence[dt.date]) -> list[dt.date]:
    """Later dates that have been analysed and would be wrong if what they sum up had changed."""
    return touched(analysed_dates(warehouse, asked[0], max(map(reach, asked))), asked)


def _counted(warehouse: Warehouse, dates: Sequence[dt.date]) -> pd.DataFrame:
    """The counts of all windows of the dates, from one pass over the graded rows."""
    span = Span(min(map(first_date_read, dates)), dates[-1])
    parameters: dict[str, Value] = {"first_date": span.first, "last_date": span.last, **_EDGES}
    names = ("graded_rows", "daily_counts", "daily_confidences")
    rows = warehouse.run([Statement(name, parameters) for name in names]).rows
    scored = scores_by_stretch(rows["daily_confidences"], bounds(dates))
    return DailyCounts.of(span, rows["daily_counts"], scored).in_windows(dates)
