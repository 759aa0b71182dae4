"""The assets from staging tables to what consumers read: staged, consolidated, validated and published predictions."""

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence

import dagster as dg

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.fencing.errors import DatesPoisoned
from nba_consolidation.leases import Holder
from nba_consolidation.orchestration.assets import publication
from nba_consolidation.orchestration.assets.common import GRAIN, OWNERS, WRITERS, Kinds, dates_of, failure
from nba_consolidation.orchestration.assets.publication import IN_FORCE, PUBLISH, UPCOMING
from nba_consolidation.orchestration.checks import consolidation as checks
from nba_consolidation.orchestration.metadata import Metadata, column_schema, samples_by_date, table_of, without
from nba_consolidation.pipeline.consolidation.result import ConsolidationReport
from nba_consolidation.pipeline.consolidation.staging_manifest import WaitingDate, refused_tables, waiting_for
from nba_consolidation.pipeline.validation.validate import ValidatedDate
from nba_consolidation.schema import PREDICTIONS, PUBLISHED, VALIDATED, Table
from nba_consolidation.sql import Statement, over_dates
from nba_consolidation.warehouse.interface import Warehouse
from nba_consolidation.wiring import Deployment

STAGING = "staging_predictions"
_SAMPLE_ROWS = 5
_NOTHING_NEW: Metadata = {"staged": 0}
_GROUP = "predictions"
Event = dg.AssetCheckResult | dg.AssetMaterialization | dg.MaterializeResult[None]


def prediction_assets(
    partitions: dg.PartitionsDefinition, single_run: dg.BackfillPolicy, kinds: Kinds
) -> list[dg.AssetsDefinition]:
    """staging_predictions; player_prop_predictions, validated_predictions and published_predictions in one step."""

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

    @dg.multi_asset(
        name="predictions",
        specs=[
            _spec(PREDICTIONS, [STAGING], "business_key", kinds),
            _spec(VALIDATED, [PREDICTIONS.name], "prediction", kinds),
            _spec(PUBLISHED, [VALIDATED.name, *IN_FORCE], "prediction", kinds),
        ],
        can_subset=True,
        partitions_def=partitions,
        backfill_policy=single_run,
        pool=WRITERS,
        check_specs=checks.specs_of_a_consolidation(PREDICTIONS.name),
    )
    def predictions(context: dg.AssetExecutionContext, deployment: dg.ResourceParam[Deployment]) -> Iterator[Event]:
        holder = Holder.here(context.run.run_id)
        if context.run.tags.get(PUBLISH) == UPCOMING:
            yield from publication.of_upcoming_dates(deployment.publisher.publish_upcoming(holder))
        else:
            yield from _Step(context, deployment, holder).events()

    return [staging_predictions, predictions]


def _spec(table: Table, deps: Sequence[str], grain: str, kinds: Kinds) -> dg.AssetSpec:
    return dg.AssetSpec(
        table.name,
        deps=deps,
        skippable=True,
        group_name=_GROUP,
        kinds={kinds.warehouse},
        owners=OWNERS,
        tags={GRAIN: grain},
        description=table.description,
        metadata={"dagster/column_schema": column_schema(table)},
    )


class _Step:
    """Consolidates, validates and publishes the dates of a run, as far as these tables are selected.

    One step for three tables: Dagster runs nothing downstream of a step that fails, but a poisoned date must not keep
    the other dates of its run from being published. Only the dates that passed are recorded.
    """

    def __init__(self, context: dg.AssetExecutionContext, deployment: Deployment, holder: Holder) -> None:
        self._context, self._deployment, self._holder = context, deployment, holder
        self._dates = dates_of(context)
        self._passed = self._dates
        self._poisoned: Mapping[dt.date, ConsolidationError] = {}

    def events(self) -> Iterator[Event]:
        """Raises Failure, which names the poisoned dates, once all other dates are published."""
        selected = {key.to_user_string() for key in self._context.selected_asset_keys}
        if PREDICTIONS.name in selected:
            yield from self._consolidate()
        else:
            yield from checks.alone(self._context.selected_asset_check_keys, self._deployment.warehouse, self._dates)
        try:
            if VALIDATED.name in selected:
                yield from self._validate()
            if PUBLISHED.name in selected:
                published = self._deployment.publisher.publish(self._passed, self._holder)
                yield from self._record(PUBLISHED, publication.metadata_by_date(published))
        except ConsolidationError as error:
            if not self._poisoned:
                raise
            self._context.log.error("The dates that are not poisoned were consolidated, but not published: %s", error)
        if self._poisoned:
            raise failure(DatesPoisoned(self._poisoned))

    def _consolidate(self) -> Iterator[Event]:
        warehouse = self._deployment.warehouse
        report = self._deployment.consolidator.consolidate(self._dates, self._holder, self._context.log.debug)
        findings = checks.blocking_findings(warehouse, self._dates)
        held_back = checks.dates_held_back(report, findings)
        self._poisoned = report.poisoned
        self._passed = [date for date in self._dates if date not in held_back]
        yield from self._record(PREDICTIONS, _consolidated_metadata(report, warehouse, self._dates))
        yield from checks.of_a_consolidation(report, findings)

    def _validate(self) -> Iterator[Event]:
        validated = self._deployment.validator.validate(self._passed, self._holder) if self._passed else []
        yield from self._record(VALIDATED, {date.game_date: _validated_metadata(date) for date in validated})

    def _record(self, table: Table, by_date: Mapping[dt.date, Metadata]) -> Iterator[Event]:
        """The result of all dates; if some did not pass, an event for each date that did."""
        if self._passed == self._dates:
            for date, metadata in by_date.items():
                self._context.add_asset_metadata(metadata, asset_key=table.name, partition_key=str(date))
            yield dg.MaterializeResult(asset_key=table.name)
            return
        for date in self._passed:
            yield dg.AssetMaterialization(table.name, partition=str(date), metadata=by_date.get(date, {}))


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
    standing = {row["game_date"]: row for row in warehouse.query(Statement("row_counts_by_date", bounds))}
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


def _validated_metadata(date: ValidatedDate) -> Metadata:
    return {
        "dagster/partition_row_count": date.validated_rows,
        **without(vars(date), "game_date", "validated_rows"),
    }
