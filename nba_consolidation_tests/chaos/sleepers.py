"""Those who fell asleep right before their merge, with a lease in hand: the storm wakes them at the worst moment.

That is when one of their dates was committed with a larger token, and nothing of what they will merge is cleaned up.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from nba_consolidation_tests.chaos import signs
from nba_consolidation_tests.chaos.journal import Tail

_BEYOND_LEASE = 1.2  # times the lease's time
_LONGEST = 4.0
_TO_MERGE = 6.0  # seconds, at most, for somebody who woke up
_AWAKE = 1.0  # seconds after that in which nobody sleeps


@dataclass(frozen=True)
class _Sleeper:
    """Since when, and with which tokens of his dates."""

    name: str
    since: float
    tokens: Mapping[str, int]


class Sleepers:
    """By process. `met` counts those who woke too late and came as far as the fence, or where it should have been."""

    def __init__(self, folder: Path, ttl: float) -> None:
        self.met = 0
        self._folder = folder
        self._ttl = ttl
        self._tail = Tail(folder, "consolidator")
        self._committed: dict[str, int] = {}  # the largest token of each date
        self._asleep: dict[str, Mapping[str, int]] = {}
        self._sleeping: dict[int, _Sleeper] = {}
        self._late: dict[str, float] = {}  # since when they are awake
        self._awake_until = 0.0

    def __contains__(self, pid: object) -> bool:
        return pid in self._sleeping

    def fell_asleep(self, pid: int, name: str) -> None:
        self._read()
        self._sleeping[pid] = _Sleeper(name, time.monotonic(), self._asleep[name])
        self._put_signs()

    def gone(self, pid: int) -> None:
        self._sleeping.pop(pid, None)

    def to_wake(self) -> Iterator[int]:
        """Those whose time has come."""
        self._read()
        now = time.monotonic()
        for pid, sleeper in list(self._sleeping.items()):
            outrun = any(self._committed.get(date, 0) > token for date, token in sleeper.tokens.items())
            if now - sleeper.since > self._ttl * (_BEYOND_LEASE if outrun else _LONGEST):
                self.gone(pid)
                if outrun:
                    self._late[sleeper.name] = now
                yield pid
        self._put_signs()

    def _put_signs(self) -> None:
        now = time.monotonic()
        dates = {date for sleeper in self._sleeping.values() for date in sleeper.tokens}
        hands_off = any(now - since < _TO_MERGE for since in self._late.values())
        if hands_off:
            self._awake_until = now + _AWAKE
        signs.put_slept_over(self._folder, dates if dates or hands_off else None)
        signs.put_all_awake(self._folder, now < self._awake_until)

    def _read(self) -> None:
        for name, entry in self._tail.read():
            for date, token in entry.get("merged", {}).items():
                self._committed[date] = max(token, self._committed.get(date, 0))
            self._asleep[name] = entry.get("asleep", {})
            self.met += name in self._late and ("merged" in entry or "fenced" in entry)
            self._late.pop(name, None)
