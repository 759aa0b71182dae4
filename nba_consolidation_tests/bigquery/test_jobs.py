"""A script is one job: it runs once despite lost replies, is sent again after conflicts, and can be cancelled."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from nba_consolidation.leases import LeaseLost
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.errors import StatementFailed, WarehouseBusy, WarehouseUnavailable
from nba_consolidation_tests.bigquery.front import (
    Front,
    answered,
    body_of,
    fail_job,
    failed,
    for_query_jobs,
    lose_the_reply,
)
from nba_consolidation_tests.bigquery.service import Service
from nba_consolidation_tests.bigquery.workbench import BigQueryBench
from nba_consolidation_tests.warehouse.rows import KNOWN, statement_factory

INSERT = "INSERT INTO consolidation_fences (lease_key, token) VALUES ('a', 1)"
CONCURRENT = "Transaction is aborted due to concurrent update against table x"


@pytest.fixture
def insert(monkeypatch: pytest.MonkeyPatch) -> Statement:
    """A new id for each test run, because the service remembers the ids of old jobs."""
    return statement_factory(monkeypatch)("insert", INSERT, parameters={"consolidation_id": uuid.uuid4().hex})


def rows(bench: BigQueryBench) -> int:
    return int(bench.select("SELECT COUNT(*) AS n FROM {dataset}.consolidation_fences")[0]["n"])


def scripts(front: Front) -> int:
    return sum(INSERT[:11] in script for script in front.scripts)


def cancelled(front: Front) -> list[str]:
    return [path.split("/")[-2] for method, path in front.sent if method == "POST" and path.endswith("/cancel")]


def test_incident_46_a_job_whose_reply_was_lost_runs_once(bench: BigQueryBench, front: Front, insert: Any) -> None:
    front.faults.append(for_query_jobs(lose_the_reply))
    bench.warehouse.run([insert])
    assert (rows(bench), front.faults) == (1, [])


def test_a_used_job_id_is_awaited_and_not_run_again(bench: BigQueryBench, insert: Any) -> None:
    bench.warehouse.run([insert])
    bench.warehouse.run([insert])  # the same consolidation, and so the same id
    assert rows(bench) == 1


def test_incident_44_after_a_concurrent_update_the_whole_transaction_is_sent_again(
    bench: BigQueryBench, front: Front, insert: Any
) -> None:
    front.faults += [for_query_jobs(fail_job("invalidQuery", CONCURRENT))] * 3
    bench.warehouse.run([insert])
    assert (rows(bench), front.faults) == (1, [])


def test_the_warehouse_is_busy_after_the_last_attempt(bench: BigQueryBench, front: Front, insert: Any) -> None:
    front.faults += [for_query_jobs(fail_job("invalidQuery", CONCURRENT))] * 8
    with pytest.raises(WarehouseBusy, match=r"8 attempts were aborted.*concurrent update"):
        bench.warehouse.run([insert])
    assert (rows(bench), front.faults) == (0, [])


def test_pauses_between_attempts_grow_and_have_jitter(bigquery_service: Service, insert: Any) -> None:
    if bigquery_service.front is None:
        pytest.skip("faults cannot be injected into a real project")
    waits: list[list[float]] = []
    for _ in range(2):
        bench = BigQueryBench(bigquery_service)
        bigquery_service.front.faults += [for_query_jobs(fail_job("backendError", "again"))] * 4
        slept: list[float] = []
        object.__setattr__(bench.warehouse.session, "sleep", slept.append)
        bench.warehouse.run([insert])
        waits.append(slept)
    assert waits[0] != waits[1]
    assert waits[0][3] > waits[0][0]


def test_a_transient_error_is_retried_a_few_times_only(bench: BigQueryBench, front: Front, insert: Any) -> None:
    front.faults += [for_query_jobs(lambda request, _: failed(request, 503, "backendError"))] * 4
    with pytest.raises(WarehouseUnavailable, match="BigQuery cannot be used"):
        bench.warehouse.run([insert])
    assert (rows(bench), front.faults) == (0, [])


def test_incident_10_a_missing_permission_is_unavailable_at_once(
    bench: BigQueryBench, front: Front, insert: Any
) -> None:
    front.faults.append(
        for_query_jobs(lambda request, _: failed(request, 403, "accessDenied", "no bigquery.jobs.create"))
    )
    with pytest.raises(WarehouseUnavailable, match=r"bigquery\.jobs\.create.*roles"):
        bench.warehouse.run([insert])
    assert scripts(front) == 0


def test_incident_41_a_missing_dataset_is_an_error_and_not_an_empty_staging_area(
    bench: BigQueryBench, front: Front
) -> None:
    front.faults.append(lambda request, _: failed(request, 404, "notFound"))
    with pytest.raises(WarehouseUnavailable, match="bootstrap"):
        bench.staging.list_tables(KNOWN)


def running(request: Any, _: Any) -> Any:
    """The job runs for ever."""
    return answered(request, 200, body_of(request) | {"status": {"state": "RUNNING"}})


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), LeaseLost("consolidation_2026-01-15", "gone")])
def test_a_job_is_cancelled_after_an_interruption_or_a_lost_lease(
    bench: BigQueryBench, front: Front, insert: Any, interruption: BaseException
) -> None:
    front.faults.append(for_query_jobs(running))

    def check() -> None:
        if not front.faults:  # the job is sent
            raise interruption

    with pytest.raises(type(interruption)):
        bench.warehouse.run([insert], check=check)
    assert cancelled(front) == [f"nba_consolidation_{insert.parameters['consolidation_id']}_1"]


def test_the_job_has_labels_limits_and_the_consolidation_id(
    bigquery_service: Service, front: Front, insert: Any
) -> None:
    bench = BigQueryBench(bigquery_service)
    warehouse, _ = bigquery_service.engine(labels={"team": "nba"}, maximum_bytes_billed=10**9, job_prefix="x_")
    sent: list[dict[str, Any]] = []
    front.faults.append(for_query_jobs(lambda request, _: sent.append(body_of(request))))
    result = warehouse.run([insert])
    assert sent[0]["jobReference"]["jobId"] == f"x_{insert.parameters['consolidation_id']}_1"
    configuration = sent[0]["configuration"]
    assert configuration["labels"] == {"team": "nba"}
    assert configuration["query"]["maximumBytesBilled"] == str(10**9)
    assert configuration["jobTimeoutMs"] == "900000"
    assert set(result.cost) == {"bytes_processed", "bytes_billed", "slot_seconds"}
    assert rows(bench) == 1


def test_a_failed_statement_is_identified_by_its_line(
    bench: BigQueryBench, front: Front, insert: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = statement_factory(monkeypatch)("last", "SELECT 1 AS x")
    front.faults.append(for_query_jobs(fail_job("invalidQuery", "Query error: division by zero at [3:8]")))
    with pytest.raises(StatementFailed, match="division by zero") as caught:
        bench.warehouse.run([insert, last])
    assert caught.value.statement == "last"
