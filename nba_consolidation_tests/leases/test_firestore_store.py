"""Tests of the Firestore store alone: number of calls, lost replies, clocks, documents, errors, the listener."""

import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from threading import Event, Thread
from time import monotonic, sleep

import pytest
from google.auth.exceptions import DefaultCredentialsError

from nba_consolidation.leases import (
    AmbiguousReply,
    Holder,
    LeaseDenied,
    LeaseError,
    LeaseHeld,
    LeaseLost,
    LeaseRecord,
    LeaseTiming,
    LeaseUnavailable,
    WaitPolicy,
    hold,
    lease_key,
)
from nba_consolidation.leases.firestore.rpc import connect
from nba_consolidation.leases.firestore.store import FirestoreLeaseStore
from nba_consolidation_tests.firestore_double import Database, Fault, MachineClock
from nba_consolidation_tests.leases.conftest import Firestore, shared_firestore
from nba_consolidation_tests.leases.fakes import ANNA, BERT, KEY, NEXT_KEY, FakeClock

TTL = 30.0
PATIENCE = 5.0
"""The store's timeout, by which a document's `expires_at` can be later than the end of the lease."""
NO_WAIT = WaitPolicy(limit=0)
SEASON = [lease_key("consolidation", date(2025, 10, 21) + timedelta(days=day)) for day in range(600)]


@dataclass(frozen=True)
class Bench:
    """A store, its database on the double, and the clock of both."""

    firestore: Firestore
    name: str
    database: Database
    clock: FakeClock
    store: FirestoreLeaseStore

    def calls_of(self, work: Callable[[], object]) -> dict[str, int]:
        self.database.calls.clear()
        work()
        return dict(self.database.calls)

    def impatient(self) -> FirestoreLeaseStore:
        """A store that waits only one second for a reply."""
        address = self.firestore.double.address
        return FirestoreLeaseStore("test", self.name, timeout=1.0, client=lambda: connect(address))

    def document(self, collection: str = "consolidation_locks", key: str = KEY) -> dict[str, object]:
        """The document's fields as another program reads them."""
        name = f"projects/test/databases/{self.name}/documents/{collection}/{key}"
        documents, _ = self.database.read([name])
        fields = {} if documents[name] is None else documents[name].fields
        return {field: _plain(value) for field, value in fields.items()}


def _plain(value: object) -> object:
    kind = value.WhichOneof("value_type")  # type: ignore[attr-defined]
    plain = getattr(value, kind)
    return plain.ToDatetime(tzinfo=UTC) if kind == "timestamp_value" else plain


@pytest.fixture
def bench(clock: FakeClock) -> Bench:
    firestore = shared_firestore()
    name, database = firestore.add(clock)
    store = firestore.store(name, clock)
    store.check()  # as at start-up; it also reads the server's time
    database.calls.clear()
    return Bench(firestore, name, database, clock, store)


def take(store: FirestoreLeaseStore, *keys: str, holder: Holder = ANNA, nonce: str = "nonce") -> Sequence[LeaseRecord]:
    return store.try_acquire(keys or (KEY,), holder, TTL, operation_id=nonce)


def until(happened: Callable[[], object]) -> None:
    """Wait until another thread has done something."""
    give_up = monotonic() + 60
    while not happened():
        assert monotonic() < give_up
        sleep(0.001)


# Number of calls


def test_acquiring_renewing_and_releasing_take_one_call_each(bench: Bench) -> None:
    taken: list[Sequence[LeaseRecord]] = []
    assert bench.calls_of(lambda: taken.append(take(bench.store))) == {"Commit": 1}
    assert bench.calls_of(lambda: taken.append(bench.store.renew(taken[-1], TTL))) == {"Commit": 1}
    assert bench.calls_of(lambda: bench.store.release(taken[-1])) == {"Commit": 1}
    assert bench.store.list() == ()


