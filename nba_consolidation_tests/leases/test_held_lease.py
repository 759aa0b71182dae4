"""A lease while it is held: renewal, loss, release. Acquiring it is in `test_acquire`."""

import logging
import threading

import pytest

from nba_consolidation.leases import (
    AmbiguousReply,
    LeaseDenied,
    LeaseHeld,
    LeaseLost,
    LeaseMisuse,
    LeaseStore,
    LeaseTiming,
    LeaseUnavailable,
    WaitPolicy,
    hold,
)
from nba_consolidation_tests.leases.fakes import (
    ANNA,
    BERT,
    KEY,
    NEXT_KEY,
    FakeClock,
    Fault,
    FaultyStore,
    ManualHeartbeat,
    Write,
    hold_and_lose,
)
from nba_consolidation_tests.leases.memory_store import MemoryLeaseStore

TIMING = LeaseTiming(ttl=30)
NO_WAIT = WaitPolicy(limit=0)
NO_REPLY = AmbiguousReply("no reply came")
DOWN = LeaseUnavailable("the store is down")


@pytest.fixture
def faulty(clock: FakeClock) -> FaultyStore:
    return FaultyStore(MemoryLeaseStore(clock=clock.now), clock)


@pytest.fixture
def heartbeat(clock: FakeClock) -> ManualHeartbeat:
    return ManualHeartbeat(clock)


def overtake(store: LeaseStore, clock: FakeClock) -> None:
    """The lease expires by the store's clock only, and Bert acquires it."""
    clock.step(TIMING.ttl)
    store.try_acquire([KEY], BERT, TIMING.ttl, operation_id="berts")


def test_a_held_lease_has_the_tokens_and_records_of_the_store(store: LeaseStore, clock: FakeClock) -> None:
    with hold(store, [NEXT_KEY, KEY], ANNA, timing=TIMING, time=clock.without_heartbeat()) as lease:
        lease.ensure_held(ask_store=True)
        assert lease.records == store.list()
        assert lease.tokens == {record.key: record.token for record in store.list()}
        assert list(lease.tokens) == [KEY, NEXT_KEY]


def test_incident_11_the_end_of_the_block_releases_every_lease(store: LeaseStore, clock: FakeClock) -> None:
    with hold(store, [KEY, NEXT_KEY], ANNA, time=clock.without_heartbeat()):
        pass
    assert store.list() == ()


def test_a_block_that_raises_releases_its_leases_too(store: LeaseStore, clock: FakeClock) -> None:
    with (
        pytest.raises(ZeroDivisionError) as failure,
        hold(store, [KEY], ANNA, time=clock.without_heartbeat()),
    ):
        _ = 1 / 0
    assert store.list() == ()
    assert not hasattr(failure.value, "__notes__")


