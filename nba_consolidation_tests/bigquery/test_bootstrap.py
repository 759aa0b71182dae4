"""Creating and completing BigQuery tables: planned first, applied once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder
from nba_consolidation.operations import bootstrap
from nba_consolidation.schema import ALL_TABLES, LINEAGE, PREDICTIONS, VALIDATED, VIEWS, Column
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.bigquery.schema import schema_field, table_resource
from nba_consolidation_tests.bigquery.executed import executes
from nba_consolidation_tests.bigquery.front import Front
from nba_consolidation_tests.bigquery.service import Service
from nba_consolidation_tests.bigquery.workbench import BigQueryBench
from nba_consolidation_tests.leases.memory_store import MemoryLeaseStore
from nba_consolidation_tests.operations.previous_version import TABLES_BEFORE
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, prediction

ALL_ROWS = "SELECT * FROM {dataset}.{table} WHERE game_date >= '2000-01-01' ORDER BY player_lookup"


def apply(warehouse: Any, planned: bootstrap.Plan) -> None:
    bootstrap.apply(FencedWriter(warehouse, MemoryLeaseStore()), Holder.here("bootstrap"), planned)


def columns(change: bootstrap.TableChange) -> set[str]:
    return {column.name for column in change.missing}


@executes("bets", "hit_rates_by_system", "calibration_latest")
def test_the_views_are_made_with_the_tables_and_made_again_by_bootstrap(bench: BigQueryBench) -> None:
    warehouse = bench.warehouse
    for view in VIEWS:
        assert bench.select(f"SELECT * FROM {{dataset}}.{view.name}") == warehouse.query(Statement(view.name)) == []
    bench.select("DROP VIEW {dataset}.bets")
    bench.select("CREATE OR REPLACE VIEW {dataset}.calibration_latest AS SELECT 1 AS bin")
    planned = bootstrap.plan(warehouse)
    assert [view.table.name for view in planned.views if view.changes] == ["bets", "calibration_latest"]
    apply(warehouse, planned)
    assert not bootstrap.plan(warehouse).changes


def test_a_plan_changes_nothing_and_applying_it_creates_every_table(bigquery_service: Service) -> None:
    warehouse, _ = bigquery_service.engine()
    planned = bootstrap.plan(warehouse)
    assert [change.creates for change in planned.tables] == [True] * len(ALL_TABLES)
    assert [change.creates for change in bootstrap.plan(warehouse).tables] == [True] * len(ALL_TABLES)
    apply(warehouse, planned)
    assert not any(change.changes or change.differing for change in bootstrap.plan(warehouse).tables)


def test_an_existing_table_keeps_its_columns_and_rows_and_gets_the_declared_columns(bigquery_service: Service) -> None:
    warehouse, _ = bigquery_service.engine()
    existing = [column for column in PREDICTIONS.columns if column not in LINEAGE]
    scale = Column("confidence_score", "NUMERIC(5, 2)", "")
    existing = [scale if column.name == scale.name else column for column in existing] + [Column("kalshi", "BOOL", "")]
    existing = [replace(column, description="") for column in existing]
    create_existing_table(bigquery_service, existing)
    change = bootstrap.plan(warehouse, [PREDICTIONS]).tables[0]
    assert (change.creates, columns(change)) == (False, {column.name for column in LINEAGE})
    assert change.carried_through == ("kalshi",)
    assert [(declared.type, live.type) for declared, live in change.differing] == [("NUMERIC(7, 4)", "NUMERIC(5, 2)")]
    apply(warehouse, bootstrap.Plan([change]))
    assert "system_id" in change.undescribed
    live = {column.name: column.description for column in warehouse.live_columns(PREDICTIONS.name)}
    assert live == {column.name: column.description for column in PREDICTIONS.columns} | {"kalshi": ""}
    job = warehouse.session.client.query(f"SELECT kalshi, run_id FROM {bigquery_service.dataset}.{PREDICTIONS.name}")
    assert [dict(row) for row in job.result()] == [{"kalshi": True, "run_id": None}]
    assert not bootstrap.plan(warehouse, [PREDICTIONS]).changes


def create_existing_table(service: Service, existing: list[Column]) -> None:
    """Creates a table as the predecessor left it, with one row."""
    from google.cloud import bigquery

    session = service.session()
    session.ensure_dataset(service.dataset)
    reference = session.dataset(service.dataset).table(PREDICTIONS.name)
    session.client.create_table(bigquery.Table(reference, schema=[schema_field(column) for column in existing]))
    session.client.query(f"INSERT INTO {service.dataset}.{PREDICTIONS.name} (kalshi) VALUES (TRUE)").result()


@executes("previously_published_dates", "game_dates", "carry_over_published", "carry_over_worker_filters")
def test_what_the_previous_version_published_is_carried_over_once(bigquery_service: Service) -> None:
    bench = BigQueryBench(bigquery_service, TABLES_BEFORE)
    bench.stage(prediction(is_actionable=True), prediction(player_lookup="lukadoncic", is_actionable=True))
    bench.consolidate()
    bench.select("DROP TABLE {dataset}.published_predictions")
    bench.select("""
        INSERT INTO {dataset}.validated_predictions (game_date, game_id, player_lookup, system_id, prediction_version,
          current_points_line, confidence, calibrated_confidence, calibration_version, is_actionable, filter_reason,
          player_status, validated_at, lease_token, run_id)
        SELECT game_date, game_id, player_lookup, system_id, prediction_version, current_points_line, confidence_score,
          NUMERIC '0.42', 'old', FALSE, 'blacklisted_player', 'blacklisted', created_at, 7, 'before'
        FROM {dataset}.player_prop_predictions WHERE game_date >= '2000-01-01'
    """)
    before = bench.select(ALL_ROWS.format(table="validated_predictions", dataset="{dataset}"))
    warehouse, _ = bigquery_service.engine()
    planned = bootstrap.plan(warehouse)
    assert planned.carried_over == {DATE: 2}
    apply(warehouse, planned)
    after = bench.select(ALL_ROWS.format(table="published_predictions", dataset="{dataset}"))
    assert after == [
        {name: row[name] for name in after[0] if name != "published_at"} | {"published_at": row["validated_at"]}
        for row in before
    ]
    kept = bench.select(ALL_ROWS.format(table="validated_predictions", dataset="{dataset}"))
    assert kept == [row | {"is_actionable": True, "filter_reason": None} for row in before]
    assert not bootstrap.plan(warehouse).changes


def test_existing_tables_are_read_once_per_process(bigquery_service: Service, front: Front) -> None:
    warehouse, _ = bigquery_service.engine()
    warehouse.create_tables(ALL_TABLES)
    front.sent.clear()
    warehouse.create_tables(ALL_TABLES)
    assert front.sent == []


def test_predictions_are_partitioned_clustered_and_described_and_need_a_partition_filter() -> None:
    resource: dict[str, Any] = table_resource(PREDICTIONS, reference()).to_api_repr()
    assert resource["timePartitioning"]["field"] == "game_date"
    assert resource["requirePartitionFilter"] is True
    assert resource["clustering"] == {"fields": ["system_id", "player_lookup"]}
    assert all(field["description"] for field in resource["schema"]["fields"])


def test_a_primary_key_is_declared_only_if_its_columns_cannot_be_null() -> None:
    assert "tableConstraints" not in table_resource(PREDICTIONS, reference()).to_api_repr()
    declared = table_resource(VALIDATED, reference()).to_api_repr()["tableConstraints"]
    assert declared["primaryKey"] == {"columns": ["game_date", "game_id", "player_lookup", "system_id"]}


def reference() -> Any:
    from google.cloud.bigquery import DatasetReference

    return DatasetReference("project", "dataset")
