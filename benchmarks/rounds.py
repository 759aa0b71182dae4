"""Runs the benchmarks of one use case: rounds in new folders, ratios to a baseline, a file of results."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.report import machine

HERE = Path(__file__).resolve().parent
Contenders = Mapping[str, Callable[[], object]]
"""The functions that are measured in one round, in order, by name. The first is the baseline."""


def compare(name: str, title: str, repeat: int, prepare: Callable[[Path], Contenders]) -> None:
    """Times the contenders of `repeat` rounds, each in a new folder; prints medians and ratios, keeps all figures."""
    console, facts = Console(), machine()
    (HERE / "work").mkdir(exist_ok=True)
    seconds: dict[str, list[float]] = {}
    for _ in range(repeat):
        work = Path(tempfile.mkdtemp(dir=HERE / "work", prefix=f"{name}-"))
        try:
            for contender, run in prepare(work).items():
                seconds.setdefault(contender, []).append(_seconds(run))
        finally:
            shutil.rmtree(work)
    console.print(facts, _table(f"{title}, median of {repeat}", seconds))
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    file = results / f"{name}-{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}.json"
    file.write_text(json.dumps({"machine": facts, "title": title, "seconds": seconds}, indent=2) + "\n")
    console.print(f"Written to {file.relative_to(HERE.parent)}")


def _table(title: str, seconds: Mapping[str, list[float]]) -> Table:
    medians = {name: statistics.median(all_rounds) for name, all_rounds in seconds.items()}
    baseline = next(iter(medians.values()))
    table = Table(title=title)
    for heading in ("", "seconds", "x bare"):
        table.add_column(heading, justify="left" if heading == "" else "right")
    for name, median in medians.items():
        table.add_row(name, f"{median:.3f}", f"{median / baseline:.2f}")
    return table


def _seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began
