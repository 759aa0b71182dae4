"""What keeps the staging area in order. The clean-up itself is decided in the domain."""

import dagster as dg
from pydantic import Field

from nba_consolidation.assets.common import WRITERS, Kinds
from nba_consolidation.consolidation.cleanup import Action, CleanUpReport, Kind
from nba_consolidation.locking import Holder
from nba_consolidation.metadata import Metadata, column_schema, table_of
from nba_consolidation.resources import LeaseResource, WarehouseResource
from nba_consolidation.tables import CLEANUPS


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


def operation_assets(kinds: Kinds) -> list[dg.AssetsDefinition]:
    """The clean-up's record."""

    @dg.asset(
        name=CLEANUPS.name,
        group_name="operations",
        pool=WRITERS,
        kinds={kinds.warehouse},
        description=f"{CLEANUPS.description} Each run lists the old ones: what they are, and what becomes of them.",
        metadata={"dagster/column_schema": column_schema(CLEANUPS)},
    )
    def staging_cleanups(
        context: dg.AssetExecutionContext, config: CleanUpConfig, warehouse: WarehouseResource, leases: LeaseResource
    ) -> dg.MaterializeResult[None]:
        clean_up = warehouse.deployment(leases).clean_up(config.older_than_days)
        report = clean_up.clean_up(
            Holder.here(context.run.run_id), dry_run=config.dry_run, archive=frozenset(config.archive)
        )
        return dg.MaterializeResult(metadata=_metadata(report))

    return [staging_cleanups]


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
