"""The asset of clean-ups of staging tables, and the config of a run. `operations` decides which tables are dropped."""

from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from nba_consolidation.leases import Holder
from nba_consolidation.orchestration.assets.common import WRITERS, Kinds, table_asset
from nba_consolidation.orchestration.automation_conditions import at_time, is_automated
from nba_consolidation.orchestration.metadata import Metadata, table_of
from nba_consolidation.schema import CLEANUPS
from nba_consolidation.wiring import Deployment

if TYPE_CHECKING:
    from nba_consolidation.operations.staging_cleanup import CleanUpReport


class CleanUpConfig(dg.Config):
    """The options of a clean-up."""

    dry_run: bool | None = Field(
        default=None,
        description="On: only list what would be done. Off: do it. By default on, but for the run of every night.",
    )
    older_than_days: float | None = Field(
        default=None, ge=0, description="The age of the staging tables; by default that of the settings (7 days)."
    )
    archive: list[str] = Field(
        default=[],
        description="Names of old tables to archive that were never consolidated or are refused. Every row is kept.",
    )


def cleanup_asset(kinds: Kinds) -> dg.AssetsDefinition:
    """staging_cleanups, which has no partitions: a staging table may hold rows of several dates."""
    declaration = table_asset(
        CLEANUPS,
        "operations",
        "staging_table",
        note="Each run lists the old tables and what it did with them.",
        automation=at_time("0 3 * * *"),
    )

    @dg.multi_asset(name=CLEANUPS.name, specs=[declaration.spec(kinds, cleanup_asset)], pool=WRITERS)
    def staging_cleanups(
        context: dg.AssetExecutionContext, config: CleanUpConfig, deployment: dg.ResourceParam[Deployment]
    ) -> dg.MaterializeResult[None]:
        # The run of every night drops only tables whose dates are all in the ledger: nobody has to review them first.
        dry_run = not is_automated(context.run.tags) if config.dry_run is None else config.dry_run
        clean_up = deployment.clean_up(config.older_than_days)
        report = clean_up.clean_up(Holder.here(context.run.run_id), dry_run=dry_run, archive=frozenset(config.archive))
        return dg.MaterializeResult(metadata=_metadata(report))

    return staging_cleanups


def _metadata(report: "CleanUpReport") -> Metadata:
    from nba_consolidation.operations.staging_cleanup import Action, OldTableKind

    return {
        "dry_run": report.dry_run,
        "old_tables": len(report.tables),
        "oldest_age_days": max((table.age_days for table in report.tables), default=0.0),
        **{f"{kind.value}_tables": len(report.of(kind)) for kind in OldTableKind},
        "dropped": len(report.with_action(Action.DROPPED)),
        "archived": len(report.with_action(Action.ARCHIVED)),
        "dates_to_consolidate": [str(date) for date in report.waiting_dates],
        "tables": table_of(vars(table) | {"kind": table.kind.value, "action": table.action.value}
                           for table in report.tables),
    }  # fmt: skip
