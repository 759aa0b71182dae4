"""What keeps the staging area and prediction_accuracy in order. What that means is decided in the domain."""

import datetime as dt

import dagster as dg
from pydantic import Field

from nba_consolidation.fencing.errors import DatesPoisoned
from nba_consolidation.leases import Holder
from nba_consolidation.operations.repair.repair import accuracy_dates
from nba_consolidation.operations.repair.repair_result import RepairReport
from nba_consolidation.operations.staging_cleanup import Action, CleanUpReport, Kind
from nba_consolidation.orchestration.assets.common import GRAIN, OWNERS, WRITERS, Kinds, config_date, failure
from nba_consolidation.orchestration.metadata import Metadata, column_schema, table_of
from nba_consolidation.schema import ACCURACY, CLEANUPS, REMOVED
from nba_consolidation.settings import SettingsError
from nba_consolidation.wiring import Deployment


class CleanUpConfig(dg.Config):
    """What a clean-up may do."""

    dry_run: bool = Field(default=True, description="Only show what would be done. Off: do it.")
    older_than_days: float | None = Field(
        default=None, ge=0, description="Look at staging tables of this age; without, the setting's (7 days)."
    )
    archive: list[str] = Field(
        default=[],
        description="Names of old tables that were never consolidated, or that nobody can take, and that are to go. "
        "Every row of them is kept.",
    )


class RepairConfig(dg.Config):
    """Which dates a repair is of, and whether it may change them."""

    first_date: str | None = Field(
        default=None, description="The first game date, 2025-10-21 for instance; without, the first that is graded."
    )
    last_date: str | None = Field(default=None, description="The last game date; without, the last that is graded.")
    dry_run: bool = Field(default=True, description="Only show what would be repaired. Off: do it.")

    @property
    def dates(self) -> tuple[dt.date, dt.date]:
        """Both ends. Raises SettingsError for what is no date, or no range."""
        first = config_date("first_date", self.first_date, dt.date.min)
        last = config_date("last_date", self.last_date, dt.date.max)
        if first > last:
            raise SettingsError(f"first_date ({first}) is after last_date ({last}); nothing was done")
        return first, last


def operation_assets(kinds: Kinds) -> list[dg.AssetsDefinition]:
    """The clean-up's record, and what a repair took out."""

    @dg.asset(
        name=CLEANUPS.name,
        group_name="operations",
        pool=WRITERS,
        kinds={kinds.warehouse},
        owners=OWNERS,
        tags={GRAIN: "staging_table"},
        description=f"{CLEANUPS.description} Each run lists the old ones: what they are, and what becomes of them.",
        metadata={"dagster/column_schema": column_schema(CLEANUPS)},
    )
    def staging_cleanups(
        context: dg.AssetExecutionContext, config: CleanUpConfig, deployment: dg.ResourceParam[Deployment]
    ) -> dg.MaterializeResult[None]:
        clean_up = deployment.clean_up(config.older_than_days)
        report = clean_up.clean_up(
            Holder.here(context.run.run_id), dry_run=config.dry_run, archive=frozenset(config.archive)
        )
        return dg.MaterializeResult(metadata=_metadata(report))

    @dg.asset(
        name=REMOVED.name,
        group_name="operations",
        pool=WRITERS,
        kinds={kinds.warehouse},
        owners=OWNERS,
        tags={GRAIN: "removed_row"},
        description=f"{REMOVED.description} A run repairs {ACCURACY.name}: shows what there is to do, and does it once "
        "`dry_run` is off. `nba-consolidation restore` puts back what it took.",
        metadata={"dagster/column_schema": column_schema(REMOVED)},
    )
    def prediction_accuracy_removed(
        context: dg.AssetExecutionContext, config: RepairConfig, deployment: dg.ResourceParam[Deployment]
    ) -> dg.MaterializeResult[None]:
        first, last = config.dates
        deployment.create_tables()
        dates = accuracy_dates(deployment.warehouse, first, last)
        if config.dry_run:
            report = deployment.repairer.forecast(dates)
        else:
            report = deployment.repairer.repair(dates, Holder.here(context.run.run_id))
        if report.poisoned:
            raise failure(DatesPoisoned(report.poisoned, "repaired"))
        return dg.MaterializeResult(metadata=_repair_metadata(report, len(dates)))

    return [staging_cleanups, prediction_accuracy_removed]


def _repair_metadata(report: RepairReport, dates: int) -> Metadata:
    total = report.total
    return {
        "dry_run": report.run_id is None,
        "dates_looked_at": dates,
        "dates_repaired": len(report.repaired_dates),
        "rows_before": total.before.rows,
        "rows_after": total.after.rows,
        "duplicates": total.duplicates,
        "percent_scale_rows": total.percent_scale_rows,
        "dates": table_of(
            {"game_date": date, "rows_before": repair.before.rows, "rows_after": repair.after.rows,
             "duplicates": repair.duplicates, "percent_scale_rows": repair.percent_scale_rows,
             "hit_rate_before": repair.before.hit_rate, "hit_rate_after": repair.after.hit_rate,
             "bets_after": repair.after.bets}
            for date, repair in report.by_date.items() if repair.needed
        ),
    }  # fmt: skip


def _metadata(report: CleanUpReport) -> Metadata:
    return {
        "dry_run": report.dry_run,
        "old_tables": len(report.tables),
        "oldest_age_days": max((table.age_days for table in report.tables), default=0.0),
        **{f"{kind.value}_tables": len(report.of(kind)) for kind in Kind},
        "dropped": len(report.with_action(Action.DROPPED)),
        "archived": len(report.with_action(Action.ARCHIVED)),
        "dates_to_consolidate": [str(date) for date in report.waiting_dates],
        "tables": table_of(vars(table) | {"kind": table.kind.value, "action": table.action.value}
                           for table in report.tables),
    }  # fmt: skip
