"""What waits, what is consolidated, what consumers read. Each asset calls one use case and shows what came of it."""

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence

import dagster as dg

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.fencing.errors import DatesPoisoned
from nba_consolidation.leases import Holder
from nba_consolidation.orchestration.assets.common import GRAIN, OWNERS, WRITERS, Kinds, dates_of, failure, record
from nba_consolidation.orchestration.checks import consolidation as checks
from nba_consolidation.orchestration.metadata import Metadata, column_schema, samples_by_date, table_of, without
from nba_consolidation.pipeline.consolidation.pending_tables import WaitingDate, refused_tables, waiting_for
from nba_consolidation.pipeline.consolidation.result import ConsolidationReport
from nba_consolidation.pipeline.validation.validate import ValidatedDate
from nba_consolidation.schema import PREDICTIONS, VALIDATED
from nba_consolidation.sql import Statement, over_dates
from nba_consolidation.warehouse.interface import Warehouse
from nba_consolidation.wiring import Deployment

STAGING = "staging_predictions"
_SAMPLE_ROWS = 5
_NOTHING_NEW: Metadata = {"staged": 0}
_GROUP = "predictions"


def prediction_assets(
    partitions: dg.PartitionsDefinition, single_run: dg.BackfillPolicy, kinds: Kinds
) -> list[dg.AssetsDefinition]:
    """The three of them."""

    @dg.asset(
        name=STAGING,
        partitions_def=partitions,
        backfill_policy=single_run,
        group_name=_GROUP,
        kinds={kinds.staging},
        owners=OWNERS,
        tags={GRAIN: "staging_table"},
        description="What waits in the staging tables for the date. Its data version moves when a table comes or goes.",
    )
    def staging_predictions(
        context: dg.AssetExecutionContext, deployment: dg.ResourceParam[Deployment]
    ) -> dg.MaterializeResult[None]:
        tables = deployment.staging.list_tables(deployment.known_dates())
        waiting = [waiting_for(date, tables, PREDICTIONS.columns) for date in dates_of(context)]
        for date in waiting:
            context.add_asset_metadata(_waiting_metadata(date), partition_key=date.game_date.isoformat())
        metadata = {"tables_nobody_can_take": table_of(refused_tables(tables))}
        return dg.MaterializeResult(metadata=metadata, data_version=_data_version(waiting))

    @dg.asset(
        name=PREDICTIONS.name,
        deps=[STAGING],
        partitions_def=partitions,
        backfill_policy=single_run,
        group_name=_GROUP,
        pool=WRITERS,
        kinds={kinds.warehouse},
        owners=OWNERS,
        tags={GRAIN: "business_key"},
        description=PREDICTIONS.description,
        metadata={"dagster/column_schema": column_schema(PREDICTIONS)},
        check_specs=checks.specs_of_a_consolidation(PREDICTIONS.name),
    )
    def player_prop_predictions(
        context: dg.AssetExecutionContext, deployment: dg.ResourceParam[Deployment]
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        dates = dates_of(context)
        report = deployment.consolidator.consolidate(dates, Holder.here(context.run.run_id), context.log.debug)
        by_date = _consolidated_metadata(report, deployment.warehouse, dates)
        record(context, PREDICTIONS.name, by_date, run_will_fail=bool(report.poisoned))
        if report.poisoned:
            _validate_the_others(context, deployment, report)
        yield from checks.of_a_consolidation(report, deployment.warehouse, dates)
        if report.poisoned:
            raise failure(DatesPoisoned(report.poisoned))
        yield dg.MaterializeResult()

    @dg.asset(
        name=VALIDATED.name,
        deps=[PREDICTIONS.name],
        partitions_def=partitions,
        backfill_policy=single_run,
        group_name=_GROUP,
        pool=WRITERS,
        kinds={kinds.warehouse},
        owners=OWNERS,
        tags={GRAIN: "prediction"},
        description=VALIDATED.description,
        metadata={"dagster/column_schema": column_schema(VALIDATED)},
    )
    def validated_predictions(
        context: dg.AssetExecutionContext, deployment: dg.ResourceParam[Deployment]
    ) -> dg.MaterializeResult[None]:
        validated = deployment.validator.validate(dates_of(context), Holder.here(context.run.run_id))
        for date in validated:
            context.add_asset_metadata(_validated_metadata(date), partition_key=date.game_date.isoformat())
        return dg.MaterializeResult(metadata={"rows_of_this_run": sum(date.validated_rows for date in validated)})

    return [staging_predictions, player_prop_predictions, validated_predictions]


def _data_version(waiting: Sequence[WaitingDate]) -> dg.DataVersion:
    """The date's fingerprint; for a range, one over all of its dates, which Dagster records with each of them."""
    if len(waiting) == 1:
        return dg.DataVersion(waiting[0].fingerprint)
    joined = "\n".join(f"{date.game_date} {date.fingerprint}" for date in waiting)
    return dg.DataVersion(hashlib.sha256(joined.encode()).hexdigest()[:16])


def _waiting_metadata(date: WaitingDate) -> Metadata:
    return {
        "dagster/partition_row_count": date.rows,
        "tables": len(date.tables),
        "batches": list(date.batches),
        "workers": list(date.workers),
        "drifted_tables": table_of([{"table": name, "lacks": lacks} for name, lacks in date.drifted.items()]),
        "refused_tables": table_of(date.refused),
        "fingerprint": date.fingerprint,
    }


def _consolidated_metadata(
    report: ConsolidationReport, warehouse: Warehouse, dates: Sequence[dt.date]
) -> dict[dt.date, Metadata]:
    """By date: what stands now, whoever consolidated it; what this run did to it; what the run cost."""
    bounds = over_dates(dates) | {"rows": _SAMPLE_ROWS}
    standing = {row["game_date"]: row for row in warehouse.query(Statement("standing_dates", bounds))}
    samples = samples_by_date(warehouse.query(Statement("sample_predictions", bounds)))
    done = {counts.game_date: counts for counts in report.dates}
    run = _run_metadata(report)
    return {
        date: {
            "dagster/partition_row_count": standing[date]["total_rows"] if date in standing else 0,
            "active_rows": standing[date]["active_rows"] if date in standing else 0,
            **(without(vars(done[date]), "game_date", "total_rows", "active_rows") if date in done else _NOTHING_NEW),
            **run,
            "sample": samples.get(date, table_of([])),
        }
        for date in dates
        if date not in report.poisoned
    }


def _run_metadata(report: ConsolidationReport) -> Metadata:
    return {
        "staged_rows_of_this_run": report.total("staged"),
        "tables_dropped": len(report.dropped),
        "rows_per_second_of_this_run": round(report.rows_per_second),
        "transaction_ms": report.transaction_ms,
        "lease_wait_ms": report.lease_wait_ms,
        "lease_hold_ms": report.lease_hold_ms,
        "lease_overhead_ms": report.lease_overhead_ms,
        "ledger": dg.MetadataValue.md(f"`consolidation_ledger`, rows with `run_id = '{report.run_id}'`"),
        **report.cost,
    }


def _validate_the_others(
    context: dg.AssetExecutionContext, deployment: Deployment, report: ConsolidationReport
) -> None:
    """The step after this one will not run. What was consolidated must not wait for the poisoned dates to be mended."""
    dates = [counts.game_date for counts in report.dates]
    try:
        validated = deployment.validator.validate(dates, Holder.here(context.run.run_id)) if dates else []
    except ConsolidationError as error:
        context.log.error("%s stands as it was; materialise it for the other dates: %s", VALIDATED.name, error)
        return
    for date in validated:
        metadata = _validated_metadata(date)
        context.log_event(dg.AssetMaterialization(VALIDATED.name, partition=str(date.game_date), metadata=metadata))


def _validated_metadata(date: ValidatedDate) -> Metadata:
    return {
        "dagster/partition_row_count": date.validated_rows,
        **without(vars(date), "game_date", "validated_rows"),
    }