def test_a_store_without_a_check_reads_the_server_time_once(bench: Bench) -> None:
    fresh = bench.firestore.store(bench.name, bench.clock)
    assert bench.calls_of(lambda: take(fresh)) == {"BatchGetDocuments": 1, "Commit": 1}
    assert bench.calls_of(lambda: take(fresh, NEXT_KEY)) == {"Commit": 1}


def test_a_whole_season_is_acquired_renewed_read_and_released_in_one_call_each(bench: Bench) -> None:
    def season() -> None:
        records = bench.store.renew(take(bench.store, *SEASON[:170]), TTL)
        assert bench.store.inspect(SEASON[:170]) == records
        assert len(bench.store.release(records)) == 170

    assert bench.calls_of(season) == {"Commit": 3, "BatchGetDocuments": 1}


def test_more_keys_than_fit_in_one_commit_are_acquired_in_several(bench: Bench) -> None:
    records = take(bench.store, *SEASON)
    assert bench.database.calls == {"Commit": 3}
    assert bench.store.release(bench.store.renew(records, TTL)) == tuple(SEASON)
    assert bench.database.calls == {"Commit": 9}


def test_none_of_very_many_keys_is_kept_if_one_of_the_last_is_held(bench: Bench) -> None:
    held = take(bench.store, SEASON[-1], holder=BERT, nonce="berts")
    with pytest.raises(LeaseHeld) as refused:
        take(bench.store, *SEASON)
    assert (refused.value.record,) == held
    assert bench.store.list() == held


def test_leases_of_earlier_commits_are_released_even_if_the_first_release_is_lost(bench: Bench) -> None:
    """The third commit finds a held lease, and the request that would release the first ones is lost."""
    held = take(bench.store, SEASON[-1], holder=BERT, nonce="berts")
    bench.database.faults.add(Fault("Commit", times=3))  # without effect
    bench.database.faults.add(Fault.lost_request("Commit"))
    with pytest.raises(LeaseHeld), hold(bench.store, SEASON, ANNA, wait=NO_WAIT, time=bench.clock.without_heartbeat()):
        pytest.fail("the block ran without the leases")
    assert bench.store.list() == held


def test_a_held_or_expired_lease_takes_one_more_read(bench: Bench) -> None:
    take(bench.store)
    with pytest.raises(LeaseHeld):
        take(bench.store, holder=BERT, nonce="berts")
    assert bench.database.calls == {"Commit": 2, "BatchGetDocuments": 1}
    bench.clock.advance(TTL)
    assert bench.calls_of(lambda: take(bench.store)) == {"Commit": 2, "BatchGetDocuments": 1}


# Lost replies


@pytest.mark.parametrize("fault", [Fault.lost_reply("Commit"), Fault.lost_request("Commit")], ids=["reply", "request"])
@pytest.mark.parametrize("lost", ["taking", "renewing", "releasing"])
def test_no_lost_message_loses_the_lease_or_makes_a_run_wait_for_itself(bench: Bench, fault: Fault, lost: str) -> None:
    def lose(when: str) -> None:
        if when == lost:
            bench.database.faults.add(fault)

    lose("taking")
    with hold(bench.store, [KEY, NEXT_KEY], ANNA, wait=NO_WAIT, time=bench.clock.without_heartbeat()) as lease:
        lose("renewing")
        lease.renew()
        lease.ensure_held(ask_store=True)
        assert lease.records == bench.store.list()
        lose("releasing")
    assert bench.store.list() == ()


def test_the_client_does_not_retry_by_itself(bench: Bench) -> None:
    bench.database.faults.add(Fault.lost_reply("Commit", times=-1))
    with pytest.raises(AmbiguousReply, match="No reply from Firestore database"):
        take(bench.store)
    assert bench.database.calls == {"Commit": 1}


def test_a_write_that_arrives_late_is_recognised(bench: Bench) -> None:
    bench.database.faults.add(Fault("Commit", delay=2.0))
    impatient = bench.impatient()
    impatient.list()
    with hold(impatient, [KEY], ANNA, wait=WaitPolicy(limit=300, poll=0.05)) as lease:
        lease.ensure_held(ask_store=True)
        assert [record.operation_id for record in bench.store.list()] == [lease.records[0].operation_id]
    impatient.wait_for_change(lease.records[0], 2.0)  # until the late write has arrived, if it came after the release
    assert all(record.holder == ANNA for record in bench.store.list())


