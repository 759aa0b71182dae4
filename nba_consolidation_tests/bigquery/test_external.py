"""A table of somebody else's: read under our name for it wherever it lies, never made, and missed by its own name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nba_consolidation.schema import ALL_TABLES, BOX_SCORES
from nba_consolidation.warehouse.bigquery.warehouse import BigQueryWarehouse
from nba_consolidation.warehouse.errors import TableMissing
from nba_consolidation_tests.bigquery.service import Service
from nba_consolidation_tests.warehouse.rows import one_statement

READ = """
    SELECT player_game_summary.player_lookup, B.points FROM player_game_summary
    JOIN player_game_summary AS B ON B.player_lookup = player_game_summary.player_lookup
"""


@pytest.fixture
def make_statement(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    return one_statement(monkeypatch)


@pytest.fixture
def warehouse(bigquery_service: Service) -> BigQueryWarehouse:
    """A warehouse whose box scores lie in a dataset of somebody else's, under another name."""
    ours, staging = bigquery_service.engine()
    elsewhere = f"{ours.session.client.project}.{bigquery_service.dataset}_raw.box_scores"
    return BigQueryWarehouse(ours.session, bigquery_service.dataset, staging, external={BOX_SCORES.name: elsewhere})


@pytest.fixture
def there(warehouse: BigQueryWarehouse) -> Iterator[None]:
    """That table, with one row and a column that is none of ours."""
    client = warehouse.session.client
    dataset = client.create_dataset(f"{warehouse.dataset}_raw").reference
    client.query(
        f"CREATE TABLE `{dataset.dataset_id}.box_scores` AS "
        "SELECT 'lebronjames' AS player_lookup, 25 AS points, 'x' AS shoe"
    ).result()
    yield
    client.delete_dataset(dataset, delete_contents=True)


@pytest.mark.usefixtures("there")
def test_an_external_table_is_read_where_it_lies(
    warehouse: BigQueryWarehouse, make_statement: Callable[..., Any]
) -> None:
    warehouse.create_tables(ALL_TABLES)
    wanted = [{"player_lookup": "lebronjames", "points": 25}]
    assert warehouse.query(make_statement("read", READ)) == wanted
    insert = "INSERT INTO consolidation_fences (lease_key, token) SELECT player_lookup, points FROM player_game_summary"
    rows = warehouse.run([make_statement("insert", insert), make_statement("read", READ)]).rows
    assert rows["read"] == wanted
    assert [column.name for column in warehouse.live_columns(BOX_SCORES.name)] == ["player_lookup", "points", "shoe"]


def test_an_external_table_is_not_made_with_ours_and_is_missed_by_the_name_that_it_has(
    warehouse: BigQueryWarehouse,
) -> None:
    warehouse.create_tables(ALL_TABLES)
    with pytest.raises(TableMissing, match=r"test\.\w+_raw\.box_scores does not exist.*the setting"):
        warehouse.live_columns(BOX_SCORES.name)
