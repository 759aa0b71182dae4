"""The DuckDB file: who holds it, how long we wait, what a read of staged files costs. Contract: test_contract."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from nba_consolidation.locking import LeaseLost
from nba_consolidation.tables import ALL_TABLES, FENCES, PREDICTIONS, Column
from nba_consolidation.warehouse import duckdb_warehouse
from nba_consolidation.warehouse.contract import ManifestEntry
from nba_consolidation.warehouse.duckdb_warehouse import DuckDBWarehouse
from nba_consolidation.warehouse.errors import StatementFailed, WarehouseBusy, WarehouseUnavailable
from nba_consolidation.warehouse.parquet_staging import ParquetStaging

from .rows import KNOWN, NOON, one_statement, row, rows_table

HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
OPEN = "import duckdb, sys; duckdb.connect(sys.argv[1])"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.duckdb"


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the file open until its input is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.communicate()


def warehouse(path: Path, **given: Any) -> DuckDBWarehouse:
    return DuckDBWarehouse(path, ParquetStaging(path.parent / "staging"), **given)


@pytest.mark.usefixtures("holder")
def test_a_file_that_another_process_holds_is_busy_after_the_limit(path: Path) -> None:
    with pytest.raises(WarehouseBusy) as caught:
        warehouse(path, open_limit=0.1).create_tables(ALL_TABLES)
    assert str(path) in str(caught.value)
    assert "0.1 s" in str(caught.value)


def test_a_file_that_is_let_go_of_is_opened_by_the_next_try(path: Path, holder: subprocess.Popen[str]) -> None:
    waits: list[float] = []

    def let_go_at_the_third(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            holder.communicate()

    warehouse(path, sleep=let_go_at_the_third, jitter=random.Random(1)).create_tables(ALL_TABLES)
    assert len(waits) == 3
    assert all(0 < wait <= 0.25 for wait in waits)
    assert len(set(waits)) == 3


def test_another_process_can_open_the_file_while_our_error_is_still_looked_at(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = warehouse(path)
    ours.create_tables(ALL_TABLES)
    statement = one_statement(monkeypatch)("broken", "SELECT ERROR('no') AS x")
    with pytest.raises(StatementFailed) as caught:
        ours.run([statement])
    subprocess.run([sys.executable, "-c", OPEN, str(path)], check=True, timeout=60)
    assert caught.value.statement == "broken"


@pytest.mark.parametrize("content", [b"this is no DuckDB file" * 1000, None])
def test_what_is_no_warehouse_file_is_unavailable_at_once(path: Path, content: bytes | None) -> None:
    path.write_bytes(content) if content else path.mkdir()

    def never(_: float) -> None:
        raise AssertionError("waiting does not help here")

    with pytest.raises(WarehouseUnavailable, match="cannot be opened"):
        warehouse(path, sleep=never).create_tables(ALL_TABLES)


def test_a_missing_table_is_not_looked_for_among_python_variables(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "SELECT * FROM names"
    names = pa.table({"x": [1]})
    with pytest.raises(StatementFailed, match="names does not exist"):
        warehouse(path).query(one_statement(monkeypatch)("probe", text))
    assert names.num_rows == 1


@pytest.mark.parametrize("folder", ["with blank", "it's", "[brackets]", "st*r?", "semi;colon", "Ünï", "{a,b}", "a%20b"])
def test_any_folder_name_can_hold_the_staging_area(
    tmp_path: Path, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    staging = ParquetStaging(tmp_path / folder / "staging")
    ours = DuckDBWarehouse(tmp_path / "w.duckdb", staging)  # DuckDB itself takes no `?` in that path
    ours.create_tables(ALL_TABLES)
    staging.write("_staging_a_b", rows_table(row()))
    manifest = [ManifestEntry(table, tuple(table.dates)) for table in staging.list_tables(KNOWN)]
    probe = one_statement(monkeypatch)("probe", "SELECT prediction_id FROM staged")
    assert ours.run([probe], manifest).rows["probe"] == [{"prediction_id": "p1"}]


def test_files_of_other_layouts_do_not_lose_digits_to_the_first(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = warehouse(path)
    ours.create_tables(ALL_TABLES)
    wide = {"feature_quality_score": pa.float64(), "similar_games_count": pa.int64(), "created_at": pa.timestamp("us")}
    narrow = {"feature_quality_score": pa.float32(), "similar_games_count": pa.int8(), "created_at": pa.timestamp("ns")}
    small = row(feature_quality_score=0.5, similar_games_count=1)
    large = row(feature_quality_score=0.1, similar_games_count=2**40, created_at=NOON.replace(year=9000))
    ours.staging.write("_staging_a_1", rows_table(small, **narrow))
    ours.staging.write("_staging_a_2", rows_table(large, **wide))
    manifest = [ManifestEntry(table, tuple(table.dates)) for table in ours.staging.list_tables(KNOWN)]
    text = "SELECT feature_quality_score AS f, similar_games_count AS n FROM staged ORDER BY staging_table_number"
    found = ours.run([one_statement(monkeypatch)("probe", text)], manifest).rows["probe"]
    assert found == [{"f": 0.5, "n": 1}, {"f": 0.1, "n": 2**40}]


def test_the_files_read_are_the_listed_ones_even_if_they_are_replaced_meanwhile(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = warehouse(path)
    ours.create_tables(ALL_TABLES)
    ours.staging.write("_staging_a_b", rows_table(row()))
    manifest = [ManifestEntry(table, tuple(table.dates)) for table in ours.staging.list_tables(KNOWN)]
    probe = one_statement(monkeypatch)("probe", "SELECT prediction_id FROM staged")

    def redeliver(_: str) -> None:
        ours.staging.write("_staging_a_b", rows_table(row(prediction_id="newer"), row(prediction_id="newer")))

    assert ours.run([probe], manifest, redeliver).rows["probe"] == [{"prediction_id": "p1"}]


def test_a_lease_that_is_lost_during_the_last_statement_ends_the_transaction(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, make = warehouse(path), one_statement(monkeypatch)
    ours.create_tables([FENCES])
    insert = make("insert", "INSERT INTO consolidation_fences (lease_key, token) VALUES ('a', 1)")
    executed: list[str] = []

    def check() -> None:
        if executed:
            raise LeaseLost(["a"], "it ran out")

    with pytest.raises(LeaseLost):
        ours.run([insert], on_statement=executed.append, check=check)
    assert ours.query(make("count", "SELECT COUNT(*) AS n FROM consolidation_fences")) == [{"n": 0}]


def test_a_conflict_that_shows_at_the_commit_is_a_failed_statement_and_leaves_nothing_behind(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, make = warehouse(path), one_statement(monkeypatch)
    ours.create_tables([FENCES])
    insert = make("insert", "INSERT INTO consolidation_fences (lease_key, token) VALUES ('a', 1)")
    executed: list[str] = []

    def add_a_column_beside_it() -> None:
        if executed:
            ours.add_columns(FENCES.name, [Column("added", "INT64", "")])

    with pytest.raises(StatementFailed, match=r"commit: .*altered by a different transaction"):
        ours.run([insert], on_statement=executed.append, check=add_a_column_beside_it)
    assert ours.query(make("count", "SELECT COUNT(*) AS n FROM consolidation_fences")) == [{"n": 0}]


def test_a_read_of_few_columns_reads_few_columns(path: Path) -> None:
    ours = warehouse(path)
    ours.create_tables(ALL_TABLES)
    ours.staging.write("_staging_a_b", rows_table(row(sportsbook="x")))
    tables = ours.staging.list_tables(KNOWN)
    manifest = [ManifestEntry(table, tuple(table.dates)) for table in tables]
    with ours.staging.pinned(tables) as files, ours._connection() as connection:
        live = duckdb_warehouse._live_columns(connection, PREDICTIONS.name, path)
        duckdb_warehouse._create_staged(connection, manifest, files, live)
        narrow = "EXPLAIN SELECT staging_table_number, staging_row, game_date, created_at FROM staged"
        plan = connection.execute(narrow).fetchall()[0][1]
    assert "created_at" in plan
    assert not [name for name in ("sportsbook", "predicted_points", "prediction_id") if name in plan]


def test_a_new_file_is_a_database_from_the_moment_that_others_can_see_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process that opened the file while DuckDB was still making it took it for a damaged one."""
    path = tmp_path / "warehouse.duckdb"
    connect = duckdb.connect
    seen: list[tuple[bool, bool]] = []

    def watched(database: Path, **options: Any) -> duckdb.DuckDBPyConnection:
        seen.append((database == path, path.exists()))
        return connect(database, **options)

    monkeypatch.setattr(duckdb, "connect", watched)
    DuckDBWarehouse(path, ParquetStaging(tmp_path / "staging")).create_tables([FENCES])
    assert seen == [(False, False), (True, True)]
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
