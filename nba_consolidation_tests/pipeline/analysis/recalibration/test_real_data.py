"""A real season, walked through by week: what was in force is judged on the bets of the week that follows."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from nba_consolidation.pipeline.analysis.recalibration.bets import STEPS, Bets, Floats
from nba_consolidation.pipeline.analysis.recalibration.candidates import fitted
from nba_consolidation.pipeline.analysis.recalibration.recalibrate import Policy, Window, recalibrated
from nba_consolidation.pipeline.analysis.recalibration.selection import Scores, scores
from nba_consolidation.pipeline.analysis.recalibration.versions import History, calibration_of

REAL = Path(__file__).parents[5] / "shared" / "data" / "real"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason=f"the real games are not at {REAL}")
KEY = ["game_date", "game_id", "player_lookup", "system_id", "line_value"]
BEGINS, ENDS, WEEK = dt.date(2024, 11, 14), dt.date(2025, 1, 12), dt.timedelta(7)


def real_bets() -> dict[str, Bets]:
    """By system, graded by pandas alone: the last row of each key, percents divided, no pushes, OVER and UNDER only."""
    rows = pq.read_table(REAL / "prediction_accuracy_legacy.parquet").to_pandas(date_as_object=True)
    rows = rows.sort_values("graded_at").drop_duplicates(KEY, keep="last")
    said = rows["confidence_score"].astype(float)
    largest = said.groupby([rows["game_date"], rows["system_id"]]).transform("max")
    rows["step"] = (np.where(largest > 1, said / 100, said) * STEPS).round().astype(int)
    rows = rows[rows["recommendation"].isin(["OVER", "UNDER"]) & (rows["actual_points"] != rows["line_value"])]
    rows["won"] = (rows["actual_points"] > rows["line_value"]) == (rows["recommendation"] == "OVER")
    counted = rows.groupby(["system_id", "game_date", "step"])["won"].agg(["sum", "size"]).reset_index()
    return {str(system): _bets(of) for system, of in counted.groupby("system_id")}


def _bets(of: pd.DataFrame) -> Bets:
    day = np.array([date.toordinal() for date in of["game_date"]])
    won, number = of["sum"].to_numpy(np.int64), of["size"].to_numpy(np.int64)
    return Bets(day, of["step"].to_numpy() / STEPS, won, number - won)


@pytest.fixture(scope="module")
def reached() -> dict[str, Scores]:
    """Out of time, by candidate, and of the whole pipeline, over every week and system."""
    by_system, history = real_bets(), History()
    said: dict[str, list[tuple[Floats, Bets]]] = {}
    date = BEGINS
    while date <= ENDS:
        window = Window.of(date, Policy().window_days, by_system)
        _, history = recalibrated(window, history, Policy(), "ann")
        for system, bets in by_system.items():
            later = bets.between(date, date + WEEK)
            tried = fitted(window.own(system)) | {"pipeline": calibration_of(history.in_force(system, date))}
            for name, calibration in tried.items():
                said.setdefault(name, []).append((calibration(later.confidence), later))
        date += WEEK
    return {
        name: scores(np.concatenate([one for one, _ in parts]), Bets.together([bets for _, bets in parts]))
        for name, parts in said.items()
    }


def test_the_pipeline_is_calibrated_out_of_time_and_as_good_as_the_best_candidate(reached: dict[str, Scores]) -> None:
    ours = reached["pipeline"]
    assert ours.bets == reached["identity"].bets == 7_857
    assert ours.ece <= 0.015
    assert ours.log_loss <= min(one.log_loss for name, one in reached.items() if name != "pipeline") + 0.0005
    assert ours.log_loss < reached["identity"].log_loss - 0.05


def test_the_figures_of_the_documents_are_those_that_come_out(reached: dict[str, Scores]) -> None:
    told = (Path(__file__).parents[4] / "docs" / "recalibration.md").read_text(encoding="utf-8")
    rows = {"confidences as they came": "identity", "this pipeline": "pipeline", "Platt": "platt"}
    for words, name in rows.items():
        assert f"| {words} | {reached[name].log_loss:.5f} | {reached[name].ece:.4f} |" in told
