"""`python -m benchmarks.performance`: what an analysis costs beside the bare aggregation of the same rows in DuckDB.

Both are given the same prediction_accuracy: 175 dates of 3,000 rows, six systems. The bare aggregation counts outcomes
by date and system and stores nothing; ours fills the three tables of performance under a lease and a fence.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
import duckdb
from rich.console import Console
from rich.table import Table

from benchmarks.report import machine
from nba_consolidation.deployment import Deployment, deploy
from nba_consolidation.locking import Holder
from nba_consolidation.settings import Settings

HERE = Path(__file__).resolve().parent
FIRST_DATE = dt.date(2025, 10, 21)
_FILL = """
    INSERT INTO prediction_accuracy BY NAME
    SELECT
      DATE '2025-10-21' + CAST(i // {rows} AS INTEGER) AS game_date,
      'game-' || i % 10 AS game_id,
      'player-' || i % {rows} AS player_lookup,
      'system_v' || i % 6 AS system_id,
      0.4 + 0.6 * (hash(i) % 1000000) / 1000000 AS confidence_score,
      10 + hash(i, 1) % 200 / 10 AS predicted_points,
      10.5 + hash(i, 2) % 20 AS line_value,
      CAST(hash(i, 3) % 40 AS BIGINT) AS actual_points,
      'OVER' AS recommendation,
      CASE hash(i, 4) % 9
        WHEN 0 THEN 'push' WHEN 1 THEN 'passed' WHEN 2 THEN 'voided' WHEN 3 THEN 'not_a_bet'
        WHEN 4 THEN 'correct' WHEN 5 THEN 'correct' WHEN 6 THEN 'correct' ELSE 'wrong'
      END AS outcome
    FROM range({total}) AS r(i)
"""
_BARE = """
    SELECT
      game_date, system_id, count(*), count_if(outcome = 'correct'), count_if(outcome = 'wrong'),
      sum(abs(predicted_points - actual_points)), sum(predicted_points - actual_points), sum(confidence_score)
    FROM prediction_accuracy
    GROUP BY game_date, system_id
"""


@click.command()
@click.option("--dates", default=175, show_default=True, help="Game dates.")
@click.option("--rows", default=3_000, show_default=True, help="Graded rows of each.")
@click.option("--repeat", default=5, show_default=True, help="Rounds.")
def main(dates: int, rows: int, repeat: int) -> None:
    """Measures an analysis: all dates anew, all dates with nothing new, the last date alone."""
    console, facts = Console(), machine()
    (HERE / "work").mkdir(exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=HERE / "work", prefix="performance-"))
    try:
        seconds = measure(work, dates, rows, repeat)
    finally:
        shutil.rmtree(work)
    bare = statistics.median(seconds["bare aggregation"])
    table = Table(title=f"{dates} dates x {rows:,} rows, median of {repeat}")
    for title in ("", "seconds", "x bare"):
        table.add_column(title, justify="left" if title == "" else "right")
    for name, found in seconds.items():
        table.add_row(name, f"{statistics.median(found):.3f}", f"{statistics.median(found) / bare:.1f}")
    console.print(facts, table)
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    file = results / f"performance-{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}.json"
    file.write_text(json.dumps({"machine": facts, "dates": dates, "rows": rows, "seconds": seconds}, indent=2) + "\n")
    console.print(f"Written to {file.relative_to(HERE.parent)}")


def measure(work: Path, dates: int, rows: int, repeat: int) -> dict[str, list[float]]:
    """Seconds by round, of each contender in turn."""
    every = [FIRST_DATE + dt.timedelta(days) for days in range(dates)]
    seconds: dict[str, list[float]] = {}
    for number in range(repeat):
        at = deploy(Settings(home=work / str(number), memory_limit="4GB"))
        at.prepare()
        with duckdb.connect(work / str(number) / "warehouse.duckdb") as connection:
            connection.execute(_FILL.format(rows=rows, total=dates * rows))
        timed = {
            "bare aggregation": lambda at=at: _bare(at),
            "analysis of all dates": lambda at=at: _analyse(at, every),
            "the same again, nothing new": lambda at=at: _analyse(at, every),
            "the last date alone": lambda at=at: _analyse(at, every[-1:]),
        }
        for name, run in timed.items():
            seconds.setdefault(name, []).append(_seconds(run))
    return seconds


def _bare(at: Deployment) -> None:
    with duckdb.connect(at.settings.home / "warehouse.duckdb") as connection:
        connection.execute(_BARE).fetchall()


def _analyse(at: Deployment, dates: list[dt.date]) -> None:
    at.analyst.analyse(dates, Holder.here("benchmark"))


def _seconds(run: Callable[[], None]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
