"""Relations on BigQuery: tables that expire, are dropped whatever happens, and cost a commit nothing if not."""

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
from nba_consolidation_tests.bigquery.front import Front, body_of, failed, job_fails, job_posts, path_of
from nba_consolidation_tests.bigquery.workbench import BigQueryBench
from nba_consolidation_tests.warehouse.rows import one_statement

GIVEN = pa.table({"n": [1, 2]})


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Any:
    return one_statement(monkeypatch)("read", "SELECT SUM(n) AS n FROM given")


def relations(bench: BigQueryBench) -> list[Any]:
    client = bench.warehouse.session.client
    return [table for table in client.list_tables(bench.service.dataset) if table.table_id.startswith(RELATION_PREFIX)]


def test_a_relation_expires_within_an_hour_should_nobody_drop_it(bench: BigQueryBench, front: Front, read: Any) -> None:
    made: list[dict[str, Any]] = []

    def look(request: Any, _: Any) -> None:
        if request.method == "POST" and path_of(request).endswith("/tables"):
            made.append(body_of(request))

    front.faults.append(look)
    bench.warehouse.run([read], relations={"given": GIVEN})
    (expires,) = (dt.datetime.fromtimestamp(int(table["expirationTime"]) / 1000, dt.UTC) for table in made)
    assert dt.timedelta(minutes=50) < expires - dt.datetime.now(dt.UTC) <= dt.timedelta(hours=1)


def test_a_relation_that_cannot_be_dropped_is_told_and_undoes_no_commit(
    bench: BigQueryBench, front: Front, read: Any, caplog: pytest.LogCaptureFixture
) -> None:
    front.faults.append(lambda request, _: failed(request, 403, "accessDenied") if request.method == "DELETE" else None)
    with caplog.at_level(logging.WARNING):
        assert bench.warehouse.run([read], relations={"given": GIVEN}).rows == {"read": [{"n": 3}]}
    assert "will expire" in caplog.text


def test_the_first_relation_goes_where_the_second_cannot_be_brought(bench: BigQueryBench, read: Any) -> None:
    refused = pa.table({"n": pa.array([1], pa.uint64())})
    with pytest.raises(StatementFailed, match=r"^refused: .*column n is uint64") as caught:
        bench.warehouse.run([read], relations={"given": GIVEN, "refused": refused})
    assert (caught.value.statement, relations(bench)) == ("refused", [])


def test_a_load_that_is_given_up_for_good_leaves_no_table(bench: BigQueryBench, front: Front, read: Any) -> None:
    def every_load(request: Any, _: Any) -> Any:
        is_load = request.method == "POST" and "/upload/" in request.url
        return failed(request, 503, "backendError") if is_load else None

    front.faults += [every_load] * 4
    with pytest.raises(WarehouseUnavailable):
        bench.warehouse.run([read], relations={"given": GIVEN})
    assert (relations(bench), front.scripts) == ([], [])


def test_a_relation_is_loaded_once_however_often_the_script_is_sent(
    bench: BigQueryBench, front: Front, read: Any
) -> None:
    front.faults += [job_posts(job_fails("invalidQuery", "aborted due to concurrent update"))] * 2
    assert bench.warehouse.run([read], relations={"given": GIVEN}).rows == {"read": [{"n": 3}]}
    assert (sum("/upload/" in path for method, path in front.sent if method == "POST"), front.faults) == (1, [])


def test_a_table_that_lies_elsewhere_keeps_its_name_for_its_columns() -> None:
    tables = TableLocations("my-project", "nba", {"given": ("other", "set", "it")})
    tree = sqlglot.parse_one("SELECT given.n FROM given JOIN given AS g ON g.n = given.n JOIN t USING (n)", "bigquery")
    assert qualified(tree, tables).sql("bigquery") == (
        "SELECT given.n FROM `other`.`set`.`it` AS given JOIN `other`.`set`.`it` AS g ON g.n = given.n "
        "JOIN `my-project`.`nba`.`t` USING (n)"
    )
