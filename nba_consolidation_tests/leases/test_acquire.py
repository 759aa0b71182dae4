"""Acquiring one lease: waiting, the wait limit, lost replies, permanent errors. Many leases: `test_many_keys`."""

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
    FaultyStore,
    Write,
    hold_and_lose,
)
from nba_consolidation_tests.leases.memory_store import MemoryLeaseStore

NO_REPLY = AmbiguousReply("no reply came")
NO_WAIT = WaitPolicy(limit=0)


@pytest.fixture
def faulty(clock: FakeClock) -> FaultyStore:
    return FaultyStore(MemoryLeaseStore(clock=clock.now), clock)


def test_incident_15_a_wait_limit_below_five_seconds_is_honoured(faulty: FaultyStore, clock: FakeClock) -> None:
    faulty.inner.try_acquire([KEY], BERT, 300, operation_id="berts")
    began = clock.monotonic()
    with (
        pytest.raises(LeaseHeld) as refused,
        hold(faulty, [KEY], ANNA, wait=WaitPolicy(limit=3.2, poll=2), time=clock.without_heartbeat()),
    ):
        pass
    assert clock.monotonic() - began == pytest.approx(3.2)
    assert refused.value.waited == pytest.approx(3.2)
    assert faulty.calls[-1] == "try_acquire"  # the last attempt is at the limit, not before it


def test_incident_15_a_wait_limit_of_zero_asks_once(faulty: FaultyStore, clock: FakeClock) -> None:
    faulty.inner.try_acquire([KEY], BERT, 300, operation_id="berts")
    with pytest.raises(LeaseHeld), hold(faulty, [KEY], ANNA, wait=NO_WAIT, time=clock.without_heartbeat()):
        pass
    assert faulty.waits == []
    assert faulty.calls == ["try_acquire"]


def test_the_error_at_the_wait_limit_names_the_holder_and_what_to_do(faulty: FaultyStore, clock: FakeClock) -> None:
    faulty.inner.try_acquire([KEY], BERT, 300, operation_id="berts")
    with pytest.raises(LeaseHeld) as refused, hold(faulty, [KEY], ANNA, wait=NO_WAIT, time=clock.without_heartbeat()):
        pass
    assert str(refused.value) == (
        "Lease consolidation_2026-01-15 is held by bert-1 (run run-bert, host host-b, pid 22) "
        "since 2026-01-15 12:00:00 UTC, until 2026-01-15 12:05:00 UTC. Waited 0.0 s. "
        "Wait for that run to finish, then run the command again. If that run is dead, the lease expires by itself at "
        "that time; to end it earlier, run: "
        "nba-consolidation locks release consolidation_2026-01-15 --holder bert-1 --reason ..."
    )


@pytest.mark.parametrize("error", [LeaseDenied("no permission"), LeaseUnavailable("not a database")])
def test_incident_10_permanent_errors_are_raised_without_waiting(
    faulty: FaultyStore, clock: FakeClock, error: LeaseError
) -> None:
    faulty.faults["try_acquire"].append(Fault(error))
    with (
        pytest.raises(type(error)) as raised,
        hold(faulty, [KEY], ANNA, wait=WaitPolicy(limit=300), time=clock.without_heartbeat()),
    ):
        pass
    assert raised.value is error
    assert faulty.waits == []


def test_incident_04_the_block_does_not_run_after_an_error_while_waiting(faulty: FaultyStore, clock: FakeClock) -> None:
    faulty.inner.try_acquire([KEY], BERT, 300, operation_id="berts")
    faulty.while_waiting.append(lambda: faulty.faults["try_acquire"].append(Fault(LeaseUnavailable("gone"))))
    with pytest.raises(LeaseUnavailable), hold(faulty, [KEY], ANNA, time=clock.without_heartbeat()):
        pytest.fail("the block ran without the lease")


