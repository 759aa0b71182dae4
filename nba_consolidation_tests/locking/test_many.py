"""Many leases of which others hold some: what is taken, kept and renewed while one waits, and given back."""

import logging
from collections.abc import Callable, Iterable
from datetime import date
from functools import partial

import pytest

from nba_consolidation.locking import (
    AmbiguousReply,
    Holder,
    LeaseDenied,
    LeaseHeld,
    LeaseLost,
    LeaseRecord,
    LeaseStore,
    LeaseTiming,
    LeaseUnavailable,
    MemoryLeaseStore,
    WaitPolicy,
    hold,
    lease_key,
)

from .fakes import ANNA, BERT, FakeClock, Fault, Heart, TroubledStore, Write, hold_and_lose

KEYS = tuple(lease_key("consolidation", date(2026, 1, day)) for day in range(1, 6))
A, B, C, D, E = KEYS
CARL = Holder("carl-1", "run-carl", "host-c", 33)
NO_ANSWER = AmbiguousReply("no answer came")
TIMING = LeaseTiming(ttl=3)  # a real server is waited for
WAIT = WaitPolicy(limit=8, poll=1, jitter=0)


@pytest.fixture
def troubled(store: LeaseStore, clock: FakeClock) -> TroubledStore:
    return TroubledStore(store, clock)


@pytest.fixture
def in_memory(clock: FakeClock) -> TroubledStore:
    return TroubledStore(MemoryLeaseStore(clock=clock.now), clock)


def take(troubled: TroubledStore, holder: Holder, *keys: str) -> tuple[LeaseRecord, ...]:
    """For longer than anybody waits here."""
    return troubled.inner.try_acquire(keys, holder, 300, operation_id=f"of-{holder.holder_id}")


def holders(troubled: TroubledStore) -> dict[str, str]:
    """Who holds what."""
    return {record.key: record.holder.holder_id[0] for record in troubled.list() if not record.expired}


def try_in_vain(troubled: TroubledStore, clock: FakeClock, expected: type[BaseException]) -> BaseException:
    """Anna asks for all, and the block never runs."""
    with (
        pytest.raises(expected) as raised,
        hold(troubled, KEYS, ANNA, timing=TIMING, wait=WAIT, time=clock.without_heartbeat()),
    ):
        pytest.fail("the block ran without the leases")
    return raised.value


def test_many_that_are_free_are_taken_in_one_go(troubled: TroubledStore, clock: FakeClock) -> None:
    with hold(troubled, reversed(KEYS), ANNA, time=clock.without_heartbeat()):
        assert troubled.calls == ["try_acquire"]
        assert holders(troubled) == dict.fromkeys(KEYS, "a")


def test_the_free_ones_in_front_of_the_first_held_one_are_kept_and_none_behind_it(
    troubled: TroubledStore, clock: FakeClock
) -> None:
    berts = take(troubled, BERT, C)
    seen: list[dict[str, str]] = []

    def look_and_release() -> None:
        seen.append(holders(troubled))
        troubled.inner.release(berts)

    troubled.while_waiting.append(look_and_release)
    with hold(troubled, KEYS, ANNA, time=clock.without_heartbeat()) as lease:
        assert holders(troubled) == dict.fromkeys(KEYS, "a")
        assert lease.records == troubled.list()
        assert list(lease.tokens) == list(KEYS)
    assert seen == [{A: "a", B: "a", C: "b"}]
    assert troubled.list() == ()


def test_what_is_free_is_taken_in_one_commit_and_what_was_waited_for_is_asked_for_alone(
    troubled: TroubledStore, clock: FakeClock
) -> None:
    berts = take(troubled, BERT, C)
    troubled.while_waiting.append(lambda: troubled.inner.release(berts))
    with hold(troubled, KEYS, ANNA, time=clock.without_heartbeat()):
        assert troubled.asked == [KEYS, (A, B), (C, D, E), (C,), (D, E)]


