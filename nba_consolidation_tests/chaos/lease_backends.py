"""The lease stores of a storm: a SQLite file, or a Firestore double that loses messages and whose clock jumps.

The processes of the storm use `store_at`; a backend is used by the test's process only.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Protocol

from nba_consolidation.leases import LeaseStore
from nba_consolidation.leases.firestore.store import FirestoreLeaseStore
from nba_consolidation.leases.sqlite import SqliteLeaseStore
from nba_consolidation_tests.chaos.plan import HOUR
from nba_consolidation_tests.firestore_double import Fault, FirestoreDouble
from nba_consolidation_tests.firestore_double.faults import Faults

_TIMEOUT = 1.0  # seconds for one call to Firestore
_TIMEOUT_AFTER_STORM = 60.0


def store_at(address: str, skew: int = 0, timeout: float = _TIMEOUT) -> LeaseStore:
    """The store at an address. `skew` does not matter to Firestore, where only the server's clock counts."""
    kind, _, location = address.partition(" ")
    if kind == "firestore":
        return FirestoreLeaseStore("test", emulator=location, timeout=timeout)
    ahead = dt.timedelta(seconds=skew)
    return SqliteLeaseStore(Path(location), clock=lambda: dt.datetime.now(dt.UTC) + ahead)


class LeaseBackend(Protocol):
    """A lease store for a storm. `faults` counts the faults of its messages and its clock."""

    address: str
    faults: Counter[str]

    def inject_fault(self, rng: Random) -> None:
        """Causes a fault of the store, if it can have any."""

    def end_faults(self) -> LeaseStore:
        """Ends all faults, lets the leases of dead processes expire, and returns the store."""


class SqliteBackend:
    """A file: it has no messages to lose, but processes are killed while they write it."""

    def __init__(self, path: Path) -> None:
        self.address = f"sqlite {path}"
        self.faults: Counter[str] = Counter()

    def inject_fault(self, rng: Random) -> None:
        pass

    def end_faults(self) -> LeaseStore:
        """In two hours, even the leases of processes whose clock is an hour ahead have expired."""
        return store_at(self.address, 2 * HOUR)


class _CountedFaults(Faults):
    """Counts the calls that had a fault."""

    def __init__(self, seed: int, faults: Counter[str]) -> None:
        super().__init__(seed)
        self._counts = faults

    def next_for(self, method: str) -> Fault | None:
        fault = super().next_for(method)
        if fault is not None:
            kind = "delayed" if fault.code is None else "lost replies" if fault.applied else "lost requests"
            self._counts[kind] += 1
        return fault


class FirestoreBackend:
    """A double that loses one commit in twelve or its reply, breaks connections, and jumps ahead by an hour."""

    def __init__(self, double: FirestoreDouble, seed: int) -> None:
        self.address = f"firestore {double.address}"
        self.faults: Counter[str] = Counter()
        self._double = double
        self._database = double.add()
        self._database.faults = faults = _CountedFaults(seed, self.faults)
        faults.add(Fault.lost_reply("Commit", times=-1, share=0.05))
        faults.add(Fault.lost_request("Commit", times=-1, share=0.03))
        faults.add(Fault.lost_request("BatchGetDocuments", times=-1, share=0.02))
        for method in ("Commit", "BatchGetDocuments"):
            faults.add(Fault(method, delay=0.05, times=-1, share=0.1))

    def inject_fault(self, rng: Random) -> None:
        if rng.random() < 0.5:
            self._database.clock.advance(HOUR)
            self.faults["jumps of the server's clock"] += 1
        else:
            self._double.reset_connections()
            self.faults["broken connections"] += 1

    def end_faults(self) -> LeaseStore:
        self._database.faults.clear()
        self._database.clock.advance(HOUR)
        return store_at(self.address, timeout=_TIMEOUT_AFTER_STORM)


@contextmanager
def firestore_backend(seed: int) -> Iterator[FirestoreBackend]:
    """A double for one storm."""
    with FirestoreDouble() as double:
        yield FirestoreBackend(double, seed)
