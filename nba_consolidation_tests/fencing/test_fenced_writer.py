"""How every table is written: leases, fence, audits, errors and the log of the outcome."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from nba_consolidation.fencing.audits import DUPLICATE_BUSINESS_KEYS
from nba_consolidation.fencing.errors import AuditFailed, FencedOut, NewerWrite
from nba_consolidation.leases import FENCED_OUT, Holder, LeaseHeld, LeaseLost, LeaseUnavailable, lease_key
from nba_consolidation.observability import ROOT
from nba_consolidation.operations.lost_lease_store import ReseedRefused, fence_ahead, reseed
from nba_consolidation.operations.staging_cleanup import CleanUp
from nba_consolidation.pipeline.consolidation.consolidate import LOCK_TYPE
from nba_consolidation.schema import ALL_TABLES, CLEANUPS, PREDICTIONS, Column
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.errors import StatementFailed, WarehouseUnavailable
from nba_consolidation_tests.leases.memory_store import MemoryLeaseStore
from nba_consolidation_tests.pipeline.consolidation.workbench import (
    DATE,
    KNOWN,
    NEXT_DATE,
    NO_WAIT,
    Workbench,
    prediction,
)

LEASE = lease_key(LOCK_TYPE, DATE)
FAR_TOKEN = 2**60
LATER = dt.datetime(2999, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    bench = Workbench(tmp_path)
    bench.warehouse.create_tables(ALL_TABLES)
    return bench


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger=ROOT)
    return caplog


def events(log: pytest.LogCaptureFixture, name: str) -> list[dict[str, Any]]:
    """The fields of the log events of that name."""
    return [getattr(record, "fields", {}) for record in log.records if getattr(record, "event", "") == name]


def write(bench: Workbench, *dates: dt.date, statements: Any = lambda _: (), **options: Any) -> None:
    """One transaction over the dates, under their leases."""
    with bench.writer().holding(LOCK_TYPE, dates, Holder.here("run")) as leased:
        leased.write(dates, statements, **options)


def fence_another(bench: Workbench, date: dt.date, token: int = FAR_TOKEN, holder_id: str = "anna") -> None:
    """Sets the fence of the date as another writer with that token would."""
    bench.execute("DELETE FROM consolidation_fences WHERE game_date = ?", date)
    bench.execute(
        "INSERT INTO consolidation_fences (lease_key, game_date, token, holder_id, run_id) VALUES (?, ?, ?, ?, ?)",
        lease_key(LOCK_TYPE, date), date, token, holder_id, f"run of {holder_id}",
    )  # fmt: skip


def take_over(bench: Workbench, date: dt.date = DATE) -> None:
    """Releases the lease of the date by force, and lets another run write the date under a newer one."""
    (record,) = bench.leases.inspect([lease_key(LOCK_TYPE, date)])
    bench.leases.force_release(record.key, record.holder.holder_id, by="an operator", reason="it seemed dead")
    with bench.writer().holding(LOCK_TYPE, [date], Holder("anna", "run of anna", "host", 1)) as leased:
        leased.write([date])


def duplicates(bench: Workbench) -> Callable[[Any], Sequence[Statement]]:
    """A transaction that only audits, and an earlier writer without a lease that left a duplicate."""
    bench.stage(prediction())
    bench.consolidate()
    bench.execute(f"INSERT INTO {PREDICTIONS.name} SELECT * FROM {PREDICTIONS.name}")
    return lambda parameters: [DUPLICATE_BUSINESS_KEYS.statement(parameters)]


def fenced(bench: Workbench) -> Callable[[Any], Sequence[Statement]]:
    """A transaction that does nothing, of a date that another has written."""
    fence_another(bench, DATE)
    return lambda _: ()


# Fenced out


def test_a_write_that_is_fenced_out_carries_the_newer_writer_of_each_date_as_data(bench: Workbench) -> None:
    fence_another(bench, DATE, FAR_TOKEN, 'anna\'s "machine", newer_holder: bert')
    fence_another(bench, NEXT_DATE, FAR_TOKEN + 1, "carl")
    with pytest.raises(FencedOut) as caught:
        write(bench, NEXT_DATE, DATE)
    first, second = caught.value.newer
    assert first.holder_id == caught.value.holder_id == 'anna\'s "machine", newer_holder: bert'
    assert second == NewerWrite(NEXT_DATE, FAR_TOKEN + 1, "carl", "run of carl")
    kept = {event.key: event.other.holder_id for event in bench.leases.events() if event.kind == FENCED_OUT}
    assert kept == {lease_key(LOCK_TYPE, write.game_date): write.holder_id for write in caught.value.newer}


def test_only_the_dates_that_another_has_written_count_as_fenced_out(bench: Workbench) -> None:
    fence_another(bench, NEXT_DATE)
    with pytest.raises(FencedOut) as caught:
        write(bench, DATE, NEXT_DATE)
    assert [write.game_date for write in caught.value.newer] == [NEXT_DATE]
    assert [event.key for event in bench.leases.events()] == [lease_key(LOCK_TYPE, NEXT_DATE)]


def test_a_lease_that_was_taken_over_is_no_reason_to_suspect_the_lease_store(bench: Workbench) -> None:
    with pytest.raises(FencedOut, match=r"newer lease.*anna.*run it again") as caught:
        write(bench, DATE, statements=slept_through(bench))
    assert (caught.value.holder_id, caught.value.store_is_behind) == ("anna", False)


def test_a_missing_fence_row_is_no_reason_to_suspect_the_lease_store(bench: Workbench) -> None:
    def statements(_: Any) -> Sequence[Statement]:
        bench.execute("DELETE FROM consolidation_fences")
        return ()

    with pytest.raises(FencedOut, match=r"no row of 2026-01-15.*run it again, which creates the row") as caught:
        write(bench, DATE, statements=statements)
    assert (caught.value.newer, caught.value.store_is_behind) == ((NewerWrite(DATE),), False)


def test_two_transactions_at_once_under_one_lease_conflict_on_the_fence(bench: Workbench) -> None:
    with bench.writer().holding(LOCK_TYPE, [DATE], Holder.here("run")) as leased:
        leased.write([DATE])

        def write_meanwhile(step: str) -> None:
            if step == "newest_fence":
                with pytest.raises(StatementFailed, match="Conflict"):
                    leased.write([DATE])

        leased.write([DATE], lambda parameters: [Statement("newest_fence", parameters)], on_statement=write_meanwhile)


def slept_through(bench: Workbench) -> Callable[[Any], Sequence[Statement]]:
    """Statements of a process that is asleep, right before its transaction, while another takes its lease over."""

    def statements(_: Any) -> Sequence[Statement]:
        take_over(bench)
        return ()

    return statements


def test_a_lease_store_that_has_forgotten_its_tokens_is_named_with_the_way_out(bench: Workbench) -> None:
    fence_another(bench, DATE)
    bench.stage(prediction())
    error = bench.consolidate().poisoned[DATE]
    assert isinstance(error, FencedOut)
    assert error.store_is_behind
    assert "lease store was replaced or restored" in str(error)
    assert "nba-consolidation locks reseed" in str(error)
    fence = fence_ahead(bench.warehouse, bench.leases)
    assert fence is not None
    with pytest.raises(ReseedRefused, match=f"not {fence.token - 1} but token {fence.token}"):
        reseed(bench.warehouse, bench.leases, fence.token - 1, by="anna", reason="disk lost")
    reseed(bench.warehouse, bench.leases, fence.token, by="anna", reason="disk lost")
    assert [(done.token, done.by, done.reason) for done in bench.leases.reseeds()] == [
        (fence.token, "anna", "disk lost")
    ]
    assert bench.consolidate().total("inserted") == 1
    with pytest.raises(ReseedRefused, match="nothing to reseed"):
        reseed(bench.warehouse, bench.leases, fence.token, by="anna", reason="again")


def test_a_newer_holder_that_cannot_be_read_is_unknown_and_the_write_is_fenced_out_all_the_same(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    fence_another(bench, DATE)
    run = bench.warehouse.run

    def cannot_read(statements: Sequence[Statement], *arguments: Any, **options: Any) -> Any:
        if [statement.name for statement in statements] == ["leases", "fenced_out"]:
            raise WarehouseUnavailable("the file is gone")
        return run(statements, *arguments, **options)

    monkeypatch.setattr(bench.warehouse, "run", cannot_read)
    with pytest.raises(FencedOut) as caught:
        write(bench, DATE)
    assert (caught.value.newer, caught.value.holder_id) == ((), "unknown")


# Errors and the log


def test_a_failed_audit_is_one_error_for_every_writer(bench: Workbench) -> None:
    statements = duplicates(bench)
    with pytest.raises(AuditFailed, match="; repair it") as caught:
        write(bench, DATE, statements=statements, next_step="; repair it")
    assert caught.value.audit == "duplicate_business_keys"


@pytest.mark.parametrize(
    ("outcome", "prepare"),
    [
        ("committed", lambda _: lambda _: ()),
        ("failed", duplicates),
        ("fenced_out", fenced),
    ],
)
def test_every_transaction_logs_its_outcome_once(
    bench: Workbench, log: pytest.LogCaptureFixture, outcome: str, prepare: Callable[[Workbench], Any]
) -> None:
    statements = prepare(bench)
    log.clear()
    with contextlib.suppress(AuditFailed, FencedOut):
        write(bench, DATE, statements=statements)
    (event,) = events(log, "transaction")
    assert (event["outcome"], event["lock_type"], event["run_id"]) == (outcome, LOCK_TYPE, "run")
    assert event["dates"] == [str(DATE)]
    assert [fields["by_holder_id"] for fields in events(log, "fenced_out")] == ["anna"] * (outcome == "fenced_out")


def test_a_date_whose_lease_is_not_held_is_not_written(bench: Workbench) -> None:
    with (
        bench.writer().holding(LOCK_TYPE, [DATE], Holder.here("run")) as leased,
        pytest.raises(KeyError),
    ):
        leased.write([DATE, NEXT_DATE])
    assert bench.execute("SELECT * FROM consolidation_fences") == []


# Schema evolution


def evolving(bench: Workbench) -> str:
    return bench.stage(prediction(vegas_mood=0.5), types={"vegas_mood": pa.float64()})


def test_schema_evolution_that_is_fenced_out_is_logged_and_recorded_like_every_write(
    bench: Workbench, log: pytest.LogCaptureFixture
) -> None:
    fence_another(bench, DATE)
    evolving(bench)
    with pytest.raises(FencedOut):
        bench.consolidate(evolve=True)
    assert "vegas_mood" not in {column.name for column in bench.warehouse.live_columns(PREDICTIONS.name)}
    assert [event["outcome"] for event in events(log, "transaction")] == ["fenced_out"]
    assert [(event.kind, event.other.holder_id) for event in bench.leases.events()] == [(FENCED_OUT, "anna")]


def test_schema_evolution_asks_the_lease_store_once_more(bench: Workbench) -> None:
    """As when the predecessor's lock deletes the lease blindly: no fence would keep out what it writes then."""
    with bench.writer().holding(LOCK_TYPE, [DATE], holder := Holder.here("run")) as leased:
        bench.leases.force_release(LEASE, holder.holder_id, by="the predecessor", reason="it deletes blindly")
        with pytest.raises(LeaseLost):
            leased.add_columns([DATE], PREDICTIONS.name, [Column("vegas_mood", "FLOAT64", "")])
    assert "vegas_mood" not in {column.name for column in bench.warehouse.live_columns(PREDICTIONS.name)}


