"""`players`: review them, show them, decide over them. Nothing is judged here."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from nba_consolidation.cli.dates import date_options, game_date, span_of
from nba_consolidation.cli.output import Column, Grid, counted, emit, json_option
from nba_consolidation.cli.progress import steps
from nba_consolidation.cli.session import Session, pass_session
from nba_consolidation.schema import PLAYER_STATUSES
from nba_consolidation.settings import today

if TYPE_CHECKING:
    from nba_consolidation.pipeline.analysis.reliability.review import ReviewReport
    from nba_consolidation.warehouse.interface import Row
    from nba_consolidation.wiring import Deployment

_SHOWN = 30
_FIGURES = ("players", "written_rows", "blacklisted", "watched", "reliable", "not_enough", "overridden",
            "high_variance", "biased")  # fmt: skip
_NOTHING_YET = "No player is reviewed yet. Once predictions are graded: nba-consolidation players review"


@click.group()
def players() -> None:
    """Which players a bet is worse on, and whose points scatter.

    Season to date, of games strictly before the date. `blacklisted` is no bet; what people decide holds over what is
    computed, and is kept with author and reason.
    """


@players.command()
@date_options
@json_option
@pass_session
def review(session: Session, /, as_json: bool, **dates: dt.date | None) -> None:
    """Review players for some dates.

    Without dates: for today. Later dates of the season that were reviewed before follow. Repeating it writes nothing.
    The upcoming game dates are published again; past dates keep what was published.
    """
    span = span_of(**dates)
    deployment = session.existing()
    wanted = span.dates if span.given else [today()]
    with steps() as on_step:
        report = deployment.reviewer.review(wanted, session.holder(), on_step)
    published = _publish_upcoming(deployment, session)
    emit(as_json, _document(report, published), _summary(report, published))


@players.command(name="list")
@click.option("--date", callback=game_date, metavar="DATE", help="For which date; the last reviewed.")
@click.option("--status", type=click.Choice(PLAYER_STATUSES), help="Only players of this status.")
@click.option("--player", metavar="PLAYER", help="Only this player.")
@json_option
@pass_session
def show(session: Session, /, date: dt.date | None, status: str | None, player: str | None, as_json: bool) -> None:
    """Show players, whoever is flagged first, and what each policy came to."""
    from nba_consolidation.pipeline.analysis.reliability import figures as standing

    warehouse = session.existing().warehouse
    on = date or next(reversed(standing.reviewed_dates(warehouse)), None)
    rows = standing.players(warehouse, on, on, status=status, player=player) if on else []
    policies = standing.policies(warehouse, on, on) if on else []
    document = {"date": on, "players": rows, "policies": policies}
    told = f"For {on}, of games before it. What is not known of too few shows as -." if rows else _NOTHING_YET
    if len(rows) > _SHOWN:
        told = f"The first {_SHOWN} of {len(rows):,} players; --json lists all. {told}"
    if on and not rows:
        told = f"No such player for {on}."
    emit(as_json, document, _players_grid(rows[:_SHOWN]), _policies_grid(policies), told)


@players.command()
@click.argument("player")
@click.argument("status", type=click.Choice(PLAYER_STATUSES))
@click.option("--author", required=True, help="Who decides it.")
@click.option("--reason", required=True, help="Why.")
@click.option("--from", "since", callback=game_date, metavar="DATE", help="First game date; today, unless given.")
@click.option("--to", "until", callback=game_date, metavar="DATE", help="Last game date; open, unless given.")
@json_option
@pass_session
def override(session: Session, /, player: str, status: str, author: str, reason: str, since: dt.date | None,
             until: dt.date | None, as_json: bool) -> None:  # fmt: skip
    """Decide a player's status, whatever is computed."""
    _decide(session, player, status, author, reason, since, until, as_json)


@players.command()
@click.argument("player")
@click.option("--author", required=True, help="Who decides it.")
@click.option("--reason", required=True, help="Why.")
@click.option("--from", "since", callback=game_date, metavar="DATE", help="First game date; today, unless given.")
@json_option
@pass_session
def clear(session: Session, /, player: str, author: str, reason: str, since: dt.date | None, as_json: bool) -> None:
    """Let the computed status of a player hold again. What was decided stays on record."""
    _decide(session, player, None, author, reason, since, None, as_json)


@players.command()
@json_option
@pass_session
def overrides(session: Session, /, as_json: bool) -> None:
    """Show all that was ever decided, by whom and why."""
    from nba_consolidation.pipeline.analysis.reliability import figures as standing

    rows = standing.overrides(session.existing().warehouse)
    columns = ("player_lookup", "status", "first_date", "last_date", "author", "reason", "created_at")
    grid = Grid(
        [Column(name.replace("_", " "), fold=name == "reason") for name in columns],
        [[row[name] or ("computed again" if name == "status" else None) for name in columns] for row in rows],
    )
    emit(as_json, {"overrides": rows}, grid, "" if rows else "Nothing was ever decided by hand.")