def test_a_broken_connection_does_not_lose_the_lease(bench: Bench) -> None:
    bench.database.faults.add(Fault("Commit", applied=True, resets=True))
    with hold(bench.store, [KEY], ANNA, wait=NO_WAIT, time=bench.clock.without_heartbeat()) as lease:
        lease.ensure_held(ask_store=True)
    assert bench.store.list() == ()


def test_incident_16_a_forced_release_whose_reply_was_lost_is_both_done_and_audited_or_neither(bench: Bench) -> None:
    for fault, done in ((Fault.lost_request("Commit"), 0), (Fault.lost_reply("Commit"), 1)):
        records = bench.store.list() or take(bench.store)
        bench.database.faults.add(fault)
        with pytest.raises(AmbiguousReply):
            bench.store.force_release(KEY, ANNA.holder_id, by="operator", reason="a test")
        assert len(bench.store.forced_releases()) == done
        assert bench.store.list() == records[done:]


# Races


def test_exactly_one_of_many_acquires_an_expired_lease(bench: Bench) -> None:
    take(bench.store)
    bench.clock.advance(TTL)

    def attempt(number: int) -> int:
        try:
            return len(take(bench.store, holder=Holder(f"holder-{number}", "run", "host", 1), nonce=str(number)))
        except LeaseHeld:
            return 0

    with ThreadPoolExecutor(50) as threads:
        assert sum(threads.map(attempt, range(50))) == 1


def test_incident_01_many_threads_under_one_lease_lose_nothing(bench: Bench) -> None:
    numbers = [0]
    clock_of_its_own = bench.firestore.double.add(f"projects/test/databases/{bench.name}-real")
    store = FirestoreLeaseStore("test", f"{bench.name}-real", emulator=bench.firestore.double.address)

    def count(_number: int) -> None:
        with hold(store, [KEY], Holder.here("run"), wait=WaitPolicy(60, poll=1)):
            numbers.append(numbers[-1] + 1)

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(count, range(36)))
    assert numbers == list(range(37))
    assert clock_of_its_own.calls["Commit"] >= 72


def test_write_conflicts_are_retried_up_to_a_limit(bench: Bench) -> None:
    bench.database.faults.add(Fault("Commit", "ABORTED", "too much contention"))
    records = bench.store.renew(take(bench.store), TTL)
    bench.database.faults.add(Fault("Commit", "ABORTED", "too much contention", times=-1))
    for call in (
        lambda: take(bench.store, NEXT_KEY),
        lambda: bench.store.renew(records, TTL),
        lambda: bench.store.release(records),
        lambda: bench.store.force_release(KEY, ANNA.holder_id, by="operator", reason="a test"),
    ):
        with pytest.raises(LeaseUnavailable, match="12 times in a row"):
            call()
    assert bench.store.list() == records


# Clocks


@pytest.mark.parametrize("ahead", [-3600.0, 3600.0])
def test_leases_work_for_a_client_whose_clock_is_an_hour_off(ahead: float) -> None:
    firestore = shared_firestore()
    clock = MachineClock(ahead)
    name, database = firestore.add(clock)
    store = FirestoreLeaseStore("test", name, emulator=firestore.double.address)
    bench = Bench(firestore, name, database, FakeClock(), store)
    with hold(store, [KEY], ANNA, timing=LeaseTiming(TTL)) as lease:
        (record,) = lease.records
        assert abs(clock.now() - record.acquired_at) < timedelta(seconds=60)
        assert record.remaining == TTL
        with pytest.raises(LeaseHeld) as refused:
            take(store, holder=BERT)
        assert 0 < refused.value.record.remaining <= TTL
        for _ in range(2):
            (record,) = lease.records
            written = bench.document()["expires_at"]
            assert isinstance(written, datetime)
            assert record.expires_at <= written <= record.expires_at + timedelta(seconds=60)
            lease.renew()
    assert database.calls["BatchGetDocuments"] == 2  # one for the time, one for the refused request


