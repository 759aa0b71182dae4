"""The program of the process tests: `FOLDER LEASES MOMENT TTL`. Consolidates; at that moment prints `ready`, and waits.

It goes on with the next line of its input, and ends with one line of JSON: its outcomes, or its error.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.leases import LeaseTiming, WaitPolicy
from nba_consolidation.leases.sqlite import SqliteLeaseStore
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NEXT_DATE, Workbench, outcome


def wait_for_a_line() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


def main(folder: str, leases: str, moment: str, ttl: str) -> None:
    bench = Workbench(Path(folder), SqliteLeaseStore(Path(leases)))
    if moment == "before the merge":
        bench.warehouse.before_merge = wait_for_a_line
    elif moment == "after the commit":
        bench.warehouse.after_merge = wait_for_a_line
    elif moment == "at the start":
        wait_for_a_line()

    def on_step(step: str) -> None:
        if moment == "before the commit" and step == "ledger":
            wait_for_a_line()

    try:
        report = bench.consolidate(
            DATE, NEXT_DATE, timing=LeaseTiming(float(ttl)), wait=WaitPolicy(60, poll=0.05), on_step=on_step
        )
        report.raise_if_poisoned()
        print(json.dumps({"error": None, "outcomes": [outcome(counts) for counts in report.dates]}))
    except ConsolidationError as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}", "outcomes": []}))


if __name__ == "__main__":
    main(*sys.argv[1:])
