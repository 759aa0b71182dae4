"""`strategies`, and `strategies evaluate`: what flat bets came to, season to date. Nothing is judged here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from nba_consolidation.cli.dates import date_options, game_date, span_of
from nba_consolidation.cli.output import Column, Grid, counted, emit, json_option
from nba_consolidation.cli.progress import steps
from nba_consolidation.cli.session import Session, pass_session
from nba_consolidation.schema import PICKED

if TYPE_CHECKING:
    from nba_consolidation.pipeline.analysis.betting.evaluate import EvaluationReport
    from nba_consolidation.warehouse.interface import Row

_SHOWN = 15
_FIGURES = ("strategies", "written_rows", "judged", "paying", "losing", "better", "worse")
_NOTHING_YET = "No strategy is evaluated yet. Once predictions are graded: nba-consolidation strategies evaluate"


@click.group(invoke_without_command=True)
@click.option("--date", callback=game_date, metavar="DATE", help="Last date that counts; the last evaluated.")
@click.option("--system", metavar="SYSTEM", help="One system, or ALL, UNANIMOUS, MAJORITY, PICKED.")
@json_option
@click.pass_context
def strategies(ctx: click.Context, /, date: dt.date | None, system: str | None, as_json: bool) -> None:
    """Show what flat bets came to by strategy; evaluate them anew.

    One unit a bet, season to date. PICKED bets by whatever strategy was best before each date. The best-looking of
    hundreds is mostly luck: whether one pays, or is better than plain bets, is said with all of them considered.
    """
    if ctx.invoked_subcommand is not None:
        return
    from nba_consolidation.pipeline.analysis.betting import figures

    warehouse = ctx.ensure_object(Session).existing().warehouse
    evaluated = figures.evaluated_dates(warehouse)
    on = date or next(reversed(evaluated), None)
    rows = figures.strategies(warehouse, on, on, system=system) if on else []
    told = [row for row in rows if row["system_id"] == PICKED or row["verdict"] == "baseline"]
    others = [row for row in figures.plainest(rows) if row not in told]
    document = {"date": on, "strategies": rows}
    emit(
        as_json, document, _grid(told, "Plain bets, and whatever was best before each date"),
        _grid(others[:_SHOWN], "Strategies, the best lower end first"), _told(on, evaluated, rows, others),
    )  # fmt: skip


@strategies.command()
@date_options
@json_option
@pass_session
def evaluate(session: Session, /, as_json: bool, **dates: dt.date | None) -> None:
    """Evaluate strategies until some dates.

    Without dates: until every date of which predictions are graded, or until which they were evaluated. Later dates of
    the season that were evaluated before follow. Repeating it writes nothing.
    """
    from nba_consolidation.pipeline.analysis.betting.figures import evaluated_dates
    from nba_consolidation.pipeline.analysis.performance.figures import graded_dates

    span = span_of(**dates)
    deployment = session.existing()
    wanted = {
        date for read in (graded_dates, evaluated_dates) for date in read(deployment.warehouse, span.first, span.last)
    }
    with steps() as on_step:
        report = deployment.strategist.evaluate(wanted, session.holder(), on_step)
    document = {
        "run_id": report.run_id,
        "dates": report.dates,
        "followed": report.followed,
        "totals": {figure: report.total(figure) for figure in _FIGURES},
        "seconds": report.seconds,
    }
    emit(as_json, document, _summary(report) if wanted else f"Nothing is graded for {span}: grade first.")


def _summary(report: EvaluationReport) -> str:
    last = report.dates[-1]
    told = (
        f"Evaluated until {counted(len(report.dates), 'date')}: {counted(report.total('strategies'), 'row')}, of which "
        f"{report.total('written_rows'):,} had to be written. Next: nba-consolidation strategies\n"
        f"Until {last.game_date}: of {last.judged:,} strategies enough is known. Beyond noise, {last.paying:,} make "
        f"money, {last.losing:,} lose it, {last.better:,} are better than plain bets, {last.worse:,} worse."
    )
    if report.followed:
        told += f"\nAmong them {counted(len(report.followed), 'later date')} of the season."
    return told


def _told(on: dt.date | None, evaluated: Sequence[dt.date], rows: Sequence[Row], others: Sequence[Row]) -> str:
    """Of which dates the figures are, and how much of them is luck; where there are none, why."""
    if not evaluated:
        return _NOTHING_YET
    if not rows:
        return f"No such strategy until {on}; the last date evaluated is {evaluated[-1]}."
    judged = [row for row in rows if row["pays"] != "not_enough"]
    lines = [
        f"{rows[0]['season_first']} to {on}, at {rows[0]['odds']:+d}. What is not known of too few shows as -.",
        (
            f"Of {len(judged):,} strategies, {_number(judged, 'pays', 'profit')} make money beyond noise and "
            f"{_number(judged, 'verdict', 'better')} are better than plain bets, all strategies considered. The best "
            f"of many looks good by luck: an interval is of one strategy alone, p is of the best of them."
        ),
    ]
    if len(others) > _SHOWN:
        lines.insert(0, f"The first {_SHOWN} of {len(others):,} that made bets of their own; --json lists all.")
    return "\n".join(lines)


def _number(rows: Sequence[Row], column: str, value: str) -> str:
    found = sum(row[column] == value for row in rows)
    return f"{found:,}" if found else "none"


def _grid(rows: Sequence[Row], title: str) -> Grid:
    columns = [Column("strategy"), Column("bets", right=True), Column("hit rate", right=True),
               Column("95 % interval", right=True), Column("ROI", right=True), Column("by date", right=True),
               Column("p", 1, right=True), Column("pays"), Column("to plain", 1, right=True),
               Column("by date", 3, right=True), Column("p", 2, right=True), Column("verdict", 1),
               Column("losing run", 2, right=True), Column("drawdown", 2, right=True)]  # fmt: skip
    shown = [
        (
            row["strategy"] + (f", next {row['picked']}" if row["picked"] else ""), row["bets"],
            _percent(row["hit_rate"]), _interval(row, "hit_rate"), _percent(row["roi"], "+"), _interval(row, "roi"),
            _fixed(row["roi_p"], 3), row["pays"].replace("_", " "), _percent(row["difference"], "+"),
            _interval(row, "difference"), _fixed(row["difference_p"], 3), row["verdict"].replace("_", " "),
            row["longest_losing_run"], _fixed(row["max_drawdown"], 1),
        )
        for row in rows
    ]  # fmt: skip
    return Grid(columns, shown, title=title if rows else "")


def _interval(row: Row, name: str) -> str | None:
    sign = "" if name == "hit_rate" else "+"
    low, high = (_percent(row[f"{name}_{end}"], sign) for end in ("low", "high"))
    return None if low is None else f"{low} to {high}"


def _percent(value: float | None, sign: str = "") -> str | None:
    return None if value is None else f"{100 * value:{sign}.1f} %"


def _fixed(value: float | None, digits: int) -> str | None:
    return None if value is None else f"{value:.{digits}f}"
