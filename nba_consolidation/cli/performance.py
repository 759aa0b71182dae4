"""`analyse`, `performance` and `calibration`: recompute the performance tables, and show them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nba_consolidation.cli.options import DateRange, date_option, date_options, option_group
from nba_consolidation.cli.output import Grid, counted, recomputation_document, rows_of_system, table
from nba_consolidation.cli.progress import steps
from nba_consolidation.cli.session import Session, session_command
from nba_consolidation.schema import ACCURACY, SLICES, SYSTEM_PERFORMANCE, TIME_WINDOWS
from nba_consolidation.schema.display import calibration_error, percent_column, system_name, text_column
from nba_consolidation.schema.display_columns import CALIBRATION_BINS, CALIBRATION_SCORES, PERFORMANCE, SYSTEM

if TYPE_CHECKING:
    from nba_consolidation.pipeline.analysis.performance.analyse import AnalysisReport
    from nba_consolidation.warehouse.interface import Row, Warehouse

_Command = TypeVar("_Command", bound=Callable[..., Any])
_NOT_ANALYSED = "Nothing has been analysed yet. Once predictions are graded, run: nba-consolidation analyse"
_STANDARD_ODDS = -110


@click.command()
@date_options
@session_command
def analyse(session: Session, dates: DateRange) -> None:
    """Compute hit rates and calibration.

    Without dates: for every date that has graded predictions or was analysed before. Later dates whose windows contain
    these, and which were analysed before, are recomputed as well. Repeating the command writes nothing.
    """
    from nba_consolidation.warehouse.table_reads import game_dates

    deployment = session.existing()
    requested = {
        date
        for one in (ACCURACY, SYSTEM_PERFORMANCE)
        for date in game_dates(deployment.warehouse, one, dates.first, dates.last)
    }
    with steps() as on_step:
        report = deployment.analyst.analyse(requested, session.holder(), on_step)
    document = recomputation_document(report, ("total_rows", "written_rows"))
    session.show(document, _summary(report) if requested else f"No graded predictions for {dates}: grade first.")


def _summary(report: AnalysisReport) -> str:
    summary = (
        f"Analysed {counted(len(report.dates), 'date')}: {counted(report.total('total_rows'), 'row')}, "
        f"{report.total('written_rows'):,} of them written. Next: nba-consolidation performance"
    )
    if report.followed:
        summary += f"\nThis includes {counted(len(report.followed), 'later date')} whose windows contain the others."
    return summary


_filter_options = option_group(
    date_option("--date", "date", "Last date of the window.  [default: the last analysed date]"),
    click.option("--window", default="30d", show_default=True, type=click.Choice(TIME_WINDOWS),
                 help="The window of time; a season begins on 1 July."),
    click.option("--system", metavar="SYSTEM", help="Only this system; ALL is all systems together."),
)  # fmt: skip


@click.command()
@_filter_options
@click.option("--by", default="all", show_default=True, type=click.Choice(SLICES), help="Split the bets by this.")
@session_command
def performance(session: Session, date: dt.date | None, window: str, system: str | None, by: str) -> None:
    """Show the hit rate of each system.

    Only decided bets count, not pushes. Errors are predicted - actual points.
    """
    from nba_consolidation.pipeline.analysis.performance.queries import performance as read

    warehouse = session.to_read().warehouse
    on = date or _last_analysed(warehouse)
    rows = rows_of_system(read(warehouse, on, on, window=window, by=by) if on else [], system)
    document = {"date": on, "window": window, "by": by, "performance": rows}
    session.show(document, performance_grid(rows, by), _footer(warehouse, on, window, rows))


@click.group(invoke_without_command=True)
@_filter_options
@session_command
def calibration(session: Session, date: dt.date | None, window: str, system: str | None) -> None:
    """Show how well each system's confidence matches its hit rate; decide about calibrations.

    A system is well calibrated if in each bin its hit rate equals its mean confidence. The ECE (expected calibration
    error) is the average difference; beside it, the one that perfectly calibrated confidences would have by chance. The
    constant is the hit rate of the same bets; 0.5 has a log loss of 0.6931.
    """
    from nba_consolidation.pipeline.analysis.performance.queries import calibration_scores, reliability_tables

    warehouse = session.to_read().warehouse
    on = date or _last_analysed(warehouse)
    scores = rows_of_system(calibration_scores(warehouse, on, on, window=window) if on else [], system)
    bins = reliability_tables(warehouse, on, on, window=window, system=system) if on else []
    document = {"date": on, "window": window, "scores": scores, "bins": bins}
    footer = _footer(warehouse, on, window, scores)
    scores_table, bins_table = table(CALIBRATION_SCORES, scores), table((SYSTEM, *CALIBRATION_BINS), bins)
    session.show(document, scores_table, bins_table, "\n".join(map(_verdict, scores)), footer)


def _verdict(row: Row) -> str:
    """On which side of the noise floor and of the constant the stated confidence of a system is."""
    error = calibration_error(row["ece"], row["ece_noise"], row["ece_noise_high"])
    if not row["bets"]:
        return f"{system_name(row['system_id'])}: no bets with a confidence."
    constant = row["log_loss_constant"]
    if constant is None or row["log_loss"] < constant:  # None: computed by an earlier version
        return f"{system_name(row['system_id'])}: {error}."
    return f"{system_name(row['system_id'])}: {error}. As stated, the confidence does not beat a constant."


def _last_analysed(warehouse: Warehouse) -> dt.date | None:
    from nba_consolidation.warehouse.table_reads import last_game_date

    return last_game_date(warehouse, SYSTEM_PERFORMANCE)


def _footer(warehouse: Warehouse, date: dt.date | None, window: str, rows: Sequence[Row]) -> str:
    """The dates of the window; without rows, the reason."""
    if rows:
        return f"{window}: {rows[0]['first_date']} to {date}. - means too few bets."
    last = _last_analysed(warehouse)
    if last is None:
        return _NOT_ANALYSED
    return f"No rows of {date} match; the last analysed date is {last}. To analyse others: nba-consolidation analyse"


def performance_grid(rows: Sequence[Row], by: str = "all") -> Grid:
    """Rows of system_performance of one window."""
    bucket = [] if by == "all" else [text_column(by, "bucket_label")]
    odds = {row["odds"] for row in rows} - {_STANDARD_ODDS}
    returns = [percent_column(f"ROI {one:+d}", "roi", 1, "+") for one in odds]
    return table((SYSTEM, *bucket, *PERFORMANCE, *returns), rows)
