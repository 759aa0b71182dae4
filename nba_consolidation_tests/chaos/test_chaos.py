"""The storms. CHAOS_SEED runs one again, though time is real and never the same; CHAOS_SCHEDULES are in a long run.

Nothing here asks how quick anything was: only that nothing is wrong in the end, and that processes were killed and
stopped. What a process does that slept through the end of its lease is `test_late_writer.py`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from random import Random
from shutil import rmtree

import pytest

from .evidence import Evidence
from .lease_places import LeasePlace, SqlitePlace, firestore_place
from .plan import Plan
from .processes import Nursery
from .storm import Account, run_storm
from .verdict import judge

pytestmark = pytest.mark.other_processes

STORES = ("sqlite", "firestore")
SCHEDULES = int(os.environ.get("CHAOS_SCHEDULES") or 10)


def seeds() -> Iterator[int]:
    """The one that is given, if it is, and then those that follow from it."""
    seed = int(os.environ.get("CHAOS_SEED") or Random().randrange(2**31))
    yield seed
    rng = Random(seed)
    while True:
        yield rng.randrange(2**31)


def small(seed: int) -> Plan:
    """A few seconds, with at least two killed and two stopped."""
    return Plan(seed, seconds=1.5, meetings=0, enough=2, consolidators=5, stagers=3, kills=2.0, stops=2.0)


def place(store: str, folder: Path, seed: int) -> AbstractContextManager[LeasePlace]:
    return firestore_place(seed) if store == "firestore" else nullcontext(SqlitePlace(folder / "leases.sqlite"))


def blow(plan: Plan, store: str, folder: Path, nursery: Nursery) -> tuple[Account, list[str]]:
    """The storm and the verdict on it."""
    folder.mkdir(parents=True)
    with place(store, folder, plan.seed) as leases:
        account = run_storm(plan, folder, leases, nursery)
    wrong = [*account.failures, *(f"left lease: {record.describe()}" for record in account.left_leases)]
    return account, wrong or judge(Evidence.of(folder))


def assert_it_blew(account: Account) -> None:
    assert account.counts["kills"] >= account.plan.enough, account
    assert account.counts["stops"] >= account.plan.enough, account
    assert account.counts["processes"] > account.plan.consolidators + account.plan.stagers, account
    assert account.outcomes, account


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("size", [small, pytest.param(Plan, marks=pytest.mark.slow)])
def test_a_storm_doubles_nothing_loses_nothing_and_leaves_nothing_stale(
    size: Callable[[int], Plan], store: str, tmp_path: Path, nursery: Nursery
) -> None:
    account, wrong = blow(size(next(seeds())), store, tmp_path / "storm", nursery)
    print(account)
    assert not wrong, f"CHAOS_SEED={account.plan.seed}: {wrong}"
    assert_it_blew(account)


@pytest.mark.soak
@pytest.mark.parametrize("store", STORES)
def test_many_storms(store: str, tmp_path: Path, nursery: Nursery, capsys: pytest.CaptureFixture[str]) -> None:
    total = Account(Plan(0))
    for number, seed in zip(range(1, SCHEDULES + 1), seeds(), strict=False):
        plan = Plan(seed, seconds=15.0, longest=40.0, ttl=Random(seed).uniform(1.0, 2.0), meetings=2)
        account, wrong = blow(plan, store, tmp_path / "storm", nursery)
        assert not wrong, f"CHAOS_SEED={seed}: {wrong}"
        assert_it_blew(account)
        total.add(account)
        with capsys.disabled():
            print(f"\n{store}, {number} schedules tried: {total.figures()}", end="")
        rmtree(tmp_path / "storm")
    assert total.counts["fenced out"], total
