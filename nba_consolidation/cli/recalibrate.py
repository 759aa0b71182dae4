"""`recalibrate`, and `calibration approve`, `reject`, `rollback` and `history`: calibrations of confidences."""

from __future__ import annotations

import datetime as dt
import getpass
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nba_consolidation.cli.exit_codes import Exit
from nba_consolidation.cli.options import DateRange, date_option, date_options, option_group
from nba_consolidation.cli.output import counted, table
from nba_consolidation.cli.performance import calibration
from nba_consolidation.cli.progress import steps
from nba_consolidation.cli.session import Session, publish_upcoming, session_command
from nba_consolidation.schema.display import words
from nba_consolidation.schema.display_columns import CALIBRATION_DECISIONS, CALIBRATION_EVENTS, CALIBRATION_VERSIONS

if TYPE_CHECKING:
    from nba_consolidation.pipeline.analysis.recalibration.decision import CalibrationDecision
    from nba_consolidation.pipeline.analysis.recalibration.recalibrate import RecalibrationReport
    from nba_consolidation.pipeline.analysis.recalibration.versions import CalibrationVersion

_Command = TypeVar("_Command", bound=Callable[..., Any])
_FITTED = ("method", "mean_shift", "log_loss_before", "log_loss_after", "log_loss_constant", "ece_before", "ece_after",
           "ece_noise_before", "ece_noise_high_before", "ece_noise_after", "ece_noise_high_after")  # fmt: skip


@click.command()
@date_options
@session_command
def recalibrate(session: Session, dates: DateRange) -> Exit:
    """Compare confidences with hit rates, and recalibrate the systems that drift.

    Without dates: for today. Only bets of earlier dates are used, whenever the command runs. A small change becomes
    active; a major one waits for `calibration approve`. The upcoming game dates are published again with the
    calibrations in force; past dates keep what was published. Repeating the command writes nothing. Exits with 3 if a
    calibration waits for approval or was rolled back.
    """
    from nba_consolidation.pipeline.analysis.recalibration.versions import read_history
    from nba_consolidation.settings import today

    deployment, holder = session.existing(), session.holder()
    with steps() as on_step:
        report = deployment.recalibrator.recalibrate(
            dates.dates if dates.is_limited else [today()], holder, on_step=on_step
        )
        on_step("publish the upcoming game dates")
        published = publish_upcoming(deployment, holder)
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
    decisions = [vars(one) | {name: getattr(one.version, name, None) for name in _FITTED} for one in report.decisions]
    session.show(
        document,
        table(CALIBRATION_DECISIONS, decisions),
        "\n".join(_evaluation(one) for one in report.decisions if one.trial),
        _summary(report, waiting),
        _publication_summary(published),
    )
    return Exit.REQUIRES_ATTENTION if waiting or report.rolled_back else Exit.DONE


def _decision(one: CalibrationDecision) -> dict[str, Any]:
    return {
        "game_date": one.game_date,
        "system_id": one.system_id,
        "outcome": one.outcome.value,
        "reason": one.reason,
        "evaluation": one.trial.summary if one.trial else None,
        "bets": one.bets,
        "in_force": one.in_force,
        "version": one.version.as_row() if one.version else None,
        "drift": one.drift,
        "rolled_back": one.rolled_back,
        "comparison": one.comparison,
        "superseded": one.superseded,
    }


def _evaluation(one: CalibrationDecision) -> str:
    """What the walk-forward weeks say about the best candidate, beside chance and a constant."""
    return f"{one.system_id}, {one.game_date}: {one.trial.summary}." if one.trial else ""


def _summary(report: RecalibrationReport, waiting: Sequence[CalibrationVersion]) -> str:
    if not report.decisions:
        return "No system has decided bets before that date in its season: grade first."
    written = (
        f"{counted(report.versions_written, 'new calibration')}, {counted(report.events_written, 'event')} written."
    )
    rolled_back = [f"Rolled back for {one.game_date}: {one.rolled_back}." for one in report.rolled_back]
    return "\n".join([written, *rolled_back, *map(_waiting, waiting)])


def _waiting(version: CalibrationVersion) -> str:
    return f"Waits for approval: nba-consolidation calibration approve {version.version_id}, or reject"


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
    """Activate a proposed calibration."""
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
    """Roll back a calibration: the one before it is in force again."""
    _decide(session, "rollback", **decision)


def _decide(
    session: Session, choice: str, version_id: str, effective: dt.date | None, reason: str, author: str
) -> None:
    from nba_consolidation.pipeline.analysis.recalibration.versions import CHOICES

    deployment, holder = session.existing(), session.holder()
    made = deployment.recalibrator.decide(version_id, CHOICES[choice], effective, reason, author, holder)
    published = publish_upcoming(deployment, holder)
    document = {"event": made.as_row(), "dates_published": published}
    summary = f"{version_id} is {words(made.state)} from {made.effective_date} on ({author})."
    session.show(document, summary, _publication_summary(published))


@calibration.command()
@click.option("--system", metavar="SYSTEM", help="One system.")
@session_command
def history(session: Session, system: str | None) -> None:
    """List every calibration with its scores, its state and its events."""
    from nba_consolidation.pipeline.analysis.recalibration.versions import read_history

    known = read_history(session.to_read().warehouse, system)
    document = {"versions": [one.as_row() | {"state": known.state(one).value, "computed_at": one.computed_at,
                                          "events": [event.as_row() for event in known.events_of(one)]}
                             for one in known.versions]}  # fmt: skip
    nothing = "" if known.versions else "No calibration was ever proposed: nba-consolidation recalibrate"
    versions = [vars(one) | {"version_id": one.version_id, "state": known.state(one)} for one in known.versions]
    events = [vars(one) for one in sorted(known.events, key=lambda event: (event.system_id, event.number))]
    session.show(document, table(CALIBRATION_VERSIONS, versions, records=True),
        table(CALIBRATION_EVENTS, events, records=True), nothing,
    )  # fmt: skip
