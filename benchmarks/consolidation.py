"""`python -m benchmarks.consolidation`, or `make bench`: measures, prints, and writes results/*.json."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import statistics
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from benchmarks import report
from benchmarks.contenders import CONTENDERS
from benchmarks.data import Size
from benchmarks.runner import Runner

HERE = Path(__file__).resolve().parent
NAMES = [contender.name for contender in CONTENDERS]
_CURVE_PAIR = (report.LIMIT, report.PRODUCT)


@click.command()
@click.option("--rows", default=1_000_000, show_default=True, help="Staged rows.")
@click.option("--tables", default=100, show_default=True, help="Staging tables with these rows.")
@click.option("--history", default=5_000_000, show_default=True, help="Rows of other dates in the table.")
@click.option(
    "--overlap", default=0.0, show_default=True, help="Share of the staged keys with an older row in the table."
)
@click.option("--repeat", default=5, show_default=True, help="Rounds.")
@click.option("--only", multiple=True, type=click.Choice(NAMES), help="These contenders; may be repeated.")
@click.option("--curves/--no-curves", default=True, show_default=True, help="Also the seconds by rows and by history.")
@click.option("--steps", is_flag=True, help="Also the seconds of the product by step.")
@click.option("--keep", is_flag=True, help="Keep benchmarks/work, so that the next run reuses the data.")
def main(rows: int, tables: int, history: int, overlap: float, repeat: int, only: Sequence[str],
         curves: bool, steps: bool, keep: bool) -> None:  # fmt: skip
    """Measures a consolidation, and compares it with its limit and with other ways to do the job."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=150)
    size = Size(rows, tables, history, overlap)
    work = HERE / "work"
    runner = Runner(work, say=lambda text: console.print(text, style="dim", highlight=False), steps=steps)
    try:
        facts = report.machine()
        names = only or NAMES
        versions = {c.name: runner.versions(c) for c in CONTENDERS if c.name in names}
        measured = runner.compare(size, names, repeat)
        points = _curves(runner, size, min(repeat, 3)) if curves else {}
    finally:
        if not keep:
            shutil.rmtree(work, ignore_errors=True)
    report.show(console, size, facts, measured, points)
    if steps and report.PRODUCT in measured and measured[report.PRODUCT].seconds():
        console.print(report.steps(measured[report.PRODUCT].outcomes["first"]))
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    file = results / f"consolidation-{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}.json"
    file.write_text(json.dumps(report.as_json(size, facts, versions, measured, points), indent=2, default=str) + "\n")
    console.print(f"Written to {file.relative_to(HERE.parent)}")


def _curves(runner: Runner, size: Size, repeat: int) -> dict[str, report.Curve]:
    by_rows = [replace(size, rows=size.rows * part // 8) for part in (1, 2, 4, 8)]
    by_history = [replace(size, history=size.history * part // 10) for part in (0, 2, 5, 10)]
    return {
        "Seconds by staged rows (aim: linear)": [_point(runner, at, at.rows, repeat) for at in by_rows],
        "Seconds by existing rows (aim: flat)": [_point(runner, at, at.history, repeat) for at in by_history],
    }


def _point(runner: Runner, size: Size, x: int, repeat: int) -> dict[str, float]:
    runner.say(f"curve: {size.rows:,} rows onto {size.history:,}")
    measured = runner.compare(size, _CURVE_PAIR, repeat, phases=False)
    failed = [f"{name}: {entry.error}" for name, entry in measured.items() if entry.error]
    if failed:
        raise click.ClickException("; ".join(failed))
    medians = {name: statistics.median(entry.seconds()) for name, entry in measured.items()}
    return {"x": x, "staged": size.rows} | medians


if __name__ == "__main__":
    main()
