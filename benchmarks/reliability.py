"""`python -m benchmarks.reliability`: what a review of players costs beside the bare aggregation of the same rows.

Both are given the same prediction_accuracy: 175 dates of 3,000 rows, six systems, 500 players. The bare aggregation
counts outcomes by date and player and stores nothing; ours fills the tables of reliability under a lease and a fence.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click
import duckdb

from benchmarks.performance import FIRST_DATE
from benchmarks.rounds import Contenders, compare
from nba_consolidation.deployment import Deployment, deploy
from nba_consolidation.locking import Holder
from nba_consolidation.settings import Settings

_FILL = """
    INSERT INTO prediction_accuracy BY NAME
    SELECT
      DATE '2025-10-21' + CAST(i // {rows} AS INTEGER) AS game_date,
      'game-' || i % 10 AS game_id,
      'player' || (i // 6) % 500 AS player_lookup,
      'system_v' || i % 6 AS system_id,
      0.4 + 0.6 * (hash(i) % 1000000) / 1000000 AS confidence_score,
      10 + hash(i, 1) % 200 / 10 AS predicted_points,
      10.5 + hash(i, 2) % 20 AS line_value,
      CAST(hash(i // 6, 3) % 40 AS BIGINT) AS actual_points,
      'OVER' AS recommendation,
      CASE WHEN hash(i // 6, 4) % 2 = 0 THEN 'correct' ELSE 'wrong' END AS outcome
    FROM range({total}) AS r(i)
"""
_BARE = """
    SELECT game_date, player_lookup, count_if(outcome = 'correct'), count(*), sum(predicted_points - actual_points)
    FROM prediction_accuracy
    GROUP BY game_date, player_lookup
"""


@click.command()
@click.option("--dates", default=175, show_default=True, help="Game dates.")
@click.option("--rows", default=3_000, show_default=True, help="Graded bets of each.")
@click.option("--repeat", default=3, show_default=True, help="Rounds.")
def main(dates: int, rows: int, repeat: int) -> None:
    """Measures a review: the last date alone, all dates anew, all dates with nothing new."""
    every = [FIRST_DATE + dt.timedelta(days + 1) for days in range(dates)]

    def prepare(work: Path) -> Contenders:
        at = deploy(Settings(home=work, memory_limit="4GB"))
        at.prepare()
        with duckdb.connect(work / "warehouse.duckdb") as connection:
            connection.execute(_FILL.format(rows=rows, total=dates * rows))
        return {
            "bare aggregation": lambda: _bare(at),
            "review for the last date": lambda: _review(at, every[-1:]),
            "review for all dates": lambda: _review(at, every),
            "the same again, nothing new": lambda: _review(at, every),
        }

    compare("reliability", f"{dates} dates x {rows:,} rows", repeat, prepare)


def _bare(at: Deployment) -> None:
    with duckdb.connect(at.settings.home / "warehouse.duckdb") as connection:
        connection.execute(_BARE).fetchall()


def _review(at: Deployment, dates: list[dt.date]) -> None:
    at.reviewer.review(dates, Holder.here("benchmark"))


if __name__ == "__main__":
    main()
