"""What the table of strategies says. Computes nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

from nba_consolidation.pipeline.analysis.betting.strategies import PLAYERS
from nba_consolidation.pipeline.analysis.performance.windows import season_of
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.interface import Row, Warehouse

_SAME_BETS = ("bet_days", "bets", "correct", "longest_losing_run", "max_drawdown", "roi_low", "roi_high")


def evaluated_dates(
    warehouse: Warehouse, first: dt.date = dt.date.min, last: dt.date = dt.date.max
) -> tuple[dt.date, ...]:
    """The dates until which strategies have been evaluated, in order."""
    rows = warehouse.query(Statement("evaluated_dates", {"first_date": first, "last_date": last}))
    return tuple(row["game_date"] for row in rows)


def strategies(
    warehouse: Warehouse, first: dt.date, last: dt.date, *, system: str | None = None, strategy: str | None = None
) -> list[Row]:
    """Rows of strategy_performance, the highest lower end of the ROI first; of every one that is not named."""
    given = {"first_date": first, "last_date": last, "system_id": system, "strategy": strategy}
    return warehouse.query(Statement("strategy_figures", given))


def plainest(rows: Sequence[Row]) -> list[Row]:
    """The rows, in their order, but of strategies that made the same bets the one with the fewest conditions only."""
    found: dict[tuple[object, ...], Row] = {}
    for row in rows:
        made = tuple(row[name] for name in ("game_date", "system_id", *_SAME_BETS))
        found[made] = min(found.get(made, row), row, key=_conditions)
    return list(found.values())


def _conditions(row: Row) -> tuple[int, float, float]:
    set_ones = (row["min_confidence"] > 0, row["min_edge"] > 0, row["players"] != PLAYERS[0])
    return sum(set_ones), row["min_edge"], row["min_confidence"]


def until(date: dt.date, warehouse: Warehouse, named: Collection[str]) -> list[Row]:
    """Of each of the strategies, the rows of every date of the season up to this one, in order."""
    first = season_of(date).first
    return [row for name in named for row in strategies(warehouse, first, date, strategy=name)]