# A lease that is lost after the commit


class LosesAtRelease(MemoryLeaseStore):
    """A store in which every lease was taken over before its release."""

    def release(self, records: Sequence[Any]) -> tuple[str, ...]:
        super().release(records)
        return ()


def test_a_lease_lost_at_release_keeps_the_report_of_a_run_whose_dates_were_all_poisoned(
    bench: Workbench, log: pytest.LogCaptureFixture
) -> None:
    fence_another(bench, DATE)
    bench.stage(prediction())
    report = bench.consolidate(leases=LosesAtRelease())
    assert isinstance(report.poisoned[DATE], FencedOut)
    assert "the lease was lost after the last commit" in log.text


def test_a_lease_lost_at_release_keeps_the_report_of_a_run_with_nothing_new(bench: Workbench) -> None:
    bench.stage(prediction())
    bench.staging.drops = False
    bench.consolidate()
    assert bench.consolidate(leases=LosesAtRelease()).untouched == (DATE,)


def test_a_lease_lost_after_the_commit_is_a_warning_for_every_writer(
    bench: Workbench, log: pytest.LogCaptureFixture
) -> None:
    bench.stage(prediction())
    bench.consolidate()
    assert bench.validate(leases=LosesAtRelease())[0].validated_rows == 1
    assert "the lease was lost after the last commit" in log.text


