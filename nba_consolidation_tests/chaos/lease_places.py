"""Where the leases of a storm are kept: a SQLite file, or a Firestore double that loses messages and jumps in time.

`store_at` is for the processes of the storm; a place itself lives in the test's process.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Protocol

from nba_consolidation.locking import FirestoreLeaseStore, LeaseStore, SqliteLeaseStore
from nba_consolidation_tests.firestore_double import Fault, FirestoreDouble
from nba_consolidation_tests.firestore_double.faults import Faults

from .plan import HOUR

_TIMEOUT = 1.0  # seconds for one call to Firestore
_CALM_TIMEOUT = 60.0


def store_at(address: str, skew: int = 0, timeout: float = _TIMEOUT) -> LeaseStore:
    """The store at an address; a skewed clock is nothing to Firestore, whose server has the only one that counts."""
    kind, _, place = address.partition(" ")
    if kind == "firestore":
        return FirestoreLeaseStore("test", emulator=place, timeout=timeout)
    ahead = dt.timedelta(seconds=skew)
    return SqliteLeaseStore(Path(place), clock=lambda: dt.datetime.now(dt.UTC) + ahead)


class LeasePlace(Protocol):
    """A lease store for a storm. `troubles` counts what befell its messages and its clock."""

    address: str
    troubles: Counter[str]

    def trouble(self, rng: Random) -> None:
        """Something happens to the store, if anything can."""

    def calm(self) -> LeaseStore:
        """No trouble any more, and all leases of the dead have run out; the store as it is then."""


class SqlitePlace:
    """A file has no messages to lose. What befalls it are processes that are killed while they write."""

    def __init__(self, path: Path) -> None:
        self.address = f"sqlite {path}"
        self.troubles: Counter[str] = Counter()

    def trouble(self, rng: Random) -> None:
        pass

    def calm(self) -> LeaseStore:
        """Two hours on, even the leases of those whose clock was an hour ahead have run out."""
        return store_at(self.address, 2 * HOUR)


class _CountedFaults(Faults):
    """Counts the calls that a fault falls on."""

    def __init__(self, seed: int, troubles: Counter[str]) -> None:
        super().__init__(seed)
        self._troubles = troubles

    def next_for(self, method: str) -> Fault | None:
        fault = super().next_for(method)
        if fault is not None:
            kind = "delayed" if fault.code is None else "lost replies" if fault.applied else "lost requests"
            self._troubles[kind] += 1
        return fault


class FirestorePlace:
    """A double that loses one commit in twelve, or its reply; breaks connections, and jumps ahead by an hour."""

    def __init__(self, double: FirestoreDouble, seed: int) -> None:
        self.address = f"firestore {double.address}"
        self.troubles: Counter[str] = Counter()
        self._double = double
        self._database = double.add()
        self._database.faults = faults = _CountedFaults(seed, self.troubles)
        faults.add(Fault.lost_reply("Commit", times=-1, share=0.05))
        faults.add(Fault.lost_request("Commit", times=-1, share=0.03))
        faults.add(Fault.lost_request("BatchGetDocuments", times=-1, share=0.02))
        for method in ("Commit", "BatchGetDocuments"):
            faults.add(Fault(method, delay=0.05, times=-1, share=0.1))

    def trouble(self, rng: Random) -> None:
        if rng.random() < 0.5:
            self._database.clock.advance(HOUR)
            self.troubles["jumps of the server's clock"] += 1
        else:
            self._double.reset_connections()
            self.troubles["broken connections"] += 1

    def calm(self) -> LeaseStore:
        self._database.faults.clear()
        self._database.clock.advance(HOUR)
        return store_at(self.address, timeout=_CALM_TIMEOUT)


@contextmanager
def firestore_place(seed: int) -> Iterator[FirestorePlace]:
    """A double of its own for one storm."""
    with FirestoreDouble() as double:
        yield FirestorePlace(double, seed)
