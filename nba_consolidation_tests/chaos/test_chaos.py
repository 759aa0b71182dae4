"""The storms. CHAOS_SEED repeats one, although time is real and differs; SOAK_MINUTES is the length of a long run.

The tests check that there is no violation at the end, and that the faults did happen; nothing depends on speed.
`test_late_writer.py` tests in a fixed order what happens after a process slept through the end of its lease.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from random import Random
from shutil import rmtree

import pytest

from nba_consolidation_tests.chaos.evidence import Evidence
from nba_consolidation_tests.chaos.lease_backends import LeaseBackend, SqliteBackend, firestore_backend
from nba_consolidation_tests.chaos.plan import Plan
from nba_consolidation_tests.chaos.process_control import ForkServer
from nba_consolidation_tests.chaos.storm import StormReport, run_storm
from nba_consolidation_tests.chaos.verdict import find_violations

pytestmark = pytest.mark.other_processes

STORES = ("sqlite", "firestore")
SOAK_SECONDS = 60 * float(os.environ.get("SOAK_MINUTES") or 10)


def seeds() -> Iterator[int]:
    """CHAOS_SEED or a random seed, and then those derived from it."""
    seed = int(os.environ.get("CHAOS_SEED") or Random().randrange(2**31))
    yield seed
    rng = Random(seed)
    while True:
        yield rng.randrange(2**31)


def small_plan(seed: int) -> Plan:
    """A few seconds, in which at least two processes are killed and two stopped."""
    return Plan(
        seed, seconds=1.5, late_wakers=0, enough=2, consolidators=5, stagers=3, followers=0, kills=2.0, stops=2.0
    )


def backend(store: str, folder: Path, seed: int) -> AbstractContextManager[LeaseBackend]:
    return firestore_backend(seed) if store == "firestore" else nullcontext(SqliteBackend(folder / "leases.sqlite"))


def run(plan: Plan, store: str, folder: Path, fork_server: ForkServer) -> tuple[StormReport, list[str]]:
    """Runs the storm; returns its report and all violations."""
    folder.mkdir(parents=True)
    with backend(store, folder, plan.seed) as leases:
        report = run_storm(plan, folder, leases, fork_server)
    failures = [*report.failures, *(f"remaining lease: {record.describe()}" for record in report.remaining_leases)]
    return report, failures or find_violations(Evidence.of(folder))


def assert_faults_happened(report: StormReport) -> None:
    assert report.counts["kills"] >= report.plan.enough, report
    assert report.counts["stops"] >= report.plan.enough, report
    assert report.counts["processes"] > report.plan.consolidators + report.plan.stagers, report
    assert report.outcomes, report


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("make_plan", [small_plan, pytest.param(Plan, marks=pytest.mark.slow)])
def test_a_storm_leaves_no_duplicate_lost_or_stale_row(
    make_plan: Callable[[int], Plan], store: str, tmp_path: Path, fork_server: ForkServer
) -> None:
    report, violations = run(make_plan(next(seeds())), store, tmp_path / "storm", fork_server)
    print(report)
    assert not violations, f"CHAOS_SEED={report.plan.seed}: {violations}"
    assert_faults_happened(report)


@pytest.mark.soak
@pytest.mark.parametrize("store", STORES)
def test_many_storms(store: str, tmp_path: Path, fork_server: ForkServer, capsys: pytest.CaptureFixture[str]) -> None:
    total = StormReport(Plan(0))
    until = time.monotonic() + SOAK_SECONDS / len(STORES)
    for number, seed in enumerate(seeds(), start=1):
        plan = Plan(seed, seconds=15.0, longest=40.0, ttl=Random(seed).uniform(1.0, 2.0), late_wakers=2)
        report, violations = run(plan, store, tmp_path / "storm", fork_server)
        assert not violations, f"CHAOS_SEED={seed}: {violations}"
        assert_faults_happened(report)
        total.add(report)
        with capsys.disabled():
            print(f"\n{store}: {number} storms\n{total.table()}")
        rmtree(tmp_path / "storm")
        if time.monotonic() >= until:
            break
    assert total.counts["fenced out"], total
