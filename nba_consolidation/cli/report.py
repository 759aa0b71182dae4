"""`report`: some game dates on one page. What it says is gathered in `report.gather`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nba_consolidation.cli.dates import Span, date_options, span_of
from nba_consolidation.cli.output import counted, emit, json_option
from nba_consolidation.cli.progress import steps
from nba_consolidation.cli.session import Session, pass_session

if TYPE_CHECKING:
    from nba_consolidation.pipeline.daily_report.contents import Report
    from nba_consolidation.pipeline.daily_report.gather import Reporter


@click.command()
@date_options
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="The file to write.  [default: report-DATES.html in NBA_CONSOLIDATION_REPORTS]")  # fmt: skip
@json_option
@pass_session
def report(session: Session, /, output: Path | None, as_json: bool, **dates: dt.date | None) -> None:
    """Write a report: one HTML file that needs nothing beside it.

    Hit rates, calibration, players, work and leases, and what needs a person. Without dates: of the last game date
    before today that has anything.
    """
    from nba_consolidation.pipeline.daily_report.page import page
    from nba_consolidation.pipeline.daily_report.storage import keep, name_of, write

    span = span_of(**dates)
    deployment = session.existing()
    with steps() as on_step:
        made = deployment.reporter.report(*_bounds(deployment.reporter, span, dates), on_step)
        on_step("page")
        html = page(made)
    kept = (
        str(write(html, output))
        if output
        else keep(html, session.settings.reports_place, name_of(made.first, made.last))
    )
    document = {
        "file": kept,
        "first_date": made.first,
        "last_date": made.last,
        "bytes": len(html.encode()),
        "needs_a_person": [vars(need) | {"urgency": need.urgency.name.lower()} for need in made.needs],
    }
    emit(as_json, document, _summary(made), f"Open it in a browser: {kept}")


def _bounds(reporter: Reporter, span: Span, given: dict[str, dt.date | None]) -> tuple[dt.date, dt.date]:
    """What was asked for; an open end is where anything stands."""
    if not span.given:
        latest = reporter.latest()
        return latest, latest
    if given["date"] or (given["since"] and given["until"]):
        return span.first, span.last
    first, last = reporter.standing(span.first, span.last)
    return given["since"] or first, given["until"] or last


def _summary(made: Report) -> str:
    if not made.needs:
        return f"{made.dates}: nothing needs a person."
    return f"{made.dates}: {counted(len(made.needs), 'thing')} to look at.\n" + "\n".join(
        f"- {need.what}. {need.to_do}" for need in made.needs
    )
