"""What a run removed or changed comes back exactly, unless somebody built on it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from nba_consolidation.fencing.errors import AuditFailed, FencedOut
from nba_consolidation.leases import Holder, LeaseHeld
from nba_consolidation.operations.repair.restore import RestoreBlocked, RestoredDate, Restorer, RunUnknown
from nba_consolidation.warehouse.errors import TableIncomplete
from nba_consolidation_tests.leases.memory_store import MemoryLeaseStore
from nba_consolidation_tests.operations.repair.legacy import LegacyBench, graded
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NEXT_DATE, at
from nba_consolidation_tests.warehouse.rows import statement_factory

PERCENT = Decimal("62.5")


@pytest.fixture
def bench(bench: LegacyBench) -> LegacyBench:
    """Two dates: of the first, copies and a confidence in percent; of the second, copies; of both, a sound row."""
    bench.fill(
        *[graded()] * 3,
        graded(confidence_score=PERCENT, system_id="percent"),
        graded(system_id="sound"),
        *(graded(minute, game_date=NEXT_DATE) for minute in range(2)),
        graded(game_date=NEXT_DATE, system_id="sound"),
    )
    return bench


def grade(bench: LegacyBench, run_id: str, token: int) -> None:
    """A grading of DATE that changes the sound row, drops another and adds a third, as a fenced grader records it."""
    bench.execute(
        "INSERT INTO prediction_accuracy_removed BY NAME SELECT *, 'changed' AS removal, 'regraded' AS removal_reason, "
        "? AS removed_by_run_id FROM prediction_accuracy WHERE game_date = '2026-01-15' AND system_id = 'sound'",
        run_id,
    )
    bench.execute(
        "UPDATE prediction_accuracy SET actual_points = actual_points + 1, grading_id = 'g', run_id = ? "
        "WHERE game_date = '2026-01-15' AND system_id = 'sound'",
        run_id,
    )
    bench.fill(graded(system_id="new", grading_id="g", run_id=run_id))
    bench.execute(
        "INSERT INTO grading_ledger (game_date, kind, run_id, lease_token, inserted, updated, removed) "
        "VALUES ('2026-01-15', 'grading', ?, ?, 1, 1, 0)",
        run_id, token,
    )  # fmt: skip


def test_restoring_a_repair_brings_back_every_row_as_it_was(bench: LegacyBench) -> None:
    before = bench.rows()
    bench.repair()
    assert bench.rows() != before
    report = bench.restore()
    assert bench.rows() == before
    assert report.dates == (RestoredDate(DATE, 3, 1, 5), RestoredDate(NEXT_DATE, 1, 0, 3))


def test_what_comes_back_is_not_removed_any_more_and_what_goes_is_kept(bench: LegacyBench) -> None:
    bench.repair()
    repaired = bench.execute("SELECT player_lookup, confidence_score FROM prediction_accuracy WHERE run_id = 'repair'")
    bench.restore()
    kept = bench.execute("FROM prediction_accuracy_removed")
    assert {(row["removal"], row["removal_reason"], row["removed_by_run_id"]) for row in kept} == {
        ("removed", "restored", "restore")
    }
    columns = ("player_lookup", "confidence_score")
    assert sorted(tuple(row[c] for c in columns) for row in kept) == sorted(
        tuple(row[c] for c in columns) for row in repaired
    )


def test_the_ledger_says_what_was_restored(bench: LegacyBench) -> None:
    bench.repair()
    bench.restore()
    entries = bench.execute("FROM grading_ledger WHERE kind = 'restore' ORDER BY game_date")
    assert [(entry["run_id"], entry["restored_run_id"]) for entry in entries] == [("restore", "repair")] * 2
    counts = ("inserted", "updated", "unchanged", "removed", "total_rows")
    assert [tuple(entry[name] for name in counts) for entry in entries] == [(3, 0, 2, 1, 5), (1, 0, 2, 0, 3)]


def test_a_second_restore_finds_nothing_left(bench: LegacyBench) -> None:
    bench.repair()
    bench.restore()
    tables = ("prediction_accuracy", "prediction_accuracy_removed", "grading_ledger")
    before = [bench.rows(table) for table in tables]
    again = bench.restore(own_run_id="again")
    assert (again.dates, [bench.rows(table) for table in tables]) == ((), before)


def test_a_repair_after_a_restore_can_be_restored_too(bench: LegacyBench) -> None:
    before = bench.rows()
    bench.repair()
    repaired = bench.execute("SELECT COUNT(*) AS n FROM prediction_accuracy")
    bench.restore()
    bench.repair("second")
    assert bench.execute("SELECT COUNT(*) AS n FROM prediction_accuracy") == repaired
    bench.restore("second", "second restore")
    assert bench.rows() == before
    assert bench.restore("repair", "x").dates == ()


def test_an_unknown_run_is_named(bench: LegacyBench) -> None:
    with pytest.raises(RunUnknown, match="no run nobody's is in prediction_repairs or grading_ledger"):
        bench.restore("nobody's")


def test_a_restore_itself_cannot_be_restored(bench: LegacyBench) -> None:
    bench.repair()
    bench.restore()
    with pytest.raises(RestoreBlocked, match=r"run restore .* is a restore itself"):
        bench.restore("restore", "again")


def test_a_run_that_others_built_on_is_restored_after_them(bench: LegacyBench) -> None:
    before = bench.rows()
    bench.repair()
    repaired = bench.rows()
    grade(bench, "nightly", 9_000_000_000_000_000)
    with pytest.raises(RestoreBlocked, match=r"2026-01-15 .* later grading, run nightly; restore that one first"):
        bench.restore()
    assert [row["kind"] for row in bench.execute("SELECT DISTINCT kind FROM grading_ledger ORDER BY 1")] == [
        "grading",
        "repair",
    ]
    [last] = bench.execute("SELECT MAX(lease_token) AS token FROM grading_ledger WHERE kind = 'repair'")
    bench.execute("UPDATE grading_ledger SET lease_token = ? WHERE kind = 'grading'", last["token"] + 1)
    bench.restore("nightly", "first")
    assert bench.rows() == repaired
    bench.restore()
    assert bench.rows() == before


def test_a_later_run_that_changed_nothing_does_not_block(bench: LegacyBench) -> None:
    bench.repair()
    bench.execute("INSERT INTO grading_ledger (game_date, kind, run_id, lease_token, unchanged, inserted) "
                  "VALUES ('2026-01-15', 'grading', 'idle', 9000000000000000, 5, 0)")  # fmt: skip
    assert len(bench.restore().dates) == 2


def test_an_earlier_run_and_another_date_do_not_block(bench: LegacyBench) -> None:
    grade(bench, "earlier", 1)
    before = bench.rows()
    bench.repair()
    bench.execute("INSERT INTO grading_ledger (game_date, kind, run_id, lease_token, inserted) "
                  "VALUES ('2026-02-15', 'grading', 'other', 9000000000000000, 5)")  # fmt: skip
    bench.restore()
    assert bench.rows() == before


def test_restoring_a_grading_takes_out_what_it_wrote(bench: LegacyBench) -> None:
    before = bench.rows()
    grade(bench, "nightly", 1)
    assert bench.restore("nightly").dates == (RestoredDate(DATE, 1, 2, 5),)
    assert bench.rows() == before


def test_a_run_that_wrote_a_date_twice_is_undone_whole(bench: LegacyBench) -> None:
    before = bench.rows()
    grade(bench, "retried", 1)
    bench.execute("DELETE FROM prediction_accuracy WHERE system_id = 'new'")
    grade(bench, "retried", 2)
    assert bench.restore("retried").total("put_back") == 1
    assert bench.rows() == before


def test_rows_that_came_since_without_a_fence_stay(bench: LegacyBench) -> None:
    before = bench.rows()
    bench.repair()
    late = LegacyBench(bench.folder / "late")
    for one in (bench, late):
        one.fill(graded(player_lookup="late"))
    bench.restore()
    assert bench.rows() == before + late.rows()


def test_what_was_kept_and_is_gone_stops_the_restore(bench: LegacyBench) -> None:
    bench.repair()
    repaired = bench.rows()
    bench.execute("DELETE FROM prediction_accuracy_removed WHERE game_date = '2026-01-15' AND removal = 'changed'")
    report = Restorer(bench.writer()).restore("repair", Holder.here("restore"))
    assert isinstance(report.poisoned[DATE], AuditFailed)
    assert "cannot be put back as they were" in str(report.poisoned[DATE])
    assert [date.game_date for date in report.dates] == [NEXT_DATE]
    assert sum(bench.rows().values()) == sum(repaired.values()) + 1


def test_columns_that_the_table_has_no_more_stop_the_restore(bench: LegacyBench) -> None:
    bench.execute("ALTER TABLE prediction_accuracy ADD COLUMN notes VARCHAR DEFAULT 'x'")
    bench.repair()
    bench.execute("ALTER TABLE prediction_accuracy DROP COLUMN notes")
    report = bench.restore()
    assert isinstance(report.poisoned[DATE], TableIncomplete)
    assert "notes" in str(report.poisoned[DATE])


def test_a_column_that_the_table_has_only_since_is_null_in_what_comes_back(bench: LegacyBench) -> None:
    bench.repair()
    bench.execute("ALTER TABLE prediction_accuracy ADD COLUMN notes VARCHAR")
    assert not bench.restore().poisoned
    assert bench.execute("SELECT DISTINCT notes FROM prediction_accuracy") == [{"notes": None}]


def test_a_stale_restore_is_fenced_out(bench: LegacyBench) -> None:
    bench.repair()
    before = bench.rows()
    bench.execute("UPDATE consolidation_fences SET token = 9000000000000000")
    report = bench.restore()
    assert {type(error) for error in report.poisoned.values()} == {FencedOut}
    assert bench.rows() == before


def test_a_restore_waits_for_a_grading_of_the_same_date(bench: LegacyBench) -> None:
    bench.repair()
    with bench.writer().holding("grading", [DATE], Holder.here("grading")), pytest.raises(LeaseHeld):
        bench.restore()


class Overtaken(MemoryLeaseStore):
    """Leases in which something happens while ours is asked for."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__()
        self._meanwhile = meanwhile

    def try_acquire(self, *arguments: Any, **options: Any) -> Any:
        self._meanwhile()
        return super().try_acquire(*arguments, **options)


