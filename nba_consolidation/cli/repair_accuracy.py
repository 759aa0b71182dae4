"""`repair accuracy`: repairs a legacy prediction_accuracy. Nothing is decided here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nba_consolidation.cli.exit_codes import Exit
from nba_consolidation.cli.options import DateRange, apply_option, date_options
from nba_consolidation.cli.output import GridColumn, counted
from nba_consolidation.cli.repair_report import repair_document, repair_grids, repair_or_forecast, repair_summary
from nba_consolidation.cli.session import Session, session_command

if TYPE_CHECKING:
    from nba_consolidation.operations.repair.repair_result import AccuracyCounts, AccuracyRepair

_COLUMNS = (
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


@click.command()
@date_options
@apply_option
@session_command
def accuracy(session: Session, applied: bool, dates: DateRange) -> Exit:
    """Repair a legacy prediction_accuracy.

    Afterwards there is one row per key: a graded row is kept before an ungraded one, then a bet, then the newest row.
    Percentages that an unfenced grader left become confidences from 0 to 1. Removed and changed rows are archived;
    `restore` puts them back.

    Without dates: all graded dates. Prints what would change; --apply does it. Repeating the command changes nothing.
    Ends with 3 if some dates are poisoned: all others are done.
    """
    deployment = session.existing() if applied else session.to_read()
    report = repair_or_forecast(deployment.accuracy_repairer, dates, session.holder(), applied=applied)
    total = report.total
    summary = repair_summary(
        report,
        no_rows=f"No graded rows for {dates}.",
        sound="one row per key, confidences between 0 and 1",
        faults=f"{counted(total.duplicates, 'duplicate')} and {counted(total.normalised, 'confidence')} in percent",
    )
    session.show(repair_document(report, _document), *repair_grids(report, _COLUMNS, _cells), summary)
    return Exit.REQUIRES_ATTENTION if report.poisoned else Exit.DONE


def _document(repair: AccuracyRepair) -> dict[str, Any]:
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


def _cells(repair: AccuracyRepair) -> tuple[object, ...]:
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
    """By game date, since the bets of one night depend on each other."""
    from nba_consolidation.pipeline.analysis.performance.game_date_clusters import interval_of_dates

    return interval_of_dates(*zip(*tally.by_date.values(), strict=True)) if tally.bets else None
