"""Many who want many leases at the same time: nobody deadlocks, nobody starves, and never two inside."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from random import Random
from threading import Barrier, Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nba_consolidation.locking import (
    AmbiguousReply,
    FirestoreLeaseStore,
    Holder,
    LeaseTiming,
    MemoryLeaseStore,
    WaitPolicy,
    hold,
    lease_key,
)
from nba_consolidation_tests.firestore_double import FirestoreDouble

from .fakes import FakeClock, Fault
from .stage import Stage, StagedStore

KEYS = tuple(lease_key("consolidation", date(2026, 1, day)) for day in range(1, 31))
TIMING = LeaseTiming(ttl=9)  # less than the others' work takes, so that it must be renewed
LONG = WaitPolicy(limit=1000, poll=2)


@dataclass(frozen=True)
class Plan:
    """What one run does: hold these leases so often, for so many seconds; and the replies that it does not get."""

    keys: frozenset[str]
    seconds: int
    times: int
    lost: tuple[Fault, ...] = ()


LOST = st.builds(Fault, st.just(AmbiguousReply("no answer came")), st.sampled_from(["happens", "never", "late"]))
PLANS = st.lists(
    st.builds(
        Plan,
        st.frozensets(st.sampled_from(KEYS[:5]), min_size=1),
        st.integers(0, 4),
        st.integers(1, 3),
        st.lists(LOST, max_size=2).map(tuple),
    ),
    min_size=2,
    max_size=4,
)


@dataclass
class Play:
    """Runs at one store in memory, in an order by chance; `inside` are the keys that somebody works on."""

    seed: int
    clock: FakeClock = field(default_factory=FakeClock)
    inside: set[str] = field(default_factory=set)
    served: list[Holder] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = Random(self.seed)
        self.stage = Stage(self.clock, self.rng.randrange)
        self.store = MemoryLeaseStore(clock=self.clock.now)
        self._numbers = count()

    def add(self, plan: Plan, *, wait: WaitPolicy = LONG, on_time: Callable[[], bool] = lambda: True) -> Holder:
        """A run of the plan, as long as it is `on_time`."""
        holder = Holder(f"holder-{next(self._numbers)}", "run", "host", 1)
        store = StagedStore(self.store, self.clock, self.stage)
        store.faults["try_acquire"].extend(plan.lost[:1])
        store.faults["renew"].extend(plan.lost[1:])

        def run() -> None:
            for _ in range(plan.times):
                if on_time():
                    self._work(store, plan, holder, wait)

        self.stage.add(run)
        return holder

    def _work(self, store: StagedStore, plan: Plan, holder: Holder, wait: WaitPolicy) -> None:
        time = self.clock.without_heartbeat()
        with hold(store, plan.keys, holder, timing=TIMING, wait=wait, time=time, rng=self.rng) as lease:
            assert not self.inside & plan.keys
            self.inside |= plan.keys
            self.stage.work(plan.seconds)
            lease.ensure_held()
            self.inside -= plan.keys
        self.served.append(holder)


# Kills: of many leases only the first is looked at.
@settings(max_examples=80, deadline=None)
@given(plans=PLANS, seed=st.integers(0, 10_000))
def test_any_runs_with_any_leases_are_all_served_and_while_one_waits_another_works(
    plans: list[Plan], seed: int
) -> None:
    play = Play(seed)
    began = play.clock.monotonic()
    for plan in plans:
        play.add(plan)
    play.stage.play()
    assert play.stage.errors == []
    assert len(play.served) == sum(plan.times for plan in plans)
    assert play.store.list() == ()
    assert play.clock.monotonic() - began <= sum(plan.seconds * plan.times for plan in plans) + 0.001


@pytest.mark.parametrize("seed", range(5))
def test_a_backfill_is_served_while_small_runs_take_turns_without_a_pause(seed: int) -> None:
    """At every moment one of the small runs holds a lease, so all are never free at once."""
    play = Play(seed)
    keys = KEYS[:8]
    backfill = play.add(Plan(frozenset(keys), 1, 1), wait=WaitPolicy(limit=120, poll=2))
    for seconds in (2, 3, 3):
        for key in play.rng.sample(keys, 2):
            play.add(Plan(frozenset([key]), seconds, 1000), on_time=lambda: backfill not in play.served)
    play.stage.play()
    assert play.stage.errors == []
    assert backfill in play.served
    assert len(play.served) > 5


@contextmanager
def six_workers(address: str) -> Iterator[None]:
    """Threads, each at a connection of its own, who take one lease after the other and use it for a while."""
    stop, all_hold_one = Event(), Barrier(7, timeout=300)

    def take_one_after_the_other(number: int) -> None:
        store, holder, rng = FirestoreLeaseStore("test", emulator=address), Holder.here("worker"), Random(number)
        with hold(store, [KEYS[5 * number]], holder):
            all_hold_one.wait()
        while not stop.is_set():
            with hold(store, [rng.choice(KEYS)], holder, wait=WaitPolicy(600)) as lease:
                for _ in range(10):
                    lease.ensure_held(ask_store=True)

    with ThreadPoolExecutor(6) as threads:
        workers = [threads.submit(take_one_after_the_other, number) for number in range(6)]
        try:
            all_hold_one.wait()
            yield
        finally:
            stop.set()
    for worker in workers:
        worker.result()


def test_a_backfill_of_thirty_dates_is_served_while_six_workers_take_single_ones_from_firestore() -> None:
    with FirestoreDouble(on_demand=True) as double, six_workers(double.address):
        store = FirestoreLeaseStore("test", emulator=double.address)
        with hold(store, KEYS, Holder.here("backfill"), wait=WaitPolicy(limit=600)) as lease:
            lease.ensure_held(ask_store=True)
            assert list(lease.tokens) == list(KEYS)
