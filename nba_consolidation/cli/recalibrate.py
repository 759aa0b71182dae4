"""`recalibrate`, and `calibration approve`, `reject`, `rollback` and `history`: what a confidence should have said."""

from __future__ import annotations

import datetime as dt
import getpass
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nba_consolidation.cli.exit_codes import Exit
from nba_consolidation.cli.options import DateRange, date_option, date_options, option_group
from nba_consolidation.cli.output import Column, Grid, counted
from nba_consolidation.cli.performance import calibration
from nba_consolidation.cli.progress import steps
from nba_consolidation.cli.session import Session, session_command

if TYPE_CHECKING:
    from nba_consolidation.leases import Holder
    from nba_consolidation.pipeline.analysis.recalibration.recalibrate import Decision, RecalibrationReport
    from nba_consolidation.pipeline.analysis.recalibration.versions import Event, History, State, Version
    from nba_consolidation.wiring import Deployment

_Command = TypeVar("_Command", bound=Callable[..., Any])
_SCORES = (Column("log loss\nbefore", 1, right=True), Column("after", 1, right=True), Column("ECE before", right=True),
           Column("after", right=True))  # fmt: skip


@click.command()
@date_options
@session_command
def recalibrate(session: Session, dates: DateRange) -> Exit:
    """Hold confidences against what came, and calibrate anew what drifts.

    Without dates: for today. A date sees bets of earlier dates only, whenever it is run. A small change becomes active;
    a major one waits for `calibration approve`. The upcoming game dates are published again with the calibrations in
    force; past dates keep what was published. Repeating it writes nothing. Ends with 3 if a calibration waits for a
    person, or was rolled back.
    """
    from nba_consolidation.pipeline.analysis.recalibration.versions import read_history
    from nba_consolidation.settings import today

    deployment, holder = session.existing(), session.holder()
    with steps() as on_step:
        report = deployment.recalibrator.recalibrate(
            dates.dates if dates.is_limited else [today()], holder, on_step=on_step
        )
        on_step("publish the upcoming game dates")
        published = _publish_upcoming(deployment, holder)
    waiting = read_history(deployment.warehouse).waiting()
    document = {
        "run_id": report.run_id,
        "decisions": [_decision(one) for one in report.decisions],
        "versions_written": report.versions_written,
        "events_written": report.events_written,
        "waiting": [one.version_id for one in waiting],
        "dates_published": published,
        "seconds": report.seconds,
    }
    session.show(document, _decisions_grid(report), _summary(report, waiting), _publication_summary(published))
    return Exit.REQUIRES_ATTENTION if waiting or report.rolled_back else Exit.DONE


def _decision(one: Decision) -> dict[str, Any]:
    return {
        "game_date": one.game_date,
        "system_id": one.system_id,
        "outcome": one.outcome.value,
        "reason": one.reason,
        "bets": one.bets,
        "in_force": one.in_force,
        "version": one.version.row() if one.version else None,
        "drift": one.drift,
        "rolled_back": one.rolled_back,
        "comparison": one.comparison,
        "superseded": one.superseded,
    }


def _decisions_grid(report: RecalibrationReport) -> Grid:
    columns = [Column("date"), Column("system"), Column("outcome"), Column("bets", right=True), Column("method"),
               Column("shift", 1, right=True), *_SCORES, Column("reason", 2, fold=True)]  # fmt: skip
    rows = [
        (one.game_date, one.system_id, one.outcome.value, one.bets, *_figures(one.version), one.reason)
        for one in report.decisions
    ]
    return Grid(columns, rows)


def _figures(version: Version | None) -> tuple[str | None, ...]:
    """Method, shift, log loss and ECE before and after."""
    if version is None:
        return (None,) * 6
    return (
        version.method, f"{version.mean_shift:.3f}", f"{version.log_loss_before:.4f}",
        f"{version.log_loss_after:.4f}", f"{version.ece_before:.4f}", f"{version.ece_after:.4f}",
    )  # fmt: skip


