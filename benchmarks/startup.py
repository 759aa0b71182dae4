"""`python -m benchmarks.startup`: how long a command takes to start, as a ratio to the libraries that it needs.

Seconds are those of the processor, which other processes disturb less than those of the clock. All processes of a
round run in turn, so that a busy machine slows both sides of a ratio.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click

STAGED = {
    "prediction_id": "p1", "system_id": "my_model", "player_lookup": "lebronjames", "game_date": "2026-01-15",
    "game_id": "20260115_LAL_BOS", "predicted_points": "27.0", "confidence_score": "0.62", "recommendation": "OVER",
    "created_at": "2026-01-15T15:00:00Z",
}  # fmt: skip
CLI = "nba_consolidation.cli"


@dataclass(frozen=True)
class Aim:
    """At most `times` the processor time of a process that only imports what the work needs."""

    title: str
    arguments: tuple[str, ...]
    times: float
    floor: str


AIMS = (
    Aim("locks list", ("-m", CLI, "locks", "list"), 3, "import sqlite3"),
    Aim("status", ("-m", CLI, "status"), 4, "import pyarrow, duckdb"),
    Aim("stage FILE", ("-m", CLI, "stage", "--replace", "predictions.csv"), 4, "import pyarrow, duckdb"),
    Aim("import of definitions", ("-c", "import nba_consolidation.definitions"), 1.25, "import dagster"),
)


def processor_seconds(arguments: tuple[str, ...], folder: Path) -> float:
    """User and system time of one Python process, which must succeed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = os.environ | {"NBA_CONSOLIDATION_HOME": str(folder / "home")}
    subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(rounds: int, folder: Path) -> dict[tuple[str, ...], float]:
    """The median of each process, by its arguments; one more round before makes the byte code and the home folder."""
    (folder / "predictions.csv").write_text(f"{','.join(STAGED)}\n{','.join(STAGED.values())}\n", encoding="utf-8")
    processes = dict.fromkeys(one for aim in AIMS for one in (("-c", aim.floor), aim.arguments))
    taken: dict[tuple[str, ...], list[float]] = {one: [] for one in processes}
    for number in range(rounds + 1):
        for one in processes:
            seconds = processor_seconds(one, folder)
            taken[one] += [seconds] * bool(number)
    return {one: statistics.median(seconds) for one, seconds in taken.items()}


@click.command()
@click.option("--rounds", type=click.IntRange(5), default=7, show_default=True)
def main(rounds: int) -> None:
    """Print the ratio of each command, its aim, and whether the aim is reached."""
    with tempfile.TemporaryDirectory() as folder:
        seconds = measure(rounds, Path(folder))
    click.echo(f"{'':24} {'seconds':>8} {'ratio':>6} {'aim':>6}  reached  of")
    for aim in AIMS:
        own, floor = seconds[aim.arguments], seconds["-c", aim.floor]
        figures = f"{own:8.3f} {own / floor:6.2f} {aim.times:6.2f}"
        reached = "yes" if own <= aim.times * floor else "no"
        click.echo(f"{aim.title:24} {figures}  {reached:7}  {aim.floor} ({floor:.3f} s)")


if __name__ == "__main__":
    main()
