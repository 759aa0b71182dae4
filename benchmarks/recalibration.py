"""`python -m benchmarks.recalibration`: what a recalibration costs beside the bare aggregation of the same rows.

Both are given the same prediction_accuracy: 175 dates of 3,000 decided bets, six systems whose confidence promises too
much. The bare aggregation counts bets by date, system and confidence and stores nothing; ours looks for drift, tries
every calibration on every week, and keeps versions under a lease and a fence.
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
      'player-' || i % {rows} AS player_lookup,
      'system_v' || i % 6 AS system_id,
      0.5 + 0.4 * (hash(i) % 1000000) / 1000000 AS confidence_score,
      'OVER' AS recommendation,
      CASE WHEN hash(i, 1) % 1000 < 300 + 100 * (hash(i) % 1000000) / 1000000 + 20 * (i % 6)
        THEN 'correct' ELSE 'wrong' END AS outcome
    FROM range({total}) AS r(i)
"""
_BARE = """
    SELECT game_date, system_id, round(1000 * confidence_score), count_if(outcome = 'correct'), count(*)
    FROM prediction_accuracy
    GROUP BY ALL
"""


@click.command()
@click.option("--dates", default=175, show_default=True, help="Game dates.")
@click.option("--rows", default=3_000, show_default=True, help="Decided bets of each.")
@click.option("--repeat", default=3, show_default=True, help="Rounds.")
def main(dates: int, rows: int, repeat: int) -> None:
    """Measures a recalibration: every week anew, every week with nothing new, the last week alone."""
    weeks = [FIRST_DATE + dt.timedelta(days) for days in range(7, dates + 1, 7)]

    def prepare(work: Path) -> Contenders:
        at = deploy(Settings(home=work, memory_limit="4GB"))
        at.prepare()
        with duckdb.connect(work / "warehouse.duckdb") as connection:
            connection.execute(_FILL.format(rows=rows, total=dates * rows))
        return {
            "bare aggregation": lambda: _bare(at),
            "recalibration of every week": lambda: _recalibrate(at, weeks),
            "the same again, nothing new": lambda: _recalibrate(at, weeks),
            "the last week alone": lambda: _recalibrate(at, weeks[-1:]),
        }

    compare("recalibration", f"{dates} dates x {rows:,} rows, {len(weeks)} weeks", repeat, prepare)


def _bare(at: Deployment) -> None:
    with duckdb.connect(at.settings.home / "warehouse.duckdb") as connection:
        connection.execute(_BARE).fetchall()


def _recalibrate(at: Deployment, dates: list[dt.date]) -> None:
    at.recalibrator.recalibrate(dates, Holder.here("benchmark"), approve="benchmark")


if __name__ == "__main__":
    main()
