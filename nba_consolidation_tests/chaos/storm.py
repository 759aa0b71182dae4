"""Runs a storm: starts processes, kills, stops and wakes them at random, and consolidates the rest at the end.

The results are checked in `verdict`.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from signal import SIGCONT, SIGKILL, SIGSTOP

from nba_consolidation.leases import Holder, LeaseRecord
from nba_consolidation.warehouse.staging.parquet import ParquetStaging
from nba_consolidation_tests.chaos import flags
from nba_consolidation_tests.chaos.consolidator import undisturbed_consolidator
from nba_consolidation_tests.chaos.follower import follow_up, play_games
from nba_consolidation_tests.chaos.journal import Journal, entries
from nba_consolidation_tests.chaos.lease_backends import LeaseBackend
from nba_consolidation_tests.chaos.plan import Order, Plan
from nba_consolidation_tests.chaos.process_control import ForkServer, ProcessEvent
from nba_consolidation_tests.chaos.rows import DATES, Batch
from nba_consolidation_tests.chaos.sleepers import Sleepers
from nba_consolidation_tests.chaos.stager import stage

_TICK = 0.03  # seconds between two polls
_PATIENCE = 300.0  # seconds for all processes to end once the storm is over


@dataclass
class StormReport:
    """The faults of a storm, and the outcomes of its consolidations."""

    plan: Plan
    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    remaining_leases: tuple[LeaseRecord, ...] = ()

    def add(self, other: StormReport) -> None:
        """Adds the figures of another storm."""
        self.counts += other.counts
        self.faults += other.faults
        self.outcomes += other.outcomes

    def table(self) -> str:
        """A row for each kind of fault and for each outcome of an attempt."""
        rows = [*sorted((self.counts + self.faults).items()), *self.outcomes.most_common()]
        return "\n".join(f"{number:>8,}  {name}" for name, number in rows)

    def __str__(self) -> str:
        return f"{self.plan}\n{self.table()}"


def run_storm(plan: Plan, folder: Path, leases: LeaseBackend, fork_server: ForkServer) -> StormReport:
    """Runs the storm and the last consolidation after it."""
    report = StormReport(plan)
    _Storm(plan, folder, leases, fork_server, report).run()
    report.faults += leases.faults
    for entry in [*entries(folder, "consolidator"), *entries(folder, "follower")]:
        report.outcomes.update(entry.get("outcomes", ()))
        report.counts["fenced out"] += "fenced" in entry
        report.counts["clean-ups"] += entry.get("dropped", 0) > 0
        report.failures += [entry["failure"]] if "failure" in entry else []
    if not report.failures:
        _consolidate_rest(plan, folder, leases, report)
    return report


def _consolidate_rest(plan: Plan, folder: Path, leases: LeaseBackend, report: StormReport) -> None:
    """Stages one more table with all dates, so that every lease is acquired, and consolidates everything."""
    store = leases.end_faults()
    flags.set_dates_of_sleepers(folder, None)
    last = Batch("calm", plan.rng).new(DATES)
    last.grow()
    stage(ParquetStaging(folder / "staging"), last, Journal(folder, "stager_calm"))
    rest = undisturbed_consolidator(folder, store).consolidate(DATES, Holder.here("calm"))
    report.failures += [f"refused after the storm: {table}" for table in rest.refused]
    report.failures += [f"{date} failed after the storm: {error}" for date, error in rest.poisoned.items()]
    if plan.followers:
        follow_up(folder, store)
    report.remaining_leases = store.list()


class _Storm:
    """The running and stopped processes, and when the next fault is due."""

    def __init__(
        self, plan: Plan, folder: Path, leases: LeaseBackend, fork_server: ForkServer, report: StormReport
    ) -> None:
        self._plan = plan
        self._folder = folder
        self._leases = leases
        self._fork_server = fork_server
        self._report = report
        self._rng = Random(f"storm {plan.seed}")
        self._running: dict[int, Order] = {}
        self._wake_at: dict[int, float] = {}
        self._stopping: set[int] = set()
        self._sleepers = Sleepers(folder, plan.ttl)

    def run(self) -> None:
        if self._plan.followers:
            play_games(self._folder)
        for order in self._plan.orders(self._folder, self._leases.address):
            self._start(order)
        try:
            self._run_faults()
            self._end()
        finally:
            for pid in self._running:
                self._fork_server.send(pid, SIGKILL)

    def _run_faults(self) -> None:
        plan, began = self._plan, time.monotonic()
        faults = ((self._kill, plan.kills), (self._stop, plan.stops), (self._inject_fault, plan.store_faults))
        due = [began + self._rng.expovariate(rate) for _, rate in faults]
        while (now := time.monotonic()) < began + plan.longest and not self._report.failures:
            if now >= began + plan.seconds and self._is_enough():
                return
            for number, (cause, rate) in enumerate(faults):
                if now >= due[number]:
                    cause()
                    due[number] = now + self._rng.expovariate(rate)
            self._handle_events()

    def _is_enough(self) -> bool:
        faults = min(self._report.counts[kind] for kind in ("kills", "stops"))
        return faults >= self._plan.enough and self._sleepers.late_wakers >= self._plan.late_wakers

    def _end(self) -> None:
        """Wakes all processes and lets them end, so that late writes really happen."""
        flags.end_storm(self._folder)
        until = time.monotonic() + _PATIENCE
        while self._running and time.monotonic() < until:
            self._handle_events(over=True)
        self._report.failures += [f"{order.name} did not end" for order in self._running.values()]

    def _handle_events(self, *, over: bool = False) -> None:
        """Reads the events, wakes processes whose time has come, and replaces killed ones."""
        time.sleep(_TICK)
        for event in self._fork_server.events():
            order = self._running[event.pid]
            if event.kind == "stopped":
                self._stopped(event.pid, order)
            else:
                self._ended(event, order, restart=not over)
        now = time.monotonic()
        for pid in [*self._sleepers.to_wake(), *(pid for pid, moment in self._wake_at.items() if now >= moment)]:
            self._wake_at.pop(pid, None)
            self._fork_server.send(pid, SIGCONT)

    def _stopped(self, pid: int, order: Order) -> None:
        self._report.counts["stops"] += 1
        if pid in self._stopping:
            self._stopping.discard(pid)
            self._wake_at[pid] = time.monotonic() + self._plan.stop(self._rng)
        else:
            self._report.counts["stops before a merge"] += 1
            self._sleepers.fell_asleep(pid, order.name)

    def _ended(self, event: ProcessEvent, order: Order, *, restart: bool) -> None:
        del self._running[event.pid]
        self._wake_at.pop(event.pid, None)
        self._stopping.discard(event.pid)
        self._sleepers.gone(event.pid)
        if event.code not in (0, -SIGKILL):
            log = (self._folder / f"{order.name}.log").read_text()
            self._report.failures.append(f"{order.name} ended with {event.code}: {log}")
        elif restart:
            self._start(order.again())

    def _start(self, order: Order) -> None:
        self._running[self._fork_server.start(order)] = order
        self._report.counts["processes"] += 1

    def _kill(self) -> None:
        """Kills any process, stopped ones included, except the sleepers."""
        pid = self._rng.choice([pid for pid in self._running if pid not in self._sleepers])
        if self._fork_server.send(pid, SIGKILL):
            self._report.counts["kills"] += 1

    def _stop(self) -> None:
        pid = self._rng.choice([pid for pid in self._running if pid not in self._wake_at and pid not in self._sleepers])
        if self._fork_server.send(pid, SIGSTOP):
            self._stopping.add(pid)

    def _inject_fault(self) -> None:
        self._leases.inject_fault(self._rng)
