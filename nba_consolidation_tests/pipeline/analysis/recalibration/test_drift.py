"""How often drift is seen: next to never where there is none, and soon where there is some."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from nba_consolidation.pipeline.analysis.recalibration.bets import STEPS, Bets, Floats
from nba_consolidation.pipeline.analysis.recalibration.drift import BucketDrift, drift
from nba_consolidation.pipeline.analysis.recalibration.recalibrate import Outcome, Policy, Window, recalibrated
from nba_consolidation.pipeline.analysis.recalibration.versions import History
from nba_consolidation_tests.pipeline.analysis.performance.graded import DATE

DAYS = 30


def simulated(chance: np.random.Generator, bets: int, low: float, high: float, off: float = 0.0) -> Bets:
    """A month of bets before DATE, each won as often as its confidence says, less what it is off."""
    confidence: Floats = chance.integers(int(low * STEPS), int(high * STEPS), bets) / STEPS
    won = (chance.random(bets) < confidence - off).astype(np.int64)
    day = DATE.toordinal() - 1 - chance.integers(0, DAYS, bets)
    return Bets(day, confidence, won, 1 - won)


def alarms(systems: int, bets: int, low: float, high: float, off: float = 0.0) -> float:
    """The share of so many systems that are said to drift."""
    chance = np.random.default_rng(bets)
    found = [simulated(chance, bets, low, high, off) for _ in range(systems)]
    return float(np.mean([any(bucket.drifts for bucket in drift(one.confidence, one)) for one in found]))


@pytest.mark.parametrize("bets", [200, 1000, 3000])
@pytest.mark.parametrize(("low", "high"), [(0.5, 1.0), (0.05, 0.95), (0.6, 0.7)])
def test_of_well_calibrated_systems_at_most_one_in_twenty_is_said_to_drift(bets: int, low: float, high: float) -> None:
    # 0.05 is promised; 600 systems show that to 0.009, three of which are granted
    assert alarms(600, bets, low, high) <= 0.05 + 3 * 0.009


def test_what_is_off_by_ten_points_is_seen() -> None:
    assert alarms(50, 3000, 0.5, 1.0, off=0.1) == 1


def test_what_is_off_by_less_than_five_points_is_near_enough_however_many_bets_there_are() -> None:
    assert alarms(20, 100_000, 0.5, 1.0, off=0.03) == 0


def test_a_bucket_needs_both_the_gap_and_more_than_chance() -> None:
    def bucket(mean: float, low: float, high: float) -> BucketDrift:
        return BucketDrift(0.6, 0.7, 100, 60, mean, 0.6, low, high)

    assert bucket(0.66, 0.55, 0.655).drifts
    assert not bucket(0.66, 0.5, 0.7).drifts  # chance
    assert not bucket(0.64, 0.59, 0.61).drifts  # near enough
    assert bucket(0.54, 0.55, 0.655).drifts  # too little promised


def test_of_well_calibrated_systems_next_to_none_gets_a_calibration() -> None:
    chance = np.random.default_rng(7)
    systems = {f"system_{n}": simulated(chance, 900, 0.5, 0.95) for n in range(300)}
    decisions, _ = recalibrated(Window.of(DATE, DAYS, systems), History(), Policy())
    outcomes = [one.outcome for one in decisions]
    assert len(outcomes) == 300
    assert outcomes.count(Outcome.STEADY) >= 0.9 * 300
    assert sum(one.version is not None for one in decisions) <= 0.02 * 300


def test_the_window_ends_before_the_date_and_begins_so_many_days_earlier() -> None:
    days = np.array([(DATE + dt.timedelta(day)).toordinal() for day in range(-40, 5)])
    ones = np.ones(len(days), np.int64)
    own = Window.of(DATE, DAYS, {"one": Bets(days, np.full(len(days), 0.7), ones, ones)}).own("one")
    assert (own.day.min(), own.day.max()) == (DATE.toordinal() - DAYS, DATE.toordinal() - 1)
