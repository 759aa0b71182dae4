"""Waits are recorded while they last and afterwards; short ones are not, and a failure to record stops nobody."""

from __future__ import annotations

import logging
from datetime import date

import pytest

from nba_consolidation.leases import (
    TOOK_OVER,
    WAIT,
    LeaseHeld,
    LeaseTiming,
    LeaseUnavailable,
    WaitPolicy,
    hold,
    lease_key,
)
from nba_consolidation.leases.lease_events import record_fenced_out
from nba_consolidation_tests.leases.fakes import ANNA, BERT, KEY, NEXT_KEY, FakeClock, Fault, FaultyStore
from nba_consolidation_tests.leases.memory_store import MemoryLeaseStore

POLL = WaitPolicy(limit=10, poll=2, jitter=0)


@pytest.fixture
def faulty(clock: FakeClock) -> FaultyStore:
    return FaultyStore(MemoryLeaseStore(clock=clock.now), clock)


def test_a_wait_is_recorded_with_both_holders_and_its_outcome(faulty: FaultyStore, clock: FakeClock) -> None:
    berts = faulty.inner.try_acquire([KEY], BERT, 300, operation_id="berts")
    is_visible: list[bool] = []
    look = lambda: is_visible.append(any(event.waiting for event in faulty.events()))  # noqa: E731
    faulty.while_waiting.extend([look, look, lambda: faulty.inner.release(berts)])
    with hold(faulty, [KEY], ANNA, wait=POLL, time=clock.without_heartbeat()):
        pass
    (wait,) = faulty.events()
    assert is_visible == [False, True]  # a wait that ends within the first pause is not recorded
    assert (wait.key, wait.holder, wait.other, wait.outcome) == (KEY, ANNA, BERT, "acquired")
    assert (wait.ends_at - wait.began_at).total_seconds() == pytest.approx(6)


def test_a_wait_that_ends_within_the_first_pause_is_not_recorded(faulty: FaultyStore, clock: FakeClock) -> None:
    berts = faulty.inner.try_acquire([KEY], BERT, 300, operation_id="berts")
    faulty.while_waiting.append(lambda: faulty.inner.release(berts))
    with hold(faulty, [KEY], ANNA, wait=POLL, time=clock.without_heartbeat()):
        pass
    assert faulty.recorded == 0


def test_a_wait_that_reaches_its_limit_is_recorded_as_given_up(faulty: FaultyStore, clock: FakeClock) -> None:
    faulty.inner.try_acquire([KEY], BERT, 300, operation_id="berts")
    with pytest.raises(LeaseHeld), hold(faulty, [KEY], ANNA, wait=POLL, time=clock.without_heartbeat()):
        pass
    (wait,) = faulty.events()
    assert (wait.outcome, wait.waiting) == ("given_up", False)
    assert (wait.ends_at - wait.began_at).total_seconds() == pytest.approx(10)


def test_waits_for_different_holders_are_separate_events(faulty: FaultyStore, clock: FakeClock) -> None:
    first = faulty.inner.try_acquire([KEY], BERT, 300, operation_id="first")
    second = faulty.inner.try_acquire([NEXT_KEY], BERT, 300, operation_id="second")
    third: list[object] = []

    def overtake() -> None:
        faulty.inner.release(first)
        third.extend(faulty.inner.try_acquire([KEY], BERT, 4.5, operation_id="third"))

    no_change = lambda: None  # noqa: E731
    faulty.while_waiting.extend([no_change, overtake, *[no_change] * 4, lambda: faulty.inner.release(second)])
    with hold(
        faulty, [KEY, NEXT_KEY], ANNA, timing=LeaseTiming(300), wait=WaitPolicy(limit=60, poll=2, jitter=0),
        time=clock.without_heartbeat(),
    ):  # fmt: skip
        pass
    assert [(event.key, event.outcome) for event in faulty.events() if event.kind == WAIT] == [
        (KEY, "overtaken"), (KEY, "acquired"), (NEXT_KEY, "acquired")
    ]  # fmt: skip
    assert [event.key for event in faulty.events() if event.kind == TOOK_OVER] == [KEY]  # the third lease had expired


def test_a_wait_goes_on_if_its_event_cannot_be_recorded(
    faulty: FaultyStore, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    berts = faulty.inner.try_acquire([KEY], BERT, 300, operation_id="berts")
    faulty.faults["record"].extend([Fault(LeaseUnavailable("gone"))] * 2)
    faulty.while_waiting.extend([lambda: None, lambda: None, lambda: faulty.inner.release(berts)])
    with hold(faulty, [KEY], ANNA, wait=POLL, time=clock.without_heartbeat()):
        pass
    assert faulty.recorded == 2
    assert "could not be recorded" in caplog.text


def test_at_most_ten_dates_of_a_refused_write_are_recorded(clock: FakeClock) -> None:
    store = MemoryLeaseStore(clock=clock.now)
    keys = [lease_key("consolidation", date(2026, 1, day)) for day in range(1, 13)]
    record_fenced_out(store, store.try_acquire(keys, ANNA, 30, operation_id="annas"), "bert-1")
    assert [event.key for event in store.events()] == keys[:10]


def test_the_log_has_both_holders_and_the_duration_of_a_wait(
    faulty: FaultyStore, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "nba_consolidation")
    berts = faulty.inner.try_acquire([KEY], BERT, 300, operation_id="berts")
    faulty.while_waiting.append(lambda: faulty.inner.release(berts))
    with hold(faulty, [KEY], ANNA, wait=POLL, time=clock.without_heartbeat()):
        pass
    events = {record.event: record.fields for record in caplog.records}  # type: ignore[attr-defined]
    assert list(events) == ["lease_waiting", "lease_waited", "lease_acquired", "lease_released"]
    waited = events["lease_waited"]
    assert (waited["run_id"], waited["for_run_id"], waited["waited_ms"]) == ("run-anna", "run-bert", 2000)
    assert (events["lease_acquired"]["dates"], events["lease_acquired"]["tokens"]) != ([], [])
