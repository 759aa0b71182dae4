"""Processes that stopped right before their merge while they held a lease. The storm wakes them at the worst moment.

That is after one of their dates was committed with a larger token, and while none of their tables has been dropped.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from nba_consolidation_tests.chaos import flags
from nba_consolidation_tests.chaos.journal import Tail

_MIN_SLEEP = 1.2  # times the ttl
_MAX_SLEEP = 4.0  # times the ttl
_TIME_TO_MERGE = 6.0  # seconds at most after a process has woken
_AWAKE = 1.0  # seconds after that in which no process may sleep


@dataclass(frozen=True)
class _Sleeper:
    """A process that sleeps since a time, with the tokens of its dates."""

    name: str
    since: float
    tokens: Mapping[str, int]


class Sleepers:
    """All sleepers. `late_wakers` counts those that woke too late and reached the fence, or merged without it."""

    def __init__(self, folder: Path, ttl: float) -> None:
        self.late_wakers = 0
        self._folder = folder
        self._ttl = ttl
        self._tail = Tail(folder, "consolidator")
        self._committed: dict[str, int] = {}  # the largest token of each date
        self._asleep: dict[str, Mapping[str, int]] = {}
        self._sleeping: dict[int, _Sleeper] = {}
        self._late: dict[str, float] = {}  # awake since
        self._awake_until = 0.0

    def __contains__(self, pid: object) -> bool:
        return pid in self._sleeping

    def fell_asleep(self, pid: int, name: str) -> None:
        self._read()
        self._sleeping[pid] = _Sleeper(name, time.monotonic(), self._asleep[name])
        self._set_flags()

    def gone(self, pid: int) -> None:
        self._sleeping.pop(pid, None)

    def to_wake(self) -> Iterator[int]:
        """The processes to wake now."""
        self._read()
        now = time.monotonic()
        for pid, sleeper in list(self._sleeping.items()):
            overtaken = any(self._committed.get(date, 0) > token for date, token in sleeper.tokens.items())
            if now - sleeper.since > self._ttl * (_MIN_SLEEP if overtaken else _MAX_SLEEP):
                self.gone(pid)
                if overtaken:
                    self._late[sleeper.name] = now
                yield pid
        self._set_flags()

    def _set_flags(self) -> None:
        now = time.monotonic()
        dates = {date for sleeper in self._sleeping.values() for date in sleeper.tokens}
        waiting_for_merge = any(now - since < _TIME_TO_MERGE for since in self._late.values())
        if waiting_for_merge:
            self._awake_until = now + _AWAKE
        flags.set_dates_of_sleepers(self._folder, dates if dates or waiting_for_merge else None)
        flags.set_nobody_may_sleep(self._folder, now < self._awake_until)

    def _read(self) -> None:
        for name, entry in self._tail.read():
            for date, token in entry.get("merged", {}).items():
                self._committed[date] = max(token, self._committed.get(date, 0))
            self._asleep[name] = entry.get("asleep", {})
            self.late_wakers += name in self._late and ("merged" in entry or "fenced" in entry)
            self._late.pop(name, None)
