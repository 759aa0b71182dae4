"""The jobs `repair_accuracy` and `repair_predictions`: repair what writers without a fence left in a table.

Jobs and not assets: another asset writes the table. A job records on that asset which dates it changed, so that Dagster
knows the outdated dates downstream.
"""

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.leases import Holder
from nba_consolidation.orchestration.assets.asset_step import failure, poisoned_dates
from nba_consolidation.orchestration.assets.common import WRITERS, config_date
from nba_consolidation.orchestration.metadata import table_of
from nba_consolidation.schema import PUBLISHED, VALIDATED
from nba_consolidation.settings import SettingsError
from nba_consolidation.wiring import Deployment

if TYPE_CHECKING:
    from nba_consolidation.operations.repair.repair import Repairer
    from nba_consolidation.operations.repair.repair_result import Figures, RepairReport


class RepairConfig(dg.Config):
    """Which dates a repair is of, and whether it may change them."""

    first_date: str | None = Field(
        default=None, description="The first game date, like 2025-10-21; by default the first date with rows."
    )
    last_date: str | None = Field(default=None, description="The last game date; by default the last date with rows.")
    dry_run: bool = Field(default=True, description="On: only list what would be repaired. Off: repair it.")

    @property
    def dates(self) -> tuple[dt.date, dt.date]:
        """The first and the last date. Raises SettingsError for an invalid date or range."""
        first = config_date("first_date", self.first_date, dt.date.min)
        last = config_date("last_date", self.last_date, dt.date.max)
        if first > last:
            raise SettingsError(f"first_date ({first}) is after last_date ({last}); nothing was done")
        return first, last


def _repair(
    context: dg.OpExecutionContext, config: RepairConfig, repairer: "Repairer[Figures]"
) -> "RepairReport[Figures]":
    """Reports the rows that need repair, and repairs them unless it is a dry run."""
    from nba_consolidation.warehouse.table_reads import game_dates

    table = repairer.target.table
    dates = game_dates(repairer.writer.warehouse, table, *config.dates)
    if config.dry_run:
        report = repairer.forecast(dates)
    else:
        report = repairer.repair(dates, Holder.here(context.run_id))
        for date in report.repaired_dates:
            metadata = dict(report.by_date[date].summary)
            context.log_event(dg.AssetMaterialization(table.name, partition=str(date), metadata=metadata))
    context.add_output_metadata({
        "dry_run": config.dry_run,
        "dates_looked_at": len(dates),
        "dates_repaired": len(report.repaired_dates),
        **report.total.summary,
        "dates": table_of([{"game_date": date, **report.by_date[date].summary} for date in report.repaired_dates]),
    })  # fmt: skip
    return report


def _raise_if_failed(failed: Mapping[dt.date, ConsolidationError], done: str) -> None:
    if failed:
        raise failure(poisoned_dates(failed), done)


@dg.op(pool=WRITERS, out=dg.Out(dg.Nothing))
def repair_prediction_accuracy(
    context: dg.OpExecutionContext, config: RepairConfig, deployment: dg.ResourceParam[Deployment]
) -> None:
    """Reports the duplicates and percentages in prediction_accuracy, and repairs them unless it is a dry run."""
    deployment.create_tables()
    report = _repair(context, config, deployment.accuracy_repairer)
    _raise_if_failed(report.poisoned, "repaired")


@dg.op(pool=WRITERS, out=dg.Out(dg.Nothing))
def repair_player_prop_predictions(
    context: dg.OpExecutionContext, config: RepairConfig, deployment: dg.ResourceParam[Deployment]
) -> None:
    """Reports the duplicate and misspelt keys of predictions. Unless it is a dry run, repairs, validates, publishes."""
    from nba_consolidation.operations.unfinished_dates import complete

    deployment.create_tables()
    report = _repair(context, config, deployment.predictions_repairer)
    if not config.dry_run:
        done = complete(deployment.validator, deployment.publisher, Holder.here(context.run_id), report.by_date)
        for table, entries in ((VALIDATED, done.validated), (PUBLISHED, done.published)):
            for entry in entries:
                context.log_event(dg.AssetMaterialization(table.name, partition=str(entry.game_date)))
        _raise_if_failed(done.failed, "validated and published")
    _raise_if_failed(report.poisoned, "repaired")


@dg.job
def repair_accuracy() -> None:
    """Lists the duplicates and percentages that graders without a fence left; repairs them once `dry_run` is off.

    `nba-consolidation restore` puts back what it removed.
    """
    repair_prediction_accuracy()


@dg.job
def repair_predictions() -> None:
    """Lists the duplicate, misspelt and doubly active predictions that writers without a fence left.

    Once `dry_run` is off, it repairs them, and validates and publishes the dates. `nba-consolidation restore` puts back
    what it removed.
    """
    repair_player_prop_predictions()
