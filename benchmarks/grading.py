"""`python -m benchmarks.grading`: compares a grading with a bare join of the same rows, in DuckDB and in pandas.

All have the same predictions and box scores: 175 dates of 3,000 predictions. The bare join stores one outcome per row
in a new table; it checks no key and compares nothing with existing rows.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click
import duckdb
import numpy as np

from benchmarks.rounds import Contenders, compare
from nba_consolidation.leases import Holder
from nba_consolidation.settings import Settings
from nba_consolidation.wiring import Deployment, deploy

FIRST_DATE = dt.date(2025, 10, 21)
_PREDICTIONS = """
    INSERT INTO validated_predictions BY NAME
    SELECT
      DATE '2025-10-21' + CAST(i // {rows} AS INTEGER) AS game_date,
      strftime(DATE '2025-10-21' + CAST(i // {rows} AS INTEGER), '%Y%m%d') || '_AA_' || chr(65 + (i // 6 % 10)::INTEGER)
        || 'B' AS game_id,
      'player' || i % {rows} // 6 AS player_lookup,
      'system_v' || i % 6 AS system_id,
      'p' || i AS prediction_id,
      10 + hash(i, 1) % 200 / 10 AS predicted_points,
      10.5 + hash(i, 2) % 20 AS current_points_line,
      CASE hash(i, 3) % 3 WHEN 0 THEN 'OVER' WHEN 1 THEN 'UNDER' ELSE 'PASS' END AS recommendation,
      (hash(i, 4) % 10000) / 10000 AS confidence,
      'ACTUAL_PROP' AS line_source,
      TIMESTAMPTZ '2025-10-20 12:00:00+00' AS version_created_at
    FROM range({total}) AS r(i)
"""
_SCORES = """
    INSERT INTO player_game_summary BY NAME
    SELECT DISTINCT game_date, game_id, player_lookup, hash(player_lookup, game_date) % 40 AS points,
      30 AS minutes_played
    FROM validated_predictions
    WHERE hash(player_lookup, game_id) % 25 <> 0
"""
_BARE = """
    CREATE TABLE bare AS
    SELECT
      V.*, S.points, S.minutes_played, V.predicted_points - S.points AS signed_error,
      CASE
        WHEN S.points IS NULL THEN 'voided' WHEN V.recommendation = 'PASS' THEN 'passed'
        WHEN S.points = V.current_points_line THEN 'push'
        WHEN (S.points > V.current_points_line) = (V.recommendation = 'OVER') THEN 'correct' ELSE 'wrong'
      END AS outcome
    FROM validated_predictions AS V
    LEFT JOIN player_game_summary AS S USING (game_date, game_id, player_lookup)
"""


@click.command()
@click.option("--dates", default=175, show_default=True, help="Game dates.")
@click.option("--rows", default=3_000, show_default=True, help="Predictions of each.")
@click.option("--repeat", default=3, show_default=True, help="Rounds.")
def main(dates: int, rows: int, repeat: int) -> None:
    """Measures a grading: all dates in one run, the same again, one corrected box score, the last date alone."""
    every = [FIRST_DATE + dt.timedelta(days) for days in range(dates)]

    def prepare(work: Path) -> Contenders:
        at = deploy(Settings(home=work, memory_limit="4GB"))
        at.create_tables()
        _execute(at, _PREDICTIONS.format(rows=rows, total=dates * rows))
        _execute(at, _SCORES)
        return {
            "bare join": lambda: _execute(at, _BARE),
            "pandas": lambda: _pandas(at),
            "grading of all dates": lambda: _grade(at, every),
            "the same again, nothing new": lambda: _grade(at, every),
            "one box score corrected": lambda: _correct_and_grade(at, every),
            "the last date alone": lambda: _grade(at, every[-1:]),
        }

    compare("grading", f"{dates} dates x {rows:,} predictions", repeat, prepare)


def _execute(at: Deployment, text: str) -> None:
    with duckdb.connect(at.settings.home / "warehouse.duckdb") as connection:
        connection.execute(text)


def _pandas(at: Deployment) -> None:
    """The same join and outcomes, from the file into a new table of it, as in a notebook."""
    with duckdb.connect(at.settings.home / "warehouse.duckdb") as connection:
        predictions = connection.execute("SELECT * FROM validated_predictions").df()
        scores = connection.execute("SELECT game_date, game_id, player_lookup, points FROM player_game_summary").df()
        rows = predictions.merge(scores, how="left", on=["game_date", "game_id", "player_lookup"])
        over = rows["recommendation"] == "OVER"
        rows["outcome"] = np.select(
            [
                rows["points"].isna(),
                rows["recommendation"] == "PASS",
                rows["points"] == rows["current_points_line"],
                (rows["points"] > rows["current_points_line"]) == over,
            ],
            ["voided", "passed", "push", "correct"],
            "wrong",
        )
        rows["signed_error"] = rows["predicted_points"] - rows["points"]
        connection.execute("CREATE TABLE by_pandas AS SELECT * FROM rows")


def _grade(at: Deployment, dates: list[dt.date]) -> None:
    report = at.grader.grade(dates, Holder.here("benchmark"))
    if report.poisoned:
        raise click.ClickException(str(report.poisoned))


def _correct_and_grade(at: Deployment, dates: list[dt.date]) -> None:
    _execute(at, "UPDATE player_game_summary SET points = points + 1 WHERE rowid = 7")
    _grade(at, dates)


if __name__ == "__main__":
    main()
