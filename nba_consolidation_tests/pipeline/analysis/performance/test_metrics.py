"""The metrics, compared with those that pandas computes from the same rows, and edge cases."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.schema import TIME_WINDOWS
from nba_consolidation_tests.pipeline.analysis.performance.graded import (
    DATE,
    Graded,
    Row,
    bets,
    close,
    frame_of,
    graded,
    noise_of,
    oracle,
    random_rows,
    scored,
    window_of,
)

EDGES = [(0, 1), (1, 2), (2, 3), (3, 5), (5, None)]


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_all_metrics_of_random_rows_equal_those_of_pandas(tmp_path: Path, seed: int) -> None:
    """60 days from 1 June, across the turn of the season; every system, window and slice."""
    home = Graded(tmp_path / "home", odds=135)
    rows = random_rows(seed)
    home.add(rows)
    home.analyse(*(dt.date(2026, month, day) for month, day in ((6, 2), (6, 30), (7, 1), (7, 20))))
    frame = frame_of(rows)
    for sliced_by in ("all", "confidence", "edge"):
        frame[sliced_by] = [_bucket_of(row, sliced_by) for row in rows]

    def summed_up(row: Row) -> pd.DataFrame:
        of = window_of(frame, row["time_window"], row["game_date"])
        return of if row["system_id"] == "ALL" else of[of["system_id"] == row["system_id"]]

    actual = home.read("system_performance")
    assert len(actual) > 600
    for row in actual:
        of = summed_up(row)
        assert close(row, oracle(of[of[row["sliced_by"]] == row["bucket"]], 135)), row
    for row in home.read("calibration_scores"):
        assert close(row, scored(summed_up(row))), row
        assert close(row, noise_of(summed_up(row)), within=1e-3), row


def _bucket_of(row: Row, sliced_by: str) -> int:
    """The number of a row's bucket, by its definition."""
    if sliced_by == "all":
        return 0
    if sliced_by == "confidence":
        confidence = row["confidence_score"]
        if not isinstance(confidence, Decimal) or not 0 <= confidence <= 1:
            return 0
        return min(10, int(confidence * 10) + 1)
    line, predicted = row["line_value"], row["predicted_points"]
    if not isinstance(line, Decimal) or not isinstance(predicted, Decimal):
        return 0
    edge = abs(predicted - line)
    return next(n for n, (low, high) in enumerate(EDGES, 1) if low <= edge and (high is None or edge < high))


def test_the_buckets_of_a_slice_add_up_to_the_whole(home: Graded) -> None:
    home.add(random_rows(4))
    home.analyse(dt.date(2026, 7, 10))
    frame = pd.DataFrame(home.read("system_performance"))
    counts = ["graded", "bets", "correct", "wrong", "push", "passed", "not_a_bet", "voided", "compared"]
    sums = frame.groupby(["system_id", "time_window", "sliced_by"])[counts].sum().unstack("sliced_by", fill_value=0)
    for name in counts:
        assert sums[name]["all"].tolist() == sums[name]["edge"].tolist() == sums[name]["confidence"].tolist()
    assert (frame["graded"] == frame[counts[2:8]].sum(axis=1)).all()


def test_without_bets_rates_are_null_and_not_0(home: Graded) -> None:
    home.add([graded("passed"), graded("push"), graded("voided", actual_points=None)])
    home.analyse()
    row = home.whole()
    assert (row["graded"], row["bets"]) == (3, 0)
    rates = ("hit_rate", "hit_rate_low", "hit_rate_high", "roi_110", "roi")
    assert [row[name] for name in rates] == [None] * 5
    scores = home.scores()
    assert [scores[name] for name in ("hit_rate", "mean_confidence", "ece", "brier", "log_loss")] == [None] * 5
    assert home.read("confidence_calibration") == []


def test_voided_rows_alone_have_no_error(home: Graded) -> None:
    home.add([graded("voided", actual_points=0)])
    home.analyse()
    row = home.whole()
    assert (row["voided"], row["compared"], row["mae"], row["bias"]) == (1, 0, None, None)


def test_all_won_all_lost_and_a_single_bet_have_an_interval(home: Graded) -> None:
    known = {"right": (20, 0, 0.838875, 1.0), "wrong": (0, 20, 0.0, 0.161125), "single": (1, 0, 0.206549, 1.0)}
    for system, (won, lost, _, _) in known.items():
        home.add(bets(won, lost, system_id=system))
    home.analyse()
    for system, (won, lost, low, high) in known.items():
        expected = {"bets": won + lost, "hit_rate": float(won > 0), "hit_rate_low": low, "hit_rate_high": high}
        assert close(home.whole(system=system), expected)


def test_11_of_21_breaks_even_at_minus_110(home: Graded) -> None:
    home.add(bets(11, 10))
    home.analyse()
    row = home.whole()
    assert close(row, {"hit_rate": 0.523810, "roi_110": 0.0, "roi": 0.0, "odds": -110})


def test_a_push_stakes_nothing(home: Graded) -> None:
    home.add([*bets(3, 1), *[graded("push")] * 6])
    home.analyse()
    assert close(home.whole(), {"bets": 4, "push": 6, "hit_rate": 0.75, "roi_110": (300 / 110 - 1) / 4})


def test_the_odds_setting_affects_roi_only(tmp_path: Path) -> None:
    home = Graded(tmp_path / "home", odds=150)
    home.add(bets(1, 1))
    home.analyse()
    assert close(home.whole(), {"roi_110": (100 / 110 - 1) / 2, "roi": 0.25, "odds": 150})


