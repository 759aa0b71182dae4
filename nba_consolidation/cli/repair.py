"""`repair` and `restore`: repairs a legacy prediction_accuracy, and undoes a repair. Nothing is decided here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nba_consolidation.cli.exit_codes import Exit
from nba_consolidation.cli.options import DateRange, apply_option, date_options
from nba_consolidation.cli.output import (
    Grid,
    GridColumn,
    Shown,
    counted,
    dates_table,
    latest,
    poisoned_document,
    poisoned_table,
    totals_of,
)
from nba_consolidation.cli.progress import bar
from nba_consolidation.cli.session import Session, session_command
from nba_consolidation.schema import ACCURACY
from nba_consolidation.schema.display import count_column, text_column

if TYPE_CHECKING:
    from nba_consolidation.operations.repair.repair_result import AccuracyCounts, Repair, RepairReport
    from nba_consolidation.operations.repair.restore import RestoreReport

_FIGURES = (
    GridColumn("rows", right=True),
    GridColumn("rows\nafter", right=True),
    GridColumn("dupli\u00adcates", right=True),
    GridColumn("share", 4, right=True),
    GridColumn("in percent", 2, right=True),
    GridColumn("normal\u00adised", right=True),
    GridColumn("graded after", 5, right=True),
    GridColumn("hit rate before", 1, right=True),
    GridColumn("hit rate after", right=True),
    GridColumn("off by", 3, right=True),
)
_RESTORED = (
    text_column("date", "game_date"),
    count_column("restored", "put_back"),
    count_column("removed", "taken_out"),
    count_column("rows after", "total_rows"),
)


@click.command()
@date_options
@apply_option
@session_command
def repair(session: Session, applied: bool, dates: DateRange) -> Exit:
    """Repair a legacy prediction_accuracy.

    Afterwards there is one row per key: a graded row is kept before an ungraded one, then a bet, then the newest row.
    Percentages that an unfenced grader left become confidences from 0 to 1. Removed and changed rows are archived;
    `restore` puts them back.

    Without dates: all graded dates. Prints what would change; --apply does it. Repeating the command changes nothing.
    Ends with 3 if some dates are poisoned: all others are done.
    """
    from nba_consolidation.warehouse.table_reads import game_dates

    deployment = session.existing()
    graded_dates = game_dates(deployment.warehouse, ACCURACY, dates.first, dates.last)
    with bar("repairing dates" if applied else "looking at dates", transient=True) as (advance, _):
        if applied:
            report = deployment.repairer.repair(graded_dates, session.holder(), advance)
        else:
            report = deployment.repairer.forecast(graded_dates, advance)
    session.show(_document(report), *_report(report, dates))
    return Exit.REQUIRES_ATTENTION if report.poisoned else Exit.DONE


@click.command()
@click.option("--run", "run_id", required=True, metavar="ID", help="The run id, from its report or from the ledger.")
@apply_option
@session_command
def restore(session: Session, run_id: str, applied: bool) -> Exit:
    """Undo a repair or a grading.

    Rows that the run removed or changed come back exactly as they were; rows that it wrote are removed. If a later run
    changed the same dates, restore that run first. Prints what would change; --apply does it. Repeating the command
    changes nothing.
    """
    restorer = session.existing().restorer
    with bar("restoring dates" if applied else "looking at dates", transient=True) as (advance, _):
        report = restorer.restore(run_id, session.holder(), advance) if applied else restorer.forecast(run_id)
    totals = totals_of(_RESTORED, report.total)
    document = {
        "restored_run_id": report.restored_run_id,
        "run_id": report.run_id,
        "applied": report.run_id is not None,
        "dates": report.dates,
        "totals": totals,
        "poisoned": poisoned_document(report.poisoned),
    }
    session.show(
        document,
        *dates_table(_RESTORED, report.dates, totals),
        poisoned_table(report.poisoned),
        _restored(report),
    )
    return Exit.REQUIRES_ATTENTION if report.poisoned else Exit.DONE


def _document(report: RepairReport) -> dict[str, Any]:
    return {
        "run_id": report.run_id,
        "applied": report.run_id is not None,
        "total": _figures(report.total),
        "systems": [{"system_id": system, **_figures(repair)} for system, repair in report.by_system.items()],
        "dates": [{"game_date": date, **_figures(repair)} for date, repair in report.by_date.items()],
        "by_date_and_system": [
            {"game_date": entry.game_date, "system_id": entry.system_id, **_figures(entry.repair)}
            for entry in report.systems
            if entry.repair.needed
        ],
        "repaired_dates": report.repaired_dates,
        "poisoned": poisoned_document(report.poisoned),
    }


def _figures(repair: Repair) -> dict[str, Any]:
    return {
        "before": _tally(repair.before),
        "after": _tally(repair.after),
        "duplicates": repair.duplicates,
        "duplicates_share": repair.duplicates_share,
        "percent_scale_rows": repair.percent_scale_rows,
        "normalised": repair.normalised,
        "hit_rate_off_by_points": repair.hit_rate_off,
    }


def _tally(tally: AccuracyCounts) -> dict[str, Any]:
    return {
        "rows": tally.rows,
        "graded": tally.graded,
        "bets": tally.bets,
        "correct": tally.correct,
        "wrong": tally.wrong,
        "hit_rate": tally.hit_rate,
        "hit_rate_interval": _interval(tally),
    }


def _report(report: RepairReport, dates: DateRange) -> list[Shown]:
    total = report.total
    systems = [(system or "-", *_cells(repair)) for system, repair in report.by_system.items()]
    in_need = [(date, *_cells(repair)) for date, repair in report.by_date.items() if repair.needed]
    footer = ("total", *_cells(total)) if len(systems) > 1 else None
    return [
        Grid((GridColumn("system"), *_FIGURES), systems, "By system", footer),
        *latest(
            Grid((GridColumn("date"), *_FIGURES), in_need, "Repaired dates" if report.run_id else "Dates to repair")
        ),
        poisoned_table(report.poisoned),
        _sentences(report, dates),
    ]


def _cells(repair: Repair) -> tuple[object, ...]:
    off = repair.hit_rate_off
    return (
        repair.before.rows,
        repair.after.rows,
        repair.duplicates,
        f"{repair.duplicates_share:.1%}",
        repair.percent_scale_rows,
        repair.normalised,
        repair.after.graded,
        _hit_rate(repair.before),
        _hit_rate(repair.after),
        None if off is None else f"{round(off, 2) + 0.0:+.2f} points",  # never -0.00
    )


def _hit_rate(tally: AccuracyCounts) -> str | None:
    """With its 95 % interval and its number of bets."""
    interval = _interval(tally)
    if tally.hit_rate is None or interval is None:
        return None
    low, high = interval
    return f"{tally.hit_rate:.2%} ({100 * low:.1f} to {100 * high:.1f}) of {tally.bets:,}"


def _interval(tally: AccuracyCounts) -> tuple[float, float] | None:
    from nba_consolidation.pipeline.analysis.performance.hit_rate_interval import hit_rate_interval

    if not tally.bets:
        return None
    low, high = hit_rate_interval(tally.correct, tally.bets)
    return float(low), float(high)


def _sentences(report: RepairReport, dates: DateRange) -> str:
    if not report.systems and not report.poisoned:
        return f"No graded rows for {dates}."
    total, repaired = report.total, counted(len(report.repaired_dates), "date")
    what = f"{counted(total.duplicates, 'duplicate')} and {counted(total.normalised, 'confidence')} in percent"
    if not total.needed:
        lines = ["Nothing to repair: one row per key, confidences between 0 and 1."]
    elif report.run_id is None:
        lines = [f"Would repair {what}, on {repaired}. Nothing was changed yet. To do it, add --apply."]
    else:
        lines = [
            f"Repaired {what}, on {repaired}, in run {report.run_id}. To put it all back:",
            f"nba-consolidation restore --run {report.run_id} --apply",
        ]
    if report.poisoned:
        lines.append(f"Could not repair {counted(len(report.poisoned), 'date')}, which are unchanged.")
    return "\n".join(lines)


def _restored(report: RestoreReport) -> str:
    run = report.restored_run_id
    if not report.dates and not report.poisoned:
        return f"Run {run} has no changes left to restore."
    what = f"{counted(report.total('put_back'), 'row')} that run {run} removed or changed"
    on = counted(len(report.dates), "date")
    if report.run_id is None:
        return f"Would put back {what}, on {on}. Nothing was changed yet. To do it, add --apply."
    lines = [f"Put back {what}, on {on}."]
    if report.poisoned:
        lines.append(f"Could not restore {counted(len(report.poisoned), 'date')}, which are unchanged.")
    return "\n".join(lines)
