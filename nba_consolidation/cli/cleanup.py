"""`cleanup`: lists old staging tables, and drops or archives them. The rules are in `operations.staging_cleanup`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nba_consolidation.cli.exit_codes import Exit
from nba_consolidation.cli.options import apply_option
from nba_consolidation.cli.output import Grid, GridColumn, counted
from nba_consolidation.cli.progress import steps
from nba_consolidation.cli.session import Session, session_command

if TYPE_CHECKING:
    from nba_consolidation.operations.staging_cleanup import CleanUpReport, OldTable

_COLUMNS = (
    GridColumn("staging table"),
    GridColumn("kind"),
    GridColumn("days", right=True),
    GridColumn("rows", right=True),
    GridColumn("batch", 3),
    GridColumn("dates", 2),
    GridColumn("action"),
    GridColumn("reason", 1, fold=True),
)


@click.command()
@apply_option
@click.option("--older-than", type=click.FloatRange(min=0), metavar="DAYS", help="Minimum age, instead of the setting.")
@click.option("--archive", "archived", multiple=True, metavar="NAME",
              help="Archive this table although it is not consolidated; its rows are kept. Repeatable.")  # fmt: skip
@session_command
def cleanup(session: Session, applied: bool, older_than: float | None, archived: tuple[str, ...]) -> Exit:
    """Show the old staging tables.

    With --apply, those that are consolidated or empty are dropped, if they did not change since. All others stay until
    they are named with --archive, which keeps every row. Ends with 3 if some stay.
    """
    deployment = session.existing() if applied else session.to_read()
    with steps() as on_step:
        on_step("list")
        report = deployment.clean_up(older_than).clean_up(session.holder(), dry_run=not applied, archive=archived)
    session.show(_document(report), Grid(_COLUMNS, [_row(table) for table in report.tables]), _summary(report))
    return Exit.REQUIRES_ATTENTION if report.left_over else Exit.DONE


def _document(report: CleanUpReport) -> dict[str, Any]:
    return {
        "run_id": report.run_id,
        "dry_run": report.dry_run,
        "retention_days": report.retention.total_seconds() / 86400,
        "tables": report.tables,
        "waiting_dates": report.waiting_dates,
    }


def _row(table: OldTable) -> tuple[object, ...]:
    dates = ", ".join(map(str, table.game_dates[:3])) + (" ..." if len(table.game_dates) > 3 else "")
    action = f"archived to {table.archived_to}" if table.archived_to else table.action.value
    return (table.staging_table, table.kind.value.replace("_", " "), f"{table.age_days:g}", table.staged,
            table.batch_id, dates or None, action, table.reason)  # fmt: skip


def _summary(report: CleanUpReport) -> str:
    from nba_consolidation.operations.staging_cleanup import Action, OldTableKind

    if not report.tables:
        return f"No staging table is older than {report.retention.total_seconds() / 86400:g} days."
    done = "Would be" if report.dry_run else "Were"
    dropped, archived = (len(report.with_action(action)) for action in (Action.DROPPED, Action.ARCHIVED))
    lines = [f"{done} dropped: {counted(dropped, 'table')}; archived: {archived:,}."]
    if report.dry_run and (dropped or archived):
        lines.append("Nothing was done. To do it, add --apply.")
    if report.waiting_dates:
        first, last = report.waiting_dates[0], report.waiting_dates[-1]
        waiting = counted(len(report.of(OldTableKind.NEVER_CONSOLIDATED)), "table")
        lines.append(
            f"Never consolidated: {waiting} of {first} to {last}. "
            f"Next: nba-consolidation consolidate --from {first} --to {last}"
        )
    if refused := [table for table in report.left_over if table.kind is OldTableKind.REFUSED]:
        lines.append(f"{counted(len(refused), 'refused table')}: correct and stage again, or use --archive NAME.")
    return "\n".join(lines)
