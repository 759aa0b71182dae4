"""A process sleeps through the end of its lease and then merges: the fence check in the transaction stops it.

Without the fence check the same verdict reports the stale write, so the verdict can tell the difference.
"""

from __future__ import annotations

import time
from pathlib import Path
from random import Random
from signal import SIGCONT, SIGKILL

import pytest

from nba_consolidation.warehouse.staging.parquet import ParquetStaging
from nba_consolidation_tests.chaos import flags
from nba_consolidation_tests.chaos.consolidator import attempt, undisturbed_consolidator
from nba_consolidation_tests.chaos.evidence import Evidence
from nba_consolidation_tests.chaos.journal import Journal, entries
from nba_consolidation_tests.chaos.lease_backends import SqliteBackend
from nba_consolidation_tests.chaos.plan import Order
from nba_consolidation_tests.chaos.process_control import ForkServer
from nba_consolidation_tests.chaos.rows import DATES, Batch
from nba_consolidation_tests.chaos.stager import stage
from nba_consolidation_tests.chaos.verdict import STALE_WRITE, find_violations

_PATIENCE = 300.0  # seconds

pytestmark = pytest.mark.other_processes


def write_late(folder: Path, fork_server: ForkServer, *, fenced: bool) -> list[str]:
    """The outcome that a late writer notes after another process took its lease over and committed."""
    leases, batch = SqliteBackend(folder / "leases.sqlite"), Batch("w0", Random(1))
    order = Order("late_writer", 0, 1, str(folder), leases.address, ttl=60.0, fenced=fenced)
    stage_table(folder, batch)
    pid = fork_server.start(order)
    try:
        assert next_event(fork_server, pid) == "stopped"
        flags.set_dates_of_sleepers(folder, [f"{DATES[0]}"])  # keeps the tables that the late writer is about to merge
        stage_table(folder, batch)
        assert consolidate(folder, leases, "successor") == ["consolidated"]
        assert fork_server.send(pid, SIGCONT)
        assert next_event(fork_server, pid) == "ended"
    finally:
        fork_server.send(pid, SIGKILL)
    flags.set_dates_of_sleepers(folder, None)
    consolidate(folder, leases, "clean_up")
    return [outcome for entry in entries(folder, "late_writer") for outcome in ("merged", "fenced") if outcome in entry]


def consolidate(folder: Path, leases: SqliteBackend, run_id: str) -> list[str]:
    """Consolidates the first date after all leases have expired; returns the outcomes."""
    return attempt(undisturbed_consolidator(folder, leases.end_faults()), DATES[:1], run_id)


def stage_table(folder: Path, batch: Batch) -> None:
    table = batch.new(DATES[:1])
    table.grow()
    stage(ParquetStaging(folder / "staging"), table, Journal(folder, "stager_0"))


def next_event(fork_server: ForkServer, pid: int) -> str:
    """Waits until the process stopped or ended, and returns which."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        for event in fork_server.events():
            if event.pid == pid:
                return event.kind
        time.sleep(0.02)
    pytest.fail(f"process {pid} neither stopped nor ended")


def test_a_process_that_slept_through_the_end_of_its_lease_is_fenced_out(
    tmp_path: Path, fork_server: ForkServer
) -> None:
    assert write_late(tmp_path, fork_server, fenced=True) == ["fenced"]
    assert find_violations(Evidence.of(tmp_path)) == []


def test_without_the_fence_check_the_verdict_reports_the_stale_write(tmp_path: Path, fork_server: ForkServer) -> None:
    assert write_late(tmp_path, fork_server, fenced=False) == ["merged"]
    assert any(violation.startswith(STALE_WRITE) for violation in find_violations(Evidence.of(tmp_path)))
