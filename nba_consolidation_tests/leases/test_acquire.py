"""Coming by a lease: waiting, its limit, lost replies, errors not worth waiting for. Many leases: `test_many`."""

from random import Random

import pytest

from nba_consolidation.leases import (
    AmbiguousReply,
    LeaseDenied,
    LeaseError,
    LeaseHeld,
    LeaseLost,
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
    TroubledStore,
    Write,
    hold_and_lose,
)
from nba_consolidation_tests.leases.memory_store import MemoryLeaseStore

NO_ANSWER = AmbiguousReply("no answer came")
NO_WAIT = WaitPolicy(limit=0)


@pytest.fixture
def troubled(clock: FakeClock) -> TroubledStore:
    return TroubledStore(MemoryLeaseStore(clock=clock.now), clock)


def test_incident_15_a_wait_limit_below_five_seconds_is_honoured(troubled: TroubledStore, clock: FakeClock) -> None:
    troubled.inner.try_acquire([KEY], BERT, 300, operation_id="berts")
    began = clock.monotonic()
    with (
        pytest.raises(LeaseHeld) as refused,
        hold(troubled, [KEY], ANNA, wait=WaitPolicy(limit=3.2, poll=2), time=clock.without_heartbeat()),
    ):
        pass
    assert clock.monotonic() - began == pytest.approx(3.2)
    assert refused.value.waited == pytest.approx(3.2)
    assert troubled.calls[-1] == "try_acquire"  # the last look is at the limit, not before it


def test_incident_15_a_wait_limit_of_zero_asks_once(troubled: TroubledStore, clock: FakeClock) -> None:
    troubled.inner.try_acquire([KEY], BERT, 300, operation_id="berts")
    with pytest.raises(LeaseHeld), hold(troubled, [KEY], ANNA, wait=NO_WAIT, time=clock.without_heartbeat()):
        pass
    assert troubled.waits == []
    assert troubled.calls == ["try_acquire"]


def test_after_the_limit_the_message_names_the_holder_and_what_to_do(troubled: TroubledStore, clock: FakeClock) -> None:
    troubled.inner.try_acquire([KEY], BERT, 300, operation_id="berts")
    with pytest.raises(LeaseHeld) as refused, hold(troubled, [KEY], ANNA, wait=NO_WAIT, time=clock.without_heartbeat()):
        pass
    assert str(refused.value) == (
        "Lease consolidation_2026-01-15 is held by bert-1 (run run-bert, host host-b, pid 22) "
        "since 2026-01-15 12:00:00 UTC, until 2026-01-15 12:05:00 UTC. Waited 0.0 s. "
        "Wait for that run to finish, then run the command again. If that run is dead, the lease expires by itself at "
        "that time; to end it earlier, run: "
        "nba-consolidation locks release consolidation_2026-01-15 --holder bert-1 --reason ..."
    )


@pytest.mark.parametrize("error", [LeaseDenied("no permission"), LeaseUnavailable("not a database")])
def test_incident_10_permanent_errors_do_not_wait_out_the_limit(
    troubled: TroubledStore, clock: FakeClock, error: LeaseError
) -> None:
    troubled.faults["try_acquire"].append(Fault(error))
    with (
        pytest.raises(type(error)) as raised,
        hold(troubled, [KEY], ANNA, wait=WaitPolicy(limit=300), time=clock.without_heartbeat()),
    ):
        pass
    assert raised.value is error
    assert troubled.waits == []


def test_incident_04_an_error_while_waiting_never_lets_the_block_run(troubled: TroubledStore, clock: FakeClock) -> None:
    troubled.inner.try_acquire([KEY], BERT, 300, operation_id="berts")
    troubled.while_waiting.append(lambda: troubled.faults["try_acquire"].append(Fault(LeaseUnavailable("gone"))))
    with pytest.raises(LeaseUnavailable), hold(troubled, [KEY], ANNA, time=clock.without_heartbeat()):
        pytest.fail("the block ran without the lease")


