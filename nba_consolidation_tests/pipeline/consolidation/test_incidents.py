"""Leases, fences, transactions and clean-up: what once went wrong with them, made to happen again."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlglot
from sqlglot import exp

from nba_consolidation.fencing.audits import ACTIVE_TWINS, AUDITS, DUPLICATE_BUSINESS_KEYS, DUPLICATE_VALIDATED, Audit
from nba_consolidation.fencing.errors import AuditFailed, DatesPoisoned, FencedOut
from nba_consolidation.fencing.fenced_writer import FencedWriter, fence_parameters
from nba_consolidation.leases import (
    HeldLease,
    Holder,
    LeaseHeld,
    LeaseLost,
    LeaseRecord,
    LeaseUnavailable,
    hold,
    lease_key,
)
from nba_consolidation.leases.sqlite import SqliteLeaseStore
from nba_consolidation.pipeline.consolidation import transaction
from nba_consolidation.pipeline.consolidation.consolidate import LOCK_TYPE, Consolidator
from nba_consolidation.pipeline.consolidation.result import ConsolidationReport
from nba_consolidation.pipeline.validation.validate import Validator
from nba_consolidation.schema import ALL_TABLES, PREDICTIONS
from nba_consolidation.warehouse.errors import StatementFailed, WarehouseBusy, WarehouseError, WarehouseUnavailable
from nba_consolidation.warehouse.staging.interface import KnownDates, StagingTable
from nba_consolidation.warehouse.staging.table_names import staging_table_name
from nba_consolidation_tests.leases.memory_store import MemoryLeaseStore
from nba_consolidation_tests.pipeline.consolidation.workbench import (
    DATE,
    KNOWN,
    NEXT_DATE,
    NO_WAIT,
    NOW,
    THIRD_DATE,
    WatchedStaging,
    Workbench,
    outcome,
    prediction,
    staged,
)
from nba_consolidation_tests.warehouse.rows import statement_factory

LEASE = lease_key(LOCK_TYPE, DATE)
DATES = (DATE, NEXT_DATE, THIRD_DATE)


def store_of_the_past() -> MemoryLeaseStore:
    """A store whose tokens are smaller than all earlier ones."""
    return MemoryLeaseStore(clock=lambda: dt.datetime(2020, 1, 1, tzinfo=dt.UTC))


def stage_each(bench: Workbench, *dates: dt.date, **changes: Any) -> dict[dt.date, str]:
    return {date: bench.stage(prediction(game_date=date, **changes), worker=f"w{date:%d}") for date in dates}


def poison(bench: Workbench, date: dt.date) -> None:
    """Publishes the date's rows once more, as a writer without a lease would."""
    bench.execute(f"INSERT INTO {PREDICTIONS.name} SELECT * FROM {PREDICTIONS.name} WHERE game_date = ?", date)


# Mutual exclusion


def test_incident_01_two_transactions_at_once_without_a_lease_conflict_on_the_fence(tmp_path: Path) -> None:
    first, second = Workbench(tmp_path), Workbench(tmp_path)  # each with leases of its own: nothing keeps them apart
    first.stage(prediction(), prediction(None))
    inside, go_on = threading.Event(), threading.Event()
    reports: list[ConsolidationReport] = []

    def pause(step: str) -> None:
        if step == "ledger":
            inside.set()
            assert go_on.wait(30)

    thread = threading.Thread(target=lambda: reports.append(first.consolidate(on_step=pause)))
    thread.start()
    assert inside.wait(30)
    late = second.consolidate()
    go_on.set()
    thread.join()
    assert list(late.poisoned) == [DATE]
    assert late.dropped == ()
    assert outcome(reports[0].dates[0]) == (2, 2, 0, 0, 0, 0)
    assert len(first.published()) == 2


def test_incident_01_a_manifest_that_another_run_merged_meanwhile_doubles_nothing(tmp_path: Path) -> None:
    bench, other = Workbench(tmp_path), Workbench(tmp_path)
    other.staging.drops = False
    bench.stage(prediction(), prediction(None))
    bench.warehouse.before_merge = lambda: other.consolidate(leases=store_of_the_past())
    report = bench.consolidate()
    assert outcome(report.dates[0]) == (2, 0, 0, 2, 0, 0)
    assert len(bench.published()) == 2


