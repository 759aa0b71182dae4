"""Tests of the DuckDB warehouse alone: a busy file, and how staged files are read. Contract: test_contract."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from nba_consolidation.leases import LeaseLost
from nba_consolidation.schema import ALL_TABLES, FENCES, PREDICTIONS, Column
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.duckdb import catalog
from nba_consolidation.warehouse.duckdb import warehouse as duckdb_warehouse
from nba_consolidation.warehouse.duckdb.file_in_use import WaitNotice
from nba_consolidation.warehouse.duckdb.warehouse import DuckDBWarehouse
from nba_consolidation.warehouse.errors import StatementFailed, TableMissing, WarehouseBusy, WarehouseUnavailable
from nba_consolidation.warehouse.interface import ManifestEntry
from nba_consolidation.warehouse.staging.parquet import ParquetStaging
from nba_consolidation_tests.warehouse.rows import KNOWN, NOON, row, rows_table, statement_factory

pytestmark = pytest.mark.other_processes

HOLD = (
    "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=len(sys.argv) > 2); print('held', flush=True);"
    "sys.stdin.read()"
)
OPEN = "import duckdb, sys; duckdb.connect(sys.argv[1])"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.duckdb"


@contextmanager
def holding(path: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the file open until its input is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.communicate()


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    with holding(path) as process:
        yield process


def open_warehouse(path: Path, **options: Any) -> DuckDBWarehouse:
    return DuckDBWarehouse(path, ParquetStaging(path.parent / "staging"), **options)


@pytest.mark.usefixtures("holder")
def test_a_file_in_use_by_another_process_is_busy_after_the_time_limit(path: Path) -> None:
    with pytest.raises(WarehouseBusy) as caught:
        open_warehouse(path, open_limit=0.1).create_tables(ALL_TABLES)
    assert str(path) in str(caught.value)
    assert "0.1 s" in str(caught.value)


def test_a_file_is_opened_once_the_other_process_closes_it(path: Path, holder: subprocess.Popen[str]) -> None:
    waits: list[float] = []

    def close_at_the_third_wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            holder.communicate()

    open_warehouse(path, sleep=close_at_the_third_wait, jitter=random.Random(1)).create_tables(ALL_TABLES)
    assert len(waits) == 3
    assert all(0 < wait <= 0.25 for wait in waits)
    assert len(set(waits)) == 3


def test_the_file_is_closed_before_an_error_is_raised(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warehouse = open_warehouse(path)
    warehouse.create_tables(ALL_TABLES)
    statement = statement_factory(monkeypatch)("broken", "SELECT ERROR('no') AS x")
    with pytest.raises(StatementFailed) as caught:
        warehouse.run([statement])
    subprocess.run([sys.executable, "-c", OPEN, str(path)], check=True, timeout=60)
    assert caught.value.statement == "broken"


@pytest.mark.parametrize("content", [b"this is no DuckDB file" * 1000, None])
def test_another_kind_of_file_is_refused_without_waiting(path: Path, content: bytes | None) -> None:
    path.write_bytes(content) if content else path.mkdir()

    def never(_: float) -> None:
        raise AssertionError("waiting does not help here")

    with pytest.raises(WarehouseUnavailable, match="cannot be opened"):
        open_warehouse(path, sleep=never).create_tables(ALL_TABLES)


def test_a_missing_table_is_not_replaced_by_a_python_variable(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "SELECT * FROM names"
    names = pa.table({"x": [1]})
    with pytest.raises(StatementFailed, match="names does not exist"):
        open_warehouse(path).query(statement_factory(monkeypatch)("probe", text))
    assert names.num_rows == 1


FOLDERS = ["with blank", "it's", "[brackets]", "st*r?", "semi;colon", "Ünï", "{a,b}", "a%20b", "system_id=other"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_staging_folder_can_have_any_name(tmp_path: Path, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    staging = ParquetStaging(tmp_path / folder / "staging")
    warehouse = DuckDBWarehouse(tmp_path / "w.duckdb", staging)  # DuckDB itself allows no `?` in this path
    warehouse.create_tables(ALL_TABLES)
    staging.write("_staging_a_b", rows_table(row()))
    manifest = [ManifestEntry(table, tuple(table.dates)) for table in staging.list_tables(KNOWN)]
    probe = statement_factory(monkeypatch)("probe", "SELECT prediction_id, system_id FROM staged")
    assert warehouse.run([probe], manifest).rows["probe"] == [{"prediction_id": "p1", "system_id": "xgboost_v1"}]


def test_files_with_wider_types_than_the_first_keep_their_digits(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warehouse = open_warehouse(path)
    warehouse.create_tables(ALL_TABLES)
    wide = {"feature_quality_score": pa.float64(), "similar_games_count": pa.int64(), "created_at": pa.timestamp("us")}
    narrow = {"feature_quality_score": pa.float32(), "similar_games_count": pa.int8(), "created_at": pa.timestamp("ns")}
    small = row(feature_quality_score=0.5, similar_games_count=1)
    large = row(feature_quality_score=0.1, similar_games_count=2**40, created_at=NOON.replace(year=9000))
    warehouse.staging.write("_staging_a_1", rows_table(small, **narrow))
    warehouse.staging.write("_staging_a_2", rows_table(large, **wide))
    manifest = [ManifestEntry(table, tuple(table.dates)) for table in warehouse.staging.list_tables(KNOWN)]
    text = "SELECT feature_quality_score AS f, similar_games_count AS n FROM staged ORDER BY staging_table_number"
    selected = warehouse.run([statement_factory(monkeypatch)("probe", text)], manifest).rows["probe"]
    assert selected == [{"f": 0.5, "n": 1}, {"f": 0.1, "n": 2**40}]


def test_the_listed_files_are_read_even_if_they_are_replaced_meanwhile(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = open_warehouse(path)
    warehouse.create_tables(ALL_TABLES)
    warehouse.staging.write("_staging_a_b", rows_table(row()))
    manifest = [ManifestEntry(table, tuple(table.dates)) for table in warehouse.staging.list_tables(KNOWN)]
    probe = statement_factory(monkeypatch)("probe", "SELECT prediction_id FROM staged")

    def redeliver(_: str) -> None:
        warehouse.staging.write("_staging_a_b", rows_table(row(prediction_id="newer"), row(prediction_id="newer")))

    assert warehouse.run([probe], manifest, redeliver).rows["probe"] == [{"prediction_id": "p1"}]


def test_a_lease_lost_during_the_last_statement_rolls_the_transaction_back(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse, make = open_warehouse(path), statement_factory(monkeypatch)
    warehouse.create_tables([FENCES])
    insert = make("insert", "INSERT INTO consolidation_fences (lease_key, token) VALUES ('a', 1)")
    executed: list[str] = []

    def check() -> None:
        if executed:
            raise LeaseLost(["a"], "expired")

    with pytest.raises(LeaseLost):
        warehouse.run([insert], on_statement=executed.append, check=check)
    assert warehouse.query(make("count", "SELECT COUNT(*) AS n FROM consolidation_fences")) == [{"n": 0}]


def test_a_lease_lost_during_a_statement_ends_the_transaction_before_the_next_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse, make = open_warehouse(path), statement_factory(monkeypatch)
    executed: list[str] = []

    def check() -> None:
        if executed:
            raise LeaseLost(["a"], "expired")

    with pytest.raises(LeaseLost):
        warehouse.run(
            [make("first", "SELECT 1"), make("second", "SELECT 2")], on_statement=executed.append, check=check
        )
    assert executed == ["first"]


def test_a_conflict_at_the_commit_is_a_failed_statement_and_writes_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse, make = open_warehouse(path), statement_factory(monkeypatch)
    warehouse.create_tables([FENCES])
    insert = make("insert", "INSERT INTO consolidation_fences (lease_key, token) VALUES ('a', 1)")
    executed: list[str] = []

    def add_a_column_meanwhile() -> None:
        if executed:
            warehouse.add_columns(FENCES.name, [Column("added", "INT64", "")])

    with pytest.raises(StatementFailed, match=r"commit: .*altered by a different transaction"):
        warehouse.run([insert], on_statement=executed.append, check=add_a_column_meanwhile)
    assert warehouse.query(make("count", "SELECT COUNT(*) AS n FROM consolidation_fences")) == [{"n": 0}]


def test_a_query_of_few_columns_reads_only_those(path: Path) -> None:
    warehouse = open_warehouse(path)
    warehouse.create_tables(ALL_TABLES)
    warehouse.staging.write("_staging_a_b", rows_table(row(sportsbook="x")))
    tables = warehouse.staging.list_tables(KNOWN)
    manifest = [ManifestEntry(table, tuple(table.dates)) for table in tables]
    with warehouse.staging.pinned(tables) as files, warehouse._connection() as connection:
        live = catalog.live_columns(connection, PREDICTIONS.name, path)
        duckdb_warehouse._create_staged(connection, manifest, files, live)
        narrow = "EXPLAIN SELECT staging_table_number, staging_row, game_date, created_at FROM staged"
        plan = connection.execute(narrow).fetchall()[0][1]
    assert "created_at" in plan
    assert not [name for name in ("sportsbook", "predicted_points", "prediction_id") if name in plan]


def test_a_new_file_is_a_complete_database_once_it_is_visible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that opened the file while DuckDB was still creating it reported a damaged file."""
    path = tmp_path / "warehouse.duckdb"
    connect = duckdb.connect
    opened: list[tuple[bool, bool]] = []

    def watched(database: Path, **options: Any) -> duckdb.DuckDBPyConnection:
        opened.append((database == path, path.exists()))
        return connect(database, **options)

    monkeypatch.setattr(duckdb, "connect", watched)
    DuckDBWarehouse(path, ParquetStaging(tmp_path / "staging")).create_tables([FENCES])
    assert opened == [(False, False), (True, True)]
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_reader_opens_the_file_beside_a_reader_of_another_process_and_a_writer_does_not(path: Path) -> None:
    warehouse = open_warehouse(path, open_limit=0.1)
    warehouse.create_tables(ALL_TABLES)
    with holding(path, "read only"):
        assert warehouse.reader().query(Statement("newest_fence")) == []
        with pytest.raises(WarehouseBusy):
            warehouse.create_tables(ALL_TABLES)


