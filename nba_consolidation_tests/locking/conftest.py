"""Every store there is, by name: a test that takes `store` runs against each of them. Add a new store here."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nba_consolidation.locking import LeaseStore, MemoryLeaseStore, SqliteLeaseStore

from .fakes import FakeClock

StoreFactory = Callable[[FakeClock, Path], LeaseStore]

STORES: dict[str, StoreFactory] = {
    "memory": lambda clock, _folder: MemoryLeaseStore(clock=clock.now),
    "sqlite": lambda clock, folder: SqliteLeaseStore(
        folder / "leases.sqlite", clock=clock.now, sleep=lambda _seconds: None
    ),
}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=sorted(STORES))
def store(request: pytest.FixtureRequest, clock: FakeClock, tmp_path: Path) -> LeaseStore:
    return STORES[request.param](clock, tmp_path)
