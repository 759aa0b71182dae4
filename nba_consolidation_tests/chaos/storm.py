"""The storm itself: keeps the processes up, kills, stops and wakes them as its seed says, and then lets it be calm.

What is right afterwards is not decided here.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from signal import SIGCONT, SIGKILL, SIGSTOP

from nba_consolidation.locking import Holder, LeaseRecord
from nba_consolidation.warehouse.parquet_staging import ParquetStaging

from . import signs
from .consolidating import calm_consolidator
from .journal import Journal, entries
from .lease_places import LeasePlace
from .plan import Order, Plan
from .processes import News, Nursery
from .rows import DATES, Batch
from .sleepers import Sleepers
from .stager import stage

_TICK = 0.03  # seconds between two looks
_PATIENCE = 300.0  # seconds for all processes to come to their end once it is over


@dataclass
class Account:
    """What one storm did, and what the attempts of its consolidators came to."""

    plan: Plan
    counts: Counter[str] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    left_leases: tuple[LeaseRecord, ...] = ()

    def add(self, other: Account) -> None:
        """The figures of another storm."""
        self.counts += other.counts
        self.troubles += other.troubles
        self.outcomes += other.outcomes

    def figures(self) -> str:
        said = [f"{name} {number}" for name, number in sorted((self.counts + self.troubles).items())]
        attempts = [f"{name} {number}" for name, number in self.outcomes.most_common()]
        return f"{', '.join(said)}; attempts: {', '.join(attempts)}"

    def __str__(self) -> str:
        return f"{self.plan}: {self.figures()}"


def run_storm(plan: Plan, folder: Path, leases: LeasePlace, nursery: Nursery) -> Account:
    """From the first process to the last clean consolidation."""
    account = Account(plan)
    _Storm(plan, folder, leases, nursery, account).blow()
    account.troubles += leases.troubles
    for entry in entries(folder, "consolidator"):
        account.outcomes.update(entry.get("outcomes", ()))
        account.counts["fenced out"] += "fenced" in entry
        account.counts["clean-ups"] += entry.get("dropped", 0) > 0
        account.failures += [entry["failure"]] if "failure" in entry else []
    if not account.failures:
        _calm_down(plan, folder, leases, account)
    return account


def _calm_down(plan: Plan, folder: Path, leases: LeasePlace, account: Account) -> None:
    """One more table, which makes every date and so every lease be taken; then all that waits, in one go."""
    store = leases.calm()
    signs.put_slept_over(folder, None)
    last = Batch("calm", plan.rng).new(DATES)
    last.grow()
    stage(ParquetStaging(folder / "staging"), last, Journal(folder, "stager_calm"))
    report = calm_consolidator(folder, store).consolidate(DATES, Holder.here("calm"))
    account.failures += [f"not consolidated when calm: {table}" for table in report.refused]
    account.failures += [f"{date} failed when calm: {error}" for date, error in report.poisoned.items()]
    account.left_leases = store.list()


class _Storm:
    """Who is up, who is stopped until when, and when the next misfortune is due."""

    def __init__(self, plan: Plan, folder: Path, leases: LeasePlace, nursery: Nursery, account: Account) -> None:
        self._plan = plan
        self._folder = folder
        self._leases = leases
        self._nursery = nursery
        self._account = account
        self._rng = Random(f"storm {plan.seed}")
        self._up: dict[int, Order] = {}
        self._wake_at: dict[int, float] = {}
        self._told_to_stop: set[int] = set()
        self._sleepers = Sleepers(folder, plan.ttl)

    def blow(self) -> None:
        for order in self._plan.orders(self._folder, self._leases.address):
            self._start(order)
        try:
            self._rage()
            self._end()
        finally:
            for pid in self._up:
                self._nursery.send(pid, SIGKILL)

    def _rage(self) -> None:
        plan, began = self._plan, time.monotonic()
        misfortunes = ((self._kill, plan.kills), (self._stop, plan.stops), (self._trouble, plan.weather))
        due = [began + self._rng.expovariate(rate) for _, rate in misfortunes]
        while (now := time.monotonic()) < began + plan.longest and not self._account.failures:
            if now >= began + plan.seconds and self._has_raged():
                return
            for number, (befall, rate) in enumerate(misfortunes):
                if now >= due[number]:
                    befall()
                    due[number] = now + self._rng.expovariate(rate)
            self._look_after()

    def _has_raged(self) -> bool:
        befell = min(self._account.counts[kind] for kind in ("kills", "stops"))
        return befell >= self._plan.enough and self._sleepers.met >= self._plan.meetings

    def _end(self) -> None:
        """Everybody wakes up and comes to his own end, so that what is late is written late and not never."""
        signs.put_over(self._folder)
        until = time.monotonic() + _PATIENCE
        while self._up and time.monotonic() < until:
            self._look_after(over=True)
        self._account.failures += [f"{order.name} does not end" for order in self._up.values()]

    def _look_after(self, *, over: bool = False) -> None:
        """Hear the news, wake whom it is time to wake, and put another in the place of whoever was killed."""
        time.sleep(_TICK)
        for news in self._nursery.news():
            order = self._up[news.pid]
            if news.kind == "stopped":
                self._stopped(news.pid, order)
            else:
                self._ended(news, order, restart=not over)
        now = time.monotonic()
        for pid in [*self._sleepers.to_wake(), *(pid for pid, moment in self._wake_at.items() if now >= moment)]:
            self._wake_at.pop(pid, None)
            self._nursery.send(pid, SIGCONT)

    def _stopped(self, pid: int, order: Order) -> None:
        self._account.counts["stops"] += 1
        if pid in self._told_to_stop:
            self._told_to_stop.discard(pid)
            self._wake_at[pid] = time.monotonic() + self._plan.stop(self._rng)
        else:
            self._account.counts["stops before a merge"] += 1
            self._sleepers.fell_asleep(pid, order.name)

    def _ended(self, news: News, order: Order, *, restart: bool) -> None:
        del self._up[news.pid]
        self._wake_at.pop(news.pid, None)
        self._told_to_stop.discard(news.pid)
        self._sleepers.gone(news.pid)
        if news.code not in (0, -SIGKILL):
            log = (self._folder / f"{order.name}.log").read_text()
            self._account.failures.append(f"{order.name} ended with {news.code}: {log}")
        elif restart:
            self._start(order.again())

    def _start(self, order: Order) -> None:
        self._up[self._nursery.start(order)] = order
        self._account.counts["processes"] += 1

    def _kill(self) -> None:
        """Whoever, the stopped too, but for those who are to wake up at the worst moment."""
        pid = self._rng.choice([pid for pid in self._up if pid not in self._sleepers])
        if self._nursery.send(pid, SIGKILL):
            self._account.counts["kills"] += 1

    def _stop(self) -> None:
        pid = self._rng.choice([pid for pid in self._up if pid not in self._wake_at and pid not in self._sleepers])
        if self._nursery.send(pid, SIGSTOP):
            self._told_to_stop.add(pid)

    def _trouble(self) -> None:
        self._leases.trouble(self._rng)
