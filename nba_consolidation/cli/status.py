"""`status`: waiting staging tables, committed rows, refused tables and leases. Read in `operations.status`."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import click

from nba_consolidation.cli.consolidate import refused_grid, withheld_sentence
from nba_consolidation.cli.locks import lease_document, lease_grid
from nba_consolidation.cli.output import Shown, counted, table, totals_of, with_totals
from nba_consolidation.cli.session import Session, session_command
from nba_consolidation.schema.display import UNKNOWN, DisplayColumn, count_column, id_column, text_column
from nba_consolidation.schema.display_columns import UNSETTLED_NAMES

if TYPE_CHECKING:
    from nba_consolidation.operations.status import DateStatus, PipelineStatus

_LAST = 14
_COLUMNS = (
    text_column("date", "game_date"),
    count_column("tables\nwaiting", "waiting_tables"),
    count_column("rows\nwaiting", "waiting_rows"),
    count_column("rows", "total_rows"),
    count_column("active", "active_rows"),
    count_column("validated", "validated_rows"),
    count_column("withheld", "withheld_rows", 1),
    DisplayColumn("last\nconsolidated", lambda row: _minute(row["last_consolidated_at"]), 1),
    id_column("last token", "last_token", 2, right=True),
    text_column("last run", "last_run_id", 3),
)


@click.command()
@click.option("--all", "every", is_flag=True, help="Show every date, not only those that wait and the last ones.")
@session_command
def status(session: Session, every: bool) -> None:
    """Show waiting staging tables and committed rows by date.

    Also refused staging tables, unfinished dates, and who holds a lease.
    """
    state = _status(session)
    session.show({"place": session.settings.place, **_document(state)}, *_parts(state, session, every))


def _status(session: Session) -> PipelineStatus:
    from nba_consolidation.operations.status import PipelineStatus, status

    staging = session.settings.staging
    if not session.settings.exists and (staging is None or not staging.exists()):
        return PipelineStatus()
    at = session.reader(report_after=0)
    return status(at.warehouse, at.staging, at.leases, at.known_dates(), session.settings.schema_evolution)


def _document(state: PipelineStatus) -> dict[str, Any]:
    return {
        "dates": state.dates,
        "totals": {"dates": len(state.dates), "waiting_dates": len(state.waiting)} | totals_of(_COLUMNS, state.total),
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
    totals = totals_of(_COLUMNS, state.total)
    return [
        with_totals(_COLUMNS, table(_COLUMNS, map(vars, dates)), totals),
        *_left_out(len(dates), len(state.dates)),
        refused_grid(state.refused),
        lease_grid(state.leases),
        table(UNSETTLED_NAMES, state.unsettled_names, "Similar names in the box scores: players alias, then grade"),
        _summary(state),
    ]


def _left_out(listed: int, of: int) -> list[str]:
    if listed == of:
        return []
    return [f"{listed} of {of:,} dates: those that wait and the last; the total counts all, --all shows all."]


def _of_interest(state: PipelineStatus) -> list[DateStatus]:
    last = set(state.dates[-_LAST:]) | set(state.waiting[-_LAST:])
    return [date for date in state.dates if date in last]


def _minute(moment: dt.datetime | None) -> str:
    return UNKNOWN if moment is None else f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M}"


def _summary(state: PipelineStatus) -> str:
    from nba_consolidation.operations.unfinished_dates import some_dates

    waiting = (
        f"Waiting: {counted(state.total('waiting_rows'), 'row')} in "
        f"{counted(state.total('waiting_tables'), 'staging table')} for {counted(len(state.waiting), 'date')}. "
        "Next: nba-consolidation consolidate"
    )
    behind = state.unfinished.all
    lines = [waiting] if state.waiting else [] if behind else ["No staging table waits."]
    if behind:
        lines.append(
            f"Consolidated, but not validated and published since: {counted(len(behind), 'date')} "
            f"({some_dates(behind)}). A run is at work on them, or it died. Next: nba-consolidation consolidate"
        )
    if withheld := withheld_sentence(state.dates):
        lines.append(withheld)
    if state.refused:
        lines.append(f"Refused {counted(len(state.refused), 'table')}: correct and stage again, or remove.")
    if state.empty:
        lines.append(f"Without rows: {counted(len(state.empty), 'table')}; the next consolidation drops them.")
    if state.merged:
        lines.append(f"Merged already: {counted(len(state.merged), 'table')}; the next consolidation drops them.")
    return "\n".join(lines)
