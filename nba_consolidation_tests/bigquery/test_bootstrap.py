"""Creating and completing BigQuery tables: planned first, applied once."""

from __future__ import annotations

from typing import Any

from nba_consolidation.operations import bootstrap
from nba_consolidation.schema import ALL_TABLES, LINEAGE, PREDICTIONS, VALIDATED, Column
from nba_consolidation.warehouse.bigquery.schema import schema_field, table_resource
from nba_consolidation_tests.bigquery.front import Front
from nba_consolidation_tests.bigquery.service import Service


def columns(change: bootstrap.TableChange) -> set[str]:
    return {column.name for column in change.missing}


def test_a_plan_changes_nothing_and_applying_it_creates_every_table(bigquery_service: Service) -> None:
    warehouse, _ = bigquery_service.engine()
    planned = bootstrap.plan(warehouse)
    assert [change.creates for change in planned] == [True] * len(ALL_TABLES)
    assert [change.creates for change in bootstrap.plan(warehouse)] == [True] * len(ALL_TABLES)
    bootstrap.apply(warehouse, planned)
    assert not any(change.changes or change.differing for change in bootstrap.plan(warehouse))


def test_an_existing_table_keeps_its_columns_and_rows_and_gets_the_declared_columns(bigquery_service: Service) -> None:
    warehouse, _ = bigquery_service.engine()
    existing = [column for column in PREDICTIONS.columns if column not in LINEAGE]
    scale = Column("confidence_score", "NUMERIC(5, 2)", "")
    existing = [scale if column.name == scale.name else column for column in existing] + [Column("kalshi", "BOOL", "")]
    create_existing_table(bigquery_service, existing)
    change = bootstrap.plan(warehouse, [PREDICTIONS])[0]
    assert (change.creates, columns(change)) == (False, {column.name for column in LINEAGE})
    assert change.carried_through == ("kalshi",)
    assert [(declared.type, live.type) for declared, live in change.differing] == [("NUMERIC(7, 4)", "NUMERIC(5, 2)")]
    bootstrap.apply(warehouse, [change])
    assert {column.name for column in LINEAGE} <= {column.name for column in warehouse.live_columns(PREDICTIONS.name)}
    job = warehouse.session.client.query(f"SELECT kalshi, run_id FROM {bigquery_service.dataset}.{PREDICTIONS.name}")
    assert [dict(row) for row in job.result()] == [{"kalshi": True, "run_id": None}]
    assert not bootstrap.plan(warehouse, [PREDICTIONS])[0].changes


def create_existing_table(service: Service, existing: list[Column]) -> None:
    """Creates a table as the predecessor left it, with one row."""
    from google.cloud import bigquery

    session = service.session()
    session.ensure_dataset(service.dataset)
    reference = session.dataset(service.dataset).table(PREDICTIONS.name)
    session.client.create_table(bigquery.Table(reference, schema=[schema_field(column) for column in existing]))
    session.client.query(f"INSERT INTO {service.dataset}.{PREDICTIONS.name} (kalshi) VALUES (TRUE)").result()


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
