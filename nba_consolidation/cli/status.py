"""`status`: waiting staging tables, committed rows, refused tables and leases. Read in `operations.status`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from nba_consolidation.cli.consolidate import refused_grid, withheld_sentence
from nba_consolidation.cli.locks import lease_document, lease_grid
from nba_consolidation.cli.options import DateRange, date_options
from nba_consolidation.cli.output import OutputPart, counted, reasons_table, table, totals_of, with_totals
from nba_consolidation.cli.session import Session, session_command
from nba_consolidation.schema.display import UNKNOWN, DisplayColumn, count_column, id_column, text_column
from nba_consolidation.schema.display_columns import UNSETTLED_NAMES

if TYPE_CHECKING:
    from nba_consolidation.operations.status import DateStatus, PipelineStatus

_LAST = 14
_COLUMNS = (
    text_column("date", "game_date"),
    text_column("state", "state"),
    count_column("tables", "waiting_tables"),
    count_column("waiting", "waiting_rows"),
    count_column("rows", "total_rows"),
    count_column("active", "active_rows"),
    count_column("validated", "validated_rows"),
    count_column("withheld", "withheld_rows", 1),
    DisplayColumn("consolidated", lambda row: _minute(row["last_consolidated_at"]), 1),
)
_IDS = (id_column("last token", "last_token", right=True), text_column("last run", "last_run_id"))
_LEASES = (
    text_column("lease", "key"),
    text_column("run", "run_id"),
    id_column("pid", "pid", 1),
    text_column("expires", "expires_at"),
    text_column("expired", "expired"),
)


@click.command()
@date_options
@click.option(
    "--all", "every", is_flag=True, help="Show every date, not only those that require work and the last ones."
)
@click.option("--verbose", is_flag=True, help="Show tokens, runs and holders too.")
@session_command
def status(session: Session, every: bool, verbose: bool, dates: DateRange) -> None:
    """Show by date what waits, what is committed, and what has to happen next.

    `tables` and `waiting` are staging tables that wait and their rows; `consolidated` is the last time, in UTC. Below:
    why the last attempt of a date failed (kept for a week), refused staging tables, and who holds a lease. Only reads:
    where another process is writing, it says at once which one, and waits.
    """
    state = _status(session).only(dates.first, dates.last) if dates.is_limited else _status(session)
    columns = (*_COLUMNS, *_IDS) if verbose else _COLUMNS
    displayed = state.dates if every or dates.is_limited else _of_interest(state)
    session.show(
        {"place": session.settings.place, **_document(state)},
        *_parts(state, displayed, columns, session.settings.place, verbose=verbose),
    )


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


def _parts(
    state: PipelineStatus,
    displayed: Sequence[DateStatus],
    columns: Sequence[DisplayColumn],
    place: str,
    *,
    verbose: bool,
) -> list[OutputPart]:
    if state == type(state)():
        return [f"{place} is empty. Next: nba-consolidation stage FILE..."]
    failures = [(date.game_date, f"{_minute(date.failed_at)}: {date.failure}") for date in displayed if date.failure]
    return [
        with_totals(columns, table(columns, map(vars, displayed)), totals_of(columns, state.total)),
        *_left_out(len(displayed), len(state.dates)),
        reasons_table("failed date", failures),
        refused_grid(state.refused),
        lease_grid(state.leases) if verbose else table(_LEASES, map(lease_document, state.leases)),
        table(UNSETTLED_NAMES, state.unsettled_names, "Similar names in the box scores: players alias, then grade"),
        _summary(state),
    ]


def _left_out(listed: int, of: int) -> list[str]:
    if listed == of:
        return []
    return [f"{listed} of {of:,} dates: those that require work and the last; the total counts all, --all shows all."]


def _of_interest(state: PipelineStatus) -> list[DateStatus]:
    """The last dates, and the last ones of those that require work."""
    from nba_consolidation.operations.status import State

    require_work = [date for date in state.dates if date.state is not State.UP_TO_DATE]
    last = set(state.dates[-_LAST:]) | set(require_work[-_LAST:])
    return [date for date in state.dates if date in last]


def _minute(moment: dt.datetime | None) -> str:
    return UNKNOWN if moment is None else f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M}"


def _summary(state: PipelineStatus) -> str:
    lines = [*_next_steps(state)] or ["No staging table waits."]
    if withheld := withheld_sentence(state.dates):
        lines.append(withheld)
    if state.refused:
        lines.append(f"Refused {counted(len(state.refused), 'table')}: correct and stage again, or remove.")
    if state.empty:
        lines.append(f"Without rows: {counted(len(state.empty), 'table')}; the next consolidation drops them.")
    if state.merged:
        lines.append(f"Merged already: {counted(len(state.merged), 'table')}; the next consolidation drops them.")
    return "\n".join(lines)


def _next_steps(state: PipelineStatus) -> Iterator[str]:
    """For each state of dates that require work, how many there are and what to run."""
    from nba_consolidation.operations.status import State
    from nba_consolidation.operations.unfinished_dates import some_dates

    if failed := [date.game_date for date in state.of(State.FAILED)]:
        yield (
            f"Failed: {counted(len(failed), 'date')} ({some_dates(failed)}). Their staging tables stay. "
            "Remove the cause above, then: nba-consolidation consolidate"
        )
    if waiting := state.of(State.WAITING):
        rows, tables = (sum(getattr(date, name) for date in waiting) for name in ("waiting_rows", "waiting_tables"))
        yield (
            f"Waiting: {counted(rows, 'row')} in {counted(tables, 'staging table')} for "
            f"{counted(len(waiting), 'date')}. Next: nba-consolidation consolidate"
        )
    behind = [date.game_date for date in (*state.of(State.NOT_VALIDATED), *state.of(State.NOT_PUBLISHED))]
    if unfinished := sorted({*behind} & {*state.unfinished.all}):
        yield (
            f"Consolidated, but not validated and published since: {counted(len(unfinished), 'date')} "
            f"({some_dates(unfinished)}). A run is at work on them, or it died. Next: nba-consolidation consolidate"
        )
    if never := sorted({*behind} - {*state.unfinished.all}):
        yield (
            f"Never validated: {counted(len(never), 'date')} ({some_dates(never)}). "
            f"Next: nba-consolidation validate --from {never[0]} --to {never[-1]}"
        )
