"""`repair accuracy`, `repair predictions` and `restore`: repairs what writers without a fence left, and undoes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nba_consolidation.cli.exit_codes import Exit
from nba_consolidation.cli.options import apply_option
from nba_consolidation.cli.output import counted, dates_table, poisoned_document, poisoned_table, totals_of
from nba_consolidation.cli.progress import bar
from nba_consolidation.cli.publication import validate_and_publish
from nba_consolidation.cli.repair_accuracy import accuracy
from nba_consolidation.cli.repair_predictions import predictions
from nba_consolidation.cli.session import Session, session_command
from nba_consolidation.schema import PREDICTIONS
from nba_consolidation.schema.display import count_column, text_column

if TYPE_CHECKING:
    from nba_consolidation.operations.repair.restore import RestoreReport

_RESTORED = (
    text_column("date", "game_date"),
    count_column("restored", "put_back"),
    count_column("removed", "taken_out"),
    count_column("rows after", "total_rows"),
)


class _Repair(click.Group):
    """`repair` without a table is `repair accuracy`, as it was when that was the only one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        named = args and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if named else ["accuracy", *args])


@click.group(cls=_Repair, commands=[predictions, accuracy])
def repair() -> None:
    """Repair what writers without a fence left in a table."""


@click.command()
@click.option("--run", "run_id", required=True, metavar="ID", help="The run id, from its report or from the ledger.")
@apply_option
@session_command
def restore(session: Session, run_id: str, applied: bool) -> Exit:
    """Undo a repair or a grading.

    Rows that the run removed or changed come back exactly as they were; rows that it wrote are removed. If a later run
    changed the same dates, restore that run first. Prints what would change; --apply does it. Repeating the command
    changes nothing. Dates of player_prop_predictions are then validated and published again.
    """
    deployment, holder = session.existing() if applied else session.to_read(), session.holder()
    with bar("restoring dates" if applied else "looking at dates", transient=True) as (advance, _):
        restorer = deployment.restorer
        report = restorer.restore(run_id, holder, advance) if applied else restorer.forecast(run_id)
    publication = None
    if applied and report.table == PREDICTIONS.name:
        publication = validate_and_publish(deployment, [date.game_date for date in report.dates], holder)
    totals = totals_of(_RESTORED, report.total)
    document = {
        "restored_run_id": report.restored_run_id,
        "run_id": report.run_id,
        "applied": report.run_id is not None,
        "dates": report.dates,
        "totals": totals,
        "poisoned": poisoned_document(report.poisoned),
    }
    session.show(
        document,
        *dates_table(_RESTORED, report.dates, totals),
        poisoned_table(report.poisoned),
        _restored(report),
    )
    if publication and publication.error:
        raise publication.error
    return Exit.REQUIRES_ATTENTION if report.poisoned else Exit.DONE


def _restored(report: RestoreReport) -> str:
    run = report.restored_run_id
    if not report.dates and not report.poisoned:
        return f"Run {run} has no changes left to restore."
    what = f"{counted(report.total('put_back'), 'row')} that run {run} removed or changed"
    on = counted(len(report.dates), "date")
    if report.run_id is None:
        return f"Would put back {what}, on {on}. Nothing was changed yet. To do it, add --apply."
    lines = [f"Put back {what}, on {on}."]
    if report.poisoned:
        lines.append(f"Could not restore {counted(len(report.poisoned), 'date')}, which are unchanged.")
    return "\n".join(lines)