def test_expires_at_is_never_before_the_real_end_and_follows_renewals(bench: Bench) -> None:
    late = timedelta(seconds=PATIENCE)
    for _ in range(3):
        (record,) = take(bench.store)
        assert timedelta(0) <= bench.document()["expires_at"] - record.expires_at <= late  # type: ignore[operator]
        bench.clock.advance(100)
        (record,) = bench.store.renew([record], TTL)
        assert timedelta(0) <= bench.document()["expires_at"] - record.expires_at <= late  # type: ignore[operator]
        bench.store.release([record])
        bench.clock.advance(10_000)


# Documents


def test_the_document_has_the_fields_of_the_predecessor_and_one_for_the_ttl_policy(bench: Bench) -> None:
    (record,) = take(bench.store)
    document = bench.document()
    written = document["expires_at"]
    assert isinstance(written, datetime)
    assert document == {
        "operation_id": "nonce",
        "holder_id": ANNA.holder_id,
        "lock_type": "consolidation",
        "lock_key": KEY,
        "acquired_at": record.acquired_at.replace(microsecond=0),
        "expires_at": written,
        "run_id": ANNA.run_id,
        "host": ANNA.host,
        "pid": ANNA.pid,
        "ttl_seconds": TTL,
        "ttl_at": written + timedelta(days=1),
    }


def test_a_renewal_stores_the_token_and_always_changes_the_document(bench: Bench) -> None:
    (record,) = take(bench.store)
    assert "token" not in bench.document()
    for _ in range(3):
        (renewed,) = bench.store.renew([record], TTL)
        assert renewed.version > record.version
        record = renewed
        bench.clock.steady -= 1e-6  # as if the local clock ran slow: then the next renewal has the same end
        assert bench.document()["token"] == record.token
    assert bench.store.list() == (record,)


def test_acquiring_an_expired_lease_replaces_the_whole_document(bench: Bench) -> None:
    (renewed,) = bench.store.renew(take(bench.store), TTL)
    bench.clock.advance(TTL)
    (taken,) = take(bench.store, holder=BERT, nonce="berts")
    assert "token" not in bench.document()
    assert taken.token == taken.version > renewed.version
    assert bench.store.list() == (taken,)


def test_each_kind_of_work_has_its_own_collection(bench: Bench) -> None:
    keys = ["consolidation_2026-01-15", "grading_2026-01-15", "schema_evolution_2026-01-15"]
    records = take(bench.store, *keys)
    assert bench.document("consolidation_locks", keys[0])
    assert bench.document("grading_locks", keys[1])
    assert bench.document("consolidation_locks", keys[2])
    assert bench.store.list() == records
    elsewhere = FirestoreLeaseStore(
        "test", bench.name, collection="a", collections={}, emulator=bench.firestore.double.address
    )
    assert len(take(elsewhere, *keys)) == 3
    assert bench.document("a", keys[1])


def test_an_unreadable_document_blocks_the_key_until_it_is_released_by_force(bench: Bench) -> None:
    bench.database.commit(_writes(bench.name, KEY))
    with pytest.raises(LeaseHeld, match="held by unknown") as refused:
        take(bench.store)
    assert bench.store.list() == (refused.value.record,)
    bench.store.force_release(KEY, "unknown", by="operator", reason="a test")
    assert take(bench.store)


