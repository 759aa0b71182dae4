"""The asset graph in production: the same graph with other stores; a fault shows when the code location loads."""

from __future__ import annotations

import datetime as dt
import sys
from typing import Any

import dagster as dg
import pytest

from nba_consolidation.definitions import build_definitions, load
from nba_consolidation.leases import LeaseDenied, LeaseUnavailable
from nba_consolidation.settings import Settings
from nba_consolidation.warehouse.bigquery.warehouse import BigQueryWarehouse
from nba_consolidation.warehouse.errors import WarehouseUnavailable
from nba_consolidation.warehouse.staging.bigquery import BigQueryStaging
from nba_consolidation.wiring import deploy, engine_of
from nba_consolidation_tests.firestore_double import Fault
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NEXT_DATE, prediction, staged
from nba_consolidation_tests.production.conftest import PROJECT, Cloud

TIMED = {"lease_overhead", "consolidation_duration"}

NAMED = Settings(
    deployment="production",
    project=PROJECT,
    dataset="other-project.predictions",
    staging_dataset="staged",
    box_scores="raw.box_scores",
    location="EU",
    firestore_database="locks",
    lock_collection="lease_documents",
    grading_lock_collection="grading_lease_documents",
    maximum_bytes_billed=10**12,
    staging_kept_days=2.5,
    confidence_scales={"xgboost_v1": "percent"},
    schema_evolution=True,
    lease_ttl=30.0,
    lease_wait=1.0,
)


def consolidated(definitions: dg.Definitions) -> dg.ExecuteInProcessResult:
    tags = {
        "dagster/asset_partition_range_start": str(DATE),
        "dagster/asset_partition_range_end": str(NEXT_DATE),
    }
    job = definitions.resolve_job_def("consolidate")
    return job.execute_in_process(tags=tags, raise_on_error=False, instance=dg.DagsterInstance.ephemeral())


def test_a_range_is_consolidated_under_firestore_leases_and_its_cost_is_metadata(cloud: Cloud) -> None:
    deployment = deploy(cloud.settings)
    deployment.create_tables()
    deployment.staging.write("_staging_20260115_120000_w1", staged([prediction("20.5"), prediction(None, 1)]))
    deployment.staging.write(
        "_staging_20260116_120000_w1", staged([prediction(game_date=NEXT_DATE, game_id="20260116_BOS_MIA")])
    )
    cloud.front.scripts.clear()
    run = consolidated(load(cloud.settings))
    assert run.success
    assert sum("COUNT(*) AS n, " in script for script in cloud.front.scripts) == 1, "tables were counted again"
    not_passed = {check.check_name for check in run.get_asset_check_evaluations() if not check.passed}
    assert not_passed <= TIMED
    by_date: dict[str, Any] = {
        str(event.partition): event.materialization.metadata
        for event in run.get_asset_materialization_events()
        if event.asset_key == dg.AssetKey("player_prop_predictions")
    }
    assert {date: metadata["inserted"].value for date, metadata in by_date.items()} == {str(DATE): 2, str(NEXT_DATE): 1}
    assert {"bytes_processed", "bytes_billed", "slot_seconds"} <= set(by_date[str(DATE)])
    assert deployment.leases.list() == ()


def test_warehouse_and_staging_area_have_the_names_of_the_settings() -> None:
    warehouse, staging = engine_of(NAMED, lambda: None)  # type: ignore[arg-type,return-value]  # no client is made
    assert isinstance(warehouse, BigQueryWarehouse)
    assert isinstance(staging, BigQueryStaging)
    assert (warehouse.dataset, staging.dataset) == ("other-project.predictions", "staged")
    assert (warehouse.session.location, warehouse.session.maximum_bytes_billed) == ("EU", 10**12)
    assert warehouse._external == {"player_game_summary": f"{PROJECT}.raw.box_scores"}
    assert staging._keep == dt.timedelta(days=2.5)


def test_incident_09_a_missing_permission_fails_the_loading_of_the_code_location(cloud: Cloud) -> None:
    deploy(cloud.settings).create_tables()
    load(cloud.settings)
    cloud.firestore.faults.add(Fault("Commit", code="PERMISSION_DENIED"))
    with pytest.raises(LeaseDenied, match=r"roles/datastore\.user"):
        load(cloud.settings)


def test_incident_09_a_missing_lease_database_fails_the_loading_of_the_code_location(cloud: Cloud) -> None:
    deploy(cloud.settings).create_tables()
    elsewhere = cloud.settings.replace(firestore_database="nowhere")
    with pytest.raises(LeaseUnavailable, match="databases create"):
        load(elsewhere)


def test_incident_09_a_missing_dataset_fails_the_loading_of_the_code_location(cloud: Cloud) -> None:
    with pytest.raises(WarehouseUnavailable, match="bootstrap"):
        load(cloud.settings)


def test_incident_09_a_missing_library_fails_the_loading_of_the_code_location(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dagster_gcp", None)
    with pytest.raises(dg.DagsterInvalidDefinitionError, match=r"nba-consolidation\[production\]"):
        build_definitions(NAMED)