def _decide(session: Session, player: str, status: str | None, author: str, reason: str, since: dt.date | None,
            until: dt.date | None, as_json: bool) -> None:  # fmt: skip
    from nba_consolidation.pipeline.analysis.reliability.overrides import Override

    deployment = session.existing()
    decision = Override(uuid.uuid4().hex, player, status, since or today(), until, author, reason)
    report = deployment.reviewer.decide(decision, session.holder())
    published = _publish_upcoming(deployment, session)
    document = {"override": decision, **_document(report, published)}
    told = f"Kept: {player} is {status or 'as computed again'} from {decision.first} on."
    emit(as_json, document, told, _summary(report, published) if report.dates else "")


def _publish_upcoming(deployment: Deployment, session: Session) -> list[dt.date]:
    """Publishes the upcoming game dates; returns those that changed."""
    from nba_consolidation.pipeline.publication.publish import changed_dates

    return changed_dates(deployment.publisher.publish_upcoming(session.holder()))


def _document(report: ReviewReport, published: Sequence[dt.date]) -> dict[str, Any]:
    return {
        "run_id": report.run_id,
        "dates": report.dates,
        "followed": report.followed,
        "totals": {figure: report.total(figure) for figure in _FIGURES},
        "dates_published": published,
        "seconds": report.seconds,
    }


def _summary(report: ReviewReport, published: Sequence[dt.date]) -> str:
    last = report.dates[-1]
    told = (
        f"Reviewed {counted(len(report.dates), 'date')}: {counted(report.total('players'), 'row')}, of which "
        f"{report.total('written_rows'):,} had to be written. Next: nba-consolidation players list\n"
        f"For {last.game_date}: {counted(last.players, 'player')}, {last.blacklisted:,} blacklisted, "
        f"{last.watched:,} watched, {last.reliable:,} reliable, of {last.not_enough:,} not enough known; "
        f"{last.high_variance:,} with high variance, {last.biased:,} predicted too high or too low."
    )
    return f"{told}\nPublished again: {', '.join(map(str, published))}." if published else told


def _players_grid(rows: Sequence[Row]) -> Grid:
    columns = [Column("player"), Column("status"), Column("bets", right=True), Column("worth", 1, right=True),
               Column("hit rate", right=True), Column("95 % interval", right=True), Column("shrunken", 2, right=True),
               Column("q", 2, right=True), Column("bias", 3, right=True), Column("SD 10", 3, right=True),
               Column("variance", 3), Column("since", 4), Column("why", 5, fold=True)]  # fmt: skip
    shown = [
        (
            row["player_lookup"], row["status"], row["bets"], _fixed(row["effective_bets"], 1),
            _percent(row["hit_rate"]), _interval(row), _percent(row["shrunken_rate"]), _fixed(row["worse_q"], 3),
            _fixed(row["bias"], 1, "+"), _fixed(row["points_sd_10"], 1), row["variance_flag"].replace("_", " "),
            row["since"], row["reason"],
        )
        for row in rows
    ]  # fmt: skip
    return Grid(columns, shown)


def _policies_grid(rows: Sequence[Row]) -> Grid:
    columns = [Column("policy"), Column("flagged", right=True), Column("ever", 1, right=True),
               Column("bets", right=True), Column("hit rate", right=True), Column("95 % interval", right=True),
               Column("to others", right=True), Column("verdict")]  # fmt: skip
    shown = [
        (
            row["policy"] + (" (acts)" if row["acting"] else ""), row["flagged_players"], row["ever_flagged"],
            row["bets"], _percent(row["hit_rate"]), _interval(row), _percent(row["difference"], "+"),
            row["verdict"].replace("_", " "),
        )
        for row in rows
    ]  # fmt: skip
    return Grid(columns, shown, title="What bets on players came to while flagged, out of time" if rows else "")


def _interval(row: Row) -> str | None:
    """A hit rate never stands alone."""
    if row["hit_rate"] is None:
        return None
    return f"{_percent(row['hit_rate_low'])} to {_percent(row['hit_rate_high'])}"


def _percent(value: float | None, sign: str = "") -> str | None:
    return None if value is None else f"{100 * value:{sign}.1f} %"


def _fixed(value: float | None, digits: int, sign: str = "") -> str | None:
    return None if value is None else f"{value:{sign}.{digits}f}"
