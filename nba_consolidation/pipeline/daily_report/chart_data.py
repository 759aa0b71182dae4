"""Which charts a report has, and the values that they draw, for other programs."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from nba_consolidation.operations.export.csv_text import csv_rows
from nba_consolidation.pipeline.analysis.recalibration.evaluation import Scores
from nba_consolidation.pipeline.daily_report import charts
from nba_consolidation.pipeline.daily_report.charts import Chart
from nba_consolidation.pipeline.daily_report.contents import Report, SystemReliability
from nba_consolidation.schema import ALL_SYSTEMS, TIME_WINDOWS, Column
from nba_consolidation.schema.declaration import columns
from nba_consolidation.schema.display import Row, calibration_error

_SYSTEMS = 9
_MIN_BETS = 30
"""With fewer bets an interval is too wide for a chart; the table shows the system nevertheless."""
DATA_COLUMNS = columns(
    ("chart", "STRING", "The chart that draws the row; columns that it does not draw are NULL."),
    ("game_date", "DATE", "Date, or last date of the window."),
    ("system_id", "STRING", "The prediction system."),
    ("series", "STRING", "as stated or calibrated: which confidence."),
    ("strategy", "STRING", "The betting strategy."),
    ("player_lookup", "STRING", "The player."),
    ("lower_bound", "FLOAT64", "Where the bin of confidence begins."),
    ("upper_bound", "FLOAT64", "Where it ends."),
    ("mean_confidence", "FLOAT64", "Mean confidence of the bin."),
    ("bets", "INT64", "Decided bets."),
    ("hit_rate", "FLOAT64", "Correct / bets."),
    ("hit_rate_low", "FLOAT64", "Lower end of its 95 % interval."),
    ("hit_rate_high", "FLOAT64", "Upper end of it."),
    ("effective_bets", "FLOAT64", "Bets, where those that depend on each other count for less."),
    ("margin", "FLOAT64", "Mean margin of the bets on the player, in points."),
    ("roi", "FLOAT64", "Return per unit staked."),
    ("roi_low", "FLOAT64", "Lower end of its 95 % interval."),
    ("roi_high", "FLOAT64", "Upper end of it."),
    ("active_rows", "INT64", "Active predictions."),
)
"""The columns of all charts together."""


@dataclass(frozen=True)
class ReportCharts:
    """The charts of a report by section; None or none where there is nothing to draw."""

    hit_rates: Sequence[Chart]
    reliability: Sequence[Chart]
    players: Chart | None
    strategies: Chart | None
    volume: Chart | None

    def rows(self) -> list[tuple[object, ...]]:
        """All that the charts draw, in the order of DATA_COLUMNS."""
        single = (chart for chart in (self.players, self.strategies, self.volume) if chart)
        rows = (row for chart in (*self.hit_rates, *self.reliability, *single) for row in chart.data)
        return [tuple(_value(row, column) for column in DATA_COLUMNS) for row in rows]


def charts_of(report: Report) -> ReportCharts:
    """The charts that the page shows."""
    flagged = [row["player_lookup"] for row in report.players.flagged]
    return ReportCharts(
        _hit_rate_charts(report),
        _reliability_charts(report.reliability),
        charts.player_funnel(report.players.rows, flagged),
        charts.returns_by_strategy(report.strategies.highlighted),
        charts.active_predictions(report.work.predictions),
    )


def _value(row: Row, column: Column) -> object:
    """Some figures are decimals in one table and floats in another."""
    value = row.get(column.name)
    return float(value) if column.type == "FLOAT64" and value is not None else value


def csv_name(chart: Chart) -> str:
    """The name of the file with the chart's values."""
    parts = dict.fromkeys((str(chart.data[0]["chart"]), chart.heading.lower()))
    return f"{'-'.join(parts).replace(' ', '-')}.csv"


def csv_link(data: Sequence[Row]) -> str:
    """The rows, which have the same columns, as the address of a CSV file that is in the page itself."""
    text = io.StringIO()
    csv_rows(text, list(data[0]))([list(row.values()) for row in data])
    return f"data:text/csv;charset=utf-8,{quote(text.getvalue())}"


def system_and_window(row: Row) -> tuple[bool, str, int]:
    """Sorts all systems together last, and the shortest window first."""
    return row["system_id"] == ALL_SYSTEMS, row["system_id"], TIME_WINDOWS.index(row["time_window"])


def _hit_rate_charts(report: Report) -> list[Chart]:
    """Of the systems with the most bets in the last 30 days: one chart of all, and one over time of each."""
    enough = [row for row in report.performance if row["time_window"] == "30d" and row["bets"] >= _MIN_BETS]
    busiest = sorted(sorted(enough, key=lambda row: -row["bets"])[:_SYSTEMS], key=system_and_window)
    if not busiest:
        return []
    systems = [row["system_id"] for row in busiest]
    over_time = [row for system in systems for row in report.over_time if row["system_id"] == system]
    return [charts.hit_rates_by_system(busiest), *charts.hit_rates_over_time(over_time)]


def _reliability_charts(reliability: Sequence[SystemReliability]) -> list[Chart]:
    drawn = [
        charts.reliability(one.system_id, _ece(one), list(map(vars, one.stated)), list(map(vars, one.calibrated)))
        for one in reliability
    ]
    return charts.most_bets(drawn, _SYSTEMS)


def _ece(system: SystemReliability) -> str:
    calibrated = f"Calibrated: {_error(system.calibrated_scores)}" if system.calibrated else "No calibration in force"
    version = system.in_force
    in_force = f"; in force: {version.version_id} ({version.method})" if version else ""
    return f"As stated: {_error(system.stated_scores)}, n = {system.bets:,}. {calibrated}{in_force}"


def _error(scores: Scores) -> str:
    return calibration_error(scores.ece, scores.ece_noise, scores.ece_noise_high)
