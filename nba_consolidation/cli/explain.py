"""`explain`: where the rows of a player came from, and which versions lost. Read in `operations.row_history`."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import click

from nba_consolidation.cli.options import date_option
from nba_consolidation.cli.output import Facts, Grid, GridColumn, OutputPart
from nba_consolidation.cli.session import Session, session_command
from nba_consolidation.errors import ConsolidationError

if TYPE_CHECKING:
    from nba_consolidation.operations.row_history import RowHistory

_NO_LINE = "none"


def _line(ctx: click.Context, param: click.Parameter, value: str | None) -> Decimal | str | None:
    """A line as an exact decimal, or `none` for the predictions without one."""
    if value is None or value.lower() == _NO_LINE:
        return value and _NO_LINE
    try:
        line = Decimal(value)
    except InvalidOperation:
        line = Decimal("NaN")
    if not line.is_finite() or abs(line) >= 1000:
        raise click.BadParameter(f"{value!r} is not a line; write it like 20.5, or {_NO_LINE}.", ctx, param)
    return line


@click.command()
@date_option("--date", "date", "The game date.", required=True)
@click.option("--player", required=True, help="The player_lookup, lebronjames for instance.")
@click.option("--system", help="Only this prediction system.")
@click.option("--game", help="Only this game.")
@click.option("--line", callback=_line, help=f"Only this line; `{_NO_LINE}` for predictions without one.")
@session_command
def explain(
    session: Session, date: dt.date, player: str, system: str | None, game: str | None,
    line: Decimal | str | None,
) -> None:  # fmt: skip
    """Show where a player's rows came from.

    For each business key: the current row, the staging table, token and run of its values, and every version that was
    superseded, stale or replaced, oldest first.
    """
    from nba_consolidation.operations.row_history import RowQuery
    from nba_consolidation.operations.row_history import explain as read

    exact = line if isinstance(line, Decimal) else None
    question = RowQuery(date, player, system, game, line=exact, every_line=line is None)
    predictions = read(session.to_read().warehouse, question)
    if not predictions:
        raise ConsolidationError(
            f"no prediction for {_asked(date, player, system, game, line)}. For staged rows see "
            "`nba-consolidation status`, for quarantined ones `nba-consolidation quarantine`. "
            "A player is written in lower case, without blanks."
        )
    session.show({"predictions": predictions}, *(part for one in predictions for part in _parts(one)))


def _asked(date: dt.date, player: str, *others: object) -> str:
    return ", ".join(str(part) for part in (date, player, *others) if part is not None)


def _parts(one: RowHistory) -> list[OutputPart]:
    line = "no line" if one.current_points_line is None else f"line {one.current_points_line}"
    key = f"{one.game_date}  {one.player_lookup}  {one.system_id}  {one.game_id}  {line}"
    return [Facts(key, _facts(one)), _lost(one) if one.lost else "No other version was consolidated."]


def _facts(one: RowHistory) -> list[tuple[str, object]]:
    first = one.prediction_id
    same = first == (one.version_prediction_id or first)
    return [
        ("current", f"{one.recommendation}, {one.predicted_points} points, version {one.prediction_version}"),
        ("", _activity(one)),
        ("values from", one.staging_table or "a predecessor, which left no lineage"),
        ("batch", one.batch_id),
        ("made", _moment(one.version_created_at or one.created_at)),
        ("version id", one.version_prediction_id or first),
        ("first version", "the same" if same else f"{first}, made {_moment(one.created_at)}"),
        ("written by run", one.run_id),
        ("token", str(one.lease_token)),
    ]


def _moment(moment: dt.datetime) -> str:
    """To the microsecond, because the newest version wins."""
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S.%f} UTC"


def _activity(one: RowHistory) -> str:
    if one.invalidated_at:
        return f"invalidated ({one.invalidation_reason or 'no reason recorded'})"
    if one.is_active:
        return "active"
    return f"not active: another line is newer ({one.superseded_by})"


def _lost(one: RowHistory) -> Grid:
    columns = [GridColumn("lost"), GridColumn("made (UTC)"), GridColumn("staging table"), GridColumn("version id", 1),
               GridColumn("token", 2, right=True), GridColumn("run", 3)]  # fmt: skip
    rows = [
        (lost.outcome, _moment(lost.created_at)[5:-4], lost.staging_table, lost.prediction_id,
         str(lost.lease_token), lost.run_id)
        for lost in one.lost
    ]  # fmt: skip
    return Grid(columns, rows)
