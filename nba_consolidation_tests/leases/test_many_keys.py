"""Acquiring many leases of which others hold some: which are acquired, kept and renewed meanwhile, and released."""

import logging
from collections.abc import Callable, Iterable
from datetime import date
from functools import partial

import pytest

from nba_consolidation.leases import (
    AmbiguousReply,
    Holder,
    LeaseDenied,
    LeaseHeld,
    LeaseLost,
    LeaseRecord,
    LeaseStore,
    LeaseTiming,
    LeaseUnavailable,
    WaitPolicy,
    hold,
    lease_key,
)
from nba_consolidation_tests.leases.fakes import (
    ANNA,
    BERT,
    FakeClock,
    Fault,
    FaultyStore,
    ManualHeartbeat,
    Write,
    hold_and_lose,
)
from nba_consolidation_tests.leases.memory_store import MemoryLeaseStore

KEYS = tuple(lease_key("consolidation", date(2026, 1, day)) for day in range(1, 6))
A, B, C, D, E = KEYS
CARL = Holder("carl-1", "run-carl", "host-c", 33)
NO_REPLY = AmbiguousReply("no reply came")
TIMING = LeaseTiming(ttl=3)  # seconds; tests against a real server wait that long
WAIT = WaitPolicy(limit=8, poll=1, jitter=0)


@pytest.fixture
def faulty(store: LeaseStore, clock: FakeClock) -> FaultyStore:
    return FaultyStore(store, clock)


@pytest.fixture
def in_memory(clock: FakeClock) -> FaultyStore:
    return FaultyStore(MemoryLeaseStore(clock=clock.now), clock)


def take(faulty: FaultyStore, holder: Holder, *keys: str) -> tuple[LeaseRecord, ...]:
    """Acquires the keys for longer than any test waits."""
    return faulty.inner.try_acquire(keys, holder, 300, operation_id=f"of-{holder.holder_id}")


def holders(faulty: FaultyStore) -> dict[str, str]:
    """The first letter of each holder, by key."""
    return {record.key: record.holder.holder_id[0] for record in faulty.list() if not record.expired}


def fail_to_hold(faulty: FaultyStore, clock: FakeClock, expected: type[BaseException]) -> BaseException:
    """Anna tries to hold all keys; returns the expected error, and fails if the block runs."""
    with (
        pytest.raises(expected) as raised,
        hold(faulty, KEYS, ANNA, timing=TIMING, wait=WAIT, time=clock.without_heartbeat()),
    ):
        pytest.fail("the block ran without the leases")
    return raised.value


def test_free_keys_are_acquired_in_one_call(faulty: FaultyStore, clock: FakeClock) -> None:
    with hold(faulty, reversed(KEYS), ANNA, time=clock.without_heartbeat()):
        assert faulty.calls == ["try_acquire"]
        assert holders(faulty) == dict.fromkeys(KEYS, "a")


def test_free_keys_before_the_first_held_one_are_acquired_and_none_after_it(
    faulty: FaultyStore, clock: FakeClock
) -> None:
    berts = take(faulty, BERT, C)
    observed: list[dict[str, str]] = []

    def look_and_release() -> None:
        observed.append(holders(faulty))
        faulty.inner.release(berts)

    faulty.while_waiting.append(look_and_release)
    with hold(faulty, KEYS, ANNA, time=clock.without_heartbeat()) as lease:
        assert holders(faulty) == dict.fromkeys(KEYS, "a")
        assert lease.records == faulty.list()
        assert list(lease.tokens) == list(KEYS)
    assert observed == [{A: "a", B: "a", C: "b"}]
    assert faulty.list() == ()


def test_free_keys_are_requested_together_and_the_awaited_key_alone(faulty: FaultyStore, clock: FakeClock) -> None:
    berts = take(faulty, BERT, C)
    faulty.while_waiting.append(lambda: faulty.inner.release(berts))
    with hold(faulty, KEYS, ANNA, time=clock.without_heartbeat()):
        assert faulty.requested == [KEYS, (A, B), (C, D, E), (C,), (D, E)]