def test_the_lease_is_released_if_the_renewal_thread_cannot_start(
    faulty: FaultyStore, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    with pytest.raises(RuntimeError, match="new thread"), hold(faulty, [KEY], ANNA, time=clock.without_heartbeat()):
        pytest.fail("the block ran without a heartbeat")
    assert faulty.list() == ()


def test_the_next_holder_gets_a_larger_token(store: LeaseStore, clock: FakeClock) -> None:
    with hold(store, [KEY], ANNA, time=clock.without_heartbeat()) as annas:
        first = annas.tokens[KEY]
    clock.step(-3600)
    with hold(store, [KEY], BERT, time=clock.without_heartbeat()) as berts:
        assert berts.tokens[KEY] > first


def test_a_held_lease_measures_how_long_it_waited_and_was_held(faulty: FaultyStore, clock: FakeClock) -> None:
    records = faulty.inner.try_acquire([KEY], BERT, 300, operation_id="berts")
    faulty.while_waiting.append(lambda: faulty.inner.release(records))
    wait = WaitPolicy(limit=10, poll=2, jitter=0)
    with hold(faulty, [KEY], ANNA, wait=wait, time=clock.without_heartbeat()) as lease:
        clock.advance(1.25)
        assert (lease.waited_ms, lease.held_ms) == (2000, 1250)
        clock.advance(1.25)
    clock.advance(100)
    assert (lease.waited_ms, lease.held_ms) == (2000, 2500)


def test_a_released_lease_cannot_be_used(store: LeaseStore, clock: FakeClock) -> None:
    with hold(store, [KEY], ANNA, time=clock.without_heartbeat()) as lease:
        pass
    with pytest.raises(LeaseLost, match="released"):
        lease.ensure_held()
    with pytest.raises(LeaseLost, match="released"):
        lease.renew()
    assert store.list() == ()


# The heartbeat


def test_the_heartbeat_keeps_the_lease_beyond_its_ttl(
    store: LeaseStore, clock: FakeClock, heartbeat: ManualHeartbeat
) -> None:
    with hold(store, [KEY, NEXT_KEY], ANNA, timing=TIMING, time=heartbeat.time) as lease:
        tokens = lease.tokens
        for _ in range(10):
            clock.advance(10)
            heartbeat.run_once()
        lease.ensure_held(ask_store=True)
        assert lease.tokens == tokens
        with pytest.raises(LeaseHeld), hold(store, [KEY], BERT, wait=NO_WAIT, time=clock.without_heartbeat()):
            pass
    assert heartbeat.pauses == [10.0] * 11


def test_the_heartbeat_ends_with_the_block(store: LeaseStore, clock: FakeClock, heartbeat: ManualHeartbeat) -> None:
    with hold(store, [KEY], ANNA, timing=TIMING, time=heartbeat.time):
        clock.advance(10)
        heartbeat.run_once()
        assert heartbeat.is_running()
    assert not heartbeat.is_running()
    assert store.list() == ()


def test_renewal_continues_after_the_store_was_down_for_a_while(
    faulty: FaultyStore, clock: FakeClock, heartbeat: ManualHeartbeat
) -> None:
    faulty.faults["renew"].extend([Fault(DOWN), Fault(LeaseDenied("no")), Fault(OSError("what?"))])
    with hold(faulty, [KEY], ANNA, timing=TIMING, time=heartbeat.time) as lease:
        for seconds in (10.0, 2.5, 2.5, 2.5):
            clock.advance(seconds)
            heartbeat.run_once()
        clock.advance(25)
        lease.ensure_held(ask_store=True)
    assert heartbeat.pauses == [10.0, 2.5, 2.5, 2.5, 10.0]


def test_the_lease_is_lost_when_the_store_is_down_for_a_whole_ttl(
    faulty: FaultyStore, clock: FakeClock, heartbeat: ManualHeartbeat
) -> None:
    faulty.faults["renew"].extend([Fault(DOWN)] * 9)
    with hold_and_lose(faulty, [KEY], heartbeat.time, timing=TIMING) as lease:
        clock.advance(29)
        heartbeat.run_once()
        lease.ensure_held()
        assert heartbeat.pauses[-1] == 1.0
        clock.advance(1)
        heartbeat.run_to_its_end()
        with pytest.raises(LeaseLost, match="was not renewed for 30 s and expired"):
            lease.ensure_held()


def test_the_heartbeat_notices_that_the_lease_was_taken_over(
    store: LeaseStore, clock: FakeClock, heartbeat: ManualHeartbeat
) -> None:
    with hold_and_lose(store, [KEY], heartbeat.time, timing=TIMING) as lease:
        overtake(store, clock)
        lease.ensure_held()  # the loss cannot be known yet: this is why the warehouse checks the fence
        heartbeat.run_to_its_end()
        with pytest.raises(LeaseLost) as lost:
            lease.ensure_held()
    assert lost.value.keys == (KEY,)
    assert [record.holder for record in store.list()] == [BERT]


def test_a_renewal_whose_reply_took_longer_than_the_ttl_does_not_count(faulty: FaultyStore, clock: FakeClock) -> None:
    def take_thirty_seconds(_call: str) -> None:
        clock.steady += 30

    with hold_and_lose(faulty, [KEY], clock.without_heartbeat(), timing=TIMING) as lease:
        faulty.before_call = take_thirty_seconds
        with pytest.raises(LeaseLost, match="expired"):
            lease.renew()


def test_an_explicit_renewal_extends_the_lease_to_a_whole_ttl(store: LeaseStore, clock: FakeClock) -> None:
    with hold(store, [KEY], ANNA, timing=TIMING, time=clock.without_heartbeat()) as lease:
        clock.advance(29)
        lease.renew()
        clock.advance(29)
        lease.ensure_held(ask_store=True)


@pytest.mark.parametrize("write", ["happens", "never", "late"])
def test_a_renewal_whose_reply_was_lost_does_not_lose_the_lease(
    faulty: FaultyStore, clock: FakeClock, write: Write
) -> None:
    faulty.faults["renew"].append(Fault(NO_REPLY, write))
    with hold(faulty, [KEY], ANNA, timing=TIMING, time=clock.without_heartbeat()) as lease:
        for _ in range(3):
            clock.advance(9)
            lease.renew()
        clock.advance(29)
        lease.ensure_held(ask_store=True)
    assert faulty.list() == ()


def test_a_renewal_that_was_not_written_does_not_extend_the_lease(faulty: FaultyStore, clock: FakeClock) -> None:
    faulty.faults["renew"].append(Fault(NO_REPLY, "never"))
    with hold_and_lose(faulty, [KEY], clock.without_heartbeat(), timing=TIMING) as lease:
        clock.advance(20)
        lease.renew()
        clock.advance(9.9)
        lease.ensure_held()
        clock.advance(0.2)
        with pytest.raises(LeaseLost):
            lease.ensure_held()


# The loss


def test_incident_14_a_process_that_slept_longer_than_its_ttl_notices_without_asking_the_store(
    faulty: FaultyStore, clock: FakeClock
) -> None:
    with hold_and_lose(faulty, [KEY], clock.without_heartbeat(), timing=TIMING) as lease:
        clock.advance(29.9)
        lease.ensure_held()
        clock.advance(0.1)
        faulty.calls.clear()
        with pytest.raises(LeaseLost):
            lease.ensure_held()
        assert faulty.calls == []
        with pytest.raises(LeaseLost):
            lease.ensure_held()


@pytest.mark.parametrize("renewed", [False, True])
def test_local_validity_counts_from_the_request_not_from_the_reply(
    faulty: FaultyStore, clock: FakeClock, renewed: bool
) -> None:
    def take_five_seconds(_call: str) -> None:
        clock.steady += 5  # by the local clock only, as if the reply had been on its way for so long

    faulty.before_call = take_five_seconds
    with hold_and_lose(faulty, [KEY], clock.without_heartbeat(), timing=TIMING) as lease:
        if renewed:
            lease.renew()
        clock.steady += 24.9
        lease.ensure_held()
        clock.steady += 0.1
        with pytest.raises(LeaseLost):
            lease.ensure_held()


def test_a_lost_lease_stays_lost(store: LeaseStore, clock: FakeClock) -> None:
    with hold_and_lose(store, [KEY], clock.without_heartbeat(), timing=TIMING) as lease:
        clock.advance(30)
        with pytest.raises(LeaseLost):
            lease.ensure_held()
        clock.steady -= 30
        with pytest.raises(LeaseLost):
            lease.renew()


def test_asking_the_store_shows_a_loss_that_the_local_clock_does_not(store: LeaseStore, clock: FakeClock) -> None:
    with hold_and_lose(store, [KEY], clock.without_heartbeat(), timing=TIMING) as lease:
        overtake(store, clock)
        lease.ensure_held()
        with pytest.raises(LeaseLost):
            lease.ensure_held(ask_store=True)
        with pytest.raises(LeaseLost):
            lease.ensure_held()


def test_asking_the_store_shows_a_lease_that_expired_by_its_clock_only(store: LeaseStore, clock: FakeClock) -> None:
    with hold_and_lose(store, [KEY], clock.without_heartbeat(), timing=TIMING) as lease:
        clock.step(TIMING.ttl)
        lease.ensure_held()
        with pytest.raises(LeaseLost, match="according to the lease store"):
            lease.ensure_held(ask_store=True)


def test_asking_a_store_that_is_down_fails_closed(faulty: FaultyStore, clock: FakeClock) -> None:
    faulty.faults["inspect"].append(Fault(DOWN))
    with hold(faulty, [KEY], ANNA, time=clock.without_heartbeat()) as lease:
        with pytest.raises(LeaseUnavailable):
            lease.ensure_held(ask_store=True)
        lease.ensure_held(ask_store=True)


def test_incident_16_a_holder_notices_a_forced_release(
    store: LeaseStore, clock: FakeClock, heartbeat: ManualHeartbeat
) -> None:
    with hold_and_lose(store, [KEY], heartbeat.time, timing=TIMING) as lease:
        store.force_release(KEY, ANNA.holder_id, by="operator", reason="a test")
        clock.advance(10)
        heartbeat.run_to_its_end()
        with pytest.raises(LeaseLost):
            lease.ensure_held()


def test_one_lost_key_loses_all_and_the_others_are_released_at_the_end(store: LeaseStore, clock: FakeClock) -> None:
    with hold_and_lose(store, [KEY, NEXT_KEY], clock.without_heartbeat(), timing=TIMING) as lease:
        store.force_release(KEY, ANNA.holder_id, by="operator", reason="a test")
        with pytest.raises(LeaseLost) as lost:
            lease.renew()
    assert lost.value.keys == (KEY, NEXT_KEY)
    assert store.list() == ()


# The end


def test_a_loss_that_was_not_noticed_before_is_raised_at_the_end(store: LeaseStore, clock: FakeClock) -> None:
    with pytest.raises(LeaseLost) as lost, hold(store, [KEY], ANNA, timing=TIMING, time=clock.without_heartbeat()):
        overtake(store, clock)
    assert str(lost.value) == (
        f"Lease {KEY} was taken over before it was released. "
        "Everything committed is safe; run the command again for the rest."
    )
    assert [record.holder for record in store.list()] == [BERT]


def test_the_loss_raised_at_the_end_has_the_reason_that_was_noticed_first(store: LeaseStore, clock: FakeClock) -> None:
    def work() -> None:
        with hold(store, [KEY], ANNA, timing=TIMING, time=clock.without_heartbeat()) as lease:
            clock.advance(TIMING.ttl)
            with pytest.raises(LeaseLost) as noticed:
                lease.ensure_held()
            reasons.append(noticed.value.reason)
            store.try_acquire([KEY], BERT, TIMING.ttl, operation_id="berts")

    reasons: list[str] = []
    with pytest.raises(LeaseLost, match="expired") as lost:
        work()
    assert [lost.value.reason] == reasons


def test_a_block_that_raises_keeps_its_error_with_the_loss_as_a_note(store: LeaseStore, clock: FakeClock) -> None:
    def work() -> None:
        with hold(store, [KEY], ANNA, timing=TIMING, time=clock.without_heartbeat()):
            overtake(store, clock)
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError) as failure:
        work()
    assert "was taken over" in failure.value.__notes__[0]


