"""Staging tables in BigQuery: cost of a listing, and conditional drops. Contract: warehouse/test_contract."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from nba_consolidation.schema import ALL_TABLES
from nba_consolidation.warehouse.errors import TableRefused, WarehouseUnavailable
from nba_consolidation.warehouse.staging.bigquery import BigQueryStaging
from nba_consolidation_tests.bigquery.front import Front, failed
from nba_consolidation_tests.bigquery.service import Service
from nba_consolidation_tests.warehouse.rows import KNOWN, A, B, row, rows_table


@pytest.fixture
def staging(bigquery_service: Service) -> BigQueryStaging:
    warehouse, staging = bigquery_service.engine()
    warehouse.create_tables(ALL_TABLES)
    return staging


def test_rows_by_date_are_counted_once_per_table_state(staging: BigQueryStaging, front: Front) -> None:
    front.scripts.clear()
    staging.write(A, rows_table(row()))
    staging.write(B, rows_table(row()))
    for _ in range(3):
        staging.list_tables(KNOWN)
    assert len(front.scripts) == 1
    staging.write(B, rows_table(row(), row()))
    assert [table.rows_of(dt.date(2026, 1, 15)) for table in staging.list_tables(KNOWN)] == [1, 2]
    assert len(front.scripts) == 2
    assert A not in front.scripts[1]


def test_a_table_dropped_while_its_rows_are_counted_is_not_listed(staging: BigQueryStaging, front: Front) -> None:
    staging.write(A, rows_table(row()))
    staging.write(B, rows_table(row()))

    def drop_it(request: Any, _: Any) -> None:
        if "/queries" in request.url or request.url.split("?")[0].endswith("/jobs"):
            front.faults.clear()
            staging.session.client.delete_table(staging._reference(A))

    front.faults.append(drop_it)
    assert [table.name for table in staging.list_tables(KNOWN)] == [B]


def test_a_table_that_changes_just_before_the_drop_is_kept(staging: BigQueryStaging, front: Front) -> None:
    staging.write(A, rows_table(row()))
    listed = staging.list_tables(KNOWN)

    def change_it(request: Any, _: Any) -> None:
        if request.method == "DELETE":
            front.faults.clear()
            staging.write(A, rows_table(row(), row()))

    front.faults.append(change_it)
    assert staging.drop(listed) == []
    assert [table.rows for table in staging.list_tables(KNOWN)] == [2]


def test_incident_23_an_aborted_load_job_is_sent_again_a_few_times(
    staging: BigQueryStaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, load = staging.session.client, staging.session.client.load_table_from_file
    limited = [True]

    def load_at_the_limit(*arguments: Any, **options: Any) -> Any:
        job = load(*arguments, **options)
        if limited[0]:
            limited[0] = keep_failing
            job._properties["status"]["errorResult"] = {"reason": "rateLimitExceeded", "message": "too many"}
        return job

    monkeypatch.setattr(client, "load_table_from_file", load_at_the_limit)
    keep_failing = False
    assert staging.write(A, rows_table(row())).rows == 1
    keep_failing = limited[0] = True
    with pytest.raises(WarehouseUnavailable, match=r"was not written.*too many"):
        staging.write(B, rows_table(row()))


def test_a_type_that_bigquery_does_not_have_is_refused_by_write(staging: BigQueryStaging) -> None:
    import pyarrow as pa

    with pytest.raises(TableRefused, match="similar_games_count is uint64"):
        staging.write(A, rows_table(row(similar_games_count=1), similar_games_count=pa.uint64()))
    assert staging.list_tables(KNOWN) == []


def test_whether_a_table_can_be_written_is_tried_and_leaves_nothing_behind(
    staging: BigQueryStaging, front: Front
) -> None:
    staging.check_write()
    assert [item.table_id for item in staging._list() if item.table_id.startswith("probe")] == []

    def deny(request: Any, _: Any) -> Any:
        return failed(request, 403, "accessDenied") if request.method == "POST" else None

    front.faults.append(deny)
    with pytest.raises(WarehouseUnavailable):
        staging.check_write()


def test_a_dropped_table_can_be_kept_until_it_expires(staging: BigQueryStaging) -> None:
    keeping = BigQueryStaging(staging.session, staging.dataset, keep=dt.timedelta(days=3))
    keeping.write(A, rows_table(row()))
    assert keeping.drop(keeping.list_tables(KNOWN)) == [A]
    assert keeping.list_tables(KNOWN) == []
    kept = keeping.session.client.get_table(keeping._reference(f"drained{A}"))
    assert kept.num_rows == 1


def test_an_archived_table_never_expires(staging: BigQueryStaging) -> None:
    staging.write(A, rows_table(row(), row()))
    (location,) = staging.archive(staging.list_tables(KNOWN)).values()
    kept = staging.session.client.get_table(staging._reference(location.split(".")[1]))
    assert (kept.num_rows, kept.expires) == (2, None)


def test_a_table_that_changes_while_it_is_archived_is_kept(staging: BigQueryStaging, front: Front) -> None:
    staging.write(A, rows_table(row()))
    listed = staging.list_tables(KNOWN)

    def change_it(request: Any, _: Any) -> None:
        if request.method == "DELETE":
            front.faults.clear()
            staging.write(A, rows_table(row(), row()))

    front.faults.append(change_it)
    assert staging.archive(listed) == {}
    assert [table.rows for table in staging.list_tables(KNOWN)] == [2]


def test_staging_tables_can_be_in_another_dataset(bigquery_service: Service) -> None:
    from nba_consolidation.warehouse.bigquery.warehouse import BigQueryWarehouse

    session = bigquery_service.session()
    elsewhere = BigQueryStaging(session, f"{bigquery_service.dataset}_staging")
    BigQueryWarehouse(session, bigquery_service.dataset, elsewhere).create_tables(ALL_TABLES)
    elsewhere.write(A, rows_table(row()))
    assert [table.name for table in elsewhere.list_tables(KNOWN)] == [A]
    assert bigquery_service.engine()[1].list_tables(KNOWN) == []
    session.client.delete_dataset(elsewhere.dataset, delete_contents=True)
