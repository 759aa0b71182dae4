"""What the tables of performance say: the rows of a date, and of the season until then. Computes nothing."""

from __future__ import annotations

import datetime as dt

from nba_consolidation.pipeline.analysis.performance.windows import season_of
from nba_consolidation.sql import Statement, Value
from nba_consolidation.warehouse.interface import Row, Warehouse


def analysed_dates(
    warehouse: Warehouse, first: dt.date = dt.date.min, last: dt.date = dt.date.max
) -> tuple[dt.date, ...]:
    """The dates that have been analysed, in order."""
    return _dates(warehouse, "analysed_dates", first, last)


def graded_dates(
    warehouse: Warehouse, first: dt.date = dt.date.min, last: dt.date = dt.date.max
) -> tuple[dt.date, ...]:
    """The dates of which predictions are graded, in order."""
    return _dates(warehouse, "graded_dates", first, last)


def performance(
    warehouse: Warehouse,
    first: dt.date,
    last: dt.date,
    *,
    window: str | None = None,
    by: str | None = None,
    system: str | None = None,
) -> list[Row]:
    """Rows of system_performance; of every window, slice or system that is not named."""
    chosen: dict[str, Value] = {"time_window": window, "sliced_by": by, "system_id": system}
    return warehouse.query(Statement("performance_figures", {"first_date": first, "last_date": last, **chosen}))


def hit_rates_until(date: dt.date, warehouse: Warehouse, window: str = "30d") -> list[Row]:
    """Of each system, the figures of every date of the season up to this one."""
    return performance(warehouse, season_of(date).first, date, window=window, by="all")


def reliability_tables(
    warehouse: Warehouse, first: dt.date, last: dt.date, *, window: str | None = None, system: str | None = None
) -> list[Row]:
    """Rows of confidence_calibration."""
    chosen: dict[str, Value] = {"time_window": window, "system_id": system}
    return warehouse.query(Statement("calibration_figures", {"first_date": first, "last_date": last, **chosen}))


def calibration_scores(
    warehouse: Warehouse, first: dt.date, last: dt.date, *, window: str | None = None, system: str | None = None
) -> list[Row]:
    """Rows of calibration_scores."""
    chosen: dict[str, Value] = {"time_window": window, "system_id": system}
    return warehouse.query(Statement("score_figures", {"first_date": first, "last_date": last, **chosen}))


def _dates(warehouse: Warehouse, statement: str, first: dt.date, last: dt.date) -> tuple[dt.date, ...]:
    found = warehouse.query(Statement(statement, {"first_date": first, "last_date": last}))
    return tuple(row["game_date"] for row in found)
