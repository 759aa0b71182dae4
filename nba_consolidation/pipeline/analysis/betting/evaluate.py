"""The use case: strategies are evaluated until some game dates, from what is graded, under their fence."""

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
from nba_consolidation.pipeline.analysis.betting.bets import Daily
from nba_consolidation.pipeline.analysis.betting.figures import evaluated_dates
from nba_consolidation.pipeline.analysis.betting.verdicts import judged
from nba_consolidation.pipeline.analysis.performance.rates import STANDARD_ODDS
from nba_consolidation.pipeline.analysis.performance.windows import Span, season_of
from nba_consolidation.schema import ALL_TABLES, MAJORITY, STRATEGY_PERFORMANCE, UNANIMOUS
from nba_consolidation.sql import Statement, Value

_log = logging.getLogger(__name__)
LOCK_TYPE = "betting"
_TABLES = ComputedTables({"strategies": STRATEGY_PERFORMANCE}, "evaluation_id")


@dataclass(frozen=True)
class EvaluatedDate:
    """What stands of one date, in strategies, and how many of their rows this run had to write.

    judged: of which enough is known. paying, losing: by `pays`; better, worse: by `verdict`.
    """

    game_date: dt.date
    strategies: int = 0
    written_rows: int = 0
    judged: int = 0
    paying: int = 0
    losing: int = 0
    better: int = 0
    worse: int = 0


@dataclass(frozen=True)
class EvaluationReport:
    """What an evaluation came to. followed: later dates of the seasons, evaluated before, brought up to date too."""

    run_id: str
    dates: tuple[EvaluatedDate, ...]
    followed: tuple[dt.date, ...]
    seconds: float

    def total(self, figure: str) -> int:
        """The sum of one figure of EvaluatedDate over the dates."""
        return sum(getattr(date, figure) for date in self.dates)


@dataclass(frozen=True)
class Strategist:
    """Everything an evaluation needs. odds: American, of every bet: no table has the odds of each."""

    writer: FencedWriter
    odds: int = STANDARD_ODDS

    def evaluate(
        self, dates: Collection[dt.date], holder: Holder, on_step: Callable[[str], None] = lambda _: None
    ) -> EvaluationReport:
        """Brings the table up to date for the dates, and for later ones of their seasons that were evaluated before.

        One transaction per season. Rows that come out as they stand are left alone. Raises LeaseError, WarehouseError,
        FencedOut; then nothing of that season was written. Call it when the grading of the dates is committed.
        """
        started = time.monotonic()
        asked = sorted(set(dates))
        warehouse = self.writer.warehouse
        warehouse.create_tables(ALL_TABLES)
        evaluated: list[EvaluatedDate] = []
        followed: list[dt.date] = []
        for season, given in groupby(asked, season_of):
            wanted = list(given)
            later = [date for date in evaluated_dates(warehouse, wanted[0], season.last) if date not in set(wanted)]
            ordered = sorted([*wanted, *later])
            with self.writer.holding(LOCK_TYPE, ordered, holder) as leased:
                on_step("count")
                daily = _counted(leased, Span(season.first, ordered[-1]))
                on_step("compute")
                rows = judged(daily, season.first, ordered, self.odds)
                stands = _TABLES.write(
                    leased, ordered, {"strategies": rows}, transaction=uuid.uuid4().hex, counts="strategy_counts",
                    on_step=on_step,
                )  # fmt: skip
                evaluated += [EvaluatedDate(**stands.get(date, {"game_date": date})) for date in ordered]
            followed += later
        seconds = round(time.monotonic() - started, 3)
        report = EvaluationReport(holder.run_id, tuple(evaluated), tuple(followed), seconds)
        log_outcome(_log, "evaluated", holder.run_id, asked, rows_written=report.total("written_rows"),
             ms=round(1000 * seconds))  # fmt: skip
        return report


def _counted(leased: LeasedDates, span: Span) -> Daily:
    """The bets of the season so far, from one pass over the graded rows."""
    parameters: dict[str, Value] = {
        "first_date": span.first, "last_date": span.last, "unanimous": UNANIMOUS, "majority": MAJORITY,
    }  # fmt: skip
    names = ("flagged_players", "votes", "sides", "season_bets")
    rows = leased.warehouse.run([Statement(name, parameters) for name in names]).rows
    return Daily.of(rows["season_bets"])
