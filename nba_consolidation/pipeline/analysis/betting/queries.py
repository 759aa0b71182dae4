"""Reads the table strategy_performance, and selects rows of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

from nba_consolidation.pipeline.analysis.betting.strategies import PLAYERS
from nba_consolidation.pipeline.analysis.performance.windows import season_of
from nba_consolidation.schema import PICKED
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.interface import Row, Warehouse

_SAME_BETS = ("bet_days", "bets", "correct", "longest_losing_run", "max_drawdown", "roi_low", "roi_high")


def strategies(warehouse: Warehouse, first: dt.date, last: dt.date, *, strategy: str | None = None) -> list[Row]:
    """Rows of strategy_performance by date, the highest lower end of the ROI first; None selects every one."""
    chosen = {"first_date": first, "last_date": last, "strategy": strategy}
    return warehouse.query(Statement("strategy_rows", chosen))


def season_to_date(date: dt.date, warehouse: Warehouse, names: Collection[str]) -> list[Row]:
    """The rows of these strategies on every date of the season until this one, by strategy and date."""
    first = season_of(date).first
    return [row for name in names for row in strategies(warehouse, first, date, strategy=name)]


def baselines_and_others(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Divides rows of one date into baselines with PICKED, and the others that made bets of their own."""
    baselines = [row for row in rows if row["system_id"] == PICKED or row["verdict"] == "baseline"]
    return baselines, [row for row in simplest(rows) if row not in baselines]


def simplest(rows: Sequence[Row]) -> list[Row]:
    """Of strategies that made the same bets, only the one with the fewest conditions; in the order of the rows."""
    kept: dict[tuple[object, ...], Row] = {}
    for row in rows:
        bets = tuple(row[name] for name in ("game_date", "system_id", *_SAME_BETS))
        kept[bets] = min(kept.get(bets, row), row, key=_conditions)
    return list(kept.values())


def _conditions(row: Row) -> tuple[int, float, float]:
    conditions = (row["min_confidence"] > 0, row["min_edge"] > 0, row["players"] != PLAYERS[0])
    return sum(conditions), row["min_edge"], row["min_confidence"]
