"""`players`: review players, list them, set their status by hand, and settle their names in the box scores."""

from __future__ import annotations

import datetime as dt
import getpass
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from nba_consolidation.cli.options import DateRange, date_option, date_options, option_group
from nba_consolidation.cli.output import counted, recomputation_document, table
from nba_consolidation.cli.progress import steps
from nba_consolidation.cli.session import Session, publish_upcoming, session_command
from nba_consolidation.schema import PLAYER_ORDERS, PLAYER_STATUSES, POLICY_REVIEWS, VALIDATED, VARIANCE_FLAGS
from nba_consolidation.schema.display_columns import ALIASES, OVERRIDES, PLAYERS, POLICIES, UNSETTLED_NAMES
from nba_consolidation.settings import today

if TYPE_CHECKING:
    from nba_consolidation.pipeline.analysis.reliability.review import ReviewReport

_MAX_ROWS = 30
_TOTALS = ("players", "written_rows", "blacklisted", "watched", "reliable", "not_enough", "overridden",
           "high_variance", "biased")  # fmt: skip
_NOT_REVIEWED = "Players have not been reviewed yet. Once predictions are graded, run: nba-consolidation players review"


@click.group()
def players() -> None:
    """Reliability of bets by player, and statuses that are set by hand.

    Season to date, from games strictly before the date. Bets on `blacklisted` players are filtered out. A status that
    is set by hand has priority over the computed one and is kept with its author and reason.
    """


@players.command()
@date_options
@session_command
def review(session: Session, dates: DateRange) -> None:
    """Review players for some dates.

    Without dates: for today. Later dates of the season that were reviewed before are recomputed as well. Repeating the
    command writes nothing. The upcoming game dates are published again; past dates keep what was published.
    """
    deployment = session.existing()
    requested = dates.dates if dates.is_limited else [today()]
    with steps() as on_step:
        report = deployment.reviewer.review(requested, session.holder(), on_step)
    published = publish_upcoming(deployment, session.holder())
    session.show(_document(report, published), _summary(report, published))


@players.command(name="list")
@date_option("--date", "date", "The date.  [default: the last reviewed date]")
@click.option("--status", type=click.Choice(PLAYER_STATUSES), help="Only players with this status.")
@click.option(
    "--variance",
    type=click.Choice(VARIANCE_FLAGS),
    help="Only players whose points vary so. `high` includes "
    "`high_for_volume`, more than players of similar mean points.",
)
@click.option("--biased", is_flag=True, help="Only players who are predicted too high or too low, beyond chance.")
@click.option("--min-bets", type=click.IntRange(0), default=0, help="Only players with so many bets.")
@click.option(
    "--sort", type=click.Choice(PLAYER_ORDERS), help="The order.  [default: status; of --variance and --biased, these]"
)
@click.option("--player", metavar="PLAYER", help="Only this player.")
@session_command
def show(session: Session, date: dt.date | None, status: str | None, player: str | None, **conditions: Any) -> None:
    """List players: on whom not to bet, about whom predictions are biased, whose points scatter.

    Flagged players come first, with the margin of the bets in points and the hit rate, and the reason in words.
    The results of each policy follow. For example: `players list --variance high --min-bets 20`.
    """
    from nba_consolidation.pipeline.analysis.reliability import queries as reliability
    from nba_consolidation.warehouse.table_reads import last_game_date

    warehouse = session.to_read().warehouse
    on = date or last_game_date(warehouse, POLICY_REVIEWS)
    known = reliability.players(warehouse, on, on, status=status, player=player) if on else []
    rows = reliability.selected(known, **conditions)
    policies = reliability.policies(warehouse, on, on) if on else []
    document = {"date": on, "players": rows, "policies": policies}
    footer = f"For {on}, from games before it. - means too few bets." if rows else _NOT_REVIEWED
    if len(rows) > _MAX_ROWS:
        footer = f"The first {_MAX_ROWS} of {len(rows):,} players; --json lists all. {footer}"
    if on and not rows:
        footer = f"No such player for {on}."
    results = table(POLICIES, policies, "Results of bets on players while a policy flagged them")
    session.show(document, table(PLAYERS, rows[:_MAX_ROWS]), results, footer)


@players.command()
@click.argument("player")
@click.argument("status", type=click.Choice(PLAYER_STATUSES))
@click.option("--author", required=True, help="Who decides.")
@click.option("--reason", required=True, help="Why.")
@date_option("--from", "since", "First game date.  [default: today]")
@date_option("--to", "until", "Last game date.  [default: no end]")
@session_command
def override(session: Session, player: str, status: str, author: str, reason: str, since: dt.date | None,
             until: dt.date | None) -> None:  # fmt: skip
    """Set a player's status by hand; it has priority over the computed one.

    PLAYER is a name in any spelling, such as "LeBron James". With --to, the status ends after that date. The upcoming
    game dates are published again at once; `players overrides` shows later what the bets would have won or lost.
    """
    _decide(session, player, status, author, reason, since, until)


