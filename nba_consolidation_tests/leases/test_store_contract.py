"""The contract of every lease store. Runs against each store of `conftest.STORES`."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Thread

import pytest

from nba_consolidation.leases import (
    TOOK_OVER,
    WAIT,
    Holder,
    LeaseEvent,
    LeaseHeld,
    LeaseLost,
    LeaseMisuse,
    LeaseRecord,
    LeaseStore,
)
from nba_consolidation.leases.firestore.store import FirestoreLeaseStore
from nba_consolidation.leases.interface import from_micros
from nba_consolidation_tests.leases.fakes import ANNA, BERT, KEY, NEXT_KEY, FakeClock

TTL = 3.0  # seconds; tests against a real server wait that long


def take(store: LeaseStore, holder: Holder = ANNA, *keys: str, nonce: str = "nonce") -> tuple[LeaseRecord, ...]:
    return store.try_acquire(keys or (KEY,), holder, TTL, operation_id=nonce)


def micros(clock: FakeClock) -> int:
    return round(clock.now().timestamp() * 1_000_000)


def test_a_free_key_is_acquired_and_listed_with_its_holder(store: LeaseStore, clock: FakeClock) -> None:
    (record,) = take(store)
    assert (record.key, record.holder, record.operation_id) == (KEY, ANNA, "nonce")
    assert record.lock_type == "consolidation"
    assert (record.acquired_at, record.expires_at) == (clock.now(), clock.now() + timedelta(seconds=TTL))
    assert store.inspect([KEY]) == (record,)
    assert store.list() == (record,)


def test_a_free_key_has_no_lease(store: LeaseStore) -> None:
    assert store.inspect([KEY]) == ()
    assert store.list() == ()


def test_the_token_is_the_time_of_the_acquisition_in_microseconds(store: LeaseStore, clock: FakeClock) -> None:
    (record,) = take(store)
    assert record.token == micros(clock)


def test_many_keys_are_inspected_at_once(store: LeaseStore) -> None:
    records = take(store, ANNA, KEY, NEXT_KEY)
    assert store.inspect([NEXT_KEY, "grading_2026-01-15", KEY]) == records
    assert store.inspect(["grading_2026-01-15"]) == ()


def test_incident_09_the_check_of_a_working_store_passes_and_leaves_nothing_behind(store: LeaseStore) -> None:
    store.check()
    records = take(store)
    store.check()
    assert store.list() == records
    assert store.forced_releases() == ()


def test_a_held_key_is_refused_with_the_record_of_its_holder(store: LeaseStore) -> None:
    (annas,) = take(store)
    with pytest.raises(LeaseHeld) as refused:
        take(store, BERT)
    assert refused.value.record == annas


def test_a_holder_cannot_acquire_its_own_lease_again(store: LeaseStore) -> None:
    take(store)
    with pytest.raises(LeaseHeld):
        take(store, nonce="another")


def test_many_keys_are_acquired_sorted_and_without_repetitions(store: LeaseStore) -> None:
    records = take(store, ANNA, NEXT_KEY, KEY, NEXT_KEY)
    assert [record.key for record in records] == [KEY, NEXT_KEY]
    assert store.list() == records


def test_many_keys_are_acquired_all_or_none(store: LeaseStore) -> None:
    (annas,) = take(store, ANNA, NEXT_KEY)
    with pytest.raises(LeaseHeld) as refused:
        take(store, BERT, KEY, NEXT_KEY)
    assert refused.value.record == annas
    assert store.list() == (annas,)


def test_the_error_names_the_first_held_key(store: LeaseStore) -> None:
    take(store, ANNA, KEY, NEXT_KEY)
    with pytest.raises(LeaseHeld) as refused:
        take(store, BERT, NEXT_KEY, KEY)
    assert refused.value.record.key == KEY


def test_incident_11_a_released_lease_leaves_nothing_behind(store: LeaseStore) -> None:
    records = take(store, ANNA, KEY, NEXT_KEY)
    assert store.release(records) == (KEY, NEXT_KEY)
    assert store.list() == ()
    take(store, BERT, KEY, NEXT_KEY)


def test_incident_14_a_lease_expires_exactly_after_its_ttl(store: LeaseStore, clock: FakeClock) -> None:
    take(store)
    clock.advance(TTL - clock.instant)
    (just_before,) = store.inspect([KEY])
    clock.advance(clock.instant)
    (at_its_end,) = store.inspect([KEY])
    assert (just_before.expired, at_its_end.expired) == (False, True)
    assert just_before.remaining == pytest.approx(clock.instant, abs=clock.instant / 2)
    assert [record.expired for record in store.list()] == [True]


def test_incident_14_an_expired_lease_can_be_acquired_by_another_holder(store: LeaseStore, clock: FakeClock) -> None:
    (annas,) = take(store)
    clock.advance(TTL - clock.instant)
    with pytest.raises(LeaseHeld):
        take(store, BERT)
    clock.advance(clock.instant)
    (berts,) = take(store, BERT)
    assert berts.token > annas.token
    assert store.inspect([KEY]) == (berts,)


@pytest.mark.parametrize("clock_step", [0.0, -3600.0, 3600.0])
def test_tokens_grow_across_releases_and_clock_steps(store: LeaseStore, clock: FakeClock, clock_step: float) -> None:
    tokens = []
    for _ in range(3):
        records = take(store)
        tokens.append(records[0].token)
        store.release(records)
        clock.step(clock_step)
    assert tokens == sorted(set(tokens))


def test_tokens_grow_across_a_renewal_a_forced_release_and_a_clock_step(store: LeaseStore, clock: FakeClock) -> None:
    first = take(store)
    clock.advance(1)
    (renewed,) = store.renew(first, TTL)
    clock.step(-3600)
    store.force_release(KEY, ANNA.holder_id, by="operator", reason="a test")
    (second,) = take(store, BERT)
    assert renewed.token == first[0].token
    assert second.token > renewed.version


def test_a_renewal_extends_the_lease_to_a_whole_ttl_and_keeps_the_token(store: LeaseStore, clock: FakeClock) -> None:
    taken = take(store, ANNA, KEY, NEXT_KEY)
    clock.advance(TTL / 2)
    renewed = store.renew(taken, TTL)
    assert [record.token for record in renewed] == [record.token for record in taken]
    assert {record.expires_at for record in renewed} == {clock.now() + timedelta(seconds=TTL)}
    assert {record.acquired_at for record in renewed} == {record.acquired_at for record in taken}
    assert all(new.version > old.version for old, new in zip(taken, renewed, strict=True))
    assert store.list() == renewed


def test_a_lease_that_was_taken_over_cannot_be_renewed(store: LeaseStore, clock: FakeClock) -> None:
    annas = take(store)
    clock.advance(TTL)
    (berts,) = take(store, BERT)
    with pytest.raises(LeaseLost) as lost:
        store.renew(annas, TTL)
    assert lost.value.keys == (KEY,)
    assert store.inspect([KEY]) == (berts,)


def test_a_released_lease_cannot_be_renewed(store: LeaseStore) -> None:
    records = take(store)
    store.release(records)
    with pytest.raises(LeaseLost):
        store.renew(records, TTL)
    assert store.list() == ()


def test_many_leases_are_renewed_all_or_none(store: LeaseStore, clock: FakeClock) -> None:
    annas = take(store, ANNA, KEY, NEXT_KEY)
    store.force_release(NEXT_KEY, ANNA.holder_id, by="operator", reason="a test")
    clock.advance(1)
    with pytest.raises(LeaseLost) as lost:
        store.renew(annas, TTL)
    assert lost.value.keys == (NEXT_KEY,)
    assert store.list() == annas[:1]


def test_an_expired_lease_that_nobody_took_can_be_renewed(store: LeaseStore, clock: FakeClock) -> None:
    records = take(store)
    clock.advance(TTL * 2)
    (renewed,) = store.renew(records, TTL)
    assert not renewed.expired


def test_a_record_from_before_a_renewal_can_neither_renew_nor_release(store: LeaseStore) -> None:
    before = take(store)
    renewed = store.renew(before, TTL)
    with pytest.raises(LeaseLost):
        store.renew(before, TTL)
    assert store.release(before) == ()
    assert store.list() == renewed


def test_a_release_leaves_the_leases_of_other_holders(store: LeaseStore, clock: FakeClock) -> None:
    annas = take(store, ANNA, KEY, NEXT_KEY)
    clock.advance(TTL)
    (berts,) = take(store, BERT, KEY)
    assert store.release(annas) == (NEXT_KEY,)
    assert store.list() == (berts,)


def test_releasing_twice_is_harmless(store: LeaseStore) -> None:
    records = take(store)
    assert store.release(records) == (KEY,)
    assert store.release(records) == ()


def test_incident_16_forced_release_needs_the_holders_id_and_is_audited(store: LeaseStore, clock: FakeClock) -> None:
    (annas,) = take(store)
    with pytest.raises(LeaseHeld) as refused:
        store.force_release(KEY, BERT.holder_id, by="operator", reason="the host is gone")
    assert refused.value.record == annas
    assert store.forced_releases() == ()

    clock.advance(1)
    forced = store.force_release(KEY, ANNA.holder_id, by="operator", reason="the host is gone")
    assert (forced.lease, forced.by, forced.reason) == (annas, "operator", "the host is gone")
    assert forced.released_at == clock.now()
    assert store.forced_releases() == (forced,)
    assert store.list() == ()


@pytest.mark.parametrize(("by", "reason"), [("", "the host is gone"), ("operator", " ")])
def test_incident_16_forced_release_needs_a_name_and_a_reason(store: LeaseStore, by: str, reason: str) -> None:
    records = take(store)
    with pytest.raises(LeaseMisuse):
        store.force_release(KEY, ANNA.holder_id, by=by, reason=reason)
    assert store.list() == records


def test_incident_12_a_forced_release_ends_one_lease_and_leaves_the_others(store: LeaseStore) -> None:
    _, other = take(store, ANNA, KEY, NEXT_KEY)
    store.force_release(KEY, ANNA.holder_id, by="operator", reason="a test")
    assert store.list() == (other,)


def test_forced_releases_are_listed_oldest_first(store: LeaseStore) -> None:
    for reason in ("first", "second"):
        take(store)
        store.force_release(KEY, ANNA.holder_id, by="operator", reason=reason)
    assert [forced.reason for forced in store.forced_releases()] == ["first", "second"]


def test_a_reseeded_store_gives_out_larger_tokens_and_keeps_the_record_or_says_when_its_tokens_are_larger(
    store: LeaseStore,
) -> None:
    (record,) = store.try_acquire([KEY], ANNA, TTL, operation_id="a")
    store.release([record])
    token = record.token + 10**12
    with pytest.raises(LeaseMisuse, match="reason"):
        store.reseed(token, by="anna", reason=" ")
    if isinstance(store, FirestoreLeaseStore):
        with pytest.raises(LeaseMisuse, match=f"{from_micros(token):%Y-%m-%d %H:%M:%S} UTC"):
            store.reseed(token, by="anna", reason="restored")
        return
    done = store.reseed(token, by="anna", reason="restored")
    assert (store.reseeds(), done.previous, done.token) == ((done,), record.token, token)
    (later,) = store.try_acquire([KEY], ANNA, TTL, operation_id="b")
    assert later.token == token + 1
    store.reseed(record.token, by="anna", reason="tokens never go back")
    store.release([later])
    (last,) = store.try_acquire([KEY], ANNA, TTL, operation_id="c")
    assert last.token > later.token


def test_a_free_key_cannot_be_released_by_force(store: LeaseStore) -> None:
    with pytest.raises(LeaseMisuse, match="nobody holds"):
        store.force_release(KEY, ANNA.holder_id, by="operator", reason="a test")


@pytest.mark.parametrize(
    "call",
    [
        lambda store, key: store.try_acquire([key], ANNA, TTL, operation_id="nonce"),
        lambda store, key: store.inspect([key]),
        lambda store, key: store.force_release(key, ANNA.holder_id, by="operator", reason="a test"),
    ],
    ids=["try_acquire", "inspect", "force_release"],
)
def test_an_invalid_key_is_refused(store: LeaseStore, call: Callable[[LeaseStore, str], object]) -> None:
    with pytest.raises(LeaseMisuse, match="'2026-01-15'"):
        call(store, "2026-01-15")


def test_exactly_one_of_many_threads_acquires_the_lease(store: LeaseStore) -> None:
    def attempt(number: int) -> int:
        try:
            return len(take(store, Holder(f"holder-{number}", "run", "host", number), nonce=str(number)))
        except LeaseHeld:
            return 0

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(attempt, range(16))) == 1


@pytest.mark.parametrize("change", ["released", "taken over", "expired"])
def test_a_wait_for_a_change_that_has_already_happened_returns(
    store: LeaseStore, clock: FakeClock, change: str
) -> None:
    annas = take(store)
    if change == "expired":
        clock.advance(TTL)
    else:
        store.release(annas)
        if change == "taken over":
            take(store, BERT, nonce="berts")
    assert wait_returns(store, annas[0])


def test_a_release_ends_a_wait_for_a_change(store: LeaseStore) -> None:
    annas = take(store)
    waiting = Thread(target=store.wait_for_change, args=(annas[0], 60.0), daemon=True)
    waiting.start()
    store.release(annas)
    waiting.join(timeout=60)
    assert not waiting.is_alive()


def test_a_wait_for_a_change_ends_at_its_timeout(store: LeaseStore) -> None:
    (annas,) = take(store)
    store.wait_for_change(annas, 0.0)
    assert store.inspect([KEY]) == (annas,)


def wait_returns(store: LeaseStore, record: LeaseRecord) -> bool:
    waiting = Thread(target=store.wait_for_change, args=(record, 60.0), daemon=True)
    waiting.start()
    waiting.join(timeout=60)
    return not waiting.is_alive()


def wait_event(store: LeaseStore, seconds: float = 60, **changes: object) -> LeaseEvent:
    """Bert waits for the lease that Anna holds."""
    (annas,) = store.inspect([KEY]) or take(store)
    fields = {"id": "wait-1", "kind": WAIT, "key": KEY, "holder": BERT, "other": ANNA,
              "began_at": annas.read_at, "ends_at": annas.read_at + timedelta(seconds=seconds)} | changes  # fmt: skip
    return LeaseEvent(**fields)  # type: ignore[arg-type]


def test_a_wait_event_is_visible_while_it_lasts_and_kept_afterwards(store: LeaseStore) -> None:
    assert store.events() == ()
    began = wait_event(store)
    store.record(began)
    (event,) = store.events()
    assert (event, event.waiting) == (began, True)
    store.record(wait_event(store, outcome="acquired"))
    (event,) = store.events()
    assert (event.outcome, event.waiting, event.other) == ("acquired", False, ANNA)


def test_the_wait_of_a_dead_process_ends_at_its_time_limit(store: LeaseStore, clock: FakeClock) -> None:
    store.record(wait_event(store, seconds=2))
    clock.advance(2.1)
    (event,) = store.events()
    assert not event.waiting


def test_the_take_over_of_an_expired_lease_is_an_event_and_an_acquisition_after_a_release_is_none(
    store: LeaseStore, clock: FakeClock
) -> None:
    store.release(take(store, nonce="released"))
    take(store, nonce="died")
    assert store.events() == ()
    clock.step(TTL)
    (taken,) = take(store, BERT, nonce="next")
    (event,) = store.events()
    assert (event.kind, event.key, event.holder, event.other) == (TOOK_OVER, KEY, BERT, ANNA)
    assert event.began_at <= taken.acquired_at
    assert event.outcome.startswith("expired at ")


def test_events_are_listed_oldest_first_and_for_a_week(store: LeaseStore) -> None:
    first = wait_event(store)
    store.record(replace(first, id="b", began_at=first.began_at + timedelta(seconds=1)))
    store.record(replace(first, id="a"))
    store.record(replace(first, id="old", began_at=first.began_at - timedelta(days=7, seconds=5)))
    assert [event.id for event in store.events()] == ["a", "b"]


def test_an_event_changes_no_lease(store: LeaseStore) -> None:
    records = take(store)
    store.record(wait_event(store))
    assert store.list() == records
    assert store.forced_releases() == ()
    store.check()
