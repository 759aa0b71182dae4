"""A real season, week by week: the calibration in force is evaluated on the bets of the following week."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from nba_consolidation.pipeline.analysis.recalibration.candidates import fit_all
from nba_consolidation.pipeline.analysis.recalibration.decision import RecalibrationPolicy, decide_all
from nba_consolidation.pipeline.analysis.recalibration.evaluation import Scores, scores
from nba_consolidation.pipeline.analysis.recalibration.graded_bets import STEPS, BetWindow, Floats, GradedBets
from nba_consolidation.pipeline.analysis.recalibration.versions import CalibrationHistory, calibration_of
from nba_consolidation_tests.real_data import NEEDS_REAL_DATA, REAL

pytestmark = NEEDS_REAL_DATA
KEY = ["game_date", "game_id", "player_lookup", "system_id", "line_value"]
BEGINS, ENDS, WEEK = dt.date(2024, 11, 14), dt.date(2025, 1, 12), dt.timedelta(7)


def real_bets() -> dict[str, GradedBets]:
    """The bets of each system, graded with pandas: the last row of each key, OVER and UNDER only, no pushes."""
    rows = pq.read_table(REAL / "prediction_accuracy_legacy.parquet").to_pandas(date_as_object=True)
    rows = rows.sort_values("graded_at").drop_duplicates(KEY, keep="last")
    confidence = rows["confidence_score"].astype(float)
    largest = confidence.groupby([rows["game_date"], rows["system_id"]]).transform("max")
    rows["step"] = (np.where(largest > 1, confidence / 100, confidence) * STEPS).round().astype(int)
    rows = rows[rows["recommendation"].isin(["OVER", "UNDER"]) & (rows["actual_points"] != rows["line_value"])]
    rows["won"] = (rows["actual_points"] > rows["line_value"]) == (rows["recommendation"] == "OVER")
    counted = rows.groupby(["system_id", "game_date", "step"])["won"].agg(["sum", "size"]).reset_index()
    return {str(system): _bets(of) for system, of in counted.groupby("system_id")}


def _bets(of: pd.DataFrame) -> GradedBets:
    day = np.array([date.toordinal() for date in of["game_date"]])
    won, number = of["sum"].to_numpy(np.int64), of["size"].to_numpy(np.int64)
    return GradedBets(day, of["step"].to_numpy() / STEPS, won, number - won)


@pytest.fixture(scope="module")
def walked() -> dict[str, Scores]:
    """The scores out of sample of each candidate and of the whole pipeline, over every week and system."""
    by_system, history = real_bets(), CalibrationHistory()
    parts_by_name: dict[str, list[tuple[Floats, GradedBets]]] = {}
    date = BEGINS
    while date <= ENDS:
        window = BetWindow.of(date, RecalibrationPolicy().window_days, by_system)
        _, history = decide_all(window, history, RecalibrationPolicy(), "ann")
        for system, bets in by_system.items():
            later = bets.between(date, date + WEEK)
            calibrations = fit_all(window.of_system(system)) | {
                "pipeline": calibration_of(history.in_force(system, date))
            }
            for name, calibration in calibrations.items():
                parts_by_name.setdefault(name, []).append((calibration(later.confidence), later))
        date += WEEK
    return {
        name: scores(np.concatenate([one for one, _ in parts]), GradedBets.concatenated([bets for _, bets in parts]))
        for name, parts in parts_by_name.items()
    }


def test_the_pipeline_is_calibrated_out_of_sample_and_as_good_as_the_best_candidate(walked: dict[str, Scores]) -> None:
    pipeline = walked["pipeline"]
    assert pipeline.bets == walked["identity"].bets == 7_857
    assert pipeline.ece <= 0.015
    assert pipeline.log_loss <= min(one.log_loss for name, one in walked.items() if name != "pipeline") + 0.0005
    assert pipeline.log_loss < walked["identity"].log_loss - 0.05


def test_the_figures_in_the_documentation_are_these(walked: dict[str, Scores]) -> None:
    document = (Path(__file__).parents[4] / "docs" / "recalibration.md").read_text(encoding="utf-8")
    rows = {"uncalibrated confidence": "identity", "this pipeline": "pipeline", "Platt": "platt"}
    rows |= {name: name for name in ("temperature", "beta", "isotonic")}
    for title, name in rows.items():
        one = walked[name]
        assert f"| {title} | {one.log_loss:.5f} | {one.ece:.4f} | {one.ece_noise_high:.4f} |" in document
