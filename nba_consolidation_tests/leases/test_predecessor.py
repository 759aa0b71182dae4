"""The predecessor's lock and this lease store on one Firestore during a migration: each excludes the other."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import sleep

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from nba_consolidation.leases import (
    Holder,
    LeaseHeld,
    LeaseLost,
    LeaseRecord,
    LeaseTiming,
    WaitPolicy,
    hold,
)
from nba_consolidation.leases.firestore.store import FirestoreLeaseStore
from nba_consolidation.leases.interface import machine_clock
from nba_consolidation_tests.leases.conftest import shared_firestore
from nba_consolidation_tests.leases.fakes import ANNA, KEY, FakeClock, OneWayClock, hold_and_lose
from nba_consolidation_tests.leases.google_client import google_client
from nba_consolidation_tests.leases.predecessor import POLL, PredecessorLock

TTL = 60.0
NO_WAIT = WaitPolicy(limit=0)


@dataclass(frozen=True)
class Both:
    """Both locks on one database of the double, whose clock they share."""

    store: FirestoreLeaseStore
    old: PredecessorLock
    clock: FakeClock


def both_at(clock: FakeClock) -> Both:
    name, _ = shared_firestore().add(clock)
    client = google_client(shared_firestore().double.address, "test", name)
    old = PredecessorLock(client, KEY, "old-1", clock.now, clock.advance)
    return Both(shared_firestore().store(name, clock), old, clock)


@pytest.fixture
def both(clock: FakeClock) -> Both:
    return both_at(clock)


def test_a_lock_of_the_predecessor_is_held_and_its_holder_is_named(both: Both) -> None:
    assert both.old.try_acquire()
    with pytest.raises(LeaseHeld, match=r"held by old-1 \(run unknown, host unknown") as refused:
        both.store.try_acquire([KEY], ANNA, TTL, operation_id="nonce")
    assert refused.value.record.remaining == pytest.approx(both.old.ttl)
    assert both.store.list() == (refused.value.record,)


def test_the_predecessor_polls_until_a_lease_is_released(both: Both) -> None:
    polls: list[float] = []
    held = hold(both.store, [KEY], ANNA, timing=LeaseTiming(TTL), time=both.clock.without_heartbeat())
    lease = held.__enter__()

    def release_at_the_third(seconds: float) -> None:
        polls.append(seconds)
        both.clock.advance(seconds)
        lease.renew()
        if len(polls) == 3:
            held.__exit__(None, None, None)

    both.old.sleep = release_at_the_third
    both.old.acquire()
    assert polls == [POLL] * 3
    with pytest.raises(LeaseHeld):
        both.store.try_acquire([KEY], ANNA, TTL, operation_id="again")


def test_a_lock_that_the_predecessor_released_can_be_acquired(both: Both) -> None:
    assert both.old.try_acquire()
    both.old.release()
    with hold(both.store, [KEY], ANNA, wait=NO_WAIT, time=both.clock.without_heartbeat()) as lease:
        assert not both.old.try_acquire()
        lease.ensure_held(ask_store=True)
    assert both.old.try_acquire()


def test_incident_11_the_lock_of_a_dead_predecessor_can_be_acquired_once_it_has_expired(both: Both) -> None:
    assert both.old.try_acquire()
    both.clock.advance(both.old.ttl - 0.001)
    with pytest.raises(LeaseHeld):
        both.store.try_acquire([KEY], ANNA, TTL, operation_id="nonce")
    both.clock.advance(0.001)
    assert both.store.try_acquire([KEY], ANNA, TTL, operation_id="nonce")
    assert not both.old.try_acquire()


def test_incident_14_the_predecessor_gets_the_lease_of_a_dead_run_soon_after_it_expired(both: Both) -> None:
    both.store.try_acquire([KEY], ANNA, TTL, operation_id="nonce")
    both.clock.advance(TTL - 0.001)
    assert not both.old.try_acquire()
    began = both.clock.now()
    both.old.acquire()
    assert both.clock.now() - began < timedelta(seconds=3 * POLL)


def test_the_lease_is_lost_when_the_predecessor_deletes_its_document(both: Both) -> None:
    assert both.old.try_acquire()
    both.clock.advance(both.old.ttl)
    for notice in ("asking", "renewing", "the end"):
        with hold_and_lose(both.store, [KEY], both.clock.without_heartbeat(), timing=LeaseTiming(TTL)) as lease:
            both.old.release()  # a late release: it deletes unconditionally
            if notice == "asking":
                with pytest.raises(LeaseLost):
                    lease.ensure_held(ask_store=True)
            if notice == "renewing":
                with pytest.raises(LeaseLost):
                    lease.renew()
        assert both.store.list() == ()


def test_a_late_release_does_not_delete_the_lock_of_the_predecessor(both: Both) -> None:
    records = both.store.try_acquire([KEY], ANNA, TTL, operation_id="nonce")
    both.clock.advance(TTL + 2 * POLL)
    assert both.old.try_acquire()
    with pytest.raises(LeaseLost):
        both.store.renew(records, TTL)
    assert both.store.release(records) == ()
    assert [record.holder.holder_id for record in both.store.list()] == ["old-1"]


def test_a_lock_of_the_predecessor_can_be_released_by_force(both: Both) -> None:
    assert both.old.try_acquire()
    both.store.force_release(KEY, "old-1", by="operator", reason="its host is gone")
    assert both.old.try_acquire()


class Migration(RuleBasedStateMachine):
    """Each side believes that it holds the lock until its own expiry time, or until it releases it."""

    def __init__(self) -> None:
        super().__init__()
        self.both = both_at(OneWayClock())
        self.lease: LeaseRecord | None = None
        self.old_expires_at: datetime | None = None

    @property
    def new_holds_it(self) -> bool:
        return self.lease is not None and self.both.clock.now() < self.lease.expires_at

    @property
    def old_holds_it(self) -> bool:
        return self.old_expires_at is not None and self.both.clock.now() < self.old_expires_at

    @rule()
    def new_acquires(self) -> None:
        if not self.new_holds_it:
            try:
                (self.lease,) = self.both.store.try_acquire([KEY], ANNA, TTL, operation_id="nonce")
            except LeaseHeld:
                self.lease = None

    @rule()
    def new_renews(self) -> None:
        if self.lease is not None and self.new_holds_it:
            (self.lease,) = self.both.store.renew([self.lease], TTL)

    @rule()
    def new_releases(self) -> None:
        if self.lease is not None:
            self.both.store.release([self.lease])
            self.lease = None

    @rule()
    def old_acquires(self) -> None:
        if not self.old_holds_it and self.both.old.try_acquire():
            self.old_expires_at = self.both.clock.now() + timedelta(seconds=self.both.old.ttl)

    @rule()
    def old_releases(self) -> None:
        if self.old_holds_it:  # a late release has a test of its own
            self.both.old.release()
            self.old_expires_at = None

    @rule(seconds=st.sampled_from([1, 5, 30, 55, 60, 65, 299, 300]))
    def time_passes(self, seconds: int) -> None:
        self.both.clock.advance(seconds)

    @invariant()
    def both_never_hold_it(self) -> None:
        assert not (self.new_holds_it and self.old_holds_it)


def test_no_sequence_of_events_gives_both_the_lock() -> None:
    run_state_machine_as_test(
        Migration,
        settings=settings(
            max_examples=40, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_many_processes_of_both_kinds_lose_no_increment() -> None:
    name, _ = shared_firestore().add()
    client = google_client(shared_firestore().double.address, "test", name)
    store = FirestoreLeaseStore("test", name, emulator=shared_firestore().double.address)
    numbers = [0]

    def count_with_the_old_lock(number: int) -> None:
        lock = PredecessorLock(client, KEY, f"old-{number}", machine_clock, lambda _seconds: sleep(0.002))
        lock.acquire()
        numbers.append(numbers[-1] + 1)
        lock.release()

    def count_with_a_lease(_number: int) -> None:
        with hold(store, [KEY], Holder.here("run"), wait=WaitPolicy(600, poll=0.05)) as lease:
            lease.ensure_held()
            numbers.append(numbers[-1] + 1)

    with ThreadPoolExecutor(8) as threads:
        done = [
            threads.submit(count, number)
            for number in range(16)
            for count in (count_with_the_old_lock, count_with_a_lease)
        ]
        for future in done:
            future.result()
    assert numbers == list(range(33))