def test_what_another_run_did_while_we_waited_for_the_lease_is_seen(bench: LegacyBench) -> None:
    bench.repair()
    bench.leases = Overtaken(lambda: grade(bench, "nightly", 9_000_000_000_000_000))
    report = bench.restore()
    assert {type(error) for error in report.poisoned.values()} == {RestoreBlocked}


@pytest.mark.parametrize("failing", ["keep_restored", "clear_restored", "put_back", "clear_put_back", "restore_ledger"])
def test_incident_40_a_restore_that_fails_changes_nothing(bench: LegacyBench, failing: str) -> None:
    bench.repair()
    tables = ("prediction_accuracy", "prediction_accuracy_removed", "grading_ledger")
    before = [bench.rows(table) for table in tables]
    bench.warehouse.failing = failing
    assert set(bench.restore().poisoned) == {DATE, NEXT_DATE}
    assert [bench.rows(table) for table in tables] == before


@pytest.mark.parametrize("left_out", ["put_back", "clear_restored"])
def test_a_restore_that_would_lose_a_row_or_have_one_too_many_is_rolled_back(
    bench: LegacyBench, monkeypatch: pytest.MonkeyPatch, left_out: str
) -> None:
    def rows_of_date() -> dict[tuple[Any, ...], int]:
        return {row: copies for row, copies in bench.rows().items() if DATE in row}

    bench.repair()
    before = rows_of_date()
    statement_factory(monkeypatch)(left_out, "SELECT 1 AS writes_nothing")
    error = bench.restore().poisoned[DATE]
    assert isinstance(error, AuditFailed)
    assert (error.audit, rows_of_date()) == ("unconserved_restores", before)


def test_the_time_of_grading_comes_back_too(bench: LegacyBench) -> None:
    bench.repair()
    bench.restore()
    stored = bench.execute(
        "SELECT DISTINCT graded_at FROM prediction_accuracy WHERE game_date = '2026-01-16' ORDER BY 1"
    )
    assert [row["graded_at"] for row in stored] == [at(0), at(1)]
