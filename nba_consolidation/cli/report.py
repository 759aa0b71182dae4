"""`report`: one HTML page about some game dates."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nba_consolidation.cli.exit_codes import Exit
from nba_consolidation.cli.options import DateRange, date_options
from nba_consolidation.cli.output import counted
from nba_consolidation.cli.progress import steps
from nba_consolidation.cli.session import Session, session_command

if TYPE_CHECKING:
    from nba_consolidation.pipeline.daily_report.contents import Report
    from nba_consolidation.pipeline.daily_report.gather import Reporter


@click.command()
@date_options
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="The file to write.  [default: report-DATES.html in NBA_CONSOLIDATION_REPORTS]")  # fmt: skip
@session_command
def report(session: Session, output: Path | None, dates: DateRange) -> int:
    """Write the daily report: one HTML file that needs no other file.

    Actions required, hit rates, calibration, players, strategies, work and leases. Without dates: about the last game
    date before today that has rows. A section that cannot be read says why, and the exit code is 3.
    """
    from nba_consolidation.pipeline.daily_report.page import page
    from nba_consolidation.pipeline.daily_report.storage import file_name, save, write_file

    deployment = session.to_read()
    with steps() as on_step:
        made = deployment.reporter.report(*first_and_last(deployment.reporter, dates), on_step)
        on_step("page")
        html = page(made)
    if output:
        place = str(write_file(html, output))
    else:
        place = save(html, session.settings.reports_place, file_name(made.first, made.last))
    document = {
        "file": place,
        "first_date": made.first,
        "last_date": made.last,
        "bytes": len(html.encode()),
        "unread_sections": dict(made.unread),
        "actions": [vars(action) | {"urgency": action.urgency.name.lower()} for action in made.actions],
    }
    session.show(document, _summary(made), f"Open it in a browser: {place}")
    return Exit.REQUIRES_ATTENTION if made.unread else Exit.DONE


def first_and_last(reporter: Reporter, dates: DateRange) -> tuple[dt.date, dt.date]:
    """The requested dates; an open end is the first or the last date that has rows."""
    if not dates.is_limited:
        latest = reporter.latest_date()
        return latest, latest
    if dates.since and dates.until:
        return dates.since, dates.until
    first, last = reporter.dates_with_rows(dates.first, dates.last)
    return dates.since or first, dates.until or last


def _summary(made: Report) -> str:
    if not made.actions:
        return f"{made.dates}: no action required."
    return f"{made.dates}: {counted(len(made.actions), 'action')} required.\n" + "\n".join(
        f"- {action.what}. To do: {action.to_do}" for action in made.actions
    )