def test_every_release_brings_whoever_wants_many_nearer(troubled: TroubledStore, clock: FakeClock) -> None:
    berts, carls, bertas = take(troubled, BERT, B), take(troubled, CARL, D), take(troubled, BERT, E)
    seen: list[str] = []

    def look_and_release(records: tuple[LeaseRecord, ...]) -> None:
        seen.append("".join(holders(troubled).get(key, "-") for key in KEYS))
        troubled.inner.release(records)

    troubled.while_waiting.extend(partial(look_and_release, records) for records in (berts, carls, bertas))
    with hold(troubled, KEYS, ANNA, wait=WAIT, time=clock.without_heartbeat()):
        assert seen == ["ab-cb", "aaacb", "aaaab"]


def test_one_who_takes_a_free_key_first_only_shortens_what_is_taken(in_memory: TroubledStore, clock: FakeClock) -> None:
    berts = take(in_memory, BERT, D)
    carls: list[LeaseRecord] = []

    def overtake(call: str) -> None:
        if call == "try_acquire" and len(in_memory.asked) == 2:
            carls.extend(take(in_memory, CARL, B))

    def release_both() -> None:
        assert holders(in_memory) == {A: "a", B: "c", D: "b"}
        in_memory.inner.release([*carls, *berts])

    in_memory.before_call = overtake
    in_memory.while_waiting.append(release_both)
    with hold(in_memory, KEYS, ANNA, time=clock.without_heartbeat()):
        assert in_memory.asked == [KEYS, (A, B, C), (A,), (B, C, D, E), (B,), (C, D, E)]


def test_a_wait_limit_of_zero_takes_nothing(troubled: TroubledStore, clock: FakeClock) -> None:
    take(troubled, BERT, C)
    with (
        pytest.raises(LeaseHeld),
        hold(troubled, KEYS, ANNA, wait=WaitPolicy(limit=0), time=clock.without_heartbeat()),
    ):
        pass
    assert troubled.calls == ["try_acquire"]


# Kept while one waits


def test_what_is_taken_is_renewed_while_another_is_waited_for(troubled: TroubledStore, clock: FakeClock) -> None:
    berts = take(troubled, BERT, C)
    began = clock.monotonic()

    def look() -> None:
        assert holders(troubled) == {A: "a", B: "a", C: "b"}
        if clock.monotonic() - began < 2.2 * TIMING.ttl:
            troubled.while_waiting.append(look)
        else:
            troubled.inner.release(berts)

    troubled.while_waiting.append(look)
    with hold(troubled, KEYS, ANNA, timing=TIMING, wait=WAIT, time=clock.without_heartbeat()) as lease:
        lease.ensure_held(ask_store=True)
        assert lease.records == troubled.list()
    assert troubled.calls.count("renew") == 7  # one a heartbeat, for both at once


def test_a_wait_is_no_longer_than_until_the_next_renewal(in_memory: TroubledStore, clock: FakeClock) -> None:
    berts = take(in_memory, BERT, B)
    in_memory.while_waiting.extend([lambda: None, lambda: None, lambda: in_memory.inner.release(berts)])
    wait = WaitPolicy(limit=300, poll=25, jitter=0)
    with hold(in_memory, KEYS, ANNA, timing=LeaseTiming(ttl=30), wait=wait, time=clock.without_heartbeat()):
        assert in_memory.waits == [10.0, 10.0, 10.0]
        assert in_memory.calls.count("renew") == 3


def test_nothing_is_renewed_by_one_who_holds_nothing(in_memory: TroubledStore, clock: FakeClock) -> None:
    berts = take(in_memory, BERT, A)
    in_memory.while_waiting.append(lambda: in_memory.inner.release(berts))
    wait = WaitPolicy(limit=300, poll=25, jitter=0)
    with hold(in_memory, KEYS, ANNA, timing=LeaseTiming(ttl=30), wait=wait, time=clock.without_heartbeat()):
        assert in_memory.waits == [25.0]
        assert "renew" not in in_memory.calls


