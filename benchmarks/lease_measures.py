"""The measurements of leases: each function is one measurement, and returns figures in milliseconds.

Prints nothing. The other processes that wait and work are in `lease_crowd`.
"""

from __future__ import annotations

import os
import shutil
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from benchmarks import data
from benchmarks.data import DATES, FIRST_DATE, Size
from benchmarks.lease_crowd import Crowd
from benchmarks.lease_workers import KINDS
from nba_consolidation.leases import Holder, LeaseHeld, LeaseStore, WaitPolicy, hold, lease_key
from nba_consolidation.settings import Settings
from nba_consolidation.wiring import deploy
from nba_consolidation_tests.firestore_double import RemoteDouble
from nba_consolidation_tests.leases.lease_worker import store_at

Figures = dict[str, Any]
MANY = tuple(lease_key("consolidation", date(2025, 10, 21) + timedelta(days=number)) for number in range(170))
WORKERS, WORK = 6, 0.05
_WARM_UP = 10
_LIMIT = WaitPolicy(limit=60)


@dataclass(frozen=True)
class Protocol:
    """The product's leases or the predecessor's lock at a store: a file, or the `host:port` of the double."""

    name: str
    kind: str
    place: str

    def calls(self) -> int:
        """The calls that the double has received so far."""
        return RemoteDouble(self.place).calls().total() if ":" in self.place else 0


def spread(milliseconds: Sequence[float]) -> Figures:
    """The median, the 95th percentile and the maximum."""
    ordered = sorted(milliseconds)
    return {"p50": statistics.median(ordered), "p95": ordered[int(0.95 * (len(ordered) - 1))], "max": ordered[-1]}


def one_date(protocol: Protocol, repeat: int) -> Figures:
    """Acquires and releases a lease without competition."""
    take = KINDS[protocol.kind](protocol.place)
    for _ in range(_WARM_UP):
        _acquire_and_release(lambda: take(MANY[0]))
    before = protocol.calls()
    times = [_acquire_and_release(lambda: take(MANY[0])) for _ in range(repeat)]
    return _figures(times) | {"rpc": (protocol.calls() - before) / repeat}


def many_dates(place: str, repeat: int) -> Figures:
    """Acquires and releases 170 free leases at once."""
    store, holder, protocol = store_at(place), Holder.here("benchmark"), Protocol("", "product", place)
    _acquire_and_release(lambda: hold(store, MANY[:1], holder))
    before = protocol.calls()
    times = [_acquire_and_release(lambda: hold(store, MANY, holder)) for _ in range(repeat)]
    return _figures(times) | {"rpc": (protocol.calls() - before) / repeat}


def many_dates_one_by_one(protocol: Protocol) -> Figures:
    """Acquires and releases 170 locks, one after the other."""
    take = KINDS[protocol.kind](protocol.place)
    _acquire_and_release(lambda: take(MANY[0]))
    before = protocol.calls()
    times = [_acquire_and_release(lambda key=key: take(key)) for key in MANY]
    return {name: sum(at) for name, at in zip(("acquire", "release"), zip(*times, strict=True), strict=True)} | {
        "rpc": protocol.calls() - before
    }


def _acquire_and_release(take: Callable[[], AbstractContextManager[Any]]) -> tuple[float, float]:
    began = time.monotonic()
    with take():
        acquired = ended = time.monotonic()
    return 1000 * (acquired - began), 1000 * (time.monotonic() - ended)


def _figures(times: Sequence[tuple[float, float]]) -> Figures:
    acquired, released = zip(*times, strict=True)
    return {"acquire": statistics.median(acquired), "release": statistics.median(released)}


class HandOver:
    """One lease that many threads wait for while this process holds it."""

    def __init__(self, crowd: Crowd, protocol: Protocol, waiters: int, work: float, apart: float, key: str) -> None:
        self._crowd = crowd
        self._protocol = protocol
        self._waiters = waiters
        self._held = KINDS[protocol.kind](protocol.place)(key)
        self._held.__enter__()
        self._order = crowd.order(
            waiters, work_as="wait", kind=protocol.kind, place=protocol.place, key=key, work=work, spread=apart
        )

    def until_ready(self) -> None:
        """Returns once all threads are about to request the lease."""
        self._crowd.until_ready(self._order, self._waiters)

    def release(self) -> None:
        """Releases the lease, so that the threads acquire it."""
        self._released = time.monotonic()
        self._held.__exit__(None, None, None)

    def figures(self) -> tuple[list[float], float]:
        """Milliseconds from each release to the next acquisition, and from the first release to the last one."""
        served = sorted(self._crowd.results(self._order, self._waiters), key=lambda moments: moments[1])
        releases = [self._released, *(released_at for _, _, released_at in served)]
        gaps = [1000 * (acquired - released) for released, (_, acquired, _) in zip(releases, served, strict=False)]
        return gaps, 1000 * (served[-1][1] - self._released)


