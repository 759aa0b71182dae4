"""Reads rows of the performance tables."""

from __future__ import annotations

import datetime as dt

from nba_consolidation.pipeline.analysis.performance.windows import season_of
from nba_consolidation.schema import CALIBRATION_SCORES, CONFIDENCE_CALIBRATION, SYSTEM_PERFORMANCE
from nba_consolidation.warehouse.interface import Row, Warehouse
from nba_consolidation.warehouse.table_reads import table_rows


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
    return table_rows(warehouse, SYSTEM_PERFORMANCE, first, last, time_window=window, sliced_by=by, system_id=system)


def hit_rates_until(date: dt.date, warehouse: Warehouse, window: str = "30d") -> list[Row]:
    """Rows of system_performance of each date of the season until this one, not divided into buckets."""
    return performance(warehouse, season_of(date).first, date, window=window, by="all")


def reliability_tables(
    warehouse: Warehouse, first: dt.date, last: dt.date, *, window: str | None = None, system: str | None = None
) -> list[Row]:
    """Rows of confidence_calibration; None selects every window or system."""
    return table_rows(warehouse, CONFIDENCE_CALIBRATION, first, last, time_window=window, system_id=system)


def calibration_scores(
    warehouse: Warehouse, first: dt.date, last: dt.date, *, window: str | None = None, system: str | None = None
) -> list[Row]:
    """Rows of calibration_scores; None selects every window or system."""
    return table_rows(warehouse, CALIBRATION_SCORES, first, last, time_window=window, system_id=system)
