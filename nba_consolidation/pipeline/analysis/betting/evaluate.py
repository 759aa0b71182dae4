"""The use case: evaluates strategies until some game dates, from graded bets, and writes strategy_performance."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nba_consolidation.fencing.computed_tables import ComputedTables, RecomputationReport, recompute
from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.analysis.betting.bets import DailyResults
from nba_consolidation.pipeline.analysis.betting.strategy_rows import strategy_rows
from nba_consolidation.pipeline.analysis.performance.metrics import STANDARD_ODDS
from nba_consolidation.pipeline.analysis.performance.windows import DateSpan, season_of
from nba_consolidation.schema import MAJORITY, STRATEGY_PERFORMANCE, UNANIMOUS
from nba_consolidation.sql import Statement, Value

if TYPE_CHECKING:
    import pandas as pd

LOCK_TYPE = "betting"


@dataclass(frozen=True)
class EvaluatedDate:
    """The strategies with a current row for one date, and how many of these rows this run wrote.

    with_enough_data: strategies with enough dates and bets. paying, losing: by `pays`. better, worse: by `verdict`.
    """

    game_date: dt.date
    strategies: int = 0
    written_rows: int = 0
    with_enough_data: int = 0
    paying: int = 0
    losing: int = 0
    better: int = 0
    worse: int = 0


EvaluationReport = RecomputationReport[EvaluatedDate]
_COMPUTED = ComputedTables(
    LOCK_TYPE,
    (STRATEGY_PERFORMANCE,),
    dates_in=STRATEGY_PERFORMANCE,
    id_column="evaluation_id",
    counts="strategy_counts",
    make_counts=EvaluatedDate,
    event="evaluated",
)


@dataclass(frozen=True)
class Strategist:
    """Evaluates strategies. odds: American, the same for every bet; no table has the odds of each."""

    writer: FencedWriter
    odds: int = STANDARD_ODDS

    def evaluate(
        self, dates: Collection[dt.date], holder: Holder, on_step: Callable[[str], None] = lambda _: None
    ) -> EvaluationReport:
        """Recomputes the rows of the dates, and of later dates of their seasons that were evaluated before.

        One transaction per season. Rows that do not change are not rewritten. Raises LeaseError, WarehouseError,
        FencedOut; then nothing of that season was written. Call it after the grading of the dates is committed.
        """
        return recompute(self.writer, _COMPUTED, dates, holder, compute=self._rows, together=season_of, on_step=on_step)

    def _rows(self, dates: Sequence[dt.date]) -> tuple[pd.DataFrame]:
        season = season_of(dates[0])
        results = self._daily_results(DateSpan(season.first, dates[-1]))
        return (strategy_rows(results, season.first, dates, self.odds),)

    def _daily_results(self, dates: DateSpan) -> DailyResults:
        """The results of the season to date, from one pass over the graded rows."""
        parameters: dict[str, Value] = {
            "first_date": dates.first, "last_date": dates.last, "unanimous": UNANIMOUS, "majority": MAJORITY,
        }  # fmt: skip
        names = ("flagged_players", "votes", "sides", "season_bets")
        rows = self.writer.warehouse.run([Statement(name, parameters) for name in names]).rows
        return DailyResults.of(rows["season_bets"])
