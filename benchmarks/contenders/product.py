"""The product: the whole consolidation, from listing to clean-up, on the DuckDB file with SQLite leases."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import duckdb  # noqa: F401 (the product imports it at the first use, which is not measured)

from benchmarks.job import Job, fresh_warehouse
from nba_consolidation.leases import Holder
from nba_consolidation.settings import Settings
from nba_consolidation.wiring import deploy


def setup(job: Job) -> None:
    """Stages the files. A hard link is the same state of a file, so in the phase `again` the tables are known."""
    fresh_warehouse(job)
    staging = job.work / "staging"
    staging.mkdir(exist_ok=True)
    if job.phase == "idle":
        return
    deliver = shutil.copyfile if job.phase == "redelivered" else os.link
    for file in job.files:
        deliver(file, staging / Path(file).name)


def run(job: Job) -> dict[str, object]:
    """One consolidation of all dates."""
    marks = [("create tables", time.perf_counter())]
    consolidator = deploy(Settings(home=job.work)).consolidator
    report = consolidator.consolidate(
        job.game_dates, Holder.here("benchmark"), lambda step: marks.append((step, time.perf_counter()))
    )
    ended = time.perf_counter()
    report.raise_if_poisoned()
    details: dict[str, object] = {
        "transaction_seconds": report.transaction_ms / 1000,
        "lease_overhead_ms": report.lease_overhead_ms,
        "dropped": len(report.dropped),
    }
    if job.steps:
        ends = [at for _, at in marks[1:]] + [ended]
        details["steps"] = [(name, end - at) for (name, at), end in zip(marks, ends, strict=True)]
    return details


def result(job: Job) -> str:
    """Where to read the result."""
    return f"duckdb:{job.warehouse}"
