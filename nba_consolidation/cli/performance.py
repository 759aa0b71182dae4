"""`analyse`, `performance` and `calibration`: bring the tables of performance up to date, and show them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nba_consolidation.cli.dates import date_options, game_date, span_of
from nba_consolidation.cli.output import Column, Grid, counted, emit, json_option
from nba_consolidation.cli.progress import steps
from nba_consolidation.cli.session import Session, pass_session
from nba_consolidation.schema import SLICES, TIME_WINDOWS

if TYPE_CHECKING:
    from nba_consolidation.pipeline.analysis.performance.analyse import AnalysisReport
    from nba_consolidation.warehouse.interface import Row, Warehouse

_Command = TypeVar("_Command", bound=Callable[..., Any])
_NOTHING_YET = "Nothing is analysed yet. Once predictions are graded: nba-consolidation analyse"
_STANDARD_ODDS = -110
_BETS = (Column("bets", right=True), Column("hit rate", right=True), Column("95 % interval", right=True))


@click.command()
@date_options
@json_option
@pass_session
def analyse(session: Session, /, as_json: bool, **dates: dt.date | None) -> None:
    """Compute hit rates and calibration.

    Without dates: of all dates of which predictions are graded, or once were. Later dates that sum these up, and were
    analysed before, are brought up to date as well. Repeating it writes nothing.
    """
    from nba_consolidation.pipeline.analysis.performance.figures import analysed_dates, graded_dates

    span = span_of(**dates)
    deployment = session.existing()
    wanted = {
        date for read in (graded_dates, analysed_dates) for date in read(deployment.warehouse, span.first, span.last)
    }
    with steps() as on_step:
        report = deployment.analyst.analyse(wanted, session.holder(), on_step)
    document = {"run_id": report.run_id, "dates": report.dates, "followed": report.followed,
                "totals": {figure: report.total(figure) for figure in ("total_rows", "written_rows")},
                "seconds": report.seconds}  # fmt: skip
    emit(as_json, document, _summary(report) if wanted else f"Nothing is graded for {span}: grade first.")


def _summary(report: AnalysisReport) -> str:
    told = (
        f"Analysed {counted(len(report.dates), 'date')}: {counted(report.total('total_rows'), 'row')}, of which "
        f"{report.total('written_rows'):,} had to be written. Next: nba-consolidation performance"
    )
    if report.followed:
        told += f"\nAmong them {counted(len(report.followed), 'later date')} that sum these up."
    return told


def _which_options(command: _Command) -> _Command:
    """--date, --window and --system."""
    options = (
        click.option("--date", callback=game_date, metavar="DATE", help="Last date of the window; the last analysed."),
        click.option("--window", default="30d", show_default=True, type=click.Choice(TIME_WINDOWS),
                     help="What is summed up; a season begins on 1 July."),
        click.option("--system", metavar="SYSTEM", help="One system; ALL is all of them together."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@_which_options
@click.option("--by", default="all", show_default=True, type=click.Choice(SLICES), help="Also by bucket of this.")
@json_option
@pass_session
def performance(
    session: Session, /, date: dt.date | None, window: str, system: str | None, by: str, as_json: bool
) -> None:
    """Show how good each system is.

    Bets are those that were decided: a push is none. Errors are predicted - actual points.
    """
    from nba_consolidation.pipeline.analysis.performance.figures import performance as read

    warehouse = session.existing().warehouse
    on = date or _last_analysed(warehouse)
    rows = read(warehouse, on, on, window=window, by=by, system=system) if on else []
    document = {"date": on, "window": window, "by": by, "performance": rows}
    emit(as_json, document, performance_grid(rows, by), _told(warehouse, on, window, rows))


@click.group(invoke_without_command=True)
@_which_options
@json_option
@click.pass_context
def calibration(ctx: click.Context, /, date: dt.date | None, window: str, system: str | None, as_json: bool) -> None:
    """Show what each system's confidence is worth; decide about calibrations.

    A system is well calibrated if its hit rate in each bin is the mean confidence there; ECE is how far off it is.
    """
    if ctx.invoked_subcommand is not None:
        return
    session = ctx.ensure_object(Session)
    from nba_consolidation.pipeline.analysis.performance.figures import calibration_scores, reliability_tables

    warehouse = session.existing().warehouse
    on = date or _last_analysed(warehouse)
    scores = calibration_scores(warehouse, on, on, window=window, system=system) if on else []
    bins = reliability_tables(warehouse, on, on, window=window, system=system) if on else []
    document = {"date": on, "window": window, "scores": scores, "bins": bins}
    emit(as_json, document, _scores_grid(scores), _bins_grid(bins), _told(warehouse, on, window, scores))


def _last_analysed(warehouse: Warehouse) -> dt.date | None:
    from nba_consolidation.pipeline.analysis.performance.figures import analysed_dates

    return next(reversed(analysed_dates(warehouse)), None)


def _told(warehouse: Warehouse, date: dt.date | None, window: str, rows: Sequence[Row]) -> str:
    """Of which dates the figures are; where there are none, why."""
    if rows:
        return f"{window}: {rows[0]['first_date']} to {date}. What is not known of too few shows as -."
    last = _last_analysed(warehouse)
    if last is None:
        return _NOTHING_YET
    return f"Nothing of {date} in that choice; the last date analysed is {last}. Others: nba-consolidation analyse"


def performance_grid(rows: Sequence[Row], by: str = "all") -> Grid:
    """Rows of system_performance as a table."""
    columns = [Column("system"), *([] if by == "all" else [Column(by)]), *_BETS,
               Column("push", 3, right=True), Column("voided", 3, right=True), Column("compared", 2, right=True),
               Column("MAE", right=True), Column("bias", right=True), Column("ROI -110", right=True)]  # fmt: skip
    others = {row["odds"] for row in rows} - {_STANDARD_ODDS}
    columns += [Column(f"ROI {odds:+d}", 1, right=True) for odds in others]
    shown = [
        (
            row["system_id"], *([] if by == "all" else [row["bucket_label"]]), *_bets(row),
            row["push"], row["voided"], row["compared"], _fixed(row["mae"], 2), _fixed(row["bias"], 2, sign="+"),
            _percent(row["roi_110"], sign="+"), *([_percent(row["roi"], sign="+")] if others else []),
        )
        for row in rows
    ]  # fmt: skip
    return Grid(columns, shown)


def _scores_grid(rows: Sequence[Row]) -> Grid:
    columns = [Column("system"), *_BETS, Column("mean confidence", right=True), Column("ECE", right=True),
               Column("Brier", 1, right=True), Column("log loss", 1, right=True),
               Column("without confidence", 2, right=True)]  # fmt: skip
    shown = [
        (
            row["system_id"], *_bets(row), _percent(row["mean_confidence"]), _fixed(row["ece"], 4),
            _fixed(row["brier"], 4), _fixed(row["log_loss"], 4), row["without_confidence"],
        )
        for row in rows
    ]  # fmt: skip
    return Grid(columns, shown)


def _bins_grid(rows: Sequence[Row]) -> Grid:
    columns = [Column("system"), Column("confidence"), Column("mean", right=True), *_BETS]
    shown = [
        (
            row["system_id"], f"{row['lower_bound']:.1f} to {row['upper_bound']:.1f}",
            _percent(row["mean_confidence"]), *_bets(row),
        )
        for row in rows
    ]  # fmt: skip
    return Grid(columns, shown)


def _bets(row: Row) -> tuple[int, str | None, str | None]:
    """A hit rate never stands alone."""
    interval = (
        None if row["hit_rate"] is None else f"{_percent(row['hit_rate_low'])} to {_percent(row['hit_rate_high'])}"
    )
    return row["bets"], _percent(row["hit_rate"]), interval


def _percent(value: float | None, sign: str = "") -> str | None:
    return None if value is None else f"{100 * value:{sign}.1f} %"


def _fixed(value: float | None, digits: int, sign: str = "") -> str | None:
    return None if value is None else f"{value:{sign}.{digits}f}"
