"""Who waits for whom is seen while it lasts and kept afterwards, costs nothing where it is short, and stops nobody."""

from __future__ import annotations

import logging
from datetime import date

import pytest

from nba_consolidation.locking import (
    LeaseHeld,
    LeaseTiming,
    LeaseUnavailable,
    MemoryLeaseStore,
    WaitPolicy,
    hold,
    lease_key,
    record_fenced_out,
)

from .fakes import ANNA, BERT, KEY, NEXT_KEY, FakeClock, Fault, TroubledStore

POLL = WaitPolicy(limit=10, poll=2, jitter=0)


@pytest.fixture
def troubled(clock: FakeClock) -> TroubledStore:
    return TroubledStore(MemoryLeaseStore(clock=clock.now), clock)


def test_who_waits_is_seen_by_others_with_whom_he_waits_for_and_how_it_ended(
    troubled: TroubledStore, clock: FakeClock
) -> None:
    berts = troubled.inner.try_acquire([KEY], BERT, 300, operation_id="berts")
    seen: list[bool] = []
    look = lambda: seen.append(any(event.waiting for event in troubled.events()))  # noqa: E731
    troubled.while_waiting.extend([look, look, lambda: troubled.inner.release(berts)])
    with hold(troubled, [KEY], ANNA, wait=POLL, time=clock.without_heartbeat()):
        pass
    (wait,) = troubled.events()
    assert seen == [False, True]  # the first pause is most often enough, and costs nothing
    assert (wait.key, wait.holder, wait.other, wait.outcome) == (KEY, ANNA, BERT, "acquired")
    assert (wait.ends_at - wait.began_at).total_seconds() == pytest.approx(6)


def test_a_hand_over_within_the_first_pause_costs_the_store_nothing(troubled: TroubledStore, clock: FakeClock) -> None:
    berts = troubled.inner.try_acquire([KEY], BERT, 300, operation_id="berts")
    troubled.while_waiting.append(lambda: troubled.inner.release(berts))
    with hold(troubled, [KEY], ANNA, wait=POLL, time=clock.without_heartbeat()):
        pass
    assert troubled.recorded == 0


def test_a_wait_that_is_given_up_says_so(troubled: TroubledStore, clock: FakeClock) -> None:
    troubled.inner.try_acquire([KEY], BERT, 300, operation_id="berts")
    with pytest.raises(LeaseHeld), hold(troubled, [KEY], ANNA, wait=POLL, time=clock.without_heartbeat()):
        pass
    (wait,) = troubled.events()
    assert (wait.outcome, wait.waiting) == ("given_up", False)
    assert (wait.ends_at - wait.began_at).total_seconds() == pytest.approx(10)


def test_each_holder_that_is_waited_for_is_a_wait_of_its_own(troubled: TroubledStore, clock: FakeClock) -> None:
    first = troubled.inner.try_acquire([KEY], BERT, 300, operation_id="first")
    second = troubled.inner.try_acquire([NEXT_KEY], BERT, 300, operation_id="second")
    third: list[object] = []

    def overtake() -> None:
        troubled.inner.release(first)
        third.extend(troubled.inner.try_acquire([KEY], BERT, 4.5, operation_id="third"))

    nothing = lambda: None  # noqa: E731
    troubled.while_waiting.extend(
        [nothing, overtake, nothing, nothing, nothing, nothing, lambda: troubled.inner.release(second)]
    )
    with hold(
        troubled, [KEY, NEXT_KEY], ANNA, timing=LeaseTiming(300), wait=WaitPolicy(limit=60, poll=2, jitter=0),
        time=clock.without_heartbeat(),
    ):  # fmt: skip
        pass
    assert [(event.key, event.outcome) for event in troubled.events()] == [
        (KEY, "overtaken"), (KEY, "acquired"), (NEXT_KEY, "acquired")
    ]  # fmt: skip


def test_a_wait_that_cannot_be_recorded_is_waited_all_the_same(
    troubled: TroubledStore, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    berts = troubled.inner.try_acquire([KEY], BERT, 300, operation_id="berts")
    troubled.faults["record"].extend([Fault(LeaseUnavailable("gone"))] * 2)
    troubled.while_waiting.extend([lambda: None, lambda: None, lambda: troubled.inner.release(berts)])
    with hold(troubled, [KEY], ANNA, wait=POLL, time=clock.without_heartbeat()):
        pass
    assert troubled.recorded == 2
    assert "could not be recorded" in caplog.text


def test_of_a_long_range_that_is_fenced_out_the_first_ten_dates_are_kept(clock: FakeClock) -> None:
    store = MemoryLeaseStore(clock=clock.now)
    keys = [lease_key("consolidation", date(2026, 1, day)) for day in range(1, 13)]
    record_fenced_out(store, store.try_acquire(keys, ANNA, 30, operation_id="annas"), "bert-1")
    assert [event.key for event in store.events()] == keys[:10]


def test_the_log_tells_who_waited_for_whom_and_how_long(
    troubled: TroubledStore, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "nba_consolidation")
    berts = troubled.inner.try_acquire([KEY], BERT, 300, operation_id="berts")
    troubled.while_waiting.append(lambda: troubled.inner.release(berts))
    with hold(troubled, [KEY], ANNA, wait=POLL, time=clock.without_heartbeat()):
        pass
    events = {record.event: record.fields for record in caplog.records}  # type: ignore[attr-defined]
    assert list(events) == ["lease_waiting", "lease_waited", "lease_acquired", "lease_released"]
    waited = events["lease_waited"]
    assert (waited["run_id"], waited["for_run_id"], waited["waited_ms"]) == ("run-anna", "run-bert", 2000)
    assert (events["lease_acquired"]["dates"], events["lease_acquired"]["tokens"]) != ([], [])