def test_incident_02_validation_takes_the_lease_that_guards_its_sibling(bench: Workbench) -> None:
    stage_each(bench, DATE)
    bench.consolidate()
    with hold(bench.leases, [LEASE], Holder.here("backfill")), pytest.raises(LeaseHeld):
        bench.validate()
    assert bench.execute("SELECT * FROM validated_predictions") == []


def test_incident_02_a_validation_with_a_stale_token_is_fenced_out(bench: Workbench) -> None:
    stage_each(bench, DATE)
    bench.consolidate()
    bench.validate()
    before = bench.execute("SELECT * FROM validated_predictions")
    with pytest.raises(FencedOut):
        bench.validate(leases=store_of_the_past())
    assert bench.execute("SELECT * FROM validated_predictions") == before


@pytest.mark.parametrize("use_case", ["consolidate", "validate"])
def test_a_lease_that_is_lost_inside_the_transaction_ends_it_before_the_commit(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, use_case: str
) -> None:
    stage_each(bench, DATE)
    bench.consolidate()
    bench.stage(prediction(minute=5), worker="late")
    before = bench.written_rows()
    asked: list[int] = []

    def lost_at_the_third(_: HeldLease, **_options: bool) -> None:
        asked.append(1)
        if len(asked) == 3:  # the first two are before the transaction and before its first statement
            raise LeaseLost([LEASE], "not renewed for 60 s and expired")

    monkeypatch.setattr(HeldLease, "ensure_held", lost_at_the_third)
    with pytest.raises(LeaseLost):
        getattr(bench, use_case)()
    assert bench.written_rows() == before


def test_incident_04_a_lease_store_that_fails_before_the_commit_ends_the_run_and_is_no_dates_fault(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: HeldLease, **_options: bool) -> None:
        raise LeaseUnavailable("the store is down")

    stage_each(bench, DATE, NEXT_DATE)
    monkeypatch.setattr(HeldLease, "ensure_held", fail)
    with pytest.raises(LeaseUnavailable):
        bench.consolidate(DATE, NEXT_DATE)
    assert bench.written_rows() == 0


def test_a_stale_token_adds_no_column_either(bench: Workbench) -> None:
    stage_each(bench, DATE)
    bench.consolidate()
    before = bench.warehouse.live_columns(PREDICTIONS.name)
    bench.stage(prediction("24.0", vegas_mood=0.5), worker="new", types={"vegas_mood": pa.float64()})
    with pytest.raises(FencedOut):
        bench.consolidate(leases=store_of_the_past(), evolve=True)
    assert bench.warehouse.live_columns(PREDICTIONS.name) == before


def test_incident_04_without_the_lease_store_nothing_is_written(bench: Workbench) -> None:
    table = bench.stage(prediction())
    broken = bench.folder / "leases.sqlite"
    broken.write_text("this is no database" * 100)
    with pytest.raises(LeaseUnavailable):
        bench.consolidate(leases=SqliteLeaseStore(broken))
    assert bench.written_rows() == 0
    assert bench.warehouse.transactions == 0
    assert bench.staging_tables() == {table}


def test_a_held_lease_is_waited_for_no_longer_than_the_limit_and_its_holder_is_named(bench: Workbench) -> None:
    stage_each(bench, DATE)
    with hold(bench.leases, [LEASE], Holder.here("run-of-anna")), pytest.raises(LeaseHeld, match="run-of-anna"):
        bench.consolidate(wait=NO_WAIT)
    assert bench.written_rows() == 0


def test_incident_05_the_lease_is_really_held_at_every_statement(bench: Workbench) -> None:
    stage_each(bench, DATE)
    held: dict[str, bool] = {}

    def look(step: str) -> None:
        held[step] = [record.holder.run_id for record in bench.leases.inspect([LEASE])] == ["run-5"]

    bench.consolidate(run_id="run-5", on_step=look)
    outside = {"list", "lease", "clean up"}
    assert {"fence", "insert", "activate", "ledger"} <= held.keys()
    assert {step for step, is_held in held.items() if not is_held} == outside
    assert bench.leases.list() == ()


def test_incident_06_no_flag_switches_the_guard_off() -> None:
    fields = {field.name: field for field in (*dataclasses.fields(Consolidator), *dataclasses.fields(FencedWriter))}
    assert fields["writer"].default is dataclasses.MISSING
    assert fields["leases"].default is dataclasses.MISSING
    assert fields["leases"].default_factory is dataclasses.MISSING
    assert [name for name, field in fields.items() if field.type == "bool"] == ["evolve"]


