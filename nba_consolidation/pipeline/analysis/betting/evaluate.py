"""The use case: evaluates strategies until some game dates, from graded bets, and writes strategy_performance."""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import groupby

from nba_consolidation.fencing.computed_tables import ComputedTables
from nba_consolidation.fencing.fenced_writer import FencedWriter, LeasedDates, log_outcome
from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.analysis.betting.bets import DailyResults
from nba_consolidation.pipeline.analysis.betting.queries import evaluated_dates
from nba_consolidation.pipeline.analysis.betting.strategy_rows import strategy_rows
from nba_consolidation.pipeline.analysis.performance.metrics import STANDARD_ODDS
from nba_consolidation.pipeline.analysis.performance.windows import DateRange, season_of
from nba_consolidation.schema import ALL_TABLES, MAJORITY, STRATEGY_PERFORMANCE, UNANIMOUS
from nba_consolidation.sql import Statement, Value

_log = logging.getLogger(__name__)
LOCK_TYPE = "betting"
_TABLES = ComputedTables({"strategies": STRATEGY_PERFORMANCE}, "evaluation_id")


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


@dataclass(frozen=True)
class EvaluationReport:
    """The result of an evaluation. followed: later dates of the seasons that were evaluated before, recomputed too."""

    run_id: str
    dates: tuple[EvaluatedDate, ...]
    followed: tuple[dt.date, ...]
    seconds: float

    def total(self, figure: str) -> int:
        """The sum of one figure of EvaluatedDate over the dates."""
        return sum(getattr(date, figure) for date in self.dates)


@dataclass(frozen=True)
class Strategist:
    """Everything an evaluation needs. odds: American, the same for every bet; no table has the odds of each."""

    writer: FencedWriter
    odds: int = STANDARD_ODDS

    def evaluate(
        self, dates: Collection[dt.date], holder: Holder, on_step: Callable[[str], None] = lambda _: None
    ) -> EvaluationReport:
        """Recomputes the rows of the dates, and of later dates of their seasons that were evaluated before.

        One transaction per season. Rows that do not change are not rewritten. Raises LeaseError, WarehouseError,
        FencedOut; then nothing of that season was written. Call it after the grading of the dates is committed.
        """
        started = time.monotonic()
        requested = sorted(set(dates))
        warehouse = self.writer.warehouse
        warehouse.create_tables(ALL_TABLES)
        evaluated: list[EvaluatedDate] = []
        followed: list[dt.date] = []
        for season, of_season in groupby(requested, season_of):
            first, *others = of_season
            later = set(evaluated_dates(warehouse, first, season.last)) - {first, *others}
            ordered = sorted([first, *others, *later])
            with self.writer.holding(LOCK_TYPE, ordered, holder) as leased:
                on_step("count")
                results = _daily_results(leased, DateRange(season.first, ordered[-1]))
                on_step("compute")
                rows = strategy_rows(results, season.first, ordered, self.odds)
                counts = _TABLES.write(
                    leased, ordered, {"strategies": rows}, transaction=uuid.uuid4().hex, counts="strategy_counts",
                    on_step=on_step,
                )  # fmt: skip
                evaluated += [EvaluatedDate(**counts.get(date, {"game_date": date})) for date in ordered]
            followed += sorted(later)
        seconds = round(time.monotonic() - started, 3)
        report = EvaluationReport(holder.run_id, tuple(evaluated), tuple(followed), seconds)
        log_outcome(_log, "evaluated", holder.run_id, requested, rows_written=report.total("written_rows"),
                    ms=round(1000 * seconds))  # fmt: skip
        return report


def _daily_results(leased: LeasedDates, dates: DateRange) -> DailyResults:
    """The results of the season to date, from one pass over the graded rows."""
    parameters: dict[str, Value] = {
        "first_date": dates.first, "last_date": dates.last, "unanimous": UNANIMOUS, "majority": MAJORITY,
    }  # fmt: skip
    names = ("flagged_players", "votes", "sides", "season_bets")
    rows = leased.warehouse.run([Statement(name, parameters) for name in names]).rows
    return DailyResults.of(rows["season_bets"])