@players.command()
@click.argument("player")
@click.option("--author", required=True, help="Who decides.")
@click.option("--reason", required=True, help="Why.")
@date_option("--from", "since", "First game date.  [default: today]")
@session_command
def clear(session: Session, player: str, author: str, reason: str, since: dt.date | None) -> None:
    """Return a player to the computed status. The earlier decisions are kept on record."""
    _decide(session, player, None, author, reason, since, None)


@players.command()
@session_command
def overrides(session: Session) -> None:
    """List every status that was set by hand, by whom and why, and what the bets since would have won or lost."""
    from nba_consolidation.pipeline.analysis.reliability.overrides import overrides_with_results

    rows = overrides_with_results(session.to_read().warehouse)
    footer = "Bets on the player since the decision, while it was in force; units: one on each bet at -110, as if made."
    session.show({"overrides": rows}, table(OVERRIDES, rows), footer if rows else "No status was ever set by hand.")


_recorded_with = option_group(
    click.option("--reason", required=True, help="Why. It is recorded."),
    click.option("--author", default=getpass.getuser, help="Who decides. It is recorded.  [default: the user who is "
                 "logged in]"),
)  # fmt: skip


@players.command()
@click.argument("player", metavar="NAME")
@click.argument("box_score_player", metavar="BOX_SCORE_NAME")
@_recorded_with
@session_command
def alias(session: Session, player: str, box_score_player: str, reason: str, author: str) -> None:
    """Record the name of a player in the box scores.

    NAME is the player's name in the predictions. From now on, grading looks up his box scores by BOX_SCORE_NAME. If the
    similar name belongs to somebody else, give NAME twice: he then counts as absent where no box score has his name.
    """
    _record_alias(session, player, box_score_player, reason, author)


@players.command()
@click.argument("player", metavar="NAME")
@_recorded_with
@session_command
def unalias(session: Session, player: str, reason: str, author: str) -> None:
    """Remove the alias of a player. The earlier decision is kept on record."""
    _record_alias(session, player, None, reason, author)


@players.command()
@session_command
def aliases(session: Session) -> None:
    """List every decision about names in the box scores, and the names that wait for one."""
    from nba_consolidation.pipeline.grading import aliases as names

    warehouse = session.to_read().warehouse
    decisions, waiting = names.aliases(warehouse), names.unsettled_names(warehouse)
    session.show(
        {"aliases": decisions, "unsettled_names": waiting},
        table(ALIASES, decisions, "Decisions", records=True),
        table(UNSETTLED_NAMES, waiting, "Names that wait for a decision"),
        "" if decisions or waiting else "No alias was ever recorded, and no name waits for one.",
    )


def _record_alias(session: Session, player: str, box_score_player: str | None, reason: str, author: str) -> None:
    from nba_consolidation.pipeline.grading.aliases import Aliases

    recorder = Aliases(session.existing().fenced_writer, today())
    waiting = recorder.record(player, box_score_player, session.holder(), author=author, reason=reason)
    lines = [
        f"Recorded: {player} has no alias any more."
        if box_score_player is None
        else f"Recorded: the box scores have {player} as {box_score_player}."
    ]
    lines += [f"Next: nba-consolidation grade --date {date}" for date in waiting]
    if not waiting:
        lines.append("Dates that are graded already keep their grades until they are graded again.")
    document = {"player": player, "box_score_player": box_score_player, "author": author, "reason": reason}
    session.show({"alias": document, "dates_to_grade": waiting}, "\n".join(lines))


def _decide(session: Session, player: str, status: str | None, author: str, reason: str, since: dt.date | None,
            until: dt.date | None) -> None:  # fmt: skip
    from nba_consolidation.pipeline.analysis.reliability.overrides import Override
    from nba_consolidation.warehouse.table_reads import game_dates

    deployment = session.existing()
    decision = Override(uuid.uuid4().hex, player, status, since or today(), until, author, reason)
    ahead = max(decision.first, today())
    upcoming = {ahead, *game_dates(deployment.warehouse, VALIDATED, ahead)}
    report = deployment.reviewer.decide(decision, session.holder(), upcoming)
    published = publish_upcoming(deployment, session.holder())
    document = {"override": decision, **_document(report, published)}
    recorded = f"Recorded: from {decision.first} on, {player} is {status or 'as computed'}."
    session.show(document, recorded, _summary(report, published) if report.dates else "")


def _document(report: ReviewReport, published: Sequence[dt.date]) -> dict[str, Any]:
    return recomputation_document(report, _TOTALS) | {"dates_published": published}


def _summary(report: ReviewReport, published: Sequence[dt.date]) -> str:
    last = report.dates[-1]
    summary = (
        f"Reviewed {counted(len(report.dates), 'date')}: {counted(report.total('players'), 'row')}, "
        f"{report.total('written_rows'):,} of them written. Next: nba-consolidation players list\n"
        f"For {last.game_date}: {counted(last.players, 'player')}, {last.blacklisted:,} blacklisted, "
        f"{last.watched:,} watched, {last.reliable:,} reliable, {last.not_enough:,} with too few bets; "
        f"{last.high_variance:,} with high variance, {last.biased:,} with biased predictions."
    )
    return f"{summary}\nPublished again: {', '.join(map(str, published))}." if published else summary
