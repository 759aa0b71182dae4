"""`python -m benchmarks.repair`, or `make bench-grading`: compares a repair with a bare dedup and with pandas.

Each contender runs in a process of its own, in turns, and is measured until it has closed the file.
"""

from __future__ import annotations

import datetime as dt
import json
import multiprocessing
import resource
import shutil
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import click
import duckdb
from rich.console import Console
from rich.table import Table

from benchmarks.legacy import LegacySize, make_legacy
from benchmarks.report import machine
from nba_consolidation.leases import Holder
from nba_consolidation.schema import ACCURACY, ACCURACY_KEY
from nba_consolidation.settings import Settings
from nba_consolidation.warehouse.duckdb.warehouse import DuckDBWarehouse
from nba_consolidation.warehouse.table_reads import game_dates
from nba_consolidation.wiring import deploy

HERE = Path(__file__).resolve().parent
AIM = 2.0
_KEY = ", ".join(ACCURACY_KEY)
_RANK = "actual_points IS NOT NULL DESC, recommendation IN ('OVER', 'UNDER') DESC, graded_at DESC"
_BEST_PER_KEY = (
    f"SELECT * FROM prediction_accuracy QUALIFY ROW_NUMBER() OVER (PARTITION BY {_KEY} ORDER BY {_RANK}) = 1"
)
_AIM_OF = "x bare"


def product(home: Path) -> str:
    """The whole repair: lease, fence, archived rows, audits, ledger, report."""
    deployment = deploy(Settings(home=home))
    dates = game_dates(deployment.warehouse, ACCURACY)
    deployment.accuracy_repairer.repair(dates, Holder.here("repair")).raise_if_poisoned()
    return "prediction_accuracy"


def forecast(home: Path) -> str:
    """The forecast of a repair: a dry run."""
    deployment = deploy(Settings(home=home))
    deployment.accuracy_repairer.forecast(game_dates(deployment.warehouse, ACCURACY))
    return ""


def bare(home: Path) -> str:
    """The limit: one CREATE TABLE AS, with the product's settings. No confidence is changed, no row is archived."""
    with _connection(home) as connection:
        connection.execute(f"CREATE TABLE repaired AS {_BEST_PER_KEY}")
    return "repaired"


def with_pandas(home: Path) -> str:
    """Read, sort, drop duplicates, write. No confidence is changed, no row is archived."""
    with _connection(home) as connection:
        frame = connection.execute("SELECT * FROM prediction_accuracy").df()
        frame["is_graded"] = frame["actual_points"].notna()
        frame["is_bet"] = frame["recommendation"].isin(["OVER", "UNDER"])
        ranked = frame.sort_values(["is_graded", "is_bet", "graded_at"])
        repaired = ranked.drop_duplicates(list(ACCURACY_KEY), keep="last")
        connection.register("repaired_frame", repaired)
        connection.execute("CREATE TABLE repaired AS SELECT * FROM repaired_frame")
    return "repaired"


CONTENDERS: dict[str, Callable[[Path], str]] = {
    "bare": bare,
    "product": product,
    "forecast": forecast,
    "pandas": with_pandas,
}


def _connection(home: Path) -> duckdb.DuckDBPyConnection:
    """A connection with the product's current settings."""
    warehouse = deploy(Settings(home=home)).warehouse
    assert isinstance(warehouse, DuckDBWarehouse)
    return duckdb.connect(warehouse.path, config=warehouse._config)


def measured(name: str, home: Path) -> dict[str, Any]:
    """One run of one contender, in this process."""
    import pandas  # noqa: F401, ICN001 (loading it is not measured)

    began, worked = time.perf_counter(), time.process_time()
    table = CONTENDERS[name](home)
    seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"seconds": seconds, "cpu_seconds": cpu, "peak_bytes": peak, "table": table}


def verdict_of(home: Path, table: str, size: LegacySize) -> str:
    """The result in words."""
    if not table:
        return "writes nothing"
    with duckdb.connect(home / "warehouse.duckdb", read_only=True) as connection:
        [(rows, keys, percent)] = connection.execute(
            f"SELECT COUNT(*), COUNT(DISTINCT ({_KEY})), COUNT(*) FILTER (confidence_score > 1) FROM {table}"
        ).fetchall()
        [(kept,)] = connection.execute("SELECT COUNT(*) FROM prediction_accuracy_removed").fetchall()
    right = "right" if rows == keys == size.keys else "WRONG"
    return f"{right}: {rows:,} rows, {keys:,} keys; {percent:,} confidences above 1; {kept:,} rows archived"