def test_they_are_good_only_as_long_as_the_one_that_was_taken_first(in_memory: TroubledStore, clock: FakeClock) -> None:
    berts = take(in_memory, BERT, B)
    in_memory.while_waiting.append(lambda: in_memory.inner.release(berts))
    wait, timing = WaitPolicy(limit=300, poll=9, jitter=0), LeaseTiming(ttl=30)
    with hold_and_lose(in_memory, KEYS, clock.without_heartbeat(), timing=timing, wait=wait) as lease:
        clock.advance(20.9)
        lease.ensure_held(ask_store=True)
        clock.advance(0.1)
        with pytest.raises(LeaseLost, match="ran out"):
            lease.ensure_held()


def test_after_a_renewal_that_was_lost_they_are_good_only_as_long_as_the_one_that_was_taken_first(
    in_memory: TroubledStore, clock: FakeClock
) -> None:
    berts = take(in_memory, BERT, B)
    in_memory.while_waiting.append(lambda: in_memory.inner.release(berts))
    wait, timing = WaitPolicy(limit=300, poll=9, jitter=0), LeaseTiming(ttl=30)
    with hold_and_lose(in_memory, KEYS, clock.without_heartbeat(), timing=timing, wait=wait) as lease:
        in_memory.faults["renew"].append(Fault(NO_ANSWER, "never"))
        lease.renew()
        clock.advance(20.9)
        lease.ensure_held()
        clock.advance(0.1)
        with pytest.raises(LeaseLost, match="ran out"):
            lease.ensure_held()


def test_the_heart_beats_in_time_for_the_one_that_was_taken_first(in_memory: TroubledStore, clock: FakeClock) -> None:
    heart = Heart(clock)
    berts = take(in_memory, BERT, B)
    in_memory.while_waiting.append(lambda: in_memory.inner.release(berts))
    wait, timing = WaitPolicy(limit=300, poll=9, jitter=0), LeaseTiming(ttl=30, heartbeat=15)
    with hold(in_memory, KEYS, ANNA, timing=timing, wait=wait, time=heart.time):
        clock.advance(6)
        heart.beat()
    assert heart.asked == [6.0, 15.0]


# Given back


def test_at_the_wait_limit_everything_is_given_back_and_the_holder_is_named(
    troubled: TroubledStore, clock: FakeClock
) -> None:
    berts = take(troubled, BERT, C)
    began = clock.monotonic()
    refused = try_in_vain(troubled, clock, LeaseHeld)
    assert isinstance(refused, LeaseHeld)
    assert refused.record == berts[0]
    assert refused.waited == pytest.approx(WAIT.limit)
    assert clock.monotonic() - began == pytest.approx(WAIT.limit)
    assert troubled.list() == berts


@pytest.mark.parametrize("call", ["try_acquire", "renew"])
@pytest.mark.parametrize("error", [LeaseDenied("no"), LeaseUnavailable("gone"), KeyboardInterrupt()], ids=repr)
def test_an_error_or_an_interruption_while_waiting_gives_everything_back(
    troubled: TroubledStore, clock: FakeClock, call: str, error: BaseException
) -> None:
    berts = take(troubled, BERT, C)
    troubled.while_waiting.append(lambda: troubled.faults[call].append(Fault(error)))
    assert try_in_vain(troubled, clock, type(error)) is error
    assert troubled.list() == berts


def test_an_interrupted_wait_gives_everything_back(troubled: TroubledStore, clock: FakeClock) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    berts = take(troubled, BERT, C)
    troubled.while_waiting.append(interrupt)
    try_in_vain(troubled, clock, KeyboardInterrupt)
    assert troubled.list() == berts


@pytest.mark.parametrize("held", [(), (C,)], ids=["all", "a part"])
def test_what_an_interrupted_question_took_is_given_back(
    troubled: TroubledStore, clock: FakeClock, held: tuple[str, ...]
) -> None:
    berts = take(troubled, BERT, *held) if held else ()

    def interrupt(call: str) -> None:
        if call == "try_acquire" and len(troubled.asked) == 1 + len(held):
            troubled.faults[call].append(Fault(KeyboardInterrupt(), "happens"))

    troubled.before_call = interrupt
    try_in_vain(troubled, clock, KeyboardInterrupt)
    assert troubled.list() == berts


