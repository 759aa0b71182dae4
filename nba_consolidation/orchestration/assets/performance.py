"""Performance and calibration of each system: two tables that one analysis writes in one transaction."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nba_consolidation.orchestration.assets.asset_step import AssetResult, AssetRun, asset_step
from nba_consolidation.orchestration.assets.common import ACCURACY_GROUP, table_asset
from nba_consolidation.orchestration.automation_conditions import after_changes
from nba_consolidation.orchestration.checks.performance import PerformanceOutcome
from nba_consolidation.orchestration.metadata import Metadata, displayed, rows_of
from nba_consolidation.schema import (
    ACCURACY,
    ALL_SYSTEMS,
    CONFIDENCE_CALIBRATION,
    SYSTEM_PERFORMANCE,
    TIME_WINDOWS,
    Table,
    display_columns,
)

if TYPE_CHECKING:
    from nba_consolidation.pipeline.analysis.performance.analyse import AnalysisReport
    from nba_consolidation.warehouse.interface import Row, Warehouse

_GRAIN = "system_and_window"
_HIT_RATE = ("bets", "hit_rate", "hit_rate_low", "hit_rate_high")
_PLOTTED = {
    SYSTEM_PERFORMANCE: (*_HIT_RATE, "push", "voided", "mae", "bias", "roi_110"),
    CONFIDENCE_CALIBRATION: (*_HIT_RATE, "mean_confidence", "ece", "ece_noise", "ece_noise_high", "brier", "log_loss"),
}
"""The figures of all systems on the day, as numbers."""
_TABLES = {
    SYSTEM_PERFORMANCE: (display_columns.SYSTEM, display_columns.WINDOW, *display_columns.PERFORMANCE),
    CONFIDENCE_CALIBRATION: (display_columns.SYSTEM, display_columns.WINDOW, *display_columns.CALIBRATION_SCORES[1:]),
}
_PLOTTED_WINDOW, _RELIABILITY_WINDOW = "30d", "season"


def _committed(run: AssetRun) -> AssetResult:
    """The figures of the last analysed date."""
    from nba_consolidation.pipeline.analysis.performance import queries
    from nba_consolidation.warehouse.table_reads import last_game_date

    warehouse = run.deployment.warehouse
    last = last_game_date(warehouse, SYSTEM_PERFORMANCE) or run.last
    performance = queries.performance(warehouse, last, last, by="all")
    scores = queries.calibration_scores(warehouse, last, last)
    return AssetResult(outcome=PerformanceOutcome(last, performance, scores))


@asset_step(
    table_asset(SYSTEM_PERFORMANCE, ACCURACY_GROUP, _GRAIN, ACCURACY.name, automation=after_changes()),
    table_asset(CONFIDENCE_CALIBRATION, ACCURACY_GROUP, _GRAIN, ACCURACY.name, automation=after_changes()),
    name="performance",
    examine=_committed,
)
def performance(run: AssetRun) -> AssetResult:
    """Analyses the dates. One step, so that both tables are about the same graded rows."""
    from nba_consolidation.pipeline.analysis.performance import queries

    warehouse, dates = run.deployment.warehouse.reader(), run.dates
    report = run.deployment.analyst.analyse(dates, run.holder, run.log_step)
    run.log_later_dates(report.followed)
    by_system = queries.performance(warehouse, run.first, run.last, by="all")
    scores = queries.calibration_scores(warehouse, run.first, run.last)
    counts = _counts(report)
    return AssetResult(
        {
            table.name: {date: counts[date] | _figures(rows, date, table) for date in dates}
            for table, rows in ((SYSTEM_PERFORMANCE, by_system), (CONFIDENCE_CALIBRATION, scores))
        },
        images=_images(warehouse, run.last, rows_of(scores, run.last)),
        outcome=PerformanceOutcome(run.last, rows_of(by_system, run.last), rows_of(scores, run.last)),
    )


def _counts(report: "AnalysisReport") -> dict[dt.date, Metadata]:
    """By date: the rows of both tables, and the cost of the run."""
    cost = {"analysis_ms": round(1000 * report.seconds), "lease_wait_ms": report.lease_wait_ms,
            "lease_hold_ms": report.lease_hold_ms}  # fmt: skip
    return {
        counts.game_date: {"rows": counts.total_rows, "rows_written": counts.written_rows, **cost}
        for counts in report.dates
    }


def _figures(rows: "Sequence[Row]", date: dt.date, table: Table) -> Metadata:
    """The figures of all systems on the day, as numbers that the UI plots; and of every system and window, as a table.

    A hit rate that is NULL is left out, with its interval: NULL is not 0.
    """
    of_date = sorted(rows_of(rows, date), key=lambda row: (row["system_id"], TIME_WINDOWS.index(row["time_window"])))
    day = [row for row in of_date if (row["system_id"], row["time_window"]) == (ALL_SYSTEMS, "day")]
    known = {name: row[name] for row in day for name in _PLOTTED[table] if row[name] is not None}
    return {**known, "figures": displayed(of_date, _TABLES[table])}


def _images(warehouse: "Warehouse", date: dt.date, scores: "Sequence[Row]") -> dict[str, dict[str, bytes]]:
    from nba_consolidation.pipeline.analysis.performance import queries
    from nba_consolidation.pipeline.daily_report import charts
    from nba_consolidation.pipeline.daily_report.chart_files import png

    images: dict[str, dict[str, bytes]] = {}
    over_time = queries.hit_rates_until(date, warehouse, _PLOTTED_WINDOW)
    if over_time:
        chart = png(charts.hit_rates_over_time(over_time), f"Hit rate over {_PLOTTED_WINDOW}, up to {date}")
        images[SYSTEM_PERFORMANCE.name] = {"hit_rate_over_time": chart}
    bins = queries.reliability_tables(warehouse, date, date, window=_RELIABILITY_WINDOW)
    if bins:
        of_season = [row for row in scores if row["time_window"] == _RELIABILITY_WINDOW]
        chart = png(charts.reliability_by_system(bins, of_season), f"Reliability, season up to {date}")
        images[CONFIDENCE_CALIBRATION.name] = {"reliability": chart}
    return images