def test_the_calibration_error_of_a_constant_confidence_is_its_difference_from_the_hit_rate(home: Graded) -> None:
    home.add(bets(6, 4, confidence_score=Decimal("0.8")))
    home.analyse()
    assert close(home.scores(), {"bets": 10, "mean_confidence": 0.8, "hit_rate": 0.6, "ece": 0.2, "brier": 0.28})
    (row,) = home.read("confidence_calibration", time_window="day", system_id="catboost_v9")
    assert (row["bin"], row["lower_bound"], row["upper_bound"], row["bets"]) == (9, 0.8, 0.9, 10)


def test_a_confidence_outside_0_to_1_is_counted_but_not_part_of_the_calibration(home: Graded) -> None:
    home.add([*bets(1, 1), *bets(1, 0, confidence_score=Decimal(65)), *bets(0, 1, confidence_score=None)])
    home.analyse()
    assert close(home.scores(), {"bets": 2, "without_confidence": 2, "hit_rate": 0.5})
    assert home.whole()["bets"] == 4


def test_a_lost_bet_with_confidence_1_has_a_finite_log_loss(home: Graded) -> None:
    home.add(bets(0, 1, confidence_score=Decimal(1)))
    home.analyse()
    assert close(home.scores(), {"log_loss": -math.log(0.0005)})


ROWS_OF_AN_OLDER_GRADER: list[tuple[str, dict[str, Any]]] = [
    ("correct", {"prediction_correct": True}),
    ("wrong", {"prediction_correct": False}),
    ("push", {"prediction_correct": None, "line_value": Decimal("24.0")}),
    ("not_a_bet", {"prediction_correct": None}),
    ("not_a_bet", {"prediction_correct": None, "line_value": None}),
    ("passed", {"recommendation": "PASS", "prediction_correct": None}),
    ("passed", {"recommendation": None, "prediction_correct": None}),
    ("voided", {"is_voided": True, "actual_points": None}),
    ("voided", {"is_voided": True, "recommendation": "PASS"}),
]


def test_the_outcome_of_a_row_of_an_older_grader_is_derived(home: Graded) -> None:
    cases = [(f"case_{number}", *case) for number, case in enumerate(ROWS_OF_AN_OLDER_GRADER)]
    home.add(graded(None, system_id=name, **changes) for name, _, changes in cases)
    home.analyse()
    for name, outcome, changes in cases:
        row = home.whole(system=name)
        assert (row["graded"], row[outcome]) == (1, 1), changes


def test_a_row_without_points_that_is_not_voided_is_not_graded(home: Graded) -> None:
    home.add([graded(None, actual_points=None)])
    home.analyse()
    assert home.read("system_performance") == []


def test_no_window_contains_dates_of_two_seasons(home: Graded) -> None:
    last, first = dt.date(2026, 6, 30), dt.date(2026, 7, 1)
    home.add([*bets(3, 0, game_date=last), *bets(0, 1, game_date=first)])
    home.analyse(last, first)
    counted = {window: home.whole(window, date=first)["bets"] for window in TIME_WINDOWS}
    assert counted == dict.fromkeys(TIME_WINDOWS, 1)
    assert home.whole("season", date=last)["bets"] == 3
    assert str(home.whole("season", date=last)["first_date"]) == "2025-07-01"
    assert {str(home.whole(window, date=first)["first_date"]) for window in TIME_WINDOWS} == {"2026-07-01"}


def test_a_window_contains_exactly_its_days(home: Graded) -> None:
    windows = {"day": 1, "7d": 7, "30d": 30}
    for window, days in windows.items():
        inside, outside = DATE - dt.timedelta(days - 1), DATE - dt.timedelta(days)
        home.add([*bets(1, 0, game_date=inside, system_id=window), *bets(0, 1, game_date=outside, system_id=window)])
    home.analyse()
    for window, days in windows.items():
        row = home.whole(window, system=window)
        assert (row["correct"], row["wrong"], row["first_date"]) == (1, 0, DATE - dt.timedelta(days - 1))


def test_a_day_without_bets_has_an_empty_day_window_and_full_longer_windows(home: Graded) -> None:
    home.add(bets(2, 1, game_date=DATE - dt.timedelta(1)))
    home.analyse(DATE)
    assert (home.whole("day")["graded"], home.whole("day")["hit_rate"]) == (0, None)
    assert (home.whole("7d")["bets"], home.whole("season")["bets"]) == (3, 3)


def test_later_rows_are_not_in_a_window(home: Graded) -> None:
    home.add([*bets(1, 0), *bets(0, 5, game_date=DATE + dt.timedelta(1))])
    home.analyse()
    assert {home.whole(window)["bets"] for window in TIME_WINDOWS} == {1}


def test_all_systems_together_are_the_sum_of_the_systems(home: Graded) -> None:
    home.add([*bets(3, 1), *bets(1, 3, system_id="ensemble_v1")])
    home.analyse()
    assert close(home.whole(system="ALL"), {"bets": 8, "hit_rate": 0.5})


def test_a_system_with_the_name_of_all_systems_is_refused(home: Graded) -> None:
    home.add(bets(1, 0, system_id="ALL"))
    with pytest.raises(ConsolidationError, match="a system named ALL"):
        home.analyse()
