"""What is measured of the leases: each function is one measurement, and returns plain figures in milliseconds.

Nothing is shown here. Who waits and works beside us is in `lease_crowd`.
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
    """Ours or the predecessor's, at a store: a file, or the `host:port` of the double."""

    name: str
    kind: str
    place: str

    def calls(self) -> int:
        """That the double has had so far."""
        return RemoteDouble(self.place).calls().total() if ":" in self.place else 0


def spread(milliseconds: Sequence[float]) -> Figures:
    """p50, p95 and the largest."""
    ordered = sorted(milliseconds)
    return {"p50": statistics.median(ordered), "p95": ordered[int(0.95 * (len(ordered) - 1))], "max": ordered[-1]}


def one_date(protocol: Protocol, repeat: int) -> Figures:
    """Take and give back a lease that nobody else wants."""
    take = KINDS[protocol.kind](protocol.place)
    for _ in range(_WARM_UP):
        _taken_and_given_back(lambda: take(MANY[0]))
    before = protocol.calls()
    times = [_taken_and_given_back(lambda: take(MANY[0])) for _ in range(repeat)]
    return _figures(times) | {"rpc": (protocol.calls() - before) / repeat}


def many_dates(place: str, repeat: int) -> Figures:
    """Take and give back 170 free leases at once."""
    store, holder, protocol = store_at(place), Holder.here("benchmark"), Protocol("", "ours", place)
    _taken_and_given_back(lambda: hold(store, MANY[:1], holder))
    before = protocol.calls()
    times = [_taken_and_given_back(lambda: hold(store, MANY, holder)) for _ in range(repeat)]
    return _figures(times) | {"rpc": (protocol.calls() - before) / repeat}


def many_dates_one_by_one(protocol: Protocol) -> Figures:
    """170 locks, one after the other, as whoever has no lease of many takes them."""
    take = KINDS[protocol.kind](protocol.place)
    _taken_and_given_back(lambda: take(MANY[0]))
    before = protocol.calls()
    times = [_taken_and_given_back(lambda key=key: take(key)) for key in MANY]
    return {name: sum(at) for name, at in zip(("acquire", "release"), zip(*times, strict=True), strict=True)} | {
        "rpc": protocol.calls() - before
    }


def _taken_and_given_back(take: Callable[[], AbstractContextManager[Any]]) -> tuple[float, float]:
    began = time.monotonic()
    with take():
        had = ended = time.monotonic()
    return 1000 * (had - began), 1000 * (time.monotonic() - ended)


def _figures(times: Sequence[tuple[float, float]]) -> Figures:
    acquired, released = zip(*times, strict=True)
    return {"acquire": statistics.median(acquired), "release": statistics.median(released)}


class HandOver:
    """One lease that so many wait for, at first while we hold it."""

    def __init__(self, crowd: Crowd, protocol: Protocol, waiters: int, work: float, apart: float, key: str) -> None:
        self._crowd = crowd
        self._protocol = protocol
        self._waiters = waiters
        self._held = KINDS[protocol.kind](protocol.place)(key)
        self._held.__enter__()
        self._order = crowd.order(
            waiters, work_as="wait", kind=protocol.kind, place=protocol.place, key=key, work=work, spread=apart
        )

    def until_asking(self) -> None:
        """Return once all are about to ask."""
        self._crowd.until_asking(self._order, self._waiters)

    def release(self) -> None:
        """From now on they are served."""
        self._released = time.monotonic()
        self._held.__exit__(None, None, None)

    def figures(self) -> tuple[list[float], float]:
        """From each release to the next one's having it; and from ours to the last one's having it, by waiter."""
        served = sorted(self._crowd.answers(self._order, self._waiters), key=lambda moments: moments[1])
        releases = [self._released, *(given_back for _, _, given_back in served)]
        gaps = [1000 * (had - released) for released, (_, had, _) in zip(releases, served, strict=False)]
        return gaps, 1000 * (served[-1][1] - self._released)


def hand_overs(crowd: Crowd, protocol: Protocol, crowds: Mapping[int, int], work: float, apart: float = 0.0) -> Figures:
    """By number of waiters, so many rounds of each: `crowds`.

    All at once if those who wait come `apart` (seconds), for then they sleep nearly all the time; else one by one.
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
        line.until_asking()
    time.sleep(0.3)  # now all of them wait
    for line in lines:
        line.release()
    return [line.figures() for line in lines]


def many_dates_among_small_runs(crowd: Crowd, place: str, limit: float) -> Figures:
    """170 leases while six workers take single ones of them: all at once or none, as it was before; then as it is."""
    order = crowd.order(WORKERS, work_as="loop", kind="ours", place=place, keys=MANY, work=WORK)
    store, holder, protocol = store_at(place), Holder.here("benchmark"), Protocol("", "ours", place)
    store.check()
    time.sleep(1.0)  # now all six are at it, and we are connected
    none, before = _all_or_none(store, holder, limit), protocol.calls()
    time.sleep(0.2)
    acquire = _in_order(store, holder)
    calls = protocol.calls() - before
    crowd.stop()
    waited = [1000 * seconds for worker in crowd.answers(order, WORKERS) for seconds in worker]
    return {"acquire": acquire, "calls": calls, "all or none": none, "workers": spread(waited)}


def _in_order(store: LeaseStore, holder: Holder) -> float | None:
    """Milliseconds until we have all 170; nothing if we did not get them."""
    with suppress(LeaseHeld):
        return _taken_and_given_back(lambda: hold(store, MANY, holder, wait=_LIMIT))[0]
    return None


def _all_or_none(store: LeaseStore, holder: Holder, limit: float) -> float | None:
    """Milliseconds until all 170 were free at one moment; nothing if that took longer than `limit` seconds."""
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
    """One consolidation on DuckDB under the leases of the store: what they cost, and what all of it takes."""
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
