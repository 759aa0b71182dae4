"""One phase of one contender in a process of its own: `python -m benchmarks.child JOB OUTCOME-FILE`.

Runs in the project's environment or in that of the peers, so it imports nothing but the contender. The outcome goes to
the file: seconds, peak memory and the place of the result, or the error. What it prints goes to a log.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import sys
import time
import traceback
from importlib import metadata
from pathlib import Path

from benchmarks.job import Job


def main(job_text: str, outcome_file: str) -> None:
    """Runs the phase and writes its outcome."""
    try:
        outcome = _outcome(Job.from_json(job_text))
    except Exception as error:  # noqa: BLE001 (a contender that fails is a result)
        traceback.print_exc()
        outcome = {"error": f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"}
    Path(outcome_file).write_text(json.dumps(outcome, default=str))


def _outcome(job: Job) -> dict[str, object]:
    contender = importlib.import_module(f"benchmarks.contenders.{job.contender}")
    if job.phase == "import":
        return {"versions": _versions()}
    contender.setup(job)
    os.sync()  # writes of the preparation must not be flushed during the measurement
    gc.collect()
    _reset_peak()
    began, cpu = time.perf_counter(), time.process_time()
    details = contender.run(job)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
    peak = _peak_bytes()
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "peak_bytes": peak,
        "details": details,
        "result": contender.result(job),
    }


def _versions() -> dict[str, str]:
    present = {}
    for package in ("duckdb", "pyarrow", "polars", "deltalake", "dbt-core", "dbt-duckdb"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            present[package] = metadata.version(package)
    return present


def _reset_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # without the peak of the preparation


def _peak_bytes() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no VmHWM in /proc/self/status")


if __name__ == "__main__":
    main(*sys.argv[1:])