def test_whoever_waits_is_handed_the_lease_when_it_is_released(troubled: TroubledStore, clock: FakeClock) -> None:
    berts = troubled.inner.try_acquire([KEY], BERT, 300, operation_id="berts")
    troubled.while_waiting.extend([lambda: None, lambda: troubled.inner.release(berts)])
    with hold(troubled, [KEY], ANNA, wait=WaitPolicy(limit=60, poll=2), time=clock.without_heartbeat()) as lease:
        assert lease.tokens[KEY] > berts[0].token
    assert len(troubled.waits) == 2


def test_incident_14_a_dead_holder_is_waited_for_no_longer_than_its_lease_lasts(
    troubled: TroubledStore, clock: FakeClock
) -> None:
    troubled.inner.try_acquire([KEY], BERT, 1.5, operation_id="berts")
    wait = WaitPolicy(limit=60, poll=20, jitter=0)
    with hold(troubled, [KEY], ANNA, wait=wait, time=clock.without_heartbeat()):
        assert troubled.waits == [1.5]


def test_pauses_are_lengthened_by_chance_so_that_many_do_not_come_back_together(clock: FakeClock) -> None:
    def waits(seed: int) -> list[float]:
        troubled = TroubledStore(MemoryLeaseStore(clock=clock.now), clock)
        troubled.inner.try_acquire([KEY], BERT, 300, operation_id="berts")
        wait, time = WaitPolicy(limit=20, poll=2, jitter=0.5), clock.without_heartbeat()
        with pytest.raises(LeaseHeld), hold(troubled, [KEY], ANNA, wait=wait, time=time, rng=Random(seed)):
            pass
        return troubled.waits

    assert waits(1) == pytest.approx(waits(1))
    assert waits(1)[0] != pytest.approx(waits(2)[0])
    assert all(2 <= seconds <= 3 for seconds in waits(1)[:-1])


# Lost replies


@pytest.mark.parametrize("write", ["happens", "never", "late"])
def test_an_acquisition_without_an_answer_does_not_wait_for_itself(
    troubled: TroubledStore, clock: FakeClock, write: Write
) -> None:
    troubled.faults["try_acquire"].append(Fault(NO_ANSWER, write))
    with hold(troubled, [KEY, NEXT_KEY], ANNA, wait=NO_WAIT, time=clock.without_heartbeat()) as lease:
        lease.ensure_held(ask_store=True)
        assert lease.records == troubled.list()
    assert troubled.waits == []
    assert troubled.list() == ()


def test_a_lease_found_after_a_lost_reply_is_good_only_as_long_as_the_store_says(
    troubled: TroubledStore, clock: FakeClock
) -> None:
    troubled.faults["try_acquire"].append(Fault(NO_ANSWER, "happens"))
    troubled.before_call = lambda name: clock.advance(20) if name == "inspect" else None
    with hold_and_lose(troubled, [KEY], clock.without_heartbeat(), timing=LeaseTiming(ttl=30)) as lease:
        clock.steady -= 20  # the answer itself came at once
        clock.steady += 9.9
        lease.ensure_held()
        clock.steady += 0.1
        with pytest.raises(LeaseLost):
            lease.ensure_held()


def test_a_reply_lost_while_another_holds_the_lease_waits_for_the_other(
    troubled: TroubledStore, clock: FakeClock
) -> None:
    berts = troubled.inner.try_acquire([KEY], BERT, 300, operation_id="berts")
    troubled.faults["try_acquire"].append(Fault(NO_ANSWER, "never"))
    troubled.while_waiting.append(lambda: troubled.inner.release(berts))
    with hold(troubled, [KEY], ANNA, time=clock.without_heartbeat()) as lease:
        assert lease.records[0].holder == ANNA
    assert len(troubled.waits) == 1


def test_a_store_that_never_answers_is_given_up_soon(troubled: TroubledStore, clock: FakeClock) -> None:
    troubled.faults["try_acquire"].extend([Fault(NO_ANSWER)] * 9)
    with pytest.raises(AmbiguousReply), hold(troubled, [KEY], ANNA, time=clock.without_heartbeat()):
        pytest.fail("the block ran without the lease")
    assert troubled.calls.count("try_acquire") == 3
    assert troubled.waits == []