@pytest.mark.parametrize("fault", [Fault(NO_ANSWER, "happens"), Fault(NO_ANSWER), Fault(LeaseUnavailable("down"))])
def test_giving_back_is_tried_again(troubled: TroubledStore, clock: FakeClock, fault: Fault) -> None:
    berts = take(troubled, BERT, C)
    troubled.faults["release"].append(fault)
    try_in_vain(troubled, clock, LeaseHeld)
    assert troubled.list() == berts


def test_what_cannot_be_given_back_ends_by_itself_and_hides_no_error(
    in_memory: TroubledStore, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    take(in_memory, BERT, C)
    in_memory.faults["release"].extend([Fault(LeaseUnavailable("down"))] * 9)
    with caplog.at_level(logging.WARNING):
        try_in_vain(in_memory, clock, LeaseHeld)
    assert "it ends by itself" in caplog.text
    clock.advance(TIMING.ttl)
    assert holders(in_memory) == {C: "b"}


# Lost while one waits


def forced(troubled: TroubledStore, _clock: FakeClock) -> None:
    """An operator ends the lease of A."""
    troubled.inner.force_release(A, ANNA.holder_id, by="operator", reason="a test")


def slept(troubled: TroubledStore, clock: FakeClock) -> None:
    """We sleep beyond the end of all, and somebody takes A."""
    clock.advance(TIMING.ttl)
    take(troubled, CARL, A)


@pytest.mark.parametrize("lose", [forced, slept])
def test_one_that_is_lost_while_another_is_waited_for_ends_it_and_the_rest_is_given_back(
    troubled: TroubledStore, clock: FakeClock, lose: Callable[[TroubledStore, FakeClock], None]
) -> None:
    berts = take(troubled, BERT, C)

    def lose_and_release() -> None:
        lose(troubled, clock)
        troubled.inner.release(berts)

    troubled.while_waiting.append(lose_and_release)
    loss = try_in_vain(troubled, clock, LeaseLost)
    assert isinstance(loss, LeaseLost)
    assert loss.keys == (A, B)
    assert holders(troubled) == ({A: "c"} if lose is slept else {})


def test_those_that_ran_out_while_we_slept_and_that_nobody_took_are_ours_still(
    troubled: TroubledStore, clock: FakeClock
) -> None:
    berts = take(troubled, BERT, C)
    troubled.while_waiting.extend([lambda: clock.advance(TIMING.ttl), lambda: troubled.inner.release(berts)])
    with hold(troubled, KEYS, ANNA, timing=TIMING, wait=WAIT, time=clock.without_heartbeat()) as lease:
        lease.ensure_held(ask_store=True)


# Lost replies


@pytest.mark.parametrize("write", ["happens", "never", "late"])
@pytest.mark.parametrize("question", [2, 4, 5], ids=["what is in front", "what was held", "the rest"])
def test_no_question_without_an_answer_makes_one_wait_for_oneself(
    troubled: TroubledStore, clock: FakeClock, question: int, write: Write
) -> None:
    berts = take(troubled, BERT, C)

    def lose_the_reply(call: str) -> None:
        if call == "try_acquire" and len(troubled.asked) == question:
            troubled.faults[call].append(Fault(NO_ANSWER, write))

    troubled.before_call = lose_the_reply
    troubled.while_waiting.append(lambda: troubled.inner.release(berts))
    with hold(troubled, KEYS, ANNA, wait=WAIT, time=clock.without_heartbeat()) as lease:
        lease.ensure_held(ask_store=True)
        assert lease.records == troubled.list()
    assert len(troubled.waits) == 1
    assert troubled.list() == ()


@pytest.mark.parametrize("write", ["happens", "never", "late"])
def test_a_renewal_without_an_answer_is_no_loss(troubled: TroubledStore, clock: FakeClock, write: Write) -> None:
    berts = take(troubled, BERT, C)
    troubled.faults["renew"].append(Fault(NO_ANSWER, write))
    troubled.while_waiting.extend([lambda: None] * 3 + [lambda: troubled.inner.release(berts)])
    with hold(troubled, KEYS, ANNA, timing=TIMING, wait=WAIT, time=clock.without_heartbeat()) as lease:
        lease.ensure_held(ask_store=True)
    assert troubled.list() == ()


class HalfAnswered(TroubledStore):
    """Takes B of what is asked for first and says nothing; as Firestore can where many keys take several commits."""

    def try_acquire(
        self, keys: Iterable[str], holder: Holder, ttl: float, *, operation_id: str
    ) -> tuple[LeaseRecord, ...]:
        if not self.asked:
            self.inner.try_acquire([B], holder, ttl, operation_id=operation_id)
            self.faults["try_acquire"].append(Fault(NO_ANSWER))
        return super().try_acquire(keys, holder, ttl, operation_id=operation_id)


def test_a_part_that_was_taken_without_an_answer_is_kept(clock: FakeClock) -> None:
    troubled = HalfAnswered(MemoryLeaseStore(clock=clock.now), clock)
    with hold(troubled, KEYS, ANNA, wait=WaitPolicy(limit=0), time=clock.without_heartbeat()) as lease:
        lease.ensure_held(ask_store=True)
        assert lease.records == troubled.list()
    assert troubled.asked == [KEYS, (A, C, D, E)]


def test_one_who_waits_holds_nothing_behind_what_is_waited_for(clock: FakeClock) -> None:
    """Or two could wait for each other: B came without an answer, and A is somebody else's by now."""
    troubled = HalfAnswered(MemoryLeaseStore(clock=clock.now), clock)
    berts = take(troubled, BERT, A)

    def look_and_release() -> None:
        assert holders(troubled) == {A: "b"}
        troubled.inner.release(berts)

    troubled.while_waiting.append(look_and_release)
    with hold(troubled, KEYS, ANNA, wait=WAIT, time=clock.without_heartbeat()) as lease:
        assert lease.records == troubled.list()


def test_a_lease_is_given_back_if_nobody_could_say_whether_it_was_taken(
    troubled: TroubledStore, clock: FakeClock
) -> None:
    troubled.faults["try_acquire"].append(Fault(NO_ANSWER, "happens"))
    troubled.faults["inspect"].append(Fault(LeaseUnavailable("down")))
    try_in_vain(troubled, clock, LeaseUnavailable)
    assert troubled.list() == ()


def test_answers_that_are_lost_now_and_then_do_not_end_a_wait(in_memory: TroubledStore, clock: FakeClock) -> None:
    berts = take(in_memory, BERT, C)

    def lose_two() -> None:
        in_memory.faults["try_acquire"].extend([Fault(NO_ANSWER)] * 2)

    in_memory.while_waiting.extend([lose_two, lose_two, lose_two, lambda: in_memory.inner.release(berts)])
    with hold(in_memory, KEYS, ANNA, wait=WAIT, time=clock.without_heartbeat()):
        assert holders(in_memory) == dict.fromkeys(KEYS, "a")


def test_answers_that_are_lost_are_counted_anew_after_each_answer(in_memory: TroubledStore, clock: FakeClock) -> None:
    berts = take(in_memory, BERT, C)

    def lose_two_of_three(call: str) -> None:
        if call == "try_acquire" and len(in_memory.asked) in (2, 3, 5, 6):
            in_memory.faults[call].append(Fault(NO_ANSWER))

    in_memory.before_call = lose_two_of_three
    in_memory.while_waiting.append(lambda: in_memory.inner.release(berts))
    with hold(in_memory, KEYS, ANNA, wait=WAIT, time=clock.without_heartbeat()):
        assert in_memory.asked[:7] == [KEYS, *[(A, B)] * 3, *[(C, D, E)] * 3]


def test_a_store_that_stops_answering_is_given_up_soon(in_memory: TroubledStore, clock: FakeClock) -> None:
    berts = take(in_memory, BERT, C)
    in_memory.while_waiting.append(lambda: in_memory.faults["try_acquire"].extend([Fault(NO_ANSWER)] * 9))
    try_in_vain(in_memory, clock, AmbiguousReply)
    assert len(in_memory.asked) == 6
    assert in_memory.list() == berts