def test_every_release_brings_a_run_that_needs_many_keys_closer_to_all(faulty: FaultyStore, clock: FakeClock) -> None:
    berts, carls, bertas = take(faulty, BERT, B), take(faulty, CARL, D), take(faulty, BERT, E)
    observed: list[str] = []

    def look_and_release(records: tuple[LeaseRecord, ...]) -> None:
        observed.append("".join(holders(faulty).get(key, "-") for key in KEYS))
        faulty.inner.release(records)

    faulty.while_waiting.extend(partial(look_and_release, records) for records in (berts, carls, bertas))
    with hold(faulty, KEYS, ANNA, wait=WAIT, time=clock.without_heartbeat()):
        assert observed == ["ab-cb", "aaacb", "aaaab"]


def test_a_key_that_another_run_acquires_first_shortens_the_next_request(
    in_memory: FaultyStore, clock: FakeClock
) -> None:
    berts = take(in_memory, BERT, D)
    carls: list[LeaseRecord] = []

    def overtake(call: str) -> None:
        if call == "try_acquire" and len(in_memory.requested) == 2:
            carls.extend(take(in_memory, CARL, B))

    def release_both() -> None:
        assert holders(in_memory) == {A: "a", B: "c", D: "b"}
        in_memory.inner.release([*carls, *berts])

    in_memory.before_call = overtake
    in_memory.while_waiting.append(release_both)
    with hold(in_memory, KEYS, ANNA, time=clock.without_heartbeat()):
        assert in_memory.requested == [KEYS, (A, B, C), (A,), (B, C, D, E), (B,), (C, D, E)]


def test_a_wait_limit_of_zero_acquires_nothing_if_one_key_is_held(faulty: FaultyStore, clock: FakeClock) -> None:
    take(faulty, BERT, C)
    with (
        pytest.raises(LeaseHeld),
        hold(faulty, KEYS, ANNA, wait=WaitPolicy(limit=0), time=clock.without_heartbeat()),
    ):
        pass
    assert faulty.calls == ["try_acquire"]


# While waiting


def test_acquired_leases_are_renewed_while_waiting_for_another(faulty: FaultyStore, clock: FakeClock) -> None:
    berts = take(faulty, BERT, C)
    began = clock.monotonic()

    def look() -> None:
        assert holders(faulty) == {A: "a", B: "a", C: "b"}
        if clock.monotonic() - began < 2.2 * TIMING.ttl:
            faulty.while_waiting.append(look)
        else:
            faulty.inner.release(berts)

    faulty.while_waiting.append(look)
    with hold(faulty, KEYS, ANNA, timing=TIMING, wait=WAIT, time=clock.without_heartbeat()) as lease:
        lease.ensure_held(ask_store=True)
        assert lease.records == faulty.list()
    assert faulty.calls.count("renew") == 7  # one per heartbeat, for both leases at once


def test_a_pause_ends_at_the_next_renewal_at_the_latest(in_memory: FaultyStore, clock: FakeClock) -> None:
    berts = take(in_memory, BERT, B)
    in_memory.while_waiting.extend([lambda: None, lambda: None, lambda: in_memory.inner.release(berts)])
    wait = WaitPolicy(limit=300, poll=25, jitter=0)
    with hold(in_memory, KEYS, ANNA, timing=LeaseTiming(ttl=30), wait=wait, time=clock.without_heartbeat()):
        assert in_memory.waits == [10.0, 10.0, 10.0]
        assert in_memory.calls.count("renew") == 3


def test_a_run_without_leases_renews_nothing_while_waiting(in_memory: FaultyStore, clock: FakeClock) -> None:
    berts = take(in_memory, BERT, A)
    in_memory.while_waiting.append(lambda: in_memory.inner.release(berts))
    wait = WaitPolicy(limit=300, poll=25, jitter=0)
    with hold(in_memory, KEYS, ANNA, timing=LeaseTiming(ttl=30), wait=wait, time=clock.without_heartbeat()):
        assert in_memory.waits == [25.0]
        assert "renew" not in in_memory.calls