def hand_overs(crowd: Crowd, protocol: Protocol, crowds: Mapping[int, int], work: float, apart: float = 0.0) -> Figures:
    """The figures by number of waiters. crowds: the number of rounds of each.

    apart: seconds within which the waiters arrive; all rounds then run at once, because the threads mostly sleep.
    """
    plan = [waiters for waiters, rounds in crowds.items() for _ in range(rounds)]
    gaps: defaultdict[int, list[float]] = defaultdict(list)
    last: defaultdict[int, list[float]] = defaultdict(list)
    for group in [plan] if apart else [[waiters] for waiters in plan]:
        lines = [HandOver(crowd, protocol, waiters, work, apart, MANY[place]) for place, waiters in enumerate(group)]
        for waiters, (new, until_last) in zip(group, _served(lines), strict=True):
            gaps[waiters] += new
            last[waiters].append(until_last)
    return {
        str(waiters): spread(gaps[waiters]) | {"last": statistics.median(last[waiters]), "times": len(gaps[waiters])}
        for waiters in crowds
    }


def _served(lines: Sequence[HandOver]) -> list[tuple[list[float], float]]:
    for line in lines:
        line.until_ready()
    time.sleep(0.3)  # now all threads wait
    for line in lines:
        line.release()
    return [line.figures() for line in lines]


def many_dates_among_small_runs(crowd: Crowd, place: str, limit: float) -> Figures:
    """Acquires 170 leases while six workers acquire single ones of them: all at once or none; then in order."""
    order = crowd.order(WORKERS, work_as="loop", kind="product", place=place, keys=MANY, work=WORK)
    store, holder, protocol = store_at(place), Holder.here("benchmark"), Protocol("", "product", place)
    store.check()
    time.sleep(1.0)  # now all six are working, and the store is connected
    none, before = _all_or_none(store, holder, limit), protocol.calls()
    time.sleep(0.2)
    acquire = _in_order(store, holder)
    calls = protocol.calls() - before
    crowd.stop()
    waited = [1000 * seconds for worker in crowd.results(order, WORKERS) for seconds in worker]
    return {"acquire": acquire, "calls": calls, "all or none": none, "workers": spread(waited)}


def _in_order(store: LeaseStore, holder: Holder) -> float | None:
    """Milliseconds until all 170 are acquired; None if that fails."""
    with suppress(LeaseHeld):
        return _acquire_and_release(lambda: hold(store, MANY, holder, wait=_LIMIT))[0]
    return None


def _all_or_none(store: LeaseStore, holder: Holder, limit: float) -> float | None:
    """Milliseconds until all 170 are free at one moment; None after `limit` seconds."""
    began = time.monotonic()
    while time.monotonic() - began < limit:
        try:
            store.release(store.try_acquire(MANY, holder, 60, operation_id=uuid4().hex))
        except LeaseHeld as held:
            store.wait_for_change(held.record, 0.5)
        else:
            return 1000 * (time.monotonic() - began)
    return None


def consolidation(place: str, work: Path, size: Size) -> Figures:
    """One consolidation on DuckDB under leases of the store: milliseconds of the leases, and in total."""
    staged, home = work / size.staged_name, work / "home"
    data.make_staged(size, staged)
    shutil.rmtree(home, ignore_errors=True)
    (home / "staging").mkdir(parents=True)
    for file in staged.glob("*.parquet"):
        os.link(file, home / "staging" / file.name)
    consolidator = deploy(Settings(home=home)).consolidator
    consolidator = replace(consolidator, writer=replace(consolidator.writer, leases=store_at(place)))
    consolidator.writer.leases.check()  # connected, as it is after the first consolidation of a process
    dates = [FIRST_DATE + timedelta(days=number) for number in range(DATES)]
    began = time.monotonic()
    report = consolidator.consolidate(dates, Holder.here("benchmark"))
    total = 1000 * (time.monotonic() - began)
    report.raise_if_poisoned()
    return {"overhead": report.lease_overhead_ms, "total": total, "dates": len(report.dates)}
