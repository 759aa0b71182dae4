"""What the process tests start: `FOLDER STEP`. Grades; at that step, if any, says so and waits for a line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder, WaitPolicy
from nba_consolidation.leases.sqlite import SqliteLeaseStore
from nba_consolidation.pipeline.grading.grade import Grader
from nba_consolidation_tests.pipeline.grading.workbench import DATE, GradingBench


def main(folder: str, stop_at: str) -> None:
    bench = GradingBench(Path(folder))

    def on_step(step: str) -> None:
        if step == stop_at:
            print("ready", flush=True)
            sys.stdin.readline()

    leases = SqliteLeaseStore(Path(folder) / "leases.sqlite")
    grader = Grader(FencedWriter(bench.warehouse, leases, wait=WaitPolicy(60, poll=0.05)))
    report = grader.grade([DATE], Holder.here("worker"), on_step)
    error = next((str(error) for error in report.poisoned.values()), None)
    print(json.dumps([report.total("inserted"), error]))


if __name__ == "__main__":
    main(*sys.argv[1:])
