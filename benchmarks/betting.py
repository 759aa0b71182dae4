"""`python -m benchmarks.betting`: what an evaluation of strategies costs beside the bare aggregation of the same rows.

Both are given the same prediction_accuracy: 175 dates of 3,000 bets, six systems, 500 players a date, with a review of
the players for each date that flags one in fifty. The bare aggregation counts bets won by date, system, confidence and
edge and stores nothing; ours fills strategy_performance under a lease and a fence.
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
      'game-' || (i // 6) % 10 AS game_id,
      'player' || (i // 6) % 500 AS player_lookup,
      'system_v' || i % 6 AS system_id,
      0.4 + 0.6 * (hash(i) % 1000000) / 1000000 AS confidence_score,
      line_value + (CASE WHEN over THEN 1 ELSE -1 END) * (hash(i, 1) % 80) / 10 AS predicted_points,
      line_value,
      actual_points,
      CASE WHEN over THEN 'OVER' ELSE 'UNDER' END AS recommendation,
      CASE WHEN over = (actual_points > line_value) THEN 'correct' ELSE 'wrong' END AS outcome
    FROM (
      SELECT
        i, hash(i, 5) % 3 > 0 AS over, 10.5 + hash(i // 6, 2) % 20 AS line_value,
        CAST(hash(i // 6, 3) % 40 AS BIGINT) AS actual_points
      FROM range({total}) AS r(i)
    )
"""
_REVIEWS = """
    INSERT INTO policy_reviews BY NAME SELECT DISTINCT game_date, 'false_discovery' AS policy FROM prediction_accuracy;
    INSERT INTO player_reliability BY NAME
    SELECT
      game_date, player_lookup,
      CASE WHEN hash(player_lookup) % 50 = 0 THEN 'blacklisted' ELSE 'normal' END AS status, status AS computed_status
    FROM (SELECT DISTINCT game_date, player_lookup FROM prediction_accuracy);
"""
_BARE = """
    SELECT
      game_date, system_id, floor(confidence_score * 10), floor(abs(predicted_points - line_value)),
      count_if(outcome = 'correct'), count(*)
    FROM prediction_accuracy
    GROUP BY ALL
"""


@click.command()
@click.option("--dates", default=175, show_default=True, help="Game dates.")
@click.option("--rows", default=3_000, show_default=True, help="Graded bets of each.")
@click.option("--repeat", default=3, show_default=True, help="Rounds.")
def main(dates: int, rows: int, repeat: int) -> None:
    """Measures an evaluation: the last date alone, all dates anew, all dates with nothing new."""
    every = [FIRST_DATE + dt.timedelta(days) for days in range(dates)]

    def prepare(work: Path) -> Contenders:
        at = deploy(Settings(home=work, memory_limit="4GB"))
        at.prepare()
        with duckdb.connect(work / "warehouse.duckdb") as connection:
            connection.execute(_FILL.format(rows=rows, total=dates * rows))
            connection.execute(_REVIEWS)
        return {
            "bare aggregation": lambda: _bare(at),
            "evaluation until the last date": lambda: _evaluate(at, every[-1:]),
            "evaluation until all dates": lambda: _evaluate(at, every),
            "the same again, nothing new": lambda: _evaluate(at, every),
        }

    compare("betting", f"{dates} dates x {rows:,} bets", repeat, prepare)


def _bare(at: Deployment) -> None:
    with duckdb.connect(at.settings.home / "warehouse.duckdb") as connection:
        connection.execute(_BARE).fetchall()


def _evaluate(at: Deployment, dates: list[dt.date]) -> None:
    at.strategist.evaluate(dates, Holder.here("benchmark"))


if __name__ == "__main__":
    main()