@click.command()
@click.option("--rows", default=500_000, show_default=True, help="Rows of the legacy table.")
@click.option("--duplicates", default=190_815, show_default=True, help="How many of them are duplicates.")
@click.option("--repeat", default=5, show_default=True, help="Rounds.")
def main(rows: int, duplicates: int, repeat: int) -> None:
    """Measures the repair of a legacy table, and compares it with a bare dedup in DuckDB and with pandas."""
    console = Console() if Console().is_terminal else Console(width=150)
    size, work, facts = LegacySize(rows, duplicates), HERE / "work" / "repair", machine()
    outcomes: dict[str, list[dict[str, Any]]] = {name: [] for name in CONTENDERS}
    try:
        make_legacy(size, work / "base" / "warehouse.duckdb")
        for number in range(repeat):
            names = list(CONTENDERS)
            for name in names[number % len(names) :] + names[: number % len(names)]:
                outcome = _round(name, work, size)
                outcomes[name].append(outcome)
                console.print(
                    f"round {number + 1}  {name:10} {outcome['seconds']:8.3f} s", style="dim", highlight=False
                )
    finally:
        shutil.rmtree(work, ignore_errors=True)
    _show(console, size, facts, outcomes)
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    file = results / f"repair-{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}.json"
    document = {"machine": facts, "rows": rows, "duplicates": duplicates, "outcomes": outcomes}
    file.write_text(json.dumps(document, indent=2, default=str) + "\n")
    console.print(f"Written to {file.relative_to(HERE.parent)}")


def _round(name: str, work: Path, size: LegacySize) -> dict[str, Any]:
    """Runs a contender on a fresh copy of the file in a fresh process, and checks the result."""
    home = work / name
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    shutil.copyfile(work / "base" / "warehouse.duckdb", home / "warehouse.duckdb")
    with ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn")) as child:
        outcome = child.submit(measured, name, home).result()
    return outcome | {"verdict": verdict_of(home, outcome["table"], size)}


def ratio(outcomes: dict[str, list[dict[str, Any]]], name: str, figure: str) -> float:
    """The figure as a multiple of the bare dedup: the median over the rounds."""
    pairs = zip(outcomes[name], outcomes["bare"], strict=True)
    return statistics.median(one[figure] / limit[figure] for one, limit in pairs)


def _show(console: Console, size: LegacySize, facts: dict[str, Any], outcomes: dict[str, list[dict[str, Any]]]) -> None:
    console.print(
        f"\n{size.rows:,} rows, {size.duplicates:,} of them duplicates; {facts['cores']} cores, "
        f"{facts['memory_gib']} GiB, {facts['cpu']}, load before {facts['load_before'][0]}"
    )
    table = Table(title="The repair of a legacy table", title_justify="left")
    for column in (
        "contender",
        "median s",
        "min",
        "max",
        _AIM_OF,
        "cpu s",
        "x bare's cpu",
        "peak MiB",
        "result",
    ):
        table.add_column(column)
    for name, runs in outcomes.items():
        seconds = [run["seconds"] for run in runs]
        cpu = statistics.median(run["cpu_seconds"] for run in runs)
        table.add_row(
            name, *(f"{figure:.3f}" for figure in (statistics.median(seconds), min(seconds), max(seconds))),
            f"{ratio(outcomes, name, 'seconds'):.2f}", f"{cpu:.2f}", f"{ratio(outcomes, name, 'cpu_seconds'):.2f}",
            f"{max(run['peak_bytes'] for run in runs) / 1024**2:,.0f}", runs[0]["verdict"],
        )  # fmt: skip
    console.print(table)
    times = ratio(outcomes, "product", "seconds")
    console.print(
        f"Aim: at most {AIM:g} x the bare dedup: {'reached' if times <= AIM else 'not reached'}, {times:.2f} x"
    )


if __name__ == "__main__":
    main()
