"""All lease stores by name: a test with the fixture `store` runs against each of them. Add a new store here.

"real" is Firestore itself; it is tested if the environment names an emulator (FIRESTORE_EMULATOR_HOST) or a project
(NBA_CONSOLIDATION_TEST_PROJECT, with credentials). The tests then really wait, and skip what needs a controlled clock.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest

from nba_consolidation.leases import LeaseStore
from nba_consolidation.leases.firestore.rpc import connect
from nba_consolidation.leases.firestore.store import FirestoreLeaseStore
from nba_consolidation.leases.sqlite import SqliteLeaseStore
from nba_consolidation_tests.firestore_double import Clock, Database, FirestoreDouble
from nba_consolidation_tests.leases.fakes import FakeClock, OneWayClock, RealClock
from nba_consolidation_tests.leases.memory_store import MemoryLeaseStore

StoreFactory = Callable[[FakeClock, Path], LeaseStore]

EMULATOR = os.environ.get("FIRESTORE_EMULATOR_HOST")
PROJECT = os.environ.get("NBA_CONSOLIDATION_TEST_PROJECT", "test")
IS_REAL_FIRESTORE_GIVEN = EMULATOR is not None or "NBA_CONSOLIDATION_TEST_PROJECT" in os.environ


@dataclass
class Firestore:
    """One double for the whole test run, with a database for each test, and one connection to it."""

    double: FirestoreDouble = field(default_factory=FirestoreDouble)
    _numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self._client = connect(self.double.address)

    def add(self, clock: Clock | None = None) -> tuple[str, Database]:
        name = f"database-{next(self._numbers)}"
        return name, self.double.add(f"projects/test/databases/{name}", clock=clock)

    def store(self, database: str, clock: FakeClock) -> FirestoreLeaseStore:
        return FirestoreLeaseStore(
            "test", database, client=lambda: self._client, monotonic=clock.monotonic, sleep=lambda _seconds: None
        )


@cache
def shared_firestore() -> Firestore:
    return Firestore()


@pytest.fixture(scope="session", autouse=True)
def stop_the_double() -> Iterator[None]:
    yield
    if shared_firestore.cache_info().currsize:
        shared_firestore().double.stop()


def on_the_double(clock: FakeClock, _folder: Path) -> LeaseStore:
    firestore = shared_firestore()
    database, _ = firestore.add(clock)
    return firestore.store(database, clock)


def on_a_real_firestore(_clock: FakeClock, _folder: Path) -> LeaseStore:
    name = f"test_{uuid4().hex}"
    return FirestoreLeaseStore(
        PROJECT, collection=f"{name}_locks", collections={}, audit_collection=f"{name}_audit", emulator=EMULATOR
    )


STORES: dict[str, StoreFactory] = {
    "firestore": on_the_double,
    "memory": lambda clock, _folder: MemoryLeaseStore(clock=clock.now),
    "sqlite": lambda clock, folder: SqliteLeaseStore(
        folder / "leases.sqlite", clock=clock.now, sleep=lambda _seconds: None
    ),
}
CLOCKS: dict[str, type[FakeClock]] = {"firestore": OneWayClock}
"""The clocks of stores that need another one than FakeClock."""


@pytest.fixture
def clock(request: pytest.FixtureRequest) -> FakeClock:
    return RealClock() if _parameter(request, "store") == "real" else FakeClock()


@pytest.fixture(params=[*sorted(STORES), *(["real"] if IS_REAL_FIRESTORE_GIVEN else [])])
def store(request: pytest.FixtureRequest, clock: FakeClock, tmp_path: Path) -> LeaseStore:
    factory = on_a_real_firestore if request.param == "real" else STORES[request.param]
    return factory(clock, tmp_path)


def _parameter(request: pytest.FixtureRequest, name: str) -> object:
    callspec = getattr(request.node, "callspec", None)
    return callspec.params.get(name) if callspec else None
