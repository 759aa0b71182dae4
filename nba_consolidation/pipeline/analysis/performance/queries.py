"""Reads the performance tables: rows of some dates, and which dates have any."""

from __future__ import annotations

import datetime as dt

from nba_consolidation.pipeline.analysis.performance.windows import season_of
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.interface import Row, Warehouse


def analysed_dates(
    warehouse: Warehouse, first: dt.date = dt.date.min, last: dt.date = dt.date.max
) -> tuple[dt.date, ...]:
    """The dates that have been analysed, in order."""
    return tuple(row["game_date"] for row in _read("analysed_dates", warehouse, first, last))


def graded_dates(
    warehouse: Warehouse, first: dt.date = dt.date.min, last: dt.date = dt.date.max
) -> tuple[dt.date, ...]:
    """The dates that have graded predictions, in order."""
    return tuple(row["game_date"] for row in _read("graded_dates", warehouse, first, last))


def performance(
    warehouse: Warehouse,
    first: dt.date,
    last: dt.date,
    *,
    window: str | None = None,
    by: str | None = None,
    system: str | None = None,
) -> list[Row]:
    """Rows of system_performance; None selects every window, slice or system."""
    return _read("performance_rows", warehouse, first, last, time_window=window, sliced_by=by, system_id=system)


def hit_rates_until(date: dt.date, warehouse: Warehouse, window: str = "30d") -> list[Row]:
    """Rows of system_performance of each date of the season until this one, not divided into buckets."""
    return performance(warehouse, season_of(date).first, date, window=window, by="all")


def reliability_tables(
    warehouse: Warehouse, first: dt.date, last: dt.date, *, window: str | None = None, system: str | None = None
) -> list[Row]:
    """Rows of confidence_calibration; None selects every window or system."""
    return _read("calibration_rows", warehouse, first, last, time_window=window, system_id=system)


def calibration_scores(
    warehouse: Warehouse, first: dt.date, last: dt.date, *, window: str | None = None, system: str | None = None
) -> list[Row]:
    """Rows of calibration_scores; None selects every window or system."""
    return _read("score_rows", warehouse, first, last, time_window=window, system_id=system)


def _read(statement: str, warehouse: Warehouse, first: dt.date, last: dt.date, **chosen: str | None) -> list[Row]:
    return warehouse.query(Statement(statement, {"first_date": first, "last_date": last, **chosen}))
