"""Performance and strategies with two seasons in one home, and with results that are corrected a week later."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pytest

from nba_consolidation.leases import Holder
from nba_consolidation_tests.pipeline.analysis.performance.graded import BETS, Graded, Row, random_rows

WRITTEN = ("performance_id", "evaluation_id", "lease_token", "run_id", "computed_at")
TABLES = ("system_performance", "confidence_calibration", "calibration_scores", "strategy_performance")
TURN = dt.date(2026, 7, 1)
LAST = TURN + dt.timedelta(20)


def computed(home: Graded, dates: Sequence[dt.date]) -> None:
    home.analyse(*dates)
    home.deployment.strategist.evaluate(dates, Holder.here("run"))


def results(home: Graded, table: str) -> list[Row]:
    """The rows from the first date of the second season on, without who wrote them."""
    return [{name: value for name, value in row.items() if name not in WRITTEN}
            for row in home.read(table) if row["game_date"] >= TURN]  # fmt: skip


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """60 days from 1 June, across the turn of the season."""
    return random_rows(8, per_day=12)


def test_a_second_season_has_the_same_rows_as_in_a_home_of_its_own(rows: list[Row], tmp_path: Path) -> None:
    both, alone = Graded(tmp_path / "both"), Graded(tmp_path / "alone")
    both.add(rows)
    alone.add(row for row in rows if row["game_date"] >= TURN)
    for home in (both, alone):
        computed(home, [TURN, TURN + dt.timedelta(2), LAST])
    for table in TABLES:
        assert results(both, table) == results(alone, table) != [], table


def test_results_corrected_a_week_later_change_what_follows_from_them_and_nothing_else(
    rows: list[Row], tmp_path: Path
) -> None:
    corrected = max(row["game_date"] for row in rows if row["game_date"] <= LAST - dt.timedelta(7))
    dates = sorted({row["game_date"] for row in rows if row["game_date"] <= LAST})
    home, fresh = Graded(tmp_path / "home"), Graded(tmp_path / "fresh")
    home.add(rows)
    computed(home, dates)
    before = {table: home.read(table) for table in TABLES}
    other = {"correct": "wrong", "wrong": "correct"}
    fresh.add(
        row | {"outcome": other[row["outcome"]]} if row["game_date"] == corrected and row["outcome"] in BETS else row
        for row in rows
    )
    swapped = "CASE outcome WHEN 'correct' THEN 'wrong' WHEN 'wrong' THEN 'correct' ELSE outcome END"
    home.execute(f"UPDATE prediction_accuracy SET outcome = {swapped} WHERE game_date = DATE '{corrected}'")
    computed(home, [corrected])
    computed(fresh, dates)
    for table in TABLES:
        assert results(home, table) == results(fresh, table), table
        after = home.read(table)
        unchanged = [row for row in before[table] if row["game_date"] < corrected]
        assert [row for row in after if row["game_date"] < corrected] == unchanged  # not even rewritten
        assert after != before[table]
