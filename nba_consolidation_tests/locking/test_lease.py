"""The lease while it is held: its heartbeat, its loss, its end. Coming by it is in `test_acquire`."""

import logging
import threading

import pytest

from nba_consolidation.locking import (
    AmbiguousReply,
    LeaseDenied,
    LeaseHeld,
    LeaseLost,
    LeaseMisuse,
    LeaseStore,
    LeaseTiming,
    LeaseUnavailable,
    MemoryLeaseStore,
    WaitPolicy,
    hold,
)

from .fakes import ANNA, BERT, KEY, NEXT_KEY, FakeClock, Fault, Heart, TroubledStore, Write, hold_and_lose

TIMING = LeaseTiming(ttl=30)
NO_WAIT = WaitPolicy(limit=0)
NO_ANSWER = AmbiguousReply("no answer came")
DOWN = LeaseUnavailable("the store is down")


@pytest.fixture
def troubled(clock: FakeClock) -> TroubledStore:
    return TroubledStore(MemoryLeaseStore(clock=clock.now), clock)


@pytest.fixture
def heart(clock: FakeClock) -> Heart:
    return Heart(clock)


def overtake(store: LeaseStore, clock: FakeClock) -> None:
    """The lease runs out by the store's clock alone, and Bert takes it."""
    clock.step(TIMING.ttl)
    store.try_acquire([KEY], BERT, TIMING.ttl, operation_id="berts")


def test_the_lease_tells_its_tokens_and_its_records(store: LeaseStore, clock: FakeClock) -> None:
    with hold(store, [NEXT_KEY, KEY], ANNA, timing=TIMING, time=clock.without_heartbeat()) as lease:
        lease.ensure_held(ask_store=True)
        assert lease.records == store.list()
        assert lease.tokens == {record.key: record.token for record in store.list()}
        assert list(lease.tokens) == [KEY, NEXT_KEY]


def test_incident_11_the_end_of_the_block_frees_every_lease(store: LeaseStore, clock: FakeClock) -> None:
    with hold(store, [KEY, NEXT_KEY], ANNA, time=clock.without_heartbeat()):
        pass
    assert store.list() == ()


def test_a_block_that_fails_frees_its_leases_too(store: LeaseStore, clock: FakeClock) -> None:
    with (
        pytest.raises(ZeroDivisionError) as failure,
        hold(store, [KEY], ANNA, time=clock.without_heartbeat()),
    ):
        _ = 1 / 0
    assert store.list() == ()
    assert not hasattr(failure.value, "__notes__")


