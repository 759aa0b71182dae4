"""External tables: read by the name that the statements use, never created, and named by their path if missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nba_consolidation.schema import ALL_TABLES, BOX_SCORES
from nba_consolidation.warehouse.bigquery.warehouse import BigQueryWarehouse
from nba_consolidation.warehouse.errors import TableMissing
from nba_consolidation_tests.bigquery.service import Service
from nba_consolidation_tests.warehouse.rows import statement_factory

READ = """
    SELECT player_game_summary.player_lookup, B.points FROM player_game_summary
    JOIN player_game_summary AS B ON B.player_lookup = player_game_summary.player_lookup
"""


@pytest.fixture
def make_statement(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    return statement_factory(monkeypatch)


@pytest.fixture
def warehouse(bigquery_service: Service) -> BigQueryWarehouse:
    """A warehouse whose box scores are in another dataset, under another name."""
    default, staging = bigquery_service.engine()
    elsewhere = f"{default.session.client.project}.{bigquery_service.dataset}_raw.box_scores"
    return BigQueryWarehouse(default.session, bigquery_service.dataset, staging, external={BOX_SCORES.name: elsewhere})


@pytest.fixture
def external_table(warehouse: BigQueryWarehouse) -> Iterator[None]:
    """That table, with one row and a column that is not declared."""
    client = warehouse.session.client
    dataset = client.create_dataset(f"{warehouse.dataset}_raw").reference
    client.query(
        f"CREATE TABLE `{dataset.dataset_id}.box_scores` AS "
        "SELECT 'lebronjames' AS player_lookup, 25 AS points, 'x' AS shoe"
    ).result()
    yield
    client.delete_dataset(dataset, delete_contents=True)


@pytest.mark.usefixtures("external_table")
def test_an_external_table_is_read_at_its_own_path(
    warehouse: BigQueryWarehouse, make_statement: Callable[..., Any]
) -> None:
    warehouse.create_tables(ALL_TABLES)
    expected = [{"player_lookup": "lebronjames", "points": 25}]
    assert warehouse.query(make_statement("read", READ)) == expected
    insert = "INSERT INTO consolidation_fences (lease_key, token) SELECT player_lookup, points FROM player_game_summary"
    rows = warehouse.run([make_statement("insert", insert), make_statement("read", READ)]).rows
    assert rows["read"] == expected
    assert [column.name for column in warehouse.live_columns(BOX_SCORES.name)] == ["player_lookup", "points", "shoe"]


def test_a_missing_external_table_is_not_created_and_the_error_names_its_path(
    warehouse: BigQueryWarehouse,
) -> None:
    warehouse.create_tables(ALL_TABLES)
    with pytest.raises(TableMissing, match=r"test\.\w+_raw\.box_scores does not exist.*the setting"):
        warehouse.live_columns(BOX_SCORES.name)
