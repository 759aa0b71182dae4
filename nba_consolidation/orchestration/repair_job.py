"""The job `repair`: repairs what writers without a fence left in prediction_accuracy.

A job and not an asset: another asset writes the table, and its gradings repair their own dates. The job is for
all other dates, and records on that asset which dates it changed, so that Dagster knows the outdated dates downstream.
"""

import datetime as dt

import dagster as dg
from pydantic import Field

from nba_consolidation.leases import Holder
from nba_consolidation.operations.repair.repair_result import RepairReport
from nba_consolidation.orchestration.assets.asset_step import failure, poisoned_dates
from nba_consolidation.orchestration.assets.common import WRITERS, config_date
from nba_consolidation.orchestration.metadata import Metadata, table_of, without
from nba_consolidation.schema import ACCURACY
from nba_consolidation.settings import SettingsError
from nba_consolidation.warehouse.interface import Row
from nba_consolidation.warehouse.table_reads import game_dates
from nba_consolidation.wiring import Deployment


class RepairConfig(dg.Config):
    """Which dates a repair is of, and whether it may change them."""

    first_date: str | None = Field(
        default=None, description="The first game date, like 2025-10-21; by default the first graded date."
    )
    last_date: str | None = Field(default=None, description="The last game date; by default the last graded date.")
    dry_run: bool = Field(default=True, description="On: only list what would be repaired. Off: repair it.")

    @property
    def dates(self) -> tuple[dt.date, dt.date]:
        """The first and the last date. Raises SettingsError for an invalid date or range."""
        first = config_date("first_date", self.first_date, dt.date.min)
        last = config_date("last_date", self.last_date, dt.date.max)
        if first > last:
            raise SettingsError(f"first_date ({first}) is after last_date ({last}); nothing was done")
        return first, last


@dg.op(pool=WRITERS, out=dg.Out(dg.Nothing))
def repair_prediction_accuracy(
    context: dg.OpExecutionContext, config: RepairConfig, deployment: dg.ResourceParam[Deployment]
) -> None:
    """Reports the rows that need repair, and repairs them unless it is a dry run."""
    deployment.create_tables()
    dates = game_dates(deployment.warehouse, ACCURACY, *config.dates)
    if config.dry_run:
        report = deployment.repairer.forecast(dates)
    else:
        report = deployment.repairer.repair(dates, Holder.here(context.run_id))
        for row in _date_rows(report):
            figures = without(row, "game_date")
            context.log_event(dg.AssetMaterialization(ACCURACY.name, partition=str(row["game_date"]), metadata=figures))
    context.add_output_metadata(_metadata(report, len(dates)))
    if report.poisoned:
        raise failure(poisoned_dates(report.poisoned), "repaired")


@dg.job(name="repair")
def repair_job() -> None:
    """Lists the duplicates and percentages that graders without a fence left; repairs them once `dry_run` is off.

    `nba-consolidation restore` puts back what it removed.
    """
    repair_prediction_accuracy()


def _metadata(report: RepairReport, dates: int) -> Metadata:
    total = report.total
    return {
        "dry_run": report.run_id is None,
        "dates_looked_at": dates,
        "dates_repaired": len(report.repaired_dates),
        "rows_before": total.before.rows,
        "rows_after": total.after.rows,
        "duplicates": total.duplicates,
        "percent_scale_rows": total.percent_scale_rows,
        "dates": table_of(_date_rows(report)),
    }


def _date_rows(report: RepairReport) -> list[Row]:
    """One row for each date with something to repair."""
    return [
        {"game_date": date, "rows_before": repair.before.rows, "rows_after": repair.after.rows,
         "duplicates": repair.duplicates, "percent_scale_rows": repair.percent_scale_rows,
         "hit_rate_before": repair.before.hit_rate, "hit_rate_after": repair.after.hit_rate,
         "bets_after": repair.after.bets}
        for date, repair in report.by_date.items() if repair.needed
    ]  # fmt: skip
