"""`status`: prints the status of the pipeline, which `operations.status` reads."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import click

from nba_consolidation.cli.consolidate import refused_grid, withheld_sentence
from nba_consolidation.cli.locks import lease_document, lease_grid
from nba_consolidation.cli.output import Grid, GridColumn, Shown, counted, table
from nba_consolidation.cli.session import Session, session_command
from nba_consolidation.schema.display_columns import UNSETTLED_NAMES

if TYPE_CHECKING:
    from nba_consolidation.operations.status import DateStatus, PipelineStatus

_LAST = 14
_FIGURES = ("waiting_tables", "waiting_rows", "total_rows", "active_rows", "validated_rows",
            "withheld_rows")  # fmt: skip
_COLUMNS = (
    GridColumn("date"),
    GridColumn("tables\nwaiting", right=True),
    GridColumn("rows\nwaiting", right=True),
    GridColumn("rows", right=True),
    GridColumn("active", right=True),
    GridColumn("validated", right=True),
    GridColumn("withheld", 1, right=True),
    GridColumn("last\nconsolidated", 1),
    GridColumn("last token", 2, right=True),
    GridColumn("last run", 3),
)


@click.command()
@click.option(
    "--all", "every", is_flag=True, help="Show every date, not only the latest ones and those with waiting rows."
)
@session_command
def status(session: Session, every: bool) -> None:
    """Show waiting and committed rows by date, refused staging tables, and leases."""
    state = _status(session)
    session.show({"place": session.settings.place, **_document(state)}, *_parts(state, session, every))


def _status(session: Session) -> PipelineStatus:
    from nba_consolidation.operations.status import PipelineStatus, status

    staging = session.settings.staging
    if not session.deployment().exists and (staging is None or not staging.exists()):
        return PipelineStatus()
    at = session.with_tables()
    return status(at.warehouse, at.staging, at.leases, at.known_dates(), session.settings.schema_evolution)


def _document(state: PipelineStatus) -> dict[str, Any]:
    return {
        "dates": state.dates,
        "totals": {"dates": len(state.dates), "waiting_dates": len(state.waiting)}
        | {figure: state.total(figure) for figure in _FIGURES},
        "refused": state.refused,
        "empty": state.empty,
        "merged": state.merged,
        "unfinished": state.unfinished,
        "unsettled_names": state.unsettled_names,
        "leases": [lease_document(lease) for lease in state.leases],
    }


def _parts(state: PipelineStatus, session: Session, every: bool) -> list[Shown]:
    if state == type(state)():
        return [f"{session.settings.place} is empty. Next: nba-consolidation stage FILE..."]
    dates = state.dates if every else _of_interest(state)
    total = ("total", *(state.total(figure) for figure in _FIGURES), None, None, None)
    return [
        Grid(_COLUMNS, [_row(date) for date in dates], footer=total),
        *_omitted(len(dates), len(state.dates)),
        refused_grid(state.refused),
        lease_grid(state.leases),
        table(
            UNSETTLED_NAMES,
            state.unsettled_names,
            "Similar names in the box scores. Run: nba-consolidation players alias, then grade",
        ),
        _summary(state),
    ]


def _omitted(listed: int, of: int) -> list[str]:
    if listed == of:
        return []
    return [
        f"{listed} of {of:,} dates: the latest, and those with waiting rows. The total is of all; --all shows them."
    ]


def _of_interest(state: PipelineStatus) -> list[DateStatus]:
    last = set(state.dates[-_LAST:]) | set(state.waiting[-_LAST:])
    return [date for date in state.dates if date in last]


def _row(date: DateStatus) -> tuple[object, ...]:
    figures = (getattr(date, figure) for figure in _FIGURES)
    token = None if date.last_token is None else str(date.last_token)
    return (date.game_date, *figures, _minute(date.last_consolidated_at), token, date.last_run_id)


def _minute(moment: dt.datetime | None) -> str | None:
    return None if moment is None else f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M}"


def _summary(state: PipelineStatus) -> str:
    from nba_consolidation.operations.unfinished import some_dates

    waiting = (
        f"Waiting: {counted(state.total('waiting_rows'), 'row')} in "
        f"{counted(state.total('waiting_tables'), 'staging table')} for {counted(len(state.waiting), 'date')}. "
        "Next: nba-consolidation consolidate"
    )
    behind = state.unfinished.all
    lines = [waiting] if state.waiting else [] if behind else ["No rows wait."]
    if behind:
        lines.append(
            f"Consolidated, but not validated and published since: {counted(len(behind), 'date')} "
            f"({some_dates(behind)}). Their run is still active, or it died. Next: nba-consolidation consolidate"
        )
    if withheld := withheld_sentence(state.dates):
        lines.append(withheld)
    if state.refused:
        lines.append(f"Refused: {counted(len(state.refused), 'table')}. Correct and stage them again, or remove them.")
    if state.empty:
        lines.append(f"Without rows: {counted(len(state.empty), 'table')}; the next consolidation drops them.")
    if state.merged:
        lines.append(f"Consolidated already: {counted(len(state.merged), 'table')}; the next consolidation drops them.")
    return "\n".join(lines)