def _summary(report: RecalibrationReport, waiting: Sequence[Version]) -> str:
    if not report.decisions:
        return "No system has decided bets before that date, in its season: grade first."
    written = (
        f"{counted(report.versions_written, 'new calibration')}, {counted(report.events_written, 'event')} written."
    )
    taken_back = [f"Rolled back for {one.game_date}: {one.rolled_back}." for one in report.rolled_back]
    return "\n".join([written, *taken_back, *map(_waits, waiting)])


def _waits(version: Version) -> str:
    return f"Waits for a person: nba-consolidation calibration approve {version.version_id}, or reject"


def _publish_upcoming(deployment: Deployment, holder: Holder) -> list[dt.date]:
    """Publishes the upcoming game dates; returns those that changed."""
    from nba_consolidation.pipeline.publication.publish import changed_dates

    return changed_dates(deployment.publisher.publish_upcoming(holder))


def _publication_summary(published: Sequence[dt.date]) -> str:
    if not published:
        return "The upcoming game dates are published with the calibrations in force."
    return f"Published again, with the calibrations in force: {', '.join(map(str, published))}."


_decision_options = option_group(
    click.argument("version_id", metavar="VERSION"),
    date_option("--from", "effective", "First game date.  [default: today, or the version's first date if later]"),
    click.option("--reason", default="", help="Why. It is kept in the history."),
    click.option("--author", default=getpass.getuser, help="Who decides.  [default: the user of this machine]"),
)


@calibration.command()
@_decision_options
@session_command
def approve(session: Session, **decision: Any) -> None:
    """Let a proposed calibration become active."""
    _decide(session, "approve", **decision)


@calibration.command()
@_decision_options
@session_command
def reject(session: Session, **decision: Any) -> None:
    """Decline a proposed calibration."""
    _decide(session, "reject", **decision)


@calibration.command()
@_decision_options
@session_command
def rollback(session: Session, **decision: Any) -> None:
    """Take back a calibration: what it replaced holds again."""
    _decide(session, "rollback", **decision)


def _decide(
    session: Session, choice: str, version_id: str, effective: dt.date | None, reason: str, author: str
) -> None:
    from nba_consolidation.pipeline.analysis.recalibration.versions import CHOICES

    deployment, holder = session.existing(), session.holder()
    made = deployment.recalibrator.decide(version_id, CHOICES[choice], effective, reason, author, holder)
    published = _publish_upcoming(deployment, holder)
    document = {"event": made.row(), "dates_published": published}
    told = f"{version_id} is {_words(made.state)} from {made.effective_date} on ({author})."
    session.show(document, told, _publication_summary(published))


def _words(state: State) -> str:
    return state.value.replace("_", " ")


@calibration.command()
@click.option("--system", metavar="SYSTEM", help="One system.")
@session_command
def history(session: Session, system: str | None) -> None:
    """List every calibration: its scores, its state, and what happened to it."""
    from nba_consolidation.pipeline.analysis.recalibration.versions import read_history

    known = read_history(session.existing().warehouse, system)
    document = {"versions": [one.row() | {"state": known.state(one).value, "computed_at": one.computed_at,
                                          "events": [event.row() for event in known.events_of(one)]}
                             for one in known.versions]}  # fmt: skip
    nothing = "" if known.versions else "No calibration was ever proposed: nba-consolidation recalibrate"
    session.show(document, _versions_grid(known), _events_grid(known), nothing)


def _versions_grid(known: History) -> Grid:
    columns = [Column("version"), Column("state"), Column("scope", 2), Column("bets", 2, right=True), Column("method"),
               Column("shift", 1, right=True), *_SCORES]  # fmt: skip
    rows = [(one.version_id, _words(known.state(one)), one.scope, one.bets, *_figures(one)) for one in known.versions]
    return Grid(columns, rows, records=True)


def _events_grid(known: History) -> Grid:
    columns = [Column("version"), Column("became"), Column("from"), Column("by", 1), Column("why", 2, fold=True)]
    happened: list[Event] = sorted(known.events, key=lambda event: (event.system_id, event.number))
    rows = [(one.version_id, _words(one.state), one.effective_date, one.author, one.reason) for one in happened]
    return Grid(columns, rows, records=True)
