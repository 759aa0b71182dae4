"""`repair predictions`: repairs player_prop_predictions, then validates and publishes the dates. Decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nba_consolidation.cli.exit_codes import Exit
from nba_consolidation.cli.options import DateRange, apply_option, date_options
from nba_consolidation.cli.output import GridColumn, counted
from nba_consolidation.cli.publication import validate_and_publish
from nba_consolidation.cli.repair_report import repair_document, repair_grids, repair_or_forecast, repair_summary
from nba_consolidation.cli.session import Session, session_command
from nba_consolidation.schema import ACCURACY

if TYPE_CHECKING:
    from nba_consolidation.operations.repair.repair_result import PredictionsRepair, RepairReport
    from nba_consolidation.wiring import Deployment

_FIGURES = {
    "rows_before": GridColumn("rows", right=True),
    "rows_after": GridColumn("rows\nafter", right=True),
    "active_before": GridColumn("active", right=True),
    "active_after": GridColumn("active\nafter", right=True),
    "duplicates": GridColumn("dupli\u00adcates", right=True),
    "active_twins": GridColumn("active\ntwice", right=True),
    "misspelt": GridColumn("mis\u00adspelt", right=True),
    "changed": GridColumn("changed", right=True),
}


@click.command()
@date_options
@apply_option
@session_command
def predictions(session: Session, applied: bool, dates: DateRange) -> Exit:
    """Repair player_prop_predictions.

    Afterwards there is one row per business key, in its canonical spelling, and of each game, player and system exactly
    the newest version is active, unless it was invalidated. The newest version of a key is kept, as in a consolidation.
    Removed and changed rows are archived; `restore` puts them back.

    Without dates: all dates. Prints what would change; --apply does it, then validates and publishes the dates.
    Repeating the command changes nothing. Ends with 3 if some dates are poisoned: all others are done.
    """
    deployment, holder = session.existing() if applied else session.to_read(), session.holder()
    report = repair_or_forecast(deployment.predictions_repairer, dates, holder, applied=applied)
    publication = validate_and_publish(deployment, report.by_date, holder) if applied else None
    total = report.total
    summary = repair_summary(
        report,
        no_rows=f"No predictions for {dates}.",
        sound="one row per business key, one active version",
        faults=f"{counted(total.duplicates, 'duplicate')}, {counted(total.active_twins, 'active twin')} and "
        f"{counted(total.misspelt, 'misspelt key')}",
    )
    grids = repair_grids(report, tuple(_FIGURES.values()), _cells)
    session.show(repair_document(report, vars), *grids, _next_step(deployment, report), summary)
    if publication and publication.error:
        raise publication.error
    return Exit.REQUIRES_ATTENTION if report.poisoned else Exit.DONE


def _next_step(deployment: Deployment, report: RepairReport[PredictionsRepair]) -> str:
    """The command that grades the repaired dates again, if they were graded before."""
    from nba_consolidation.fencing.audits import as_options
    from nba_consolidation.warehouse.table_reads import game_dates

    repaired = report.repaired_dates if report.run_id else ()
    graded = set(game_dates(deployment.warehouse, ACCURACY)).intersection(repaired)
    return f"Next: nba-consolidation grade {as_options(graded)}" if graded else ""


def _cells(repair: PredictionsRepair) -> list[object]:
    return [getattr(repair, name) for name in _FIGURES]
