"""The assets from staging tables to validated rows: staged, consolidated and validated predictions."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

import dagster as dg

from nba_consolidation.orchestration.assets.asset_step import AssetResult, AssetRun, asset_step
from nba_consolidation.orchestration.assets.common import AssetDeclaration, table_asset
from nba_consolidation.orchestration.checks.consolidation import unfit_dates
from nba_consolidation.orchestration.metadata import Metadata, samples_by_date, table_of, without
from nba_consolidation.pipeline.consolidation.result import ConsolidationReport, DateCounts
from nba_consolidation.schema import PREDICTIONS, VALIDATED
from nba_consolidation.settings import today
from nba_consolidation.sql import Statement, over_dates

if TYPE_CHECKING:
    from nba_consolidation.pipeline.consolidation.staging_manifest import WaitingDate
    from nba_consolidation.pipeline.validation.validate import ValidatedDate
    from nba_consolidation.warehouse.interface import Warehouse

STAGING = "staging_predictions"
PREDICTIONS_GROUP = "predictions"
_SAMPLE_ROWS = 5
_NO_NEW_ROWS: Metadata = {"staged": 0}
_TIMES = ("lease_overhead_ms", "lease_wait_ms", "lease_hold_ms", "transaction_ms")


@asset_step(
    AssetDeclaration(
        STAGING,
        "The staging tables that wait for the date. The data version changes when a table is added or removed.",
        PREDICTIONS_GROUP,
        "staging_table",
        kinds=("staging",),
    ),
    writes=False,
)
def staging_predictions(run: AssetRun) -> AssetResult:
    """The staging tables by date. Reads only."""
    from nba_consolidation.pipeline.consolidation.staging_manifest import refused_tables, waiting_for

    tables = run.deployment.staging.list_tables(run.deployment.known_dates())
    waiting = [waiting_for(date, tables, PREDICTIONS.columns) for date in run.dates]
    unreadable = {"unreadable_tables": table_of(refused_tables(tables))}
    metadata = {date.game_date: _waiting_metadata(date) | unreadable for date in waiting}
    return AssetResult({STAGING: metadata}, data_version=_data_version(waiting))


def _committed(run: AssetRun) -> AssetResult:
    """The ledger and the staging area, as a report. Times are the longest of those that runs recorded."""
    from nba_consolidation.operations.status import status

    deployment = run.deployment
    bounds = {"first_date": run.first, "last_date": run.last}
    totals = deployment.warehouse.query(Statement("consolidation_totals", bounds))
    dates = tuple(DateCounts(**{one.name: row.get(one.name, 0) for one in fields(DateCounts)}) for row in totals)
    refused = status(
        deployment.warehouse, deployment.staging, deployment.leases, deployment.known_dates(),
        deployment.settings.schema_evolution,
    ).refused  # fmt: skip
    recorded = run.recorded(PREDICTIONS.name).values()
    times: Metadata = {
        name: max((round(1000 * one.get(f"{name.removesuffix('_ms')}_s", 0)) for one in recorded), default=0)
        for name in _TIMES
    }
    return AssetResult(outcome=ConsolidationReport("", dates, refused=refused, **times))


@asset_step(table_asset(PREDICTIONS, PREDICTIONS_GROUP, "business_key", STAGING), examine=_committed)
def player_prop_predictions(run: AssetRun) -> AssetResult:
    """Consolidates the dates. A date that is poisoned, or has duplicates already, is held back."""
    report = run.deployment.consolidator.consolidate(run.dates, run.holder, run.log_step)
    metadata = _consolidated_metadata(report, run.deployment.warehouse.reader(), run.dates)
    return AssetResult(
        {PREDICTIONS.name: metadata}, outcome=report, poisoned=report.poisoned, unfit=unfit_dates(report)
    )


@asset_step(table_asset(VALIDATED, PREDICTIONS_GROUP, "prediction", PREDICTIONS.name))
def validated_predictions(run: AssetRun) -> AssetResult:
    """Validates the dates; then those that another run had consolidated, but not validated before it died."""
    from nba_consolidation.operations.unfinished_dates import complete_others

    validator = run.deployment.validator
    validated = validator.validate(run.dates, run.holder)
    completed = complete_others(validator.writer, run.holder, run.partitions, validator=validator)
    others = [date for date in completed.validated if date.game_date <= today()]
    by_date = {date.game_date: _validated_metadata(date) for date in (*validated, *others)}
    return AssetResult({VALIDATED.name: {date: {} for date in run.dates} | by_date})


def _data_version(waiting: "Sequence[WaitingDate]") -> dg.DataVersion:
    """The date's fingerprint; for a range, one over all of its dates, which Dagster records with each of them."""
    if len(waiting) == 1:
        return dg.DataVersion(waiting[0].fingerprint)
    joined = "\n".join(f"{date.game_date} {date.fingerprint}" for date in waiting)
    return dg.DataVersion(hashlib.sha256(joined.encode()).hexdigest()[:16])


def _waiting_metadata(date: "WaitingDate") -> Metadata:
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
    report: ConsolidationReport, warehouse: "Warehouse", dates: Sequence[dt.date]
) -> dict[dt.date, Metadata]:
    """By date: the committed rows, no matter who consolidated them; this run's changes; this run's cost."""
    bounds = over_dates(dates) | {"rows": _SAMPLE_ROWS}
    committed = {row["game_date"]: row for row in warehouse.query(Statement("row_counts_by_date", bounds))}
    samples = samples_by_date(warehouse.query(Statement("sample_predictions", bounds)))
    changes = {counts.game_date: vars(counts) for counts in report.dates}
    run = _run_metadata(report)
    return {
        date: {
            "dagster/partition_row_count": committed[date]["total_rows"] if date in committed else 0,
            "active_rows": committed[date]["active_rows"] if date in committed else 0,
            **(without(changes[date], "game_date", "total_rows", "active_rows") if date in changes else _NO_NEW_ROWS),
            **run,
            "sample": samples.get(date, table_of([])),
        }
        for date in dates
    }


def _run_metadata(report: ConsolidationReport) -> Metadata:
    return {
        "staged_rows_of_this_run": report.total("staged"),
        "tables_dropped": len(report.dropped),
        "rows_per_second_of_this_run": round(report.rows_per_second),
        **{name: getattr(report, name) for name in _TIMES},
        "ledger": f"consolidation_ledger, rows with run_id = '{report.run_id}'",
        **report.cost,
    }


def _validated_metadata(date: "ValidatedDate") -> Metadata:
    counts = without(vars(date), "game_date", "validated_rows")
    return {"dagster/partition_row_count": date.validated_rows, **counts}