def test_a_lease_lost_inside_the_block_is_an_error(bench: Workbench) -> None:
    with pytest.raises(LeaseLost), bench.writer().holding(LOCK_TYPE, [DATE], Holder.here("run")):
        raise LeaseLost([LEASE], "it ran out")


# A release that fails


class FailsToRelease(MemoryLeaseStore):
    """A store whose disk is full whenever a lease is to be released, until there is room again."""

    full = True

    def release(self, records: Sequence[Any]) -> tuple[str, ...]:
        if self.full:
            raise LeaseUnavailable("the disk is full")
        return super().release(records)


def test_a_process_does_not_wait_for_a_lease_that_it_could_not_release(bench: Workbench) -> None:
    store = FailsToRelease()
    bench.stage(prediction())
    assert bench.consolidate(leases=store).total("inserted") == 1
    store.full = False
    assert bench.validate(leases=store, wait=NO_WAIT)[0].validated_rows == 1


def test_a_lease_of_another_holder_is_not_released_in_its_place(bench: Workbench) -> None:
    store = FailsToRelease()
    store.full = False
    with (
        bench.writer(leases=store).holding(LOCK_TYPE, [DATE], Holder.here("anna")),
        pytest.raises(LeaseHeld),
        bench.writer(leases=store, wait=NO_WAIT).holding(LOCK_TYPE, [DATE], Holder.here("run")),
    ):
        pass


