"""`python -m benchmarks.performance`: compares an analysis with a bare aggregation of the same rows in DuckDB.

Both have the same prediction_accuracy: 175 dates of 3,000 rows, six systems. The bare aggregation counts outcomes
by date and system and stores nothing; the product fills the three tables of performance under a lease and a fence.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click
import duckdb

from benchmarks.rounds import Contenders, compare
from nba_consolidation.leases import Holder
from nba_consolidation.settings import Settings
from nba_consolidation.wiring import Deployment, deploy

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
    """Measures an analysis: all dates, all dates again with nothing new, the last date alone."""
    every = [FIRST_DATE + dt.timedelta(days) for days in range(dates)]

    def prepare(work: Path) -> Contenders:
        at = deploy(Settings(home=work, memory_limit="4GB"))
        at.create_tables()
        with duckdb.connect(work / "warehouse.duckdb") as connection:
            connection.execute(_FILL.format(rows=rows, total=dates * rows))
        return {
            "bare aggregation": lambda: _bare(at),
            "analysis of all dates": lambda: _analyse(at, every),
            "the same again, nothing new": lambda: _analyse(at, every),
            "the last date alone": lambda: _analyse(at, every[-1:]),
        }

    compare("performance", f"{dates} dates x {rows:,} rows", repeat, prepare)


def _bare(at: Deployment) -> None:
    with duckdb.connect(at.settings.home / "warehouse.duckdb") as connection:
        connection.execute(_BARE).fetchall()


def _analyse(at: Deployment, dates: list[dt.date]) -> None:
    at.analyst.analyse(dates, Holder.here("benchmark"))


if __name__ == "__main__":
    main()
