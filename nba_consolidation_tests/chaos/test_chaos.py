"""The storms. CHAOS_SEED blows one again, though time is real and never the same; CHAOS_SCHEDULES are in a long run.

Nothing here asks how quick anything was: only that nothing is wrong in the end, and that it did blow.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
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
from .verdict import STALE_WRITE, judge

pytestmark = pytest.mark.other_processes

STORES = ("sqlite", "firestore")
SCHEDULES = int(os.environ.get("CHAOS_SCHEDULES") or 10)


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


def seeds() -> Iterator[int]:
    """The one that is given, if it is, and then those that follow from it."""
    seed = int(os.environ.get("CHAOS_SEED") or Random().randrange(2**31))
    yield seed
    rng = Random(seed)
    while True:
        yield rng.randrange(2**31)


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
def test_a_storm_doubles_nothing_loses_nothing_and_leaves_nothing_stale(
    store: str, tmp_path: Path, nursery: Nursery
) -> None:
    account, wrong = blow(Plan(next(seeds())), store, tmp_path / "storm", nursery)
    print(account)
    assert not wrong, f"CHAOS_SEED={account.plan.seed}: {wrong}"
    assert_it_blew(account)


@pytest.mark.parametrize("store", [STORES[0], *(pytest.param(store, marks=pytest.mark.soak) for store in STORES[1:])])
def test_with_the_fence_taken_out_the_same_verdict_finds_a_stale_write(
    store: str, tmp_path: Path, nursery: Nursery
) -> None:
    """A storm ends with the first who slept and came too late, mostly; whether one does is left to chance.

    The fence is the warehouse's, the same for every lease store.
    """
    for attempt, seed in zip(range(4), seeds(), strict=False):
        plan = Plan(seed, seconds=0.0, longest=30.0, enough=0, kills=0.1, stops=0.1, fenced=False)
        account, wrong = blow(plan, store, tmp_path / f"storm {attempt}", nursery)
        print(account, wrong)
        assert account.counts["fenced out"] == 0
        if any(STALE_WRITE in sentence for sentence in wrong):
            return
    pytest.fail(f"CHAOS_SEED={seed}: nobody wrote what was stale")


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