def test_all_leases_are_valid_only_as_long_as_the_one_acquired_first(in_memory: FaultyStore, clock: FakeClock) -> None:
    berts = take(in_memory, BERT, B)
    in_memory.while_waiting.append(lambda: in_memory.inner.release(berts))
    wait, timing = WaitPolicy(limit=300, poll=9, jitter=0), LeaseTiming(ttl=30)
    with hold_and_lose(in_memory, KEYS, clock.without_heartbeat(), timing=timing, wait=wait) as lease:
        clock.advance(20.9)
        lease.ensure_held(ask_store=True)
        clock.advance(0.1)
        with pytest.raises(LeaseLost, match="expired"):
            lease.ensure_held()


def test_a_renewal_whose_request_was_lost_does_not_extend_the_lease_acquired_first(
    in_memory: FaultyStore, clock: FakeClock
) -> None:
    berts = take(in_memory, BERT, B)
    in_memory.while_waiting.append(lambda: in_memory.inner.release(berts))
    wait, timing = WaitPolicy(limit=300, poll=9, jitter=0), LeaseTiming(ttl=30)
    with hold_and_lose(in_memory, KEYS, clock.without_heartbeat(), timing=timing, wait=wait) as lease:
        in_memory.faults["renew"].append(Fault(NO_REPLY, "never"))
        lease.renew()
        clock.advance(20.9)
        lease.ensure_held()
        clock.advance(0.1)
        with pytest.raises(LeaseLost, match="expired"):
            lease.ensure_held()


def test_the_first_renewal_is_in_time_for_the_lease_acquired_first(in_memory: FaultyStore, clock: FakeClock) -> None:
    heartbeat = ManualHeartbeat(clock)
    berts = take(in_memory, BERT, B)
    in_memory.while_waiting.append(lambda: in_memory.inner.release(berts))
    wait, timing = WaitPolicy(limit=300, poll=9, jitter=0), LeaseTiming(ttl=30, heartbeat=15)
    with hold(in_memory, KEYS, ANNA, timing=timing, wait=wait, time=heartbeat.time):
        clock.advance(6)
        heartbeat.run_once()
    assert heartbeat.pauses == [6.0, 15.0]


# Released


def test_at_the_wait_limit_all_leases_are_released_and_the_holder_is_named(
    faulty: FaultyStore, clock: FakeClock
) -> None:
    berts = take(faulty, BERT, C)
    began = clock.monotonic()
    refused = fail_to_hold(faulty, clock, LeaseHeld)
    assert isinstance(refused, LeaseHeld)
    assert refused.record == berts[0]
    assert refused.waited == pytest.approx(WAIT.limit)
    assert clock.monotonic() - began == pytest.approx(WAIT.limit)
    assert faulty.list() == berts


@pytest.mark.parametrize("call", ["try_acquire", "renew"])
@pytest.mark.parametrize("error", [LeaseDenied("no"), LeaseUnavailable("gone"), KeyboardInterrupt()], ids=repr)
def test_an_error_or_interruption_while_waiting_releases_all_leases(
    faulty: FaultyStore, clock: FakeClock, call: str, error: BaseException
) -> None:
    berts = take(faulty, BERT, C)
    faulty.while_waiting.append(lambda: faulty.faults[call].append(Fault(error)))
    assert fail_to_hold(faulty, clock, type(error)) is error
    assert faulty.list() == berts


def test_an_interrupted_pause_releases_all_leases(faulty: FaultyStore, clock: FakeClock) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    berts = take(faulty, BERT, C)
    faulty.while_waiting.append(interrupt)
    fail_to_hold(faulty, clock, KeyboardInterrupt)
    assert faulty.list() == berts


@pytest.mark.parametrize("held", [(), (C,)], ids=["all", "a part"])
def test_leases_of_an_interrupted_request_are_released(
    faulty: FaultyStore, clock: FakeClock, held: tuple[str, ...]
) -> None:
    berts = take(faulty, BERT, *held) if held else ()

    def interrupt(call: str) -> None:
        if call == "try_acquire" and len(faulty.requested) == 1 + len(held):
            faulty.faults[call].append(Fault(KeyboardInterrupt(), "happens"))

    faulty.before_call = interrupt
    fail_to_hold(faulty, clock, KeyboardInterrupt)
    assert faulty.list() == berts


