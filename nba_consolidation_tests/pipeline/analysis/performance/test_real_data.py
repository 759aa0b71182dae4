"""Real games graded by an unlocked grader: all results equal those that were counted with pandas alone."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from nba_consolidation.pipeline.analysis.performance import queries
from nba_consolidation_tests.pipeline.analysis.performance.graded import Graded, close, oracle, scored
from nba_consolidation_tests.real_data import NEEDS_REAL_DATA, REAL

pytestmark = NEEDS_REAL_DATA
KEY = ["game_date", "game_id", "player_lookup", "system_id", "line_value"]


@pytest.fixture(scope="module")
def expected() -> Any:
    return json.loads((REAL / "expected.json").read_text())


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """The newest row per key, with its outcome; confidences of dates in percent are divided by 100."""
    table = pq.read_table(REAL / "prediction_accuracy_legacy.parquet")
    legacy: pd.DataFrame = table.to_pandas(date_as_object=True).astype(object)
    kept = legacy.sort_values("graded_at").drop_duplicates(KEY, keep="last")
    highest = kept.groupby(["game_date", "system_id"])["confidence_score"].transform("max")
    kept["confidence_score"] = kept["confidence_score"].where(highest <= 1, kept["confidence_score"] / 100)
    return kept.assign(outcome=[_outcome(row) for row in kept.to_dict("records")])


def _outcome(row: dict[Any, Any]) -> str:
    if row["recommendation"] not in ("OVER", "UNDER"):
        return "passed"
    if row["actual_points"] == row["line_value"]:
        return "push"
    return "correct" if (row["actual_points"] > row["line_value"]) == (row["recommendation"] == "OVER") else "wrong"


@pytest.fixture(scope="module")
def home(rows: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """A home with the analysis of the rows without their outcome."""
    home = Graded(tmp_path_factory.mktemp("real"))
    home.add(
        {str(k): None if pd.isna(v) else v for k, v in row.items() if k != "outcome"} for row in rows.to_dict("records")
    )
    home.analyse(*sorted(set(rows["game_date"])))
    return home


def test_the_season_to_date_equals_what_was_counted(home: Graded, rows: pd.DataFrame, expected: Any) -> None:
    last = max(rows["game_date"])
    whole = home.whole("season", "ALL", last)
    outcomes = ("correct", "wrong", "push", "passed", "voided")
    assert {name: whole[name] for name in outcomes} == {name: expected[name] for name in outcomes}
    assert whole["graded"] == expected["graded_rows"] == expected["legacy_unique"]
    assert whole["hit_rate"] == expected["hit_rate"] == 0.502405
    assert home.scores("season", "ALL", last)["ece"] == expected["ece_10_bins"] == 0.158908
    for system, counted in expected["by_system"].items():
        row = home.whole("season", system, last)
        assert (row["correct"], row["wrong"], row["push"]) == (
            counted["right"],
            counted["wrong"],
            counted["push"],
        )


def test_every_day_and_system_equals_pandas(home: Graded, rows: pd.DataFrame) -> None:
    scores = {(row["game_date"], row["system_id"]): row for row in home.read("calibration_scores", time_window="day")}
    days = home.read("system_performance", time_window="day", sliced_by="all")
    assert len(days) > 200
    for row in days:
        of = rows[rows["game_date"] == row["game_date"]]
        of = of if row["system_id"] == "ALL" else of[of["system_id"] == row["system_id"]]
        assert close(row, oracle(of)), row
        assert close(scores[row["game_date"], row["system_id"]], scored(of)), row


def test_the_bins_add_up_to_the_calibration_error(home: Graded, rows: pd.DataFrame, expected: Any) -> None:
    last = max(rows["game_date"])
    bins = queries.reliability_tables(home.deployment.warehouse, last, last, window="season", system="ALL")
    bets = sum(row["bets"] for row in bins)
    assert bets == expected["correct"] + expected["wrong"]
    error = sum(row["bets"] * abs(row["mean_confidence"] - row["hit_rate"]) for row in bins) / bets
    assert error == pytest.approx(expected["ece_10_bins"], abs=1e-6)
