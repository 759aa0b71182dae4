"""The use case: computes the performance tables of some game dates from graded predictions, and writes them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nba_consolidation.fencing.computed_tables import ComputedTables, RecomputationReport, recompute
from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.analysis.performance import metrics
from nba_consolidation.pipeline.analysis.performance.counts import EDGE_BOUNDS, DailyCounts
from nba_consolidation.pipeline.analysis.performance.windows import (
    DateSpan,
    dependent_dates,
    earliest_start,
    window_bounds,
)
from nba_consolidation.schema import PERFORMANCE_TABLES, SYSTEM_PERFORMANCE
from nba_consolidation.sql import Statement, Value

if TYPE_CHECKING:
    import pandas as pd

LOCK_TYPE = "performance"
_EDGES = {f"edge_bound_{number}": bound for number, bound in enumerate(EDGE_BOUNDS, start=1)}


@dataclass(frozen=True)
class AnalysedDate:
    """The current rows of one date in the three tables, and how many of them this run wrote."""

    game_date: dt.date
    total_rows: int = 0
    written_rows: int = 0


AnalysisReport = RecomputationReport[AnalysedDate]
_COMPUTED = ComputedTables(
    LOCK_TYPE,
    PERFORMANCE_TABLES,
    dates_in=SYSTEM_PERFORMANCE,
    id_column="performance_id",
    counts="performance_counts",
    make_counts=AnalysedDate,
    event="analysed",
)


@dataclass(frozen=True)
class Analyst:
    """Analyses game dates. odds: American, for `roi`."""

    writer: FencedWriter
    odds: int = metrics.STANDARD_ODDS

    def analyse(
        self, dates: Collection[dt.date], holder: Holder, on_step: Callable[[str], None] = lambda _: None
    ) -> AnalysisReport:
        """Recomputes the rows of the dates, and of later dates whose windows contain them, in one transaction.

        Rows that do not change are not rewritten. Raises LeaseError, WarehouseError, FencedOut; then nothing was
        written. Call it after the grading of the dates is committed.
        """
        return recompute(
            self.writer, _COMPUTED, dates, holder, compute=self._rows, dependent=dependent_dates, on_step=on_step
        )

    def _rows(self, dates: Sequence[dt.date]) -> tuple[pd.DataFrame, ...]:
        counts = self._counts(dates)
        return metrics.performance(counts, self.odds), metrics.calibration(counts), metrics.calibration_scores(counts)

    def _counts(self, dates: Sequence[dt.date]) -> pd.DataFrame:
        """The counts of all windows that end with the dates, from one pass over the graded rows."""
        days = DateSpan(min(map(earliest_start, dates)), dates[-1])
        parameters: dict[str, Value] = {"first_date": days.first, "last_date": days.last, **_EDGES}
        names = ("graded_rows", "daily_counts", "daily_confidences")
        rows = self.writer.warehouse.run([Statement(name, parameters) for name in names]).rows
        scores = metrics.score_sums(rows["daily_confidences"], window_bounds(dates))
        return DailyCounts.of(days, rows["daily_counts"], scores).in_windows(dates)
