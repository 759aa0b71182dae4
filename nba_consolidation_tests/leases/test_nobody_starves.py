"""Many runs that need many leases at once: no deadlock, no starvation, and never two holders of one key."""

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

from nba_consolidation.leases import (
    AmbiguousReply,
    Holder,
    LeaseTiming,
    WaitPolicy,
    hold,
    lease_key,
)
from nba_consolidation.leases.firestore.store import FirestoreLeaseStore
from nba_consolidation_tests.firestore_double import FirestoreDouble
from nba_consolidation_tests.leases.fakes import FakeClock, Fault
from nba_consolidation_tests.leases.memory_store import MemoryLeaseStore
from nba_consolidation_tests.leases.scheduler import ScheduledStore, Scheduler

KEYS = tuple(lease_key("consolidation", date(2026, 1, day)) for day in range(1, 31))
TIMING = LeaseTiming(ttl=9)  # seconds; less than the others' work takes, so that leases must be renewed
LONG = WaitPolicy(limit=1000, poll=2)


@dataclass(frozen=True)
class Plan:
    """What one run does: it holds these keys so many times, each for some seconds, and some replies are lost."""

    keys: frozenset[str]
    seconds: int
    times: int
    lost: tuple[Fault, ...] = ()


LOST = st.builds(Fault, st.just(AmbiguousReply("no reply came")), st.sampled_from(["happens", "never", "late"]))
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
class Simulation:
    """Runs at one store in memory, in a random order. `in_use` are the keys that a run is working on."""

    seed: int
    clock: FakeClock = field(default_factory=FakeClock)
    in_use: set[str] = field(default_factory=set)
    served: list[Holder] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = Random(self.seed)
        self.scheduler = Scheduler(self.clock, self.rng.randrange)
        self.store = MemoryLeaseStore(clock=self.clock.now)
        self._numbers = count()

    def add(self, plan: Plan, *, wait: WaitPolicy = LONG, goes_on: Callable[[], bool] = lambda: True) -> Holder:
        """Adds a run of the plan, which repeats as long as `goes_on` is true."""
        holder = Holder(f"holder-{next(self._numbers)}", "run", "host", 1)
        store = ScheduledStore(self.store, self.clock, self.scheduler)
        store.faults["try_acquire"].extend(plan.lost[:1])
        store.faults["renew"].extend(plan.lost[1:])

        def run() -> None:
            for _ in range(plan.times):
                if goes_on():
                    self._work(store, plan, holder, wait)

        self.scheduler.add(run)
        return holder

    def _work(self, store: ScheduledStore, plan: Plan, holder: Holder, wait: WaitPolicy) -> None:
        time = self.clock.without_heartbeat()
        with hold(store, plan.keys, holder, timing=TIMING, wait=wait, time=time, rng=self.rng) as lease:
            assert not self.in_use & plan.keys
            self.in_use |= plan.keys
            self.scheduler.work(plan.seconds)
            lease.ensure_held()
            self.in_use -= plan.keys
        self.served.append(holder)


# Kills: of many leases only the first is looked at.
@settings(max_examples=80, deadline=None)
@given(plans=PLANS, seed=st.integers(0, 10_000))
def test_all_runs_get_their_leases_and_one_works_while_others_wait(plans: list[Plan], seed: int) -> None:
    simulation = Simulation(seed)
    began = simulation.clock.monotonic()
    for plan in plans:
        simulation.add(plan)
    simulation.scheduler.run_all()
    assert simulation.scheduler.errors == []
    assert len(simulation.served) == sum(plan.times for plan in plans)
    assert simulation.store.list() == ()
    assert simulation.clock.monotonic() - began <= sum(plan.seconds * plan.times for plan in plans) + 0.001


@pytest.mark.parametrize("seed", range(5))
def test_a_backfill_gets_its_leases_while_small_runs_take_turns_without_a_pause(seed: int) -> None:
    """At any time one of the small runs holds a lease, so the keys are never all free at once."""
    simulation = Simulation(seed)
    keys = KEYS[:8]
    backfill = simulation.add(Plan(frozenset(keys), 1, 1), wait=WaitPolicy(limit=120, poll=2))
    for seconds in (2, 3, 3):
        for key in simulation.rng.sample(keys, 2):
            simulation.add(Plan(frozenset([key]), seconds, 1000), goes_on=lambda: backfill not in simulation.served)
    simulation.scheduler.run_all()
    assert simulation.scheduler.errors == []
    assert backfill in simulation.served
    assert len(simulation.served) > 5


@contextmanager
def six_busy_workers(address: str) -> Iterator[None]:
    """Threads, each with its own connection, that acquire one lease after the other and use it for a while."""
    stop, all_hold_one = Event(), Barrier(7, timeout=300)

    def acquire_one_after_the_other(number: int) -> None:
        store, holder, rng = FirestoreLeaseStore("test", emulator=address), Holder.here("worker"), Random(number)
        with hold(store, [KEYS[5 * number]], holder):
            all_hold_one.wait()
        while not stop.is_set():
            with hold(store, [rng.choice(KEYS)], holder, wait=WaitPolicy(600)) as lease:
                for _ in range(10):
                    lease.ensure_held(ask_store=True)

    with ThreadPoolExecutor(6) as threads:
        workers = [threads.submit(acquire_one_after_the_other, number) for number in range(6)]
        try:
            all_hold_one.wait()
            yield
        finally:
            stop.set()
    for worker in workers:
        worker.result()


def test_a_backfill_of_thirty_dates_gets_its_leases_while_six_workers_use_firestore() -> None:
    with FirestoreDouble(on_demand=True) as double, six_busy_workers(double.address):
        store = FirestoreLeaseStore("test", emulator=double.address)
        with hold(store, KEYS, Holder.here("backfill"), wait=WaitPolicy(limit=600)) as lease:
            lease.ensure_held(ask_store=True)
            assert list(lease.tokens) == list(KEYS)