def test_a_machine_that_cannot_start_the_heartbeat_does_not_keep_the_lease(
    troubled: TroubledStore, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    with pytest.raises(RuntimeError, match="new thread"), hold(troubled, [KEY], ANNA, time=clock.without_heartbeat()):
        pytest.fail("the block ran without a heartbeat")
    assert troubled.list() == ()


def test_the_next_holder_gets_a_larger_token(store: LeaseStore, clock: FakeClock) -> None:
    with hold(store, [KEY], ANNA, time=clock.without_heartbeat()) as annas:
        first = annas.tokens[KEY]
    clock.step(-3600)
    with hold(store, [KEY], BERT, time=clock.without_heartbeat()) as berts:
        assert berts.tokens[KEY] > first


def test_the_lease_tells_how_long_it_was_waited_for_and_held(troubled: TroubledStore, clock: FakeClock) -> None:
    records = troubled.inner.try_acquire([KEY], BERT, 300, operation_id="berts")
    troubled.while_waiting.append(lambda: troubled.inner.release(records))
    wait = WaitPolicy(limit=10, poll=2, jitter=0)
    with hold(troubled, [KEY], ANNA, wait=wait, time=clock.without_heartbeat()) as lease:
        clock.advance(1.25)
        assert (lease.waited_ms, lease.held_ms) == (2000, 1250)
        clock.advance(1.25)
    clock.advance(100)
    assert (lease.waited_ms, lease.held_ms) == (2000, 2500)


def test_a_lease_that_was_released_may_not_be_used_any_more(store: LeaseStore, clock: FakeClock) -> None:
    with hold(store, [KEY], ANNA, time=clock.without_heartbeat()) as lease:
        pass
    with pytest.raises(LeaseLost, match="released"):
        lease.ensure_held()
    with pytest.raises(LeaseLost, match="released"):
        lease.renew()
    assert store.list() == ()


# The heartbeat


def test_the_heartbeat_keeps_the_lease_beyond_its_ttl(store: LeaseStore, clock: FakeClock, heart: Heart) -> None:
    with hold(store, [KEY, NEXT_KEY], ANNA, timing=TIMING, time=heart.time) as lease:
        tokens = lease.tokens
        for _ in range(10):
            clock.advance(10)
            heart.beat()
        lease.ensure_held(ask_store=True)
        assert lease.tokens == tokens
        with pytest.raises(LeaseHeld), hold(store, [KEY], BERT, wait=NO_WAIT, time=clock.without_heartbeat()):
            pass
    assert heart.asked == [10.0] * 11


def test_the_heartbeat_ends_with_the_block(store: LeaseStore, clock: FakeClock, heart: Heart) -> None:
    with hold(store, [KEY], ANNA, timing=TIMING, time=heart.time):
        clock.advance(10)
        heart.beat()
        assert heart.is_beating()
    assert not heart.is_beating()
    assert store.list() == ()


def test_a_heartbeat_outlives_a_store_that_is_down_for_a_while(
    troubled: TroubledStore, clock: FakeClock, heart: Heart
) -> None:
    troubled.faults["renew"].extend([Fault(DOWN), Fault(LeaseDenied("no")), Fault(OSError("what?"))])
    with hold(troubled, [KEY], ANNA, timing=TIMING, time=heart.time) as lease:
        for seconds in (10.0, 2.5, 2.5, 2.5):
            clock.advance(seconds)
            heart.beat()
        clock.advance(25)
        lease.ensure_held(ask_store=True)
    assert heart.asked == [10.0, 2.5, 2.5, 2.5, 10.0]


def test_a_store_that_stays_down_costs_the_lease_when_its_ttl_is_over(
    troubled: TroubledStore, clock: FakeClock, heart: Heart
) -> None:
    told: list[LeaseLost] = []
    troubled.faults["renew"].extend([Fault(DOWN)] * 9)

    with hold_and_lose(troubled, [KEY], heart.time, timing=TIMING, on_lost=told.append) as lease:
        clock.advance(29)
        heart.beat()
        lease.ensure_held()
        assert heart.asked[-1] == 1.0
        clock.advance(1)
        heart.last_beat()
        assert [loss.why for loss in told] == ["its 30 s ran out without a renewal"]


def test_the_heartbeat_notices_that_the_lease_was_taken_over(store: LeaseStore, clock: FakeClock, heart: Heart) -> None:
    told: list[LeaseLost] = []
    with hold_and_lose(store, [KEY], heart.time, timing=TIMING, on_lost=told.append) as lease:
        overtake(store, clock)
        lease.ensure_held()  # nobody can know yet: this is why the warehouse checks the fence
        heart.last_beat()
        with pytest.raises(LeaseLost):
            lease.ensure_held()
    assert [loss.keys for loss in told] == [(KEY,)]
    assert [record.holder for record in store.list()] == [BERT]


def test_no_error_of_the_callback_hides_the_loss(store: LeaseStore, clock: FakeClock, heart: Heart) -> None:
    def fail(_loss: LeaseLost) -> None:
        raise RuntimeError("the callback fails")

    with hold_and_lose(store, [KEY], heart.time, timing=TIMING, on_lost=fail) as lease:
        overtake(store, clock)
        heart.beat()
        heart.last_beat()
        with pytest.raises(LeaseLost):
            lease.ensure_held()


def test_the_callback_may_use_the_lease(store: LeaseStore, clock: FakeClock, heart: Heart) -> None:
    told: list[LeaseLost] = []

    def use_the_lease(_loss: LeaseLost) -> None:
        with pytest.raises(LeaseLost) as again:
            lease.renew()
        told.append(again.value)

    with hold_and_lose(store, [KEY], heart.time, timing=TIMING, on_lost=use_the_lease) as lease:
        overtake(store, clock)
        heart.last_beat()
        assert len(told) == 1


def test_a_renewal_whose_answer_took_longer_than_the_ttl_is_none(troubled: TroubledStore, clock: FakeClock) -> None:
    def thirty_seconds_on_the_way(_call: str) -> None:
        clock.steady += 30

    with hold_and_lose(troubled, [KEY], clock.without_heartbeat(), timing=TIMING) as lease:
        troubled.before_call = thirty_seconds_on_the_way
        with pytest.raises(LeaseLost, match="ran out"):
            lease.renew()


def test_a_renewal_by_hand_lasts_a_whole_ttl(store: LeaseStore, clock: FakeClock) -> None:
    with hold(store, [KEY], ANNA, timing=TIMING, time=clock.without_heartbeat()) as lease:
        clock.advance(29)
        lease.renew()
        clock.advance(29)
        lease.ensure_held(ask_store=True)


@pytest.mark.parametrize("write", ["happens", "never", "late"])
def test_a_renewal_without_an_answer_is_no_loss(troubled: TroubledStore, clock: FakeClock, write: Write) -> None:
    troubled.faults["renew"].append(Fault(NO_ANSWER, write))
    with hold(troubled, [KEY], ANNA, timing=TIMING, time=clock.without_heartbeat()) as lease:
        for _ in range(3):
            clock.advance(9)
            lease.renew()
        clock.advance(29)
        lease.ensure_held(ask_store=True)
    assert troubled.list() == ()


def test_a_renewal_without_an_answer_that_was_not_written_adds_no_time(
    troubled: TroubledStore, clock: FakeClock
) -> None:
    troubled.faults["renew"].append(Fault(NO_ANSWER, "never"))
    with hold_and_lose(troubled, [KEY], clock.without_heartbeat(), timing=TIMING) as lease:
        clock.advance(20)
        lease.renew()
        clock.advance(9.9)
        lease.ensure_held()
        clock.advance(0.2)
        with pytest.raises(LeaseLost):
            lease.ensure_held()


# The loss


def test_incident_14_a_process_that_slept_beyond_its_ttl_is_told_without_asking_the_store(
    troubled: TroubledStore, clock: FakeClock
) -> None:
    with hold_and_lose(troubled, [KEY], clock.without_heartbeat(), timing=TIMING) as lease:
        clock.advance(29.9)
        lease.ensure_held()
        clock.advance(0.1)
        troubled.calls.clear()
        with pytest.raises(LeaseLost):
            lease.ensure_held()
        assert troubled.calls == []
        with pytest.raises(LeaseLost):
            lease.ensure_held()


@pytest.mark.parametrize("renewed", [False, True])
def test_our_own_time_counts_from_the_question_not_from_the_answer(
    troubled: TroubledStore, clock: FakeClock, renewed: bool
) -> None:
    def five_seconds_on_the_way(_call: str) -> None:
        clock.steady += 5  # by our clock alone, as if the store's answer had been old when it came

    troubled.before_call = five_seconds_on_the_way
    with hold_and_lose(troubled, [KEY], clock.without_heartbeat(), timing=TIMING) as lease:
        if renewed:
            lease.renew()
        clock.steady += 24.9
        lease.ensure_held()
        clock.steady += 0.1
        with pytest.raises(LeaseLost):
            lease.ensure_held()


def test_lost_once_is_lost_for_good(store: LeaseStore, clock: FakeClock) -> None:
    with hold_and_lose(store, [KEY], clock.without_heartbeat(), timing=TIMING) as lease:
        clock.advance(30)
        with pytest.raises(LeaseLost):
            lease.ensure_held()
        clock.steady -= 30
        with pytest.raises(LeaseLost):
            lease.renew()


def test_asking_the_store_finds_a_loss_that_our_own_clock_does_not_show(store: LeaseStore, clock: FakeClock) -> None:
    with hold_and_lose(store, [KEY], clock.without_heartbeat(), timing=TIMING) as lease:
        overtake(store, clock)
        lease.ensure_held()
        with pytest.raises(LeaseLost):
            lease.ensure_held(ask_store=True)
        with pytest.raises(LeaseLost):
            lease.ensure_held()


def test_asking_the_store_finds_a_lease_that_ran_out_by_its_clock_alone(store: LeaseStore, clock: FakeClock) -> None:
    with hold_and_lose(store, [KEY], clock.without_heartbeat(), timing=TIMING) as lease:
        clock.step(TIMING.ttl)
        lease.ensure_held()
        with pytest.raises(LeaseLost, match="the store says"):
            lease.ensure_held(ask_store=True)


def test_asking_a_store_that_is_down_fails_closed(troubled: TroubledStore, clock: FakeClock) -> None:
    troubled.faults["inspect"].append(Fault(DOWN))
    with hold(troubled, [KEY], ANNA, time=clock.without_heartbeat()) as lease:
        with pytest.raises(LeaseUnavailable):
            lease.ensure_held(ask_store=True)
        lease.ensure_held(ask_store=True)


def test_incident_16_a_holder_learns_of_a_forced_release(store: LeaseStore, clock: FakeClock, heart: Heart) -> None:
    with hold_and_lose(store, [KEY], heart.time, timing=TIMING) as lease:
        store.force_release(KEY, ANNA.holder_id, by="operator", reason="a test")
        clock.advance(10)
        heart.last_beat()
        with pytest.raises(LeaseLost):
            lease.ensure_held()


def test_one_lost_key_loses_them_all_and_the_others_are_freed_at_the_end(store: LeaseStore, clock: FakeClock) -> None:
    with hold_and_lose(store, [KEY, NEXT_KEY], clock.without_heartbeat(), timing=TIMING) as lease:
        store.force_release(KEY, ANNA.holder_id, by="operator", reason="a test")
        with pytest.raises(LeaseLost) as lost:
            lease.renew()
    assert lost.value.keys == (KEY, NEXT_KEY)
    assert store.list() == ()


# The end


def test_a_loss_that_nobody_noticed_is_reported_at_the_end(store: LeaseStore, clock: FakeClock) -> None:
    told: list[LeaseLost] = []
    with (
        pytest.raises(LeaseLost) as lost,
        hold(store, [KEY], ANNA, timing=TIMING, time=clock.without_heartbeat(), on_lost=told.append),
    ):
        overtake(store, clock)
    assert told == [lost.value]
    assert [record.holder for record in store.list()] == [BERT]


def test_the_reason_that_was_noticed_first_is_reported_at_the_end(store: LeaseStore, clock: FakeClock) -> None:
    def work() -> None:
        with hold(store, [KEY], ANNA, timing=TIMING, time=clock.without_heartbeat()) as lease:
            clock.advance(TIMING.ttl)
            with pytest.raises(LeaseLost):
                lease.ensure_held()
            store.try_acquire([KEY], BERT, TIMING.ttl, operation_id="berts")

    with pytest.raises(LeaseLost) as lost:
        work()
    assert lost.value.why == "its 30 s ran out without a renewal"


def test_a_block_that_fails_keeps_its_own_error_and_notes_the_loss(store: LeaseStore, clock: FakeClock) -> None:
    def work() -> None:
        with hold(store, [KEY], ANNA, timing=TIMING, time=clock.without_heartbeat()):
            overtake(store, clock)
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError) as failure:
        work()
    assert "was lost" in failure.value.__notes__[0]


