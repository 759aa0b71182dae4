"""Relations on BigQuery are tables that are always dropped; a failed drop does not affect the commit."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

import pyarrow as pa
import pytest
import sqlglot

from nba_consolidation.warehouse.bigquery.load import RELATION_PREFIX
from nba_consolidation.warehouse.bigquery.script import TableLocations, qualified
from nba_consolidation.warehouse.errors import StatementFailed, WarehouseUnavailable
from nba_consolidation_tests.bigquery.front import Front, body_of, fail_job, failed, for_query_jobs, path_of
from nba_consolidation_tests.bigquery.workbench import BigQueryBench
from nba_consolidation_tests.warehouse.rows import statement_factory

ROWS = pa.table({"n": [1, 2]})


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Any:
    return statement_factory(monkeypatch)("read", "SELECT SUM(n) AS n FROM source_rows")


def relations(bench: BigQueryBench) -> list[Any]:
    client = bench.warehouse.session.client
    return [table for table in client.list_tables(bench.service.dataset) if table.table_id.startswith(RELATION_PREFIX)]


def test_a_relation_table_expires_within_an_hour(bench: BigQueryBench, front: Front, read: Any) -> None:
    created: list[dict[str, Any]] = []

    def look(request: Any, _: Any) -> None:
        if request.method == "POST" and path_of(request).endswith("/tables"):
            created.append(body_of(request))

    front.faults.append(look)
    bench.warehouse.run([read], relations={"source_rows": ROWS})
    (expires,) = (dt.datetime.fromtimestamp(int(table["expirationTime"]) / 1000, dt.UTC) for table in created)
    assert dt.timedelta(minutes=50) < expires - dt.datetime.now(dt.UTC) <= dt.timedelta(hours=1)


def test_a_relation_that_cannot_be_dropped_is_logged_and_the_commit_stays(
    bench: BigQueryBench, front: Front, read: Any, caplog: pytest.LogCaptureFixture
) -> None:
    front.faults.append(lambda request, _: failed(request, 403, "accessDenied") if request.method == "DELETE" else None)
    with caplog.at_level(logging.WARNING):
        assert bench.warehouse.run([read], relations={"source_rows": ROWS}).rows == {"read": [{"n": 3}]}
    assert "will expire" in caplog.text


def test_the_first_relation_is_dropped_if_the_second_is_refused(bench: BigQueryBench, read: Any) -> None:
    refused = pa.table({"n": pa.array([1], pa.uint64())})
    with pytest.raises(StatementFailed, match=r"^refused: .*column n is uint64") as caught:
        bench.warehouse.run([read], relations={"source_rows": ROWS, "refused": refused})
    assert (caught.value.statement, relations(bench)) == ("refused", [])


def test_a_load_that_fails_for_good_leaves_no_table(bench: BigQueryBench, front: Front, read: Any) -> None:
    def every_load(request: Any, _: Any) -> Any:
        is_load = request.method == "POST" and "/upload/" in request.url
        return failed(request, 503, "backendError") if is_load else None

    front.scripts.clear()
    front.faults += [every_load] * 4
    with pytest.raises(WarehouseUnavailable):
        bench.warehouse.run([read], relations={"source_rows": ROWS})
    assert (relations(bench), front.scripts) == ([], [])


def test_a_relation_is_loaded_once_even_if_the_script_is_sent_again(
    bench: BigQueryBench, front: Front, read: Any
) -> None:
    front.faults += [for_query_jobs(fail_job("invalidQuery", "aborted due to concurrent update"))] * 2
    assert bench.warehouse.run([read], relations={"source_rows": ROWS}).rows == {"read": [{"n": 3}]}
    assert (sum("/upload/" in path for method, path in front.sent if method == "POST"), front.faults) == (1, [])


def test_a_table_at_another_path_keeps_its_name_for_its_columns() -> None:
    tables = TableLocations("my-project", "nba", {"bets": ("other", "set", "it")})
    tree = sqlglot.parse_one("SELECT bets.n FROM bets JOIN bets AS b ON b.n = bets.n JOIN t USING (n)", "bigquery")
    assert qualified(tree, tables).sql("bigquery") == (
        "SELECT bets.n FROM `other`.`set`.`it` AS bets JOIN `other`.`set`.`it` AS b ON b.n = bets.n "
        "JOIN `my-project`.`nba`.`t` USING (n)"
    )
