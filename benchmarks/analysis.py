"""`python -m benchmarks.analysis`: compares the analyses of graded bets with bare aggregations of them.

All have the same prediction_accuracy: 175 dates of 3,000 bets, six systems, 500 players a date. The bare queries
count outcomes by date, system and confidence, by date and player, and by date, system, confidence and edge, and store
nothing. The product fills its tables under leases and fences: calibrations of every Monday, reviews of the players for
every date, strategies until every date; and it writes the report of the last date.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click
import duckdb

from benchmarks.performance import FIRST_DATE
from benchmarks.rounds import Contenders, compare
from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.daily_report.page import page
from nba_consolidation.settings import Settings
from nba_consolidation.wiring import Deployment, deploy

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
_BARE = (
    """
    SELECT game_date, system_id, floor(confidence_score * 1000), count_if(outcome = 'correct'), count(*)
    FROM prediction_accuracy
    GROUP BY ALL
    """,
    """
    SELECT game_date, player_lookup, count_if(outcome = 'correct'), count(*), sum(predicted_points - actual_points)
    FROM prediction_accuracy
    GROUP BY ALL
    """,
    """
    SELECT game_date, system_id, floor(confidence_score * 10), floor(abs(predicted_points - line_value)),
      count_if(outcome = 'correct'), count(*)
    FROM prediction_accuracy
    GROUP BY ALL
    """,
)
_WEEK = 7


@click.command()
@click.option("--dates", default=175, show_default=True, help="Game dates.")
@click.option("--rows", default=3_000, show_default=True, help="Graded bets of each.")
@click.option("--repeat", default=3, show_default=True, help="Rounds.")
def main(dates: int, rows: int, repeat: int) -> None:
    """Measures each use case over the whole season, all of them together, and again with nothing new."""
    every = [FIRST_DATE + dt.timedelta(days) for days in range(dates)]

    def prepare(work: Path) -> Contenders:
        apart, together = (_filled(work / name, dates, rows) for name in ("apart", "together"))
        return {
            "bare aggregations": lambda: _bare(apart),
            "recalibration, each week": lambda: _recalibrate(apart, every),
            "review of players, each date": lambda: _review(apart, every),
            "strategies, until each date": lambda: _evaluate(apart, every),
            "report of the last date": lambda: _report(apart, every[-1]),
            "all of it": lambda: _analyse_all(together, every),
            "all of it again, nothing new": lambda: _analyse_all(together, every),
            "for the last date alone": lambda: _analyse_all(together, every[-1:]),
        }

    compare("analysis", f"{dates} dates x {rows:,} bets", repeat, prepare)


def _filled(home: Path, dates: int, rows: int) -> Deployment:
    home.mkdir()
    at = deploy(Settings(home=home, memory_limit="4GB"))
    at.create_tables()
    with duckdb.connect(home / "warehouse.duckdb") as connection:
        connection.execute(_FILL.format(rows=rows, total=dates * rows))
    return at


def _bare(at: Deployment) -> None:
    with duckdb.connect(at.settings.home / "warehouse.duckdb") as connection:
        for query in _BARE:
            connection.execute(query).fetchall()


def _recalibrate(at: Deployment, dates: list[dt.date]) -> None:
    at.recalibrator.recalibrate(dates[::-_WEEK], Holder.here("benchmark"), approve="benchmark")


def _review(at: Deployment, dates: list[dt.date]) -> None:
    at.reviewer.review([date + dt.timedelta(1) for date in dates], Holder.here("benchmark"))


def _evaluate(at: Deployment, dates: list[dt.date]) -> None:
    at.strategist.evaluate(dates, Holder.here("benchmark"))


def _report(at: Deployment, date: dt.date) -> None:
    page(at.reporter.report(date, date))


def _analyse_all(at: Deployment, dates: list[dt.date]) -> None:
    _recalibrate(at, dates)
    _review(at, dates)
    _evaluate(at, dates)
    _report(at, dates[-1])


if __name__ == "__main__":
    main()
