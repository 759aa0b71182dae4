"""Real games, graded: every figure that was counted with pandas alone, and every row against an oracle of our own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from nba_consolidation.pipeline.grading.result import GradingReport
from nba_consolidation.schema import BOX_SCORES
from nba_consolidation_tests.pipeline.grading.oracle import graded_by_pandas
from nba_consolidation_tests.pipeline.grading.workbench import GradingBench
from nba_consolidation_tests.real_data import NEEDS_REAL_DATA, REAL

pytestmark = NEEDS_REAL_DATA


@pytest.fixture(scope="module")
def pandas_counts() -> Any:
    return json.loads((REAL / "expected.json").read_text())


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GradingBench]:
    folder = tmp_path_factory.mktemp("real")
    shutil.copytree(REAL / "staging", folder / "staging")
    (folder / "staging").chmod(0o755)
    bench = GradingBench(folder)
    listed = bench.staging.list_tables(bench.consolidator().known())
    dates = sorted({date for table in listed for date in table.dates})
    bench.consolidate(*dates)
    bench.validate(*dates)
    bench.append(BOX_SCORES, *pq.read_table(REAL / "player_game_summary.parquet").to_pylist())
    yield bench
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def report(bench: GradingBench) -> GradingReport:
    dates = [row["game_date"] for row in bench.execute("SELECT DISTINCT game_date FROM validated_predictions")]
    return bench.grade(*dates)


@pytest.fixture(scope="module")
def accuracy(bench: GradingBench, report: GradingReport) -> pd.DataFrame:
    assert not report.poisoned
    return pd.DataFrame(bench.accuracy()).astype(object)


def test_the_figures_are_those_that_were_counted_with_pandas(report: GradingReport, pandas_counts: Any) -> None:
    assert len(report.dates) == pandas_counts["dates"]
    assert report.total("active") == pandas_counts["active_rows"] == 16_155
    assert (report.total("correct"), report.total("wrong"), report.total("push")) == (4_910, 4_863, 122)
    assert (pandas_counts["correct"], pandas_counts["wrong"], pandas_counts["push"]) == (4_910, 4_863, 122)
    assert report.total("passed") == pandas_counts["passed"]
    assert report.total("graded") - report.total("voided") == pandas_counts["graded_rows"] == 15_558
    assert report.total("without_box_score") == pandas_counts["without_box_score"] == 597
    assert (
        report.total("voided") + report.total("waiting")
        == pandas_counts["without_box_score_game_played"] + pandas_counts["voided"]
    )
    assert pandas_counts["without_box_score_game_missing"] == 0
    assert report.total("not_a_bet") == 0


def test_the_figures_of_each_system_are_those_that_were_counted_with_pandas(
    accuracy: pd.DataFrame, pandas_counts: Any
) -> None:
    names = {"correct": "right", "wrong": "wrong", "push": "push"}
    bets = accuracy[accuracy["outcome"].isin(names)]
    counted = bets.groupby("system_id")["outcome"].value_counts().unstack().rename(columns=names)
    assert counted.to_dict("index") == pandas_counts["by_system"]
    decided = accuracy["prediction_correct"].dropna().astype(bool)
    assert round(float(decided.mean()), 6) == pandas_counts["hit_rate"]


def test_the_calibration_error_is_the_one_that_was_counted_with_pandas(
    accuracy: pd.DataFrame, pandas_counts: Any
) -> None:
    bets = accuracy[accuracy["prediction_correct"].notna()]
    confidence, correct = bets["confidence_score"].astype(float), bets["prediction_correct"].astype(float)
    bins = (confidence * 10).astype(int).clip(upper=9)
    gaps = (confidence.groupby(bins).mean() - correct.groupby(bins).mean()).abs()
    assert round(float((gaps * bins.value_counts(normalize=True)).sum()), 6) == pandas_counts["ece_10_bins"]


def test_incident_33_who_played_a_neutral_game_under_its_other_id_waits_and_is_named(report: GradingReport) -> None:
    """On three neutral courts each team's box scores name itself last; 45 of the 597 did play, under the other id."""
    twins = {p.game_id: p.detail for p in report.problems if p.problem == "game_under_two_ids"}
    assert twins == {
        "20241102_MIA_WAS": "also 20241102_WAS_MIA",
        "20241214_ATL_MIL": "also 20241214_MIL_ATL",
        "20241214_HOU_OKC": "also 20241214_OKC_HOU",
    }
    waiting = [f for f in report.findings if f.finding == "box_score_under_another_id"]
    assert report.total("waiting") == sum(f.predictions for f in waiting) == 45
    named = {f.player_lookup: f.detail for f in waiting}
    assert named["giannisantetokounmpo"] == "20241214_MIL_ATL"
    assert {f.game_id for f in waiting} <= twins.keys()


def test_every_row_is_what_pandas_makes_of_it(bench: GradingBench, accuracy: pd.DataFrame) -> None:
    predictions = pd.DataFrame(bench.execute("SELECT * FROM validated_predictions")).astype(object)
    scores = pq.read_table(REAL / "player_game_summary.parquet").to_pandas(date_as_object=True)
    assert rows_of(accuracy) == rows_of(graded_by_pandas(predictions, scores))


def rows_of(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    compared = ["game_date", "game_id", "player_lookup", "system_id", "line_value", "outcome", "prediction_correct",
                "actual_points", "minutes_played", "signed_error", "absolute_error", "actual_margin",
                "confidence_decile", "within_3_points", "void_reason"]  # fmt: skip
    cells = frame.reindex(columns=compared).astype(object).itertuples(index=False)
    return sorted((tuple(None if pd.isna(cell) else cell for cell in row) for row in cells), key=str)


def test_grading_the_real_games_again_rewrites_nothing(bench: GradingBench, accuracy: pd.DataFrame) -> None:
    again = bench.grade(*sorted(set(accuracy["game_date"])))
    assert (again.total("inserted"), again.total("updated"), again.total("removed")) == (0, 0, 0)
    assert again.total("unchanged") == len(accuracy) == 15_558 + 552


@pytest.mark.slow
def test_incident_33_real_games_under_other_ids_are_graded_alike(
    bench: GradingBench, report: GradingReport, accuracy: pd.DataFrame, tmp_path: Path
) -> None:
    """Half of the games get their teams in the other order, half a number; the players' names get blanks."""
    assert not report.poisoned
    bench.execute("CHECKPOINT")
    shutil.copy(bench.warehouse.path, tmp_path)  # the other tests read the shared warehouse
    bench = GradingBench(tmp_path)
    bench.execute(
        r"""UPDATE player_game_summary SET
             player_lookup = upper(player_lookup) || ' ',
             game_id = CASE WHEN hash(game_id) % 2 = 0
               THEN regexp_replace(game_id, '_(.*)_(.*)', '_\2_\1')
               ELSE '00' || lpad((hash(game_id) % 100000000)::VARCHAR, 8, '0') END"""
    )
    bench.grade(*sorted(set(accuracy["game_date"])))
    renamed = pd.DataFrame(bench.accuracy()).astype(object)
    plain = ~accuracy["game_id"].isin({p.game_id for p in report.problems if p.problem == "game_under_two_ids"})
    kept = renamed.merge(accuracy.loc[plain, ["game_id"]].drop_duplicates(), on="game_id")
    assert rows_of(kept) == rows_of(accuracy[plain])
    assert kept["box_score_game_id"].notna().all()
    assert all(isinstance(points, Decimal) for points in renamed["predicted_points"])