def test_a_document_that_somebody_else_left_in_a_collection_hides_no_other(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    for collection, odd in (("consolidation_locks", "notes"), ("lease_audit", "x"), ("lease_events", "consolidation_")):
        bench.database.commit(_writes(bench.name, odd, collection))
    take(bench.store)
    released = bench.store.force_release(KEY, ANNA.holder_id, by="operator", reason="a test")
    take(bench.store)
    assert [lease.key for lease in bench.store.list()] == [KEY]
    assert bench.store.forced_releases() == (released,)
    assert bench.store.events() == ()
    for odd in ("notes", "x", "consolidation_"):
        assert f"document={odd} " in caplog.text


def _writes(database: str, key: str, collection: str = "consolidation_locks") -> list[object]:
    from google.cloud.firestore_v1 import types

    name = f"projects/test/databases/{database}/documents/{collection}/{key}"
    document = {"name": name, "fields": {"expires_at": {"string_value": "tomorrow"}}}
    return [types.Write.pb(types.Write(update=document))]


# Errors


@pytest.mark.parametrize(
    ("code", "error", "message"),
    [
        ("PERMISSION_DENIED", LeaseDenied, "No permission .* roles/datastore.user"),
        ("UNAUTHENTICATED", LeaseDenied, "No valid credentials .* gcloud auth application-default login"),
        ("RESOURCE_EXHAUSTED", LeaseUnavailable, "Quota exhausted"),
        ("UNAVAILABLE", LeaseUnavailable, "No reply from .* network"),
        ("INTERNAL", LeaseUnavailable, "No reply from"),
        ("INVALID_ARGUMENT", LeaseUnavailable, "cannot keep leases .* native mode"),
    ],
)
def test_incident_10_each_kind_of_failure_has_its_own_error_and_next_step(
    bench: Bench, code: str, error: type[LeaseError], message: str
) -> None:
    for method in ("Commit", "RunQuery"):
        bench.database.faults.add(Fault(method, code))
    with pytest.raises(error, match=message) as writing:
        take(bench.store)
    with pytest.raises(error, match=message) as reading:
        bench.store.list()
    assert "project test" in str(reading.value)
    assert isinstance(writing.value, AmbiguousReply) == (code in ("UNAVAILABLE", "INTERNAL"))
    assert not isinstance(reading.value, AmbiguousReply)
    assert bench.store.list() == ()


def test_incident_10_an_error_is_raised_without_waiting(bench: Bench) -> None:
    bench.database.faults.add(Fault("Commit", "PERMISSION_DENIED", times=-1))
    with pytest.raises(LeaseDenied), hold(bench.store, [KEY], ANNA, time=bench.clock.without_heartbeat()):
        pytest.fail("the block ran without the lease")
    assert bench.database.calls == {"Commit": 1}


@pytest.mark.parametrize("method", ["RunQuery", "Commit"])
def test_incident_09_the_check_finds_a_missing_permission_to_read_or_to_write(bench: Bench, method: str) -> None:
    bench.database.faults.add(Fault(method, "PERMISSION_DENIED"))
    with pytest.raises(LeaseDenied):
        bench.store.check()


def test_incident_09_the_check_finds_a_missing_database(bench: Bench) -> None:
    with pytest.raises(LeaseUnavailable, match=r"database nowhere .* does not exist .* firestore databases create"):
        bench.firestore.store("nowhere", bench.clock).check()


def test_incident_09_the_check_finds_a_missing_client_library(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.api_core.exceptions", None)
    with pytest.raises(LeaseUnavailable, match=r"pip install 'nba-consolidation\[production\]'"):
        bench.store.check()


def test_incident_09_the_check_finds_missing_credentials() -> None:
    def fail() -> object:
        raise DefaultCredentialsError("none found")  # type: ignore[no-untyped-call]

    with pytest.raises(LeaseDenied, match=r"No valid credentials .*none found"):
        FirestoreLeaseStore("test", client=fail).check()  # type: ignore[arg-type]


def test_two_checks_at_once_both_pass(bench: Bench) -> None:
    bench.database.faults.add(Fault("Commit", "ABORTED"))
    bench.store.check()


def test_an_unreachable_server_is_unavailable() -> None:
    store = FirestoreLeaseStore("test", emulator="127.0.0.1:1")
    with pytest.raises(LeaseUnavailable):
        take(store)


def test_a_call_to_a_slow_server_ends_at_the_timeout(bench: Bench) -> None:
    bench.database.faults.add(Fault("RunQuery", delay=2.0))
    with pytest.raises(LeaseUnavailable, match="DEADLINE_EXCEEDED"):
        bench.impatient().list()


# The listener


def test_a_release_ends_a_wait_and_a_renewal_does_not(bench: Bench) -> None:
    records = take(bench.store)
    waiting = Thread(target=bench.store.wait_for_change, args=(records[0], 60), daemon=True)
    waiting.start()
    until(lambda: bench.database.listeners)
    for _ in range(20):
        records = bench.store.renew(records, TTL)
    assert waiting.is_alive()
    bench.store.release(records)
    waiting.join(timeout=60)
    assert not waiting.is_alive()
    assert bench.database.calls["Listen"] == 1


def test_the_listener_wakes_the_next_holder_long_before_its_next_poll(bench: Bench) -> None:
    records = take(bench.store)
    entered = Event()

    def wait_and_enter() -> None:
        with hold(bench.store, [KEY], BERT, wait=WaitPolicy(limit=3600, poll=3600)):
            entered.set()

    waiting = Thread(target=wait_and_enter, daemon=True)
    waiting.start()
    until(lambda: bench.database.listeners)
    bench.store.release(records)
    assert entered.wait(60)
    waiting.join()


@pytest.mark.parametrize(
    "fault", [Fault("Listen", "UNAVAILABLE"), Fault("Listen", "PERMISSION_DENIED"), Fault("Listen", "UNIMPLEMENTED")]
)
def test_after_a_failed_listener_the_wait_sleeps_until_its_timeout(bench: Bench, fault: Fault) -> None:
    slept: list[float] = []
    store = FirestoreLeaseStore(
        "test", bench.name, emulator=bench.firestore.double.address, monotonic=bench.clock.monotonic, sleep=slept.append
    )
    (record,) = take(store)
    bench.database.faults.add(fault)
    store.wait_for_change(record, 7)
    assert slept == [7]


def test_a_listener_that_stalls_silently_ends_at_the_timeout(bench: Bench) -> None:
    (record,) = take(bench.store)
    bench.database.faults.add(Fault("Listen", delay=0.5))
    bench.store.wait_for_change(record, 0.1)
    assert bench.store.list() == (record,)


def running_threads() -> int:
    return sum(not thread.name.startswith("ThreadPoolExecutor") for thread in threading.enumerate())


def test_no_wait_leaves_a_stream_or_thread_behind(bench: Bench) -> None:
    (record,) = take(bench.store)
    bench.store.wait_for_change(record, 0.01)
    before = running_threads()
    for _ in range(5):
        bench.store.wait_for_change(record, 0.01)
    bench.store.wait_for_change(replace(record, operation_id="another"), 60)
    until(lambda: not bench.database.listeners)
    until(lambda: running_threads() <= before)


def test_a_renewal_after_a_forced_release_is_a_lost_lease(bench: Bench) -> None:
    records = take(bench.store)
    bench.store.force_release(KEY, ANNA.holder_id, by="operator", reason="a test")
    with pytest.raises(LeaseLost):
        bench.store.renew(records, TTL)


def test_a_server_that_answers_not_found_for_a_deleted_lease_reports_a_lost_lease(bench: Bench) -> None:
    records = take(bench.store)
    bench.store.force_release(KEY, ANNA.holder_id, by="operator", reason="a test")
    bench.database.faults.add(Fault("Commit", "NOT_FOUND", "No document to update", times=2))
    with pytest.raises(LeaseLost):
        bench.store.renew(records, TTL)
    assert bench.store.release(records) == ()


def test_a_missing_database_is_reported_by_a_write_to_an_existing_lease_too(bench: Bench) -> None:
    records = take(bench.store)
    with pytest.raises(LeaseUnavailable, match=r"Firestore database nowhere .* does not exist"):
        bench.firestore.store("nowhere", bench.clock).renew(records, TTL)
