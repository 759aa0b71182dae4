"""`backfill`: consolidates or grades many dates in chunks. A new kind of work is one line in `WORKS`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from nba_consolidation.cli.exit_codes import Exit
from nba_consolidation.cli.options import date_option
from nba_consolidation.cli.output import Grid, counted, reasons_table
from nba_consolidation.cli.progress import bar
from nba_consolidation.cli.session import Session, session_command
from nba_consolidation.settings import today

if TYPE_CHECKING:
    from nba_consolidation.leases import Holder
    from nba_consolidation.operations.backfill import BackfillReport, ChunkDone, Work
    from nba_consolidation.wiring import Deployment


def _consolidating(deployment: Deployment, holder: Holder) -> Work:
    """Consolidates, validates and publishes, including dates that an earlier run left unfinished."""
    from nba_consolidation.operations.backfill import ChunkDone
    from nba_consolidation.operations.unfinished_dates import complete

    def work(dates: Sequence[dt.date]) -> ChunkDone:
        report = deployment.consolidator.consolidate(dates, holder)
        done = complete(deployment.validator, deployment.publisher, holder, dates)
        figures = {figure: report.total(figure) for figure in ("staged", "inserted", "updated", "quarantined")}
        figures["validated"] = sum(date.validated_rows for date in done.validated)
        figures["published"] = sum(date.published_rows for date in done.published)
        refused = {table.name: table.reason for table in report.refused}
        return ChunkDone(
            {"consolidated_dates": len(report.dates), **figures}, {**report.poisoned, **done.failed}, refused
        )

    return work


def _grading(deployment: Deployment, holder: Holder) -> Work:
    """Grades predictions, and recomputes the performance tables."""
    from nba_consolidation.operations.backfill import ChunkDone

    def work(dates: Sequence[dt.date]) -> ChunkDone:
        report = deployment.grader.grade(dates, holder)
        graded = [date.game_date for date in report.dates if date.active]
        if graded:
            deployment.analyst.analyse(graded, holder)
        figures = {figure: report.total(figure) for figure in ("graded", "correct", "wrong", "waiting", "inserted")}
        return ChunkDone({"graded_dates": len(graded), **figures}, report.poisoned)

    return work


WORKS: dict[str, Callable[[Deployment, Holder], Work]] = {
    "consolidate": _consolidating,
    "grade": _grading,
}


@click.command()
@date_option("--from", "since", "First game date.", required=True)
@date_option("--to", "until", "Last game date.  [default: today]")
@click.option("--what", type=click.Choice(list(WORKS)), default="consolidate", show_default=True,
              help="The work to do.")  # fmt: skip
@click.option("--chunk", type=click.IntRange(min=1), default=30, show_default=True, metavar="DAYS",
              help="How many dates are processed at a time.")  # fmt: skip
@session_command
def backfill(session: Session, since: dt.date, until: dt.date | None, what: str, chunk: int) -> Exit:
    """Consolidate or grade a season, some dates at a time.

    Finished dates are skipped, so a backfill that was stopped can be started again. A failed date does not stop others.
    Failed dates and refused tables are listed at the end, and the exit code is then 3.
    """
    from nba_consolidation.operations.backfill import backfill as run

    last = until or today()
    if since > last:
        raise click.UsageError(f"--from {since} comes after --to {last}.")
    work = WORKS[what](session.with_tables(), session.holder())
    with bar(what, transient=True) as (advance, news):
        report = run(since, last, chunk, work, _progress_reporter(advance, news, (last - since).days + 1))
    session.show(_document(report, what), *_grids(report), _summary(report))
    return Exit.REQUIRES_ATTENTION if report.failed or report.refused else Exit.DONE


def _progress_reporter(
    advance: Callable[[int, int], None], news: Callable[[str], None], dates: int
) -> Callable[[BackfillReport], None]:
    """Advances the bar, and prints a failed date at once, not only at the end."""
    reported: set[dt.date] = set()

    def on_report(report: BackfillReport) -> None:
        advance(report.dates, dates)
        for date in sorted(report.failed.keys() - reported):
            news(f"{date}: {report.failed[date]}")
        reported.update(report.failed)

    return on_report


def _document(report: BackfillReport, what: str) -> dict[str, Any]:
    return {
        "what": what,
        "first_date": report.first,
        "last_date": report.last,
        "dates": report.dates,
        "totals": report.figures,
        "failed": [{"game_date": date, "error": error} for date, error in sorted(report.failed.items())],
        "refused": [{"name": name, "reason": reason} for name, reason in sorted(report.refused.items())],
    }


def _grids(report: BackfillReport) -> list[Grid]:
    return [
        reasons_table("failed date", sorted(report.failed.items())),
        reasons_table("refused table", sorted(report.refused.items())),
    ]


def _summary(report: BackfillReport) -> str:
    figures = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in report.figures.items())
    lines = [f"{counted(report.dates, 'date')} from {report.first} to {report.last}: {figures}."]
    if report.failed:
        lines.append(
            f"{counted(len(report.failed), 'date')} failed; all others are done. Remove the cause, and start again."
        )
    if report.refused:
        lines.append(f"Refused {counted(len(report.refused), 'staging table')}, which stay: correct and stage again.")
    return "\n".join(lines)