@pytest.mark.parametrize("fault", [Fault(NO_REPLY, "happens"), Fault(NO_REPLY), Fault(LeaseUnavailable("down"))])
def test_a_failed_release_after_giving_up_is_tried_again(faulty: FaultyStore, clock: FakeClock, fault: Fault) -> None:
    berts = take(faulty, BERT, C)
    faulty.faults["release"].append(fault)
    fail_to_hold(faulty, clock, LeaseHeld)
    assert faulty.list() == berts


def test_leases_that_cannot_be_released_expire_and_the_first_error_is_kept(
    in_memory: FaultyStore, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    take(in_memory, BERT, C)
    in_memory.faults["release"].extend([Fault(LeaseUnavailable("down"))] * 9)
    with caplog.at_level(logging.WARNING):
        fail_to_hold(in_memory, clock, LeaseHeld)
    assert "will expire by themselves" in caplog.text
    clock.advance(TIMING.ttl)
    assert holders(in_memory) == {C: "b"}


# Lost while waiting


def force_release(faulty: FaultyStore, _clock: FakeClock) -> None:
    """An operator releases the lease of A by force."""
    faulty.inner.force_release(A, ANNA.holder_id, by="operator", reason="a test")


def sleep_too_long(faulty: FaultyStore, clock: FakeClock) -> None:
    """The process sleeps until all leases have expired, and Carl acquires A."""
    clock.advance(TIMING.ttl)
    take(faulty, CARL, A)


@pytest.mark.parametrize("lose", [force_release, sleep_too_long])
def test_a_lease_lost_while_waiting_for_another_ends_the_wait_and_releases_the_rest(
    faulty: FaultyStore, clock: FakeClock, lose: Callable[[FaultyStore, FakeClock], None]
) -> None:
    berts = take(faulty, BERT, C)

    def lose_and_release() -> None:
        lose(faulty, clock)
        faulty.inner.release(berts)

    faulty.while_waiting.append(lose_and_release)
    loss = fail_to_hold(faulty, clock, LeaseLost)
    assert isinstance(loss, LeaseLost)
    assert loss.keys == (A, B)
    assert holders(faulty) == ({A: "c"} if lose is sleep_too_long else {})


def test_leases_that_expired_while_asleep_and_that_nobody_took_are_kept(faulty: FaultyStore, clock: FakeClock) -> None:
    berts = take(faulty, BERT, C)
    faulty.while_waiting.extend([lambda: clock.advance(TIMING.ttl), lambda: faulty.inner.release(berts)])
    with hold(faulty, KEYS, ANNA, timing=TIMING, wait=WAIT, time=clock.without_heartbeat()) as lease:
        lease.ensure_held(ask_store=True)


# Lost replies


@pytest.mark.parametrize("write", ["happens", "never", "late"])
@pytest.mark.parametrize("request_number", [2, 4, 5], ids=["keys before", "awaited key", "the rest"])
def test_no_lost_reply_makes_a_run_wait_for_itself(
    faulty: FaultyStore, clock: FakeClock, request_number: int, write: Write
) -> None:
    berts = take(faulty, BERT, C)

    def lose_the_reply(call: str) -> None:
        if call == "try_acquire" and len(faulty.requested) == request_number:
            faulty.faults[call].append(Fault(NO_REPLY, write))

    faulty.before_call = lose_the_reply
    faulty.while_waiting.append(lambda: faulty.inner.release(berts))
    with hold(faulty, KEYS, ANNA, wait=WAIT, time=clock.without_heartbeat()) as lease:
        lease.ensure_held(ask_store=True)
        assert lease.records == faulty.list()
    assert len(faulty.waits) == 1
    assert faulty.list() == ()


@pytest.mark.parametrize("write", ["happens", "never", "late"])
def test_a_renewal_whose_reply_was_lost_does_not_lose_the_lease(
    faulty: FaultyStore, clock: FakeClock, write: Write
) -> None:
    berts = take(faulty, BERT, C)
    faulty.faults["renew"].append(Fault(NO_REPLY, write))
    faulty.while_waiting.extend([lambda: None] * 3 + [lambda: faulty.inner.release(berts)])
    with hold(faulty, KEYS, ANNA, timing=TIMING, wait=WAIT, time=clock.without_heartbeat()) as lease:
        lease.ensure_held(ask_store=True)
    assert faulty.list() == ()


class PartlyAcquired(FaultyStore):
    """Acquires B by the first request and loses the reply, as Firestore can if many keys need several commits."""

    def try_acquire(
        self, keys: Iterable[str], holder: Holder, ttl: float, *, operation_id: str
    ) -> tuple[LeaseRecord, ...]:
        if not self.requested:
            self.inner.try_acquire([B], holder, ttl, operation_id=operation_id)
            self.faults["try_acquire"].append(Fault(NO_REPLY))
        return super().try_acquire(keys, holder, ttl, operation_id=operation_id)


def test_leases_acquired_by_a_request_whose_reply_was_lost_are_kept(clock: FakeClock) -> None:
    faulty = PartlyAcquired(MemoryLeaseStore(clock=clock.now), clock)
    with hold(faulty, KEYS, ANNA, wait=WaitPolicy(limit=0), time=clock.without_heartbeat()) as lease:
        lease.ensure_held(ask_store=True)
        assert lease.records == faulty.list()
    assert faulty.requested == [KEYS, (A, C, D, E)]


def test_a_waiting_run_holds_no_lease_that_sorts_after_the_awaited_one(clock: FakeClock) -> None:
    """Otherwise two runs could wait for each other: the reply for B was lost, and Bert holds A by now."""
    faulty = PartlyAcquired(MemoryLeaseStore(clock=clock.now), clock)
    berts = take(faulty, BERT, A)

    def look_and_release() -> None:
        assert holders(faulty) == {A: "b"}
        faulty.inner.release(berts)

    faulty.while_waiting.append(look_and_release)
    with hold(faulty, KEYS, ANNA, wait=WAIT, time=clock.without_heartbeat()) as lease:
        assert lease.records == faulty.list()


def test_a_lease_is_released_if_it_is_unknown_whether_it_was_acquired(faulty: FaultyStore, clock: FakeClock) -> None:
    faulty.faults["try_acquire"].append(Fault(NO_REPLY, "happens"))
    faulty.faults["inspect"].append(Fault(LeaseUnavailable("down")))
    fail_to_hold(faulty, clock, LeaseUnavailable)
    assert faulty.list() == ()


def test_occasional_lost_replies_do_not_end_a_wait(in_memory: FaultyStore, clock: FakeClock) -> None:
    berts = take(in_memory, BERT, C)

    def lose_two() -> None:
        in_memory.faults["try_acquire"].extend([Fault(NO_REPLY)] * 2)

    in_memory.while_waiting.extend([lose_two, lose_two, lose_two, lambda: in_memory.inner.release(berts)])
    with hold(in_memory, KEYS, ANNA, wait=WAIT, time=clock.without_heartbeat()):
        assert holders(in_memory) == dict.fromkeys(KEYS, "a")


def test_the_count_of_lost_replies_starts_again_after_each_reply(in_memory: FaultyStore, clock: FakeClock) -> None:
    berts = take(in_memory, BERT, C)

    def lose_two_of_three(call: str) -> None:
        if call == "try_acquire" and len(in_memory.requested) in (2, 3, 5, 6):
            in_memory.faults[call].append(Fault(NO_REPLY))

    in_memory.before_call = lose_two_of_three
    in_memory.while_waiting.append(lambda: in_memory.inner.release(berts))
    with hold(in_memory, KEYS, ANNA, wait=WAIT, time=clock.without_heartbeat()):
        assert in_memory.requested[:7] == [KEYS, *[(A, B)] * 3, *[(C, D, E)] * 3]


def test_an_acquisition_gives_up_when_the_store_stops_replying(in_memory: FaultyStore, clock: FakeClock) -> None:
    berts = take(in_memory, BERT, C)
    in_memory.while_waiting.append(lambda: in_memory.faults["try_acquire"].extend([Fault(NO_REPLY)] * 9))
    fail_to_hold(in_memory, clock, AmbiguousReply)
    assert len(in_memory.requested) == 6
    assert in_memory.list() == berts