def test_incident_07_an_old_revision_with_a_stale_token_is_refused(bench: Workbench) -> None:
    stage_each(bench, DATE)
    bench.consolidate()
    table = bench.stage(prediction("24.0", 5))
    before = bench.written_rows()
    report = bench.consolidate(leases=store_of_the_past())
    assert isinstance(report.poisoned[DATE], FencedOut)
    assert bench.written_rows() == before
    assert bench.staging_tables() == {table}
    bench.consolidate()
    assert len(bench.published()) == 2


def test_incident_08_a_writer_that_changed_part_of_a_key_without_the_lease_fails_the_audit(bench: Workbench) -> None:
    bench.stage(prediction("20.5"), prediction("21.0"))
    bench.consolidate()
    bench.execute("UPDATE player_prop_predictions SET current_points_line = 20.5")
    bench.stage(prediction("24.0"))
    error = bench.consolidate().poisoned[DATE]
    assert isinstance(error, AuditFailed)
    assert error.audit == "duplicate_business_keys"
    assert "Run: nba-consolidation repair predictions --date 2026-01-15" in str(error)
    assert "20.5" in str(error)
    assert len(DUPLICATE_BUSINESS_KEYS.findings(bench.warehouse, [DATE])) == 1


@pytest.mark.parametrize(
    "audit", [DUPLICATE_BUSINESS_KEYS, ACTIVE_TWINS, DUPLICATE_VALIDATED], ids=lambda one: one.name
)
def test_an_audit_of_several_dates_finds_a_duplicate_of_the_last_one(bench: Workbench, audit: Audit) -> None:
    stage_each(bench, DATE, NEXT_DATE)
    bench.consolidate(DATE, NEXT_DATE)
    bench.validate(DATE, NEXT_DATE)
    bench.execute(f"INSERT INTO {audit.table} SELECT * FROM {audit.table} WHERE game_date = ?", NEXT_DATE)
    assert [row["game_date"] for row in audit.findings(bench.warehouse, [DATE, NEXT_DATE])] == [NEXT_DATE]