# Many dates


def test_dates_are_written_together_or_each_alone(bench: Workbench) -> None:
    attempts: list[list[dt.date]] = []

    def write(dates: Sequence[dt.date]) -> int:
        attempts.append(list(dates))
        if DATE in dates:
            raise StatementFailed("merge", f"{DATE} cannot be written")
        return len(dates)

    with bench.writer().holding(LOCK_TYPE, [DATE, NEXT_DATE], Holder.here("run")) as leased:
        results, poisoned = leased.write_each([DATE, NEXT_DATE], write)
    assert attempts == [[DATE, NEXT_DATE], [DATE], [NEXT_DATE]]
    assert (results, list(poisoned)) == ([1], [DATE])


# Clean-up records


def test_a_clean_up_is_recorded_behind_the_fence_of_its_day(bench: Workbench, log: pytest.LogCaptureFixture) -> None:
    bench.staging.drops = False
    bench.stage(prediction())
    bench.consolidate()
    bench.staging.drops = True
    log.clear()
    writer = bench.writer(clock=lambda: LATER)
    CleanUp(writer, bench.staging, lambda: KNOWN, dt.timedelta(0)).clean_up(Holder.here("c"), dry_run=False)
    (event,) = events(log, "transaction")
    assert (event["lock_type"], event["dates"], event["outcome"]) == ("cleanup", [str(LATER.date())], "committed")
    assert len(bench.execute(f"SELECT * FROM {CLEANUPS.name}")) == 1