def test_a_reader_writes_nothing(path: Path) -> None:
    warehouse = open_warehouse(path)
    warehouse.create_tables(ALL_TABLES)
    before = path.read_bytes(), path.stat().st_mtime_ns
    reader = warehouse.reader()
    reader.create_tables(ALL_TABLES)
    reader.check()
    with pytest.raises(StatementFailed, match="read-only"):
        reader.run([Statement("write_probe")])
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_tables_that_do_not_exist_are_empty_for_a_reader_until_somebody_creates_them(path: Path) -> None:
    warehouse = open_warehouse(path / "in a folder that nobody has made")
    reader = warehouse.reader()
    with pytest.raises(TableMissing):
        reader.live_columns(FENCES.name)
    reader.create_tables([FENCES])
    assert reader.query(Statement("newest_fence")) == []
    assert not path.exists()
    warehouse.create_tables(ALL_TABLES)
    with warehouse._connection() as connection:
        connection.execute("INSERT INTO consolidation_fences (lease_key, token) VALUES ('a', 7)")
    assert [row["token"] for row in reader.query(Statement("newest_fence"))] == [7]


@pytest.mark.parametrize("reads", [True, False])
def test_a_wait_is_reported_once_with_the_process_that_has_the_file(
    path: Path, holder: subprocess.Popen[str], reads: bool
) -> None:
    reports: list[tuple[float, str]] = []
    now = 0.0

    def sleep(_: float) -> None:
        nonlocal now
        now += 0.5

    notice = WaitNotice({holder.pid: "run-7"}.get, lambda sentence: reports.append((now, sentence)), after=2.0)
    warehouse = open_warehouse(path, open_limit=5, sleep=sleep, monotonic=lambda: now, notice=notice)
    with pytest.raises(
        WarehouseBusy, match=rf"in use for 5 s by pid {holder.pid} \(run run-7\); wait for that process"
    ):
        (warehouse.reader() if reads else warehouse).check()
    ((at, sentence),) = reports
    assert at == 2.0
    assert sentence == f"Waiting for pid {holder.pid} (run run-7), which has {path} open; for at most 5 s."


def test_a_wait_that_nobody_prints_is_logged_with_the_program_of_a_process_without_a_run(
    path: Path, holder: subprocess.Popen[str], caplog: pytest.LogCaptureFixture
) -> None:
    notice = WaitNotice(lambda _: None, after=0)
    with pytest.raises(WarehouseBusy):
        open_warehouse(path, open_limit=0.1, notice=notice).reader().check()
    assert f"pid {holder.pid} ({Path(sys.executable).resolve().name})" in caplog.text


def test_a_reader_waits_for_a_writer_of_its_own_process(path: Path) -> None:
    warehouse = open_warehouse(path)
    warehouse.create_tables(ALL_TABLES)
    reading = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        with warehouse._connection():
            reader = open_warehouse(path, sleep=lambda _: reading.set()).reader()
            result = pool.submit(reader.query, Statement("newest_fence"))
            assert reading.wait(timeout=60)
        assert result.result(timeout=60) == []
