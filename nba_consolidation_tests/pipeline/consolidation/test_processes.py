"""Real processes that consolidate the same dates: at once, killed, stopped beyond their lease. Here time is real.

`chaos/test_late_writer.py` has the late writer of `make test`; the other late writers are slow.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import nba_consolidation
from nba_consolidation.leases import LeaseTiming, WaitPolicy
from nba_consolidation.leases.sqlite import SqliteLeaseStore
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NEXT_DATE, Workbench, prediction

pytestmark = pytest.mark.other_processes

ROOT = Path(nba_consolidation.__file__).parents[1]
SHORT = 1.0
PATIENT = WaitPolicy(60, poll=0.05)
ROWS = [prediction(line, minute, game_date=date)
        for date in (DATE, NEXT_DATE) for minute, line in enumerate(["20.5", None, "21.0"])]  # fmt: skip

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    bench = Workbench(tmp_path, SqliteLeaseStore(tmp_path / "leases.sqlite"))
    bench.stage(*ROWS)
    bench.stage(*ROWS, worker="w0r")
    return bench


@pytest.fixture
def start(bench: Workbench) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def start(moment: str, ttl: float = 60.0, leases: str = "leases.sqlite") -> subprocess.Popen[str]:
        arguments = map(str, (bench.folder, bench.folder / leases, moment, ttl))
        process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.worker", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def wait_until_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


def go_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go on\n")
    process.stdin.flush()


def result_of(process: subprocess.Popen[str]) -> Any:
    """The result that the process prints at its end."""
    output, _ = process.communicate(timeout=60)
    return json.loads(output.splitlines()[-1])


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def assert_nothing_doubled_or_lost(bench: Workbench) -> None:
    rows = bench.published()
    assert len(rows) == 6
    assert sum(row["is_active"] for row in rows) == 2
    assert [row["prediction_version"] for row in rows] == [1] * 6
    assert bench.staging_tables() == set()
    assert bench.leases.list() == ()


def test_incident_01_two_processes_at_once_consolidate_in_turn_and_both_succeed(bench: Workbench, start: Start) -> None:
    processes = [start("at the start") for _ in range(2)]
    for process in processes:
        wait_until_ready(process)
    for process in processes:
        go_on(process)
    results = [result_of(process) for process in processes]
    assert [result["error"] for result in results] == [None, None]
    assert sorted(len(result["outcomes"]) for result in results) == [0, 2]
    assert_nothing_doubled_or_lost(bench)


@pytest.mark.slow
def test_incident_01_without_the_lease_the_fence_stops_the_older_process(bench: Workbench, start: Start) -> None:
    older = start("before the merge", leases="leases of its own.sqlite")
    wait_until_ready(older)
    assert not bench.consolidate(DATE, NEXT_DATE).poisoned
    bench.stage(*ROWS)
    go_on(older)
    assert result_of(older)["outcomes"] == []
    bench.consolidate(DATE, NEXT_DATE)
    assert_nothing_doubled_or_lost(bench)


@pytest.mark.slow
def test_incident_01_a_process_past_its_lease_is_fenced_out_though_it_reads_what_is_still_there(
    bench: Workbench, start: Start
) -> None:
    bench.staging.drops = False
    older = start("before the merge", leases="leases of its own.sqlite")
    wait_until_ready(older)
    bench.consolidate(DATE, NEXT_DATE)
    ledger = bench.execute("SELECT * FROM consolidation_ledger")
    go_on(older)
    assert "newer token" in result_of(older)["error"]
    assert bench.execute("SELECT * FROM consolidation_ledger") == ledger
    bench.staging.drops = True
    bench.consolidate(DATE, NEXT_DATE)
    assert_nothing_doubled_or_lost(bench)


def test_a_process_killed_before_its_commit_leaves_nothing_and_the_next_one_does_it_all(
    bench: Workbench, start: Start
) -> None:
    process = start("before the commit", SHORT)
    wait_until_ready(process)
    kill(process)
    assert bench.written_rows() == 0
    assert len(bench.staging_tables()) == 2
    assert bench.consolidate(DATE, NEXT_DATE, wait=PATIENT).total("inserted") == 6
    assert_nothing_doubled_or_lost(bench)


@pytest.mark.slow
def test_a_process_killed_between_commit_and_clean_up_leaves_only_the_clean_up(bench: Workbench, start: Start) -> None:
    process = start("after the commit", SHORT)
    wait_until_ready(process)
    kill(process)
    assert len(bench.published()) == 6
    assert len(bench.staging_tables()) == 2
    report = bench.consolidate(DATE, NEXT_DATE, wait=PATIENT)
    assert report.dates == ()
    assert len(report.dropped) == 2
    assert_nothing_doubled_or_lost(bench)


@pytest.mark.slow
def test_a_process_stopped_beyond_its_lease_writes_nothing_once_it_goes_on(bench: Workbench, start: Start) -> None:
    sleeper = start("before the merge", SHORT)
    wait_until_ready(sleeper)
    sleeper.send_signal(signal.SIGSTOP)
    bench.staging.drops = False
    report = bench.consolidate(DATE, NEXT_DATE, wait=PATIENT, timing=LeaseTiming(30))
    assert report.total("inserted") == 6
    ledger = bench.execute("SELECT * FROM consolidation_ledger")
    sleeper.send_signal(signal.SIGCONT)
    go_on(sleeper)
    assert result_of(sleeper)["error"].split(":")[0] in ("DatesPoisoned", "LeaseLost")
    assert bench.execute("SELECT * FROM consolidation_ledger") == ledger
    bench.staging.drops = True
    bench.consolidate(DATE, NEXT_DATE)
    assert_nothing_doubled_or_lost(bench)
