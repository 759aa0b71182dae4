"""The predecessor's lock and ours at one Firestore, during a migration: never both inside, whoever comes first."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import sleep

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from nba_consolidation.locking import (
    FirestoreLeaseStore,
    Holder,
    LeaseHeld,
    LeaseLost,
    LeaseRecord,
    LeaseTiming,
    WaitPolicy,
    hold,
)
from nba_consolidation.locking.contract import machine_clock

from .conftest import shared_firestore
from .fakes import ANNA, KEY, FakeClock, OneWayClock, hold_and_lose
from .googles_client import googles_client
from .predecessor import POLL, PredecessorLock

TTL = 60.0
NO_WAIT = WaitPolicy(limit=0)


@dataclass(frozen=True)
class Both:
    """Both locks at one database of the double, whose clock they share."""

    store: FirestoreLeaseStore
    old: PredecessorLock
    clock: FakeClock


def both_at(clock: FakeClock) -> Both:
    name, _ = shared_firestore().add(clock)
    client = googles_client(shared_firestore().double.address, "test", name)
    old = PredecessorLock(client, KEY, "old-1", clock.now, clock.advance)
    return Both(shared_firestore().store(name, clock), old, clock)


@pytest.fixture
def both(clock: FakeClock) -> Both:
    return both_at(clock)


def test_what_the_predecessor_holds_is_held_for_us_and_we_can_say_by_whom(both: Both) -> None:
    assert both.old.try_acquire()
    with pytest.raises(LeaseHeld, match=r"held by old-1 \(run unknown, host unknown") as refused:
        both.store.try_acquire([KEY], ANNA, TTL, operation_id="nonce")
    assert refused.value.record.remaining == pytest.approx(both.old.ttl)
    assert both.store.list() == (refused.value.record,)


def test_what_we_hold_is_held_for_the_predecessor_which_polls_until_our_release(both: Both) -> None:
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


def test_when_the_predecessor_releases_we_are_next(both: Both) -> None:
    assert both.old.try_acquire()
    both.old.release()
    with hold(both.store, [KEY], ANNA, wait=NO_WAIT, time=both.clock.without_heartbeat()) as lease:
        assert not both.old.try_acquire()
        lease.ensure_held(ask_store=True)
    assert both.old.try_acquire()


def test_incident_11_what_a_dead_predecessor_left_is_taken_when_it_has_run_out_and_not_before(both: Both) -> None:
    assert both.old.try_acquire()
    both.clock.advance(both.old.ttl - 0.001)
    with pytest.raises(LeaseHeld):
        both.store.try_acquire([KEY], ANNA, TTL, operation_id="nonce")
    both.clock.advance(0.001)
    assert both.store.try_acquire([KEY], ANNA, TTL, operation_id="nonce")
    assert not both.old.try_acquire()


def test_incident_14_what_a_dead_run_of_ours_left_is_taken_by_the_predecessor_soon_after_its_end(both: Both) -> None:
    both.store.try_acquire([KEY], ANNA, TTL, operation_id="nonce")
    both.clock.advance(TTL - 0.001)
    assert not both.old.try_acquire()
    began = both.clock.now()
    both.old.acquire()
    assert both.clock.now() - began < timedelta(seconds=3 * POLL)


def test_when_the_predecessor_deletes_our_document_the_lease_is_lost_before_anything_is_written(both: Both) -> None:
    assert both.old.try_acquire()
    both.clock.advance(both.old.ttl)
    for notice in ("asking", "renewing", "the end"):
        with hold_and_lose(both.store, [KEY], both.clock.without_heartbeat(), timing=LeaseTiming(TTL)) as lease:
            both.old.release()  # of what it took for its own
            if notice == "asking":
                with pytest.raises(LeaseLost):
                    lease.ensure_held(ask_store=True)
            if notice == "renewing":
                with pytest.raises(LeaseLost):
                    lease.renew()
        assert both.store.list() == ()


def test_a_late_release_of_ours_does_not_delete_what_the_predecessor_took_over(both: Both) -> None:
    ours = both.store.try_acquire([KEY], ANNA, TTL, operation_id="nonce")
    both.clock.advance(TTL + 2 * POLL)
    assert both.old.try_acquire()
    with pytest.raises(LeaseLost):
        both.store.renew(ours, TTL)
    assert both.store.release(ours) == ()
    assert [record.holder.holder_id for record in both.store.list()] == ["old-1"]


def test_a_predecessor_can_be_released_by_force(both: Both) -> None:
    assert both.old.try_acquire()
    both.store.force_release(KEY, "old-1", by="operator", reason="its host is gone")
    assert both.old.try_acquire()


class Migration(RuleBasedStateMachine):
    """Each side believes that it is inside until its lease's end by its own knowledge, or its release."""

    def __init__(self) -> None:
        super().__init__()
        self.both = both_at(OneWayClock())
        self.ours: LeaseRecord | None = None
        self.olds_end: datetime | None = None

    @property
    def we_are_inside(self) -> bool:
        return self.ours is not None and self.both.clock.now() < self.ours.expires_at

    @property
    def old_is_inside(self) -> bool:
        return self.olds_end is not None and self.both.clock.now() < self.olds_end

    @rule()
    def we_try(self) -> None:
        if not self.we_are_inside:
            try:
                (self.ours,) = self.both.store.try_acquire([KEY], ANNA, TTL, operation_id="nonce")
            except LeaseHeld:
                self.ours = None

    @rule()
    def we_renew(self) -> None:
        if self.ours is not None and self.we_are_inside:
            (self.ours,) = self.both.store.renew([self.ours], TTL)

    @rule()
    def we_release(self) -> None:
        if self.ours is not None:
            self.both.store.release([self.ours])
            self.ours = None

    @rule()
    def old_tries(self) -> None:
        if not self.old_is_inside and self.both.old.try_acquire():
            self.olds_end = self.both.clock.now() + timedelta(seconds=self.both.old.ttl)

    @rule()
    def old_releases(self) -> None:
        if self.old_is_inside:  # in time; what happens otherwise has a test of its own
            self.both.old.release()
            self.olds_end = None

    @rule(seconds=st.sampled_from([1, 5, 30, 55, 60, 65, 299, 300]))
    def time_passes(self, seconds: int) -> None:
        self.both.clock.advance(seconds)

    @invariant()
    def never_both_inside(self) -> None:
        assert not (self.we_are_inside and self.old_is_inside)


def test_no_sequence_of_events_lets_both_inside() -> None:
    run_state_machine_as_test(
        Migration,
        settings=settings(
            max_examples=40, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_many_of_both_at_once_lose_no_increment() -> None:
    name, _ = shared_firestore().add()
    client = googles_client(shared_firestore().double.address, "test", name)
    store = FirestoreLeaseStore("test", name, emulator=shared_firestore().double.address)
    numbers = [0]

    def count_as_before(number: int) -> None:
        lock = PredecessorLock(client, KEY, f"old-{number}", machine_clock, lambda _seconds: sleep(0.002))
        lock.acquire()
        numbers.append(numbers[-1] + 1)
        lock.release()

    def count_as_now(_number: int) -> None:
        with hold(store, [KEY], Holder.here("run"), wait=WaitPolicy(600, poll=0.05)) as lease:
            lease.ensure_held()
            numbers.append(numbers[-1] + 1)

    with ThreadPoolExecutor(8) as threads:
        done = [threads.submit(count, number) for number in range(16) for count in (count_as_before, count_as_now)]
        for future in done:
            future.result()
    assert numbers == list(range(33))
