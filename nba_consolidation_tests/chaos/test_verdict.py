"""The verdict itself, on a quiet folder in which one thing is made wrong: it must say so, and nothing before that."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from random import Random
from shutil import copytree
from uuid import uuid4

import duckdb
import pytest

from nba_consolidation.warehouse.parquet_staging import ParquetStaging

from .consolidating import attempt, calm_consolidator
from .evidence import Evidence
from .journal import Journal
from .lease_places import store_at
from .rows import DATES, Batch, StagedTable
from .stager import stage
from .verdict import judge

pytestmark = pytest.mark.other_processes

Quiet = tuple[Path, list[StagedTable]]

# What is done to the warehouse, and how the sentence about it begins.
WRONG = {
    "lost: ('": "DELETE FROM player_prop_predictions WHERE rowid = 3",
    "duplicate": "INSERT INTO player_prop_predictions SELECT * FROM player_prop_predictions WHERE rowid = 3",
    "invented: ('": "UPDATE player_prop_predictions SET current_points_line = 33.5 WHERE rowid = 3",
    "not the newest": "UPDATE player_prop_predictions SET predicted_points = 0.5 WHERE rowid = 3",
    "misnamed": "UPDATE player_prop_predictions SET prediction_id = 'another' WHERE rowid = 3",
    "activation": "UPDATE player_prop_predictions SET is_active = NOT is_active WHERE rowid = 3",
    "lost: _staging": "DELETE FROM lost_versions WHERE rowid = 0",
    "invented: another": "INSERT INTO lost_versions (prediction_id, outcome) VALUES ('another', 'stale')",
    "not conserved: the": "UPDATE player_prop_predictions SET prediction_version = 9 WHERE rowid = 3",
    "not conserved: ": "UPDATE consolidation_ledger SET staged = staged + 1 WHERE rowid = 0",
    "lost: version": "DELETE FROM consolidation_ledger_tables WHERE staging_table LIKE '%_w0_5'",
    "stale write": "UPDATE chaos_commits SET token = 1 WHERE number = 3",
    "read again": "INSERT INTO consolidation_ledger_tables SELECT * REPLACE ((SELECT run_id FROM chaos_commits "
    "WHERE number = 3 LIMIT 1) AS run_id) FROM consolidation_ledger_tables WHERE rowid = 0",
    "fences": "UPDATE consolidation_fences SET token = token + 1",
    "the ledger lacks": "DELETE FROM consolidation_ledger WHERE rowid = 0",
}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Quiet:
    """Three consolidations of a few tables, one of which came again and again with more in it."""
    folder, batch = tmp_path_factory.mktemp("quiet"), Batch("w0", Random(4))
    journal, staging = Journal(folder, "stager_0"), ParquetStaging(folder / "staging")
    tables = [batch.new(DATES[:2]) for _ in range(6)]
    for number in range(3):
        for table in (*tables[2 * number : 2 * number + 2], tables[0]):
            table.grow()
            stage(staging, table, journal)
        consolidate(folder)
    assert judge(Evidence.of(folder)) == []
    return folder, tables


@pytest.fixture
def quiet(original: Quiet, tmp_path: Path) -> Quiet:
    folder, tables = original
    return copytree(folder, tmp_path / "copy"), deepcopy(tables)


def consolidate(folder: Path) -> None:
    consolidator = calm_consolidator(folder, store_at(f"sqlite {folder / 'leases.sqlite'}"))
    assert attempt(consolidator, DATES, f"run {uuid4()}") == ["consolidated"]


@pytest.mark.parametrize(("sentence", "change"), WRONG.items())
def test_what_is_wrong_in_the_warehouse_is_said(quiet: Quiet, sentence: str, change: str) -> None:
    folder, _ = quiet
    with duckdb.connect(folder / "warehouse.duckdb") as connection:
        connection.execute(change)
    said = judge(Evidence.of(folder))
    assert any(one.startswith(sentence) for one in said), said


def test_a_table_that_was_acknowledged_and_is_nowhere_is_lost(quiet: Quiet) -> None:
    folder, tables = quiet
    write_down(folder, tables[5], acknowledged=True)
    assert any(one.startswith("lost: version 2") for one in judge(Evidence.of(folder)))


def test_a_table_whose_writer_was_killed_may_be_nowhere(quiet: Quiet) -> None:
    folder, tables = quiet
    write_down(folder, tables[5], acknowledged=False)
    assert judge(Evidence.of(folder)) == []


def test_a_table_whose_writer_was_killed_may_be_there_and_then_counts(quiet: Quiet) -> None:
    folder, tables = quiet
    write_down(folder, tables[5], acknowledged=False)
    ParquetStaging(folder / "staging").write(tables[5].name, tables[5].written())
    assert judge(Evidence.of(folder)) == [
        f"left in the staging area: 1 tables, for instance {tables[5].name}.parquet",
    ]
    consolidate(folder)
    assert judge(Evidence.of(folder)) == []
    with duckdb.connect(folder / "warehouse.duckdb") as connection:
        connection.execute("DELETE FROM lost_versions WHERE prediction_id LIKE ?", [f"{tables[5].name}_2_%"])
        connection.execute("DELETE FROM player_prop_predictions WHERE staging_table = ?", [tables[5].name])
    assert any(one.startswith("lost") for one in judge(Evidence.of(folder)))


def write_down(folder: Path, table: StagedTable, *, acknowledged: bool) -> None:
    table.grow()
    journal, known = Journal(folder, "stager_0"), {"table": table.name, "version": table.version}
    journal.note(**known, rows=[asdict(row) for row in table.rows])
    if acknowledged:
        journal.note(**known)