@pytest.mark.parametrize("fault", [Fault(NO_ANSWER, "happens"), Fault(NO_ANSWER, "never"), Fault(DOWN)])
def test_a_release_that_fails_is_tried_again(troubled: TroubledStore, clock: FakeClock, fault: Fault) -> None:
    troubled.faults["release"].append(fault)
    with hold(troubled, [KEY], ANNA, time=clock.without_heartbeat()):
        pass
    assert troubled.list() == ()


def test_incident_44_a_release_that_cannot_be_does_not_mark_finished_work_as_failed(
    troubled: TroubledStore, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    troubled.faults["release"].extend([Fault(DOWN)] * 9)
    with caplog.at_level(logging.WARNING), hold(troubled, [KEY], ANNA, timing=TIMING, time=clock.without_heartbeat()):
        pass
    assert "will end by itself" in caplog.text
    clock.advance(TIMING.ttl)
    assert [record.expired for record in troubled.list()] == [True]


def test_a_release_after_a_late_renewal_still_frees_the_lease(troubled: TroubledStore, clock: FakeClock) -> None:
    troubled.faults["renew"].append(Fault(NO_ANSWER, "late"))
    with hold(troubled, [KEY], ANNA, time=clock.without_heartbeat()) as lease:
        lease.renew()
    assert troubled.list() == ()


def test_a_lease_without_a_key_is_refused(store: LeaseStore, clock: FakeClock) -> None:
    with pytest.raises(LeaseMisuse), hold(store, [], ANNA, time=clock.without_heartbeat()):
        pass


def test_the_heartbeat_never_keeps_a_process_alive(store: LeaseStore, heart: Heart) -> None:
    with hold(store, [KEY], ANNA, time=heart.time):
        beating = [thread for thread in threading.enumerate() if thread.name == f"lease {KEY}"]
        assert [thread.daemon for thread in beating] == [True]
