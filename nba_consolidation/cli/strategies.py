"""`strategies` and `strategies evaluate`: the results of flat bets by strategy, season to date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from nba_consolidation.cli.options import DateRange, date_option, date_options
from nba_consolidation.cli.output import counted, recomputation_document, rows_of_system, table
from nba_consolidation.cli.progress import steps
from nba_consolidation.cli.session import Session, session_command
from nba_consolidation.schema import ACCURACY, STRATEGY_PERFORMANCE
from nba_consolidation.schema.display_columns import STRATEGIES

if TYPE_CHECKING:
    from nba_consolidation.pipeline.analysis.betting.evaluate import EvaluationReport
    from nba_consolidation.warehouse.interface import Row

_MAX_ROWS = 15
_TOTALS = ("strategies", "written_rows", "with_enough_data", "paying", "losing", "better", "worse")
_NOT_EVALUATED = (
    "Strategies have not been evaluated yet. Once predictions are graded, run: nba-consolidation strategies evaluate"
)


@click.group(invoke_without_command=True)
@date_option("--date", "date", "Last game date that counts.  [default: the last evaluated date]")
@click.option("--system", metavar="SYSTEM", help="Only this system, or ALL, UNANIMOUS, MAJORITY or PICKED.")
@session_command
def strategies(session: Session, date: dt.date | None, system: str | None) -> None:
    """Show the results of flat bets by strategy; evaluate strategies.

    One unit per bet, season to date. On each date, PICKED follows the strategy that was best before. Of hundreds of
    strategies the best look good by luck alone, so `pays` and `verdict` take all of them into account.
    """
    from nba_consolidation.pipeline.analysis.betting import queries
    from nba_consolidation.warehouse.table_reads import last_game_date

    warehouse = session.to_read().warehouse
    last = last_game_date(warehouse, STRATEGY_PERFORMANCE)
    on = date or last
    rows = rows_of_system(queries.strategies(warehouse, on, on) if on else [], system)
    baselines, others = queries.baselines_and_others(rows)
    session.show({"date": on, "strategies": rows}, table(STRATEGIES, baselines, "Baselines and PICKED"),
        table(STRATEGIES, others[:_MAX_ROWS], "Other strategies, the highest lower end of the ROI first"),
        _footer(on, last, rows, others),
    )  # fmt: skip


@strategies.command()
@date_options
@session_command
def evaluate(session: Session, dates: DateRange) -> None:
    """Evaluate strategies, season to date, until each of the dates.

    Without dates: for every date that has graded predictions or was evaluated before. Later dates of the season that
    were evaluated before are recomputed as well. Repeating the command writes nothing.
    """
    from nba_consolidation.warehouse.table_reads import game_dates

    deployment = session.existing()
    requested = {
        date
        for one in (ACCURACY, STRATEGY_PERFORMANCE)
        for date in game_dates(deployment.warehouse, one, dates.first, dates.last)
    }
    with steps() as on_step:
        report = deployment.strategist.evaluate(requested, session.holder(), on_step)
    document = recomputation_document(report, _TOTALS)
    session.show(document, _summary(report) if requested else f"No graded predictions for {dates}: grade first.")


def _summary(report: EvaluationReport) -> str:
    last = report.dates[-1]
    summary = (
        f"Evaluated {counted(len(report.dates), 'date')}: {counted(report.total('strategies'), 'row')}, "
        f"{report.total('written_rows'):,} of them written. Next: nba-consolidation strategies\n"
        f"Until {last.game_date}: {last.with_enough_data:,} strategies have enough bets. Beyond noise, {last.paying:,} "
        f"make money, {last.losing:,} lose money, {last.better:,} are better than their baseline, {last.worse:,} worse."
    )
    if report.followed:
        summary += f"\nThis includes {counted(len(report.followed), 'later date')} of the season."
    return summary


def _footer(on: dt.date | None, last: dt.date | None, rows: Sequence[Row], others: Sequence[Row]) -> str:
    """The dates, and how much of the results is luck; without rows, the reason."""
    if last is None:
        return _NOT_EVALUATED
    if not rows:
        return f"No such strategy until {on}; the last evaluated date is {last}."
    known = [row for row in rows if row["pays"] != "not_enough"]
    lines = [
        f"{rows[0]['season_first']} to {on}, at {rows[0]['odds']:+d}. - means too few bets.",
        (
            f"Of {len(known):,} strategies, {_number(known, 'pays', 'profit')} make money beyond noise and "
            f"{_number(known, 'verdict', 'better')} are better than their baseline, all strategies considered. The "
            "best of many looks good by luck: an interval is about one strategy alone, p about the best of all."
        ),
    ]
    if len(others) > _MAX_ROWS:
        lines.insert(0, f"The first {_MAX_ROWS} of {len(others):,} that made bets of their own; --json lists all.")
    return "\n".join(lines)


def _number(rows: Sequence[Row], column: str, value: str) -> str:
    number = sum(row[column] == value for row in rows)
    return f"{number:,}" if number else "none"
