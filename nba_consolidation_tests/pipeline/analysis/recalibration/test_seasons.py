"""Recalibration over whole seasons: daily and weekly, two seasons in one home, and results corrected a week later."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from nba_consolidation.pipeline.analysis.recalibration.decision import RecalibrationPolicy, decide_all
from nba_consolidation.pipeline.analysis.recalibration.graded_bets import STEPS, BetWindow, Floats, GradedBets
from nba_consolidation.pipeline.analysis.recalibration.versions import (
    ACTIVE,
    ROLLED_BACK,
    CalibrationHistory,
    calibration_of,
)

SYSTEM, FIRST, WEEK = "catboost_v9", dt.date(2026, 1, 1), dt.timedelta(7)
DAYS, A_DAY = 70, 40


def season(seed: int, first: dt.date = FIRST, days: int = DAYS, slope: float = 0.4) -> GradedBets:
    """Bets of an overconfident system: the log-odds of winning are those of the confidence, times the slope."""
    chance = np.random.default_rng(seed)
    confidence: Floats = chance.integers(500, 950, days * A_DAY) / STEPS
    chances = 1 / (1 + (1 / confidence - 1) ** slope)
    won = (chance.random(len(chances)) < chances).astype(np.int64)
    return GradedBets(np.repeat(first.toordinal() + np.arange(days), A_DAY), confidence, won, 1 - won)


def every(days: int, first: dt.date = FIRST + 3 * WEEK, until: dt.date = FIRST + dt.timedelta(DAYS)) -> list[dt.date]:
    return [first + dt.timedelta(day) for day in range(0, (until - first).days, days)]


def recalibrated(
    bets: GradedBets, dates: Iterable[dt.date], history: CalibrationHistory | None = None
) -> CalibrationHistory:
    history = history or CalibrationHistory()
    for date in dates:
        _, history = decide_all(BetWindow.of(date, 30, {SYSTEM: bets}), history, RecalibrationPolicy(), "ann")
    return history


def curves(history: CalibrationHistory, dates: Iterable[dt.date]) -> Mapping[dt.date, tuple[float, ...]]:
    return {date: calibration_of(history.in_force(SYSTEM, date)).curve for date in dates}


@pytest.mark.parametrize("seed", [1, 2])
def test_a_daily_recalibration_gives_the_same_calibrations_as_a_weekly_one_on_the_same_dates(seed: int) -> None:
    bets = season(seed)
    daily, weekly = recalibrated(bets, every(1)), recalibrated(bets, every(7))
    assert curves(daily, every(7)) == curves(weekly, every(7))
    assert len(weekly.versions) == len(every(7)) < len(daily.versions)


@pytest.mark.parametrize("days", [1, 7])
def test_calibrations_that_turn_out_worse_are_rolled_back_in_a_daily_recalibration_too(days: int) -> None:
    """The system becomes far better than it was: the calibrations that replaced its confidence are worse then."""
    good = season(9, FIRST + 3 * WEEK, days=14)
    sure = replace(good, confidence=np.full(len(good.day), 0.95), won=np.ones_like(good.won), lost=0 * good.lost)
    before = season(3, days=21)
    bets = GradedBets.concatenated([before, sure])
    history = recalibrated(bets, every(days, until=FIRST + 4 * WEEK + dt.timedelta(1)))
    rolled_back = [event for event in history.events if event.state is ROLLED_BACK]
    assert rolled_back
    assert min(event.effective_date for event in rolled_back) <= FIRST + 4 * WEEK


def test_deciding_again_day_by_day_changes_nothing() -> None:
    bets = season(4)
    history = recalibrated(bets, every(1))
    assert recalibrated(bets, every(1), history) == history


def test_a_second_season_in_the_same_home_is_calibrated_by_its_own_bets() -> None:
    """Only the version in force is carried over, until the new season has its first own one."""
    second_first = dt.date(2026, 10, 21)
    first, second = season(5), season(6, second_first)
    opening = every(7, second_first, second_first + dt.timedelta(DAYS))
    carried = recalibrated(first, every(7))
    both = recalibrated(GradedBets.concatenated([first, second]), opening, carried)
    alone = recalibrated(second, opening)
    assert both.in_force(SYSTEM, opening[0]) == carried.in_force(SYSTEM, opening[0]) is not None
    assert alone.in_force(SYSTEM, opening[0]) is None
    own = [version.game_date for version in alone.versions]
    assert own
    from_then_on = [date for date in opening if date >= own[0]]
    assert curves(both, from_then_on) == curves(alone, from_then_on)
    assert min(version.first_date for version in both.versions if version.game_date >= own[0]) >= dt.date(2026, 7, 1)


def test_results_corrected_a_week_later_give_the_calibrations_of_correct_results_and_change_no_earlier_date() -> None:
    correct = season(7)
    corrected = FIRST + 5 * WEEK
    wrong_day = correct.day == corrected.toordinal()
    won = np.where(wrong_day, correct.lost, correct.won)
    at_first = replace(correct, won=won, lost=1 - won)
    history = recalibrated(at_first, every(1, until=corrected + WEEK))
    again = recalibrated(correct, every(1, until=corrected + WEEK), history)
    assert curves(again, every(1, until=corrected + WEEK)) == curves(
        recalibrated(correct, every(1, until=corrected + WEEK)), every(1, until=corrected + WEEK)
    )
    new = again.events[len(history.events) :]
    assert new
    assert min(event.effective_date for event in new) == corrected + dt.timedelta(1)
    assert {event.state for event in new} >= {ACTIVE}