@pytest.mark.parametrize("fault", [Fault(NO_REPLY, "happens"), Fault(NO_REPLY, "never"), Fault(DOWN)])
def test_a_failed_release_is_tried_again(faulty: FaultyStore, clock: FakeClock, fault: Fault) -> None:
    faulty.faults["release"].append(fault)
    with hold(faulty, [KEY], ANNA, time=clock.without_heartbeat()):
        pass
    assert faulty.list() == ()


def test_incident_44_a_failed_release_does_not_mark_finished_work_as_failed(
    faulty: FaultyStore, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    faulty.faults["release"].extend([Fault(DOWN)] * 9)
    with caplog.at_level(logging.WARNING), hold(faulty, [KEY], ANNA, timing=TIMING, time=clock.without_heartbeat()):
        pass
    assert "will expire by itself" in caplog.text
    clock.advance(TIMING.ttl)
    assert [record.expired for record in faulty.list()] == [True]


def test_a_lease_is_released_even_if_its_last_renewal_arrives_late(faulty: FaultyStore, clock: FakeClock) -> None:
    faulty.faults["renew"].append(Fault(NO_REPLY, "late"))
    with hold(faulty, [KEY], ANNA, time=clock.without_heartbeat()) as lease:
        lease.renew()
    assert faulty.list() == ()


def test_a_lease_without_a_key_is_refused(store: LeaseStore, clock: FakeClock) -> None:
    with pytest.raises(LeaseMisuse), hold(store, [], ANNA, time=clock.without_heartbeat()):
        pass


def test_the_heartbeat_never_keeps_a_process_alive(store: LeaseStore, heartbeat: ManualHeartbeat) -> None:
    with hold(store, [KEY], ANNA, time=heartbeat.time):
        threads = [thread for thread in threading.enumerate() if thread.name == f"lease {KEY}"]
        assert [thread.daemon for thread in threads] == [True]