def test_an_activation_that_leaves_two_rows_active_rolls_everything_back(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.stage(prediction("20.5"))
    bench.consolidate()
    table = bench.stage(prediction("24.0", 5))
    before = (bench.published(), bench.written_rows())
    statement_factory(monkeypatch)("activate", "SELECT 1 AS activates_nothing")
    error = bench.consolidate().poisoned[DATE]
    assert isinstance(error, AuditFailed)
    assert error.audit == "active_twins"
    assert (bench.published(), bench.written_rows()) == before
    assert bench.staging_tables() == {table}


def test_incident_42_a_missing_fence_fails_closed(bench: Workbench) -> None:
    table = bench.stage(prediction())
    bench.warehouse.before_merge = lambda: bench.execute("DELETE FROM consolidation_fences")
    report = bench.consolidate()
    assert isinstance(report.poisoned[DATE], FencedOut)
    assert [event.other.holder_id for event in bench.leases.events()] == ["unknown"]
    assert bench.written_rows() == 0
    assert bench.staging_tables() == {table}


def test_incident_42_a_date_has_one_fence_row_after_several_writes(bench: Workbench) -> None:
    for minute in (0, 5):
        stage_each(bench, DATE, minute=minute)
        bench.consolidate()
        bench.validate()
    assert bench.execute("SELECT lease_key FROM consolidation_fences") == [{"lease_key": LEASE}]


def test_incident_44_a_lease_lost_after_the_commit_does_not_mark_the_run_failed(bench: Workbench) -> None:
    table = bench.stage(prediction())
    holder = Holder("anna", "run", "host", 1)

    def lose() -> None:
        bench.leases.force_release(LEASE, "anna", by="an operator", reason="the test wants it")

    bench.warehouse.after_merge = lose
    report = bench.consolidator().consolidate([DATE], holder)
    assert outcome(report.dates[0]) == (1, 1, 0, 0, 0, 0)
    assert report.dropped == (table,)


# Transactions


def test_a_failure_at_any_statement_leaves_nothing_behind(bench: Workbench) -> None:
    steps: list[str] = []
    with bench.kept_open():
        stage_each(bench, DATE)
        bench.consolidate(on_step=steps.append)
        bench.stage(prediction("20.5", 5), prediction("24.0"), prediction(recommendation="MAYBE"))
        tables, before = bench.staging_tables(), (bench.published(), bench.written_rows())
        for step in sorted(set(steps) - {"list", "lease", "clean up"}):
            assert list(bench.consolidate(on_step=failing_at(step)).poisoned) == [DATE], step
            assert (bench.published(), bench.written_rows()) == before, step
            assert bench.staging_tables() == tables, step
        assert outcome(bench.consolidate().dates[0]) == (3, 1, 1, 0, 0, 1)


def test_incident_40_a_validation_that_fails_halfway_keeps_the_validated_rows(bench: Workbench) -> None:
    stage_each(bench, DATE)
    bench.consolidate()
    bench.validate()
    before = bench.execute("SELECT * FROM validated_predictions")
    bench.execute("INSERT INTO player_prop_predictions SELECT * FROM player_prop_predictions WHERE is_active")
    with pytest.raises(AuditFailed, match="duplicate_validated_predictions"):
        bench.validate()
    assert bench.execute("SELECT * FROM validated_predictions") == before


def test_incident_46_a_commit_whose_reply_is_lost_and_that_is_repeated_doubles_nothing(bench: Workbench) -> None:
    stage_each(bench, *DATES)

    def lose_one_reply() -> None:
        bench.warehouse.after_merge = lambda: None
        raise StatementFailed("commit", "connection reset")

    bench.warehouse.after_merge = lose_one_reply
    report = bench.consolidate(*DATES)
    assert not report.poisoned
    assert [outcome(counts) for counts in report.dates] == [(1, 0, 0, 1, 0, 0)] * 3
    assert [row["prediction_version"] for row in bench.published()] == [1, 1, 1]
    assert bench.staging_tables() == set()


def test_incident_47_a_run_that_failed_does_not_report_success(bench: Workbench) -> None:
    stage_each(bench, DATE)
    report = bench.consolidate(on_step=failing_at("insert"))
    assert report.dates == ()
    assert report.dropped == ()
    with pytest.raises(DatesPoisoned, match=str(DATE)):
        report.raise_if_poisoned()
    assert bench.execute("SELECT * FROM consolidation_ledger") == []


def failing_at(statement: str) -> Any:
    def fail(step: str) -> None:
        if step == statement:
            raise StatementFailed(step, "made to fail")

    return fail


@pytest.mark.parametrize("reported", [1, 6])
def test_incident_23_fewer_or_more_rows_than_were_reported_roll_everything_back(
    bench: Workbench, reported: int
) -> None:
    class Miscounting(WatchedStaging):
        def list_tables(self, known: KnownDates) -> list[StagingTable]:
            return [dataclasses.replace(table, dates={DATE: reported}) for table in super().list_tables(known)]

    table = bench.stage(prediction(), prediction(None))
    bench.staging = Miscounting(bench.staging.folder)
    error = bench.consolidate().poisoned[DATE]
    assert isinstance(error, AuditFailed)
    assert error.audit == "unconserved_dates"
    assert bench.written_rows() == 0
    assert bench.staging_tables() == {table}


@pytest.mark.parametrize("audit", AUDITS, ids=lambda audit: audit.name)
def test_incident_48_an_audit_whose_query_fails_has_not_passed(bench: Workbench, audit: Any) -> None:
    bench.execute(f"DROP TABLE {audit.table}")
    with pytest.raises(WarehouseError):
        audit.findings(bench.warehouse, [DATE])


def test_incident_48_a_merge_is_limited_to_the_dates_of_its_leases(bench: Workbench) -> None:
    table = bench.stage(prediction(), prediction(game_date=NEXT_DATE))
    poison(bench, NEXT_DATE)
    report = bench.consolidate(DATE)
    assert [row["game_date"] for row in bench.published()] == [DATE]
    assert report.dropped == ()
    assert bench.staging_tables() == {table}


def test_incident_43_every_statement_names_the_dates_of_a_partitioned_table(bench: Workbench) -> None:
    holder = Holder.here("run")
    keys = [LEASE, lease_key(LOCK_TYPE, NEXT_DATE)]
    leases = [LeaseRecord.granted(key, holder, 60, "nonce", version=1, now=NOW) for key in keys]
    parameters = fence_parameters(leases, holder, NOW)
    partitioned = {table.name for table in ALL_TABLES if table.partition_by}
    statements = transaction.consolidation(parameters, "id", KNOWN, PREDICTIONS.columns)
    for statement in [*statements, *Validator(bench.writer()).statements(parameters)]:
        tree = sqlglot.parse_one(statement.render("bigquery"), read="bigquery")
        target = tree.find(exp.Table) if isinstance(tree, exp.Insert) else None
        read = {table.name for table in tree.find_all(exp.Table) if table is not target}
        bounds = [
            bound
            for bound in tree.find_all(exp.Between, exp.In)
            if bound.this.name == "game_date" and bound.find(exp.Literal)
        ]
        assert bounds or not read & partitioned, statement.name


@pytest.mark.parametrize("error", [WarehouseBusy("held by another process"), WarehouseUnavailable("no such disk")])
def test_a_warehouse_that_cannot_be_used_is_no_dates_fault_and_is_not_tried_date_by_date(
    bench: Workbench, error: WarehouseError
) -> None:
    tables = stage_each(bench, *DATES)
    attempts: list[str] = []

    def fail() -> None:
        attempts.append("merge")
        raise error

    bench.warehouse.before_merge = fail
    with pytest.raises(type(error)):
        bench.consolidate(*DATES)
    assert attempts == ["merge"]
    assert bench.staging_tables() == set(tables.values())


# Poisoned dates


def test_a_poisoned_date_does_not_block_the_others_and_is_named(bench: Workbench) -> None:
    stage_each(bench, *DATES)
    bench.consolidate(*DATES)
    poison(bench, NEXT_DATE)
    before = bench.execute("SELECT * FROM player_prop_predictions WHERE game_date = ?", NEXT_DATE)
    tables = stage_each(bench, *DATES, minute=5)
    report = bench.consolidate(*DATES)
    assert list(report.poisoned) == [NEXT_DATE]
    assert report.untouched == ()
    assert isinstance(report.poisoned[NEXT_DATE], AuditFailed)
    assert [counts.game_date for counts in report.dates] == [DATE, THIRD_DATE]
    assert bench.execute("SELECT * FROM player_prop_predictions WHERE game_date = ?", NEXT_DATE) == before
    assert bench.staging_tables() == {tables[NEXT_DATE]}
    with pytest.raises(DatesPoisoned, match=str(NEXT_DATE)):
        report.raise_if_poisoned()


def test_a_table_of_several_dates_goes_when_all_of_them_are_in_the_ledger(bench: Workbench) -> None:
    stage_each(bench, NEXT_DATE)
    bench.consolidate(NEXT_DATE)
    poison(bench, NEXT_DATE)
    table = bench.stage(*(prediction("24.0", game_date=date) for date in DATES))
    assert bench.consolidate(DATE).dropped == ()
    assert list(bench.consolidate(*DATES).poisoned) == [NEXT_DATE]
    assert bench.staging_tables() == {table}
    bench.execute("DELETE FROM player_prop_predictions WHERE game_date = ?", NEXT_DATE)
    report = bench.consolidate(*DATES)
    assert [counts.game_date for counts in report.dates] == [NEXT_DATE]
    assert report.dropped == (table,)


@pytest.mark.parametrize("order", [(DATE, NEXT_DATE), (NEXT_DATE, DATE)], ids=["earlier first", "later first"])
def test_a_table_of_two_dates_that_are_consolidated_one_by_one_goes_with_the_second(
    bench: Workbench, order: tuple[dt.date, dt.date]
) -> None:
    table = bench.stage(*(prediction(game_date=date) for date in order))
    assert [bench.consolidate(date).dropped for date in order] == [(), (table,)]


def test_incident_47_dates_that_a_lost_lease_left_undone_do_not_pass_for_done(bench: Workbench) -> None:
    stage_each(bench, *DATES)
    transactions = 0

    def lose_the_lease_after_the_first_date(step: str) -> None:
        nonlocal transactions
        transactions += step == "fence"
        if step == "insert" and transactions == 1:
            raise StatementFailed(step, "made to fail, so that each date is tried alone")
        if step == "insert" and transactions > 2:
            raise LeaseLost([LEASE], "expired")

    report = bench.consolidate(*DATES, on_step=lose_the_lease_after_the_first_date)
    assert [counts.game_date for counts in report.dates] == [DATE]
    assert list(report.poisoned) == [NEXT_DATE, THIRD_DATE]


# Staging and clean-up


def test_incident_44_a_clean_up_that_fails_does_not_mark_the_run_failed(bench: Workbench) -> None:
    table = bench.stage(prediction())

    def fail() -> None:
        raise WarehouseUnavailable("the folder cannot be written")

    bench.staging.before_drop = fail
    report = bench.consolidate()
    assert report.total("inserted") == 1
    assert report.dropped == ()
    bench.staging.before_drop = lambda: None
    assert bench.consolidate().dropped == (table,)


def test_incident_17_three_of_four_workers_are_consolidated_without_waiting_for_the_fourth(bench: Workbench) -> None:
    for worker in range(3):
        bench.stage(prediction(player_lookup=f"player{worker}"), worker=f"w{worker}")
    assert bench.consolidate().total("inserted") == 3
    assert bench.staging_tables() == set()


def test_incident_18_no_event_is_needed_and_a_hyphen_in_a_name_is_a_letter(bench: Workbench) -> None:
    """What is staged is found by listing; nobody has to announce that it is complete, and no name becomes a path."""
    names = ("karl-anthonytowns", "shai.gilgeous-alexander", "o'neale`s")
    for number, name in enumerate(names):
        bench.stage_as(staging_table_name("regen-20260115_120000", f"w-{number}"), staged([prediction(system_id=name)]))
    assert bench.consolidate().total("inserted") == 3
    assert {row["system_id"] for row in bench.published()} == set(names)
    assert bench.staging_tables() == set()


def test_incident_27_late_table_is_not_dropped(bench: Workbench) -> None:
    bench.stage(prediction())
    late: list[str] = []
    bench.staging.before_drop = lambda: late.append(bench.stage(prediction("24.0"), worker="late"))
    report = bench.consolidate()
    assert late[0] not in report.dropped
    assert bench.staging_tables() == {late[0]}
    bench.staging.before_drop = lambda: None
    bench.consolidate()
    assert len(bench.published()) == 2


def test_incident_27_a_table_that_arrives_during_the_merge_is_neither_read_nor_dropped(bench: Workbench) -> None:
    bench.stage(prediction())
    bench.warehouse.before_merge = lambda: bench.stage(prediction("24.0"), worker="late")
    assert bench.consolidate().total("staged") == 1
    assert len(bench.staging_tables()) == 1


def test_incident_27_a_table_that_is_redelivered_under_its_name_stays_and_is_merged_next(bench: Workbench) -> None:
    table = bench.stage(prediction())
    bench.staging.before_drop = lambda: bench.stage(prediction(minute=5))
    assert bench.consolidate().dropped == ()
    assert bench.staging_tables() == {table}
    bench.staging.before_drop = lambda: None
    assert outcome(bench.consolidate().dates[0]) == (1, 0, 1, 0, 0, 0)
    assert bench.staging_tables() == set()


def test_a_table_that_changes_between_manifest_and_merge_is_left_for_next_time(bench: Workbench) -> None:
    table = bench.stage(prediction())
    bench.stage(prediction("24.0"), worker="w1")

    def redeliver_once() -> None:
        bench.warehouse.before_merge = lambda: None
        bench.stage(prediction(minute=5))

    bench.warehouse.before_merge = redeliver_once
    report = bench.consolidate()
    assert [refused.name for refused in report.refused] == [table]
    assert report.total("inserted") == 1
    assert bench.staging_tables() == {table}


def test_where_dropping_failed_the_ledger_alone_keeps_the_tables_out(bench: Workbench) -> None:
    bench.staging.drops = False
    table = bench.stage(prediction(), prediction(game_date=NEXT_DATE))
    bench.consolidate(DATE, NEXT_DATE)
    transactions, pinned = bench.warehouse.transactions, bench.staging.pinned_tables
    report = bench.consolidate(DATE, NEXT_DATE)
    assert report.dates == ()
    assert report.untouched == (DATE, NEXT_DATE)
    assert (bench.warehouse.transactions, bench.staging.pinned_tables) == (transactions, pinned)
    assert bench.staging_tables() == {table}
    bench.staging.drops = True
    assert bench.consolidate().dropped == (table,)


def test_with_nothing_new_no_lease_is_taken(bench: Workbench) -> None:
    steps: list[str] = []
    report = bench.consolidate(leases=BrokenStore(), on_step=steps.append)
    assert report.untouched == (DATE,)
    assert steps == ["list"]


class BrokenStore(MemoryLeaseStore):
    """A store that nobody may ask."""

    def try_acquire(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("a lease was asked for")


def test_validation_again_gives_the_same_rows(bench: Workbench) -> None:
    stage_each(bench, *DATES)
    bench.consolidate(*DATES)
    first, second = bench.validate(*DATES), bench.validate(*DATES)
    assert first == second
    assert DUPLICATE_VALIDATED.findings(bench.warehouse, DATES) == []
