"""Tests of the verdict: it reports no violation without a storm, and each corruption of the results."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from random import Random
from shutil import copytree
from uuid import uuid4

import duckdb
import pytest

from nba_consolidation.warehouse.staging.parquet import ParquetStaging
from nba_consolidation_tests.chaos.consolidator import attempt, undisturbed_consolidator
from nba_consolidation_tests.chaos.evidence import Evidence
from nba_consolidation_tests.chaos.follower import follow_up, play_games
from nba_consolidation_tests.chaos.journal import Journal
from nba_consolidation_tests.chaos.lease_backends import store_at
from nba_consolidation_tests.chaos.rows import DATES, Batch, StagedTable
from nba_consolidation_tests.chaos.stager import stage
from nba_consolidation_tests.chaos.verdict import find_violations

pytestmark = pytest.mark.other_processes

Undisturbed = tuple[Path, list[StagedTable]]

# Start of the reported sentence -> corruption of the warehouse.
CORRUPTIONS = {
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
    "published": "DELETE FROM published_predictions WHERE rowid = 0",
    "graded": "INSERT INTO prediction_accuracy SELECT * FROM prediction_accuracy WHERE rowid = 0",
}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """Three consolidations of a few tables, one of which is delivered again each time with more rows."""
    folder, batch = tmp_path_factory.mktemp("undisturbed"), Batch("w0", Random(4))
    journal, staging = Journal(folder, "stager_0"), ParquetStaging(folder / "staging")
    tables = [batch.new(DATES[:2]) for _ in range(6)]
    play_games(folder)
    for number in range(3):
        for table in (*tables[2 * number : 2 * number + 2], tables[0]):
            table.grow()
            stage(staging, table, journal)
        consolidate(folder)
    follow_up(folder, store_at(f"sqlite {folder / 'leases.sqlite'}"))
    assert find_violations(Evidence.of(folder)) == []
    return folder, tables


@pytest.fixture
def undisturbed(original: Undisturbed, tmp_path: Path) -> Undisturbed:
    folder, tables = original
    return copytree(folder, tmp_path / "copy"), deepcopy(tables)


def consolidate(folder: Path) -> None:
    consolidator = undisturbed_consolidator(folder, store_at(f"sqlite {folder / 'leases.sqlite'}"))
    assert attempt(consolidator, DATES, f"run {uuid4()}") == ["consolidated"]


@pytest.mark.parametrize(("sentence", "change"), CORRUPTIONS.items())
def test_each_violation_in_the_warehouse_is_reported(undisturbed: Undisturbed, sentence: str, change: str) -> None:
    folder, _ = undisturbed
    with duckdb.connect(folder / "warehouse.duckdb") as connection:
        connection.execute(change)
    violations = find_violations(Evidence.of(folder))
    assert any(violation.startswith(sentence) for violation in violations), violations


def test_an_acknowledged_table_that_was_not_merged_is_lost(undisturbed: Undisturbed) -> None:
    folder, tables = undisturbed
    note_version(folder, tables[5], acknowledged=True)
    assert any(one.startswith("lost: version 2") for one in find_violations(Evidence.of(folder)))


def test_a_table_whose_writer_was_killed_may_be_missing(undisturbed: Undisturbed) -> None:
    folder, tables = undisturbed
    note_version(folder, tables[5], acknowledged=False)
    assert find_violations(Evidence.of(folder)) == []


def test_a_table_whose_writer_was_killed_counts_if_it_exists(undisturbed: Undisturbed) -> None:
    folder, tables = undisturbed
    note_version(folder, tables[5], acknowledged=False)
    ParquetStaging(folder / "staging").write(tables[5].name, tables[5].written())
    assert find_violations(Evidence.of(folder)) == [
        f"left in the staging area: 1 tables, for example {tables[5].name}.parquet",
    ]
    consolidate(folder)
    follow_up(folder, store_at(f"sqlite {folder / 'leases.sqlite'}"))
    assert find_violations(Evidence.of(folder)) == []
    with duckdb.connect(folder / "warehouse.duckdb") as connection:
        connection.execute("DELETE FROM lost_versions WHERE prediction_id LIKE ?", [f"{tables[5].name}_2_%"])
        connection.execute("DELETE FROM player_prop_predictions WHERE staging_table = ?", [tables[5].name])
    assert any(one.startswith("lost") for one in find_violations(Evidence.of(folder)))


def note_version(folder: Path, table: StagedTable, *, acknowledged: bool) -> None:
    table.grow()
    journal, known = Journal(folder, "stager_0"), {"table": table.name, "version": table.version}
    journal.note(**known, rows=[asdict(row) for row in table.rows])
    if acknowledged:
        journal.note(**known)