def test_a_waiting_run_acquires_the_lease_once_it_is_released(faulty: FaultyStore, clock: FakeClock) -> None:
    berts = faulty.inner.try_acquire([KEY], BERT, 300, operation_id="berts")
    faulty.while_waiting.extend([lambda: None, lambda: faulty.inner.release(berts)])
    with hold(faulty, [KEY], ANNA, wait=WaitPolicy(limit=60, poll=2), time=clock.without_heartbeat()) as lease:
        assert lease.tokens[KEY] > berts[0].token
    assert len(faulty.waits) == 2


def test_incident_14_the_wait_for_a_dead_holder_ends_when_its_lease_expires(
    faulty: FaultyStore, clock: FakeClock
) -> None:
    faulty.inner.try_acquire([KEY], BERT, 1.5, operation_id="berts")
    wait = WaitPolicy(limit=60, poll=20, jitter=0)
    with hold(faulty, [KEY], ANNA, wait=wait, time=clock.without_heartbeat()):
        assert faulty.waits == [1.5]


def test_pauses_have_jitter_so_that_waiting_runs_do_not_poll_together(clock: FakeClock) -> None:
    def waits(seed: int) -> list[float]:
        faulty = FaultyStore(MemoryLeaseStore(clock=clock.now), clock)
        faulty.inner.try_acquire([KEY], BERT, 300, operation_id="berts")
        wait, time = WaitPolicy(limit=20, poll=2, jitter=0.5), clock.without_heartbeat()
        with pytest.raises(LeaseHeld), hold(faulty, [KEY], ANNA, wait=wait, time=time, rng=Random(seed)):
            pass
        return faulty.waits

    assert waits(1) == pytest.approx(waits(1))
    assert waits(1)[0] != pytest.approx(waits(2)[0])
    assert all(2 <= seconds <= 3 for seconds in waits(1)[:-1])


# Lost replies


@pytest.mark.parametrize("write", ["happens", "never", "late"])
def test_an_acquisition_whose_reply_was_lost_does_not_wait_for_itself(
    faulty: FaultyStore, clock: FakeClock, write: Write
) -> None:
    faulty.faults["try_acquire"].append(Fault(NO_REPLY, write))
    with hold(faulty, [KEY, NEXT_KEY], ANNA, wait=NO_WAIT, time=clock.without_heartbeat()) as lease:
        lease.ensure_held(ask_store=True)
        assert lease.records == faulty.list()
    assert faulty.waits == []
    assert faulty.list() == ()


def test_a_lease_read_after_a_lost_reply_is_valid_only_until_the_store_says(
    faulty: FaultyStore, clock: FakeClock
) -> None:
    faulty.faults["try_acquire"].append(Fault(NO_REPLY, "happens"))
    faulty.before_call = lambda name: clock.advance(20) if name == "inspect" else None
    with hold_and_lose(faulty, [KEY], clock.without_heartbeat(), timing=LeaseTiming(ttl=30)) as lease:
        clock.steady -= 20  # the reply itself came at once
        clock.steady += 9.9
        lease.ensure_held()
        clock.steady += 0.1
        with pytest.raises(LeaseLost):
            lease.ensure_held()


def test_after_a_lost_reply_a_lease_of_another_holder_is_waited_for(faulty: FaultyStore, clock: FakeClock) -> None:
    berts = faulty.inner.try_acquire([KEY], BERT, 300, operation_id="berts")
    faulty.faults["try_acquire"].append(Fault(NO_REPLY, "never"))
    faulty.while_waiting.append(lambda: faulty.inner.release(berts))
    with hold(faulty, [KEY], ANNA, time=clock.without_heartbeat()) as lease:
        assert lease.records[0].holder == ANNA
    assert len(faulty.waits) == 1


def test_an_acquisition_gives_up_after_three_lost_replies(faulty: FaultyStore, clock: FakeClock) -> None:
    faulty.faults["try_acquire"].extend([Fault(NO_REPLY)] * 9)
    with pytest.raises(AmbiguousReply), hold(faulty, [KEY], ANNA, time=clock.without_heartbeat()):
        pytest.fail("the block ran without the lease")
    assert faulty.calls.count("try_acquire") == 3
    assert faulty.waits == []
