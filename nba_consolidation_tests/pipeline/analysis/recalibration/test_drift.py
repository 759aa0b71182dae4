"""How often drift is found: hardly ever if there is none, and always if there is much."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from nba_consolidation.pipeline.analysis.recalibration.candidates import IDENTITY
from nba_consolidation.pipeline.analysis.recalibration.decision import DecisionOutcome, RecalibrationPolicy, decide_all
from nba_consolidation.pipeline.analysis.recalibration.evaluation import (
    BucketDrift,
    Comparison,
    LossDifference,
    compare,
    drift,
    log_losses,
    scores,
)
from nba_consolidation.pipeline.analysis.recalibration.graded_bets import STEPS, BetWindow, Floats, GradedBets
from nba_consolidation.pipeline.analysis.recalibration.versions import ACTIVE, CalibrationHistory
from nba_consolidation_tests.pipeline.analysis.performance.graded import DATE
from nba_consolidation_tests.pipeline.analysis.recalibration.test_in_force import version

DAYS = 30


def simulated(chance: np.random.Generator, bets: int, low: float, high: float, off: float = 0.0) -> GradedBets:
    """A month of bets before DATE whose hit rate is the confidence minus `off`."""
    confidence: Floats = chance.integers(int(low * STEPS), int(high * STEPS), bets) / STEPS
    won = (chance.random(bets) < confidence - off).astype(np.int64)
    day = DATE.toordinal() - 1 - chance.integers(0, DAYS, bets)
    return GradedBets(day, confidence, won, 1 - won)


def clustered(chance: np.random.Generator, dates: int = DAYS, a_date: int = 40, copies: int = 3) -> GradedBets:
    """Bets of perfect calibration; each result is that of several systems, and bets of a date depend on each other."""
    day = np.repeat(DATE.toordinal() - 1 - np.arange(dates), a_date * copies)
    chances = np.repeat(chance.integers(500, 950, dates * a_date) / STEPS, copies)
    normal = chance.normal(0, 0.3, dates)[:, None] + chance.normal(0, 0.91**0.5, (dates, a_date))
    won = np.repeat((norm.cdf(normal) < chances[::copies].reshape(dates, a_date)).ravel(), copies).astype(np.int64)
    return GradedBets(day, chances, won, 1 - won)


def test_drift_is_found_in_at_most_one_of_twenty_well_calibrated_systems_whose_bets_depend_on_each_other() -> None:
    chance = np.random.default_rng(3)
    simulations = [clustered(chance) for _ in range(400)]
    share = np.mean([any(bucket.drifts for bucket in drift(one.confidence, one)) for one in simulations])
    assert share <= 0.05 + 3 * 0.011


def test_the_noise_floor_is_the_calibration_error_of_perfect_forecasts() -> None:
    chance = np.random.default_rng(4)
    simulations = [clustered(chance, dates=60) for _ in range(300)]
    judged = [scores(one.confidence, one) for one in simulations]
    assert np.mean([one.ece_noise for one in judged]) == pytest.approx(np.mean([one.ece for one in judged]), rel=0.1)
    assert 0.01 <= np.mean([one.ece > one.ece_noise_high for one in judged]) <= 0.09
    one_date = [replace(one, day=np.full_like(one.day, DATE.toordinal())) for one in simulations]
    independent = [scores(one.confidence, one).ece_noise_high for one in one_date]
    assert np.mean([one.ece > limit for one, limit in zip(judged, independent, strict=True)]) > 0.3


def test_the_standard_error_of_a_log_loss_is_that_of_sums_date_by_date() -> None:
    of = clustered(np.random.default_rng(5), dates=12)
    confidences = of.confidence, np.full(len(of.day), 0.6)
    losses, others = (-np.where(of.won == 1, np.log(one), np.log(1 - one)) for one in confidences)
    difference = LossDifference.of(log_losses(confidences[0], of), log_losses(confidences[1], of), of)
    mean = (losses - others).mean()
    squares = [((losses - others - mean)[of.day == day].sum()) ** 2 for day in sorted(set(of.day))]
    assert difference.mean == pytest.approx(mean)
    assert difference.standard_error == pytest.approx((sum(squares) * 12 / 11) ** 0.5 / of.total)


def test_the_interval_of_a_comparison_is_the_one_of_dates_drawn_again_and_again() -> None:
    of = clustered(np.random.default_rng(6), dates=20)
    better, worse = IDENTITY, replace(IDENTITY, curve=tuple(np.linspace(0.5, 1, 101).tolist()))
    stated = of.confidence
    compared = compare(worse(stated), better(stated), of)
    assert compared is not None
    errors = [{day: ((one(of.confidence) - of.won) ** 2)[of.day == day].sum() for day in set(of.day)}
              for one in (worse, better)]  # fmt: skip
    chance, ratios = np.random.default_rng(7), []
    for _ in range(4000):
        drawn = chance.choice(list(errors[0]), 20)
        ratios.append(sum(errors[0][day] for day in drawn) / sum(errors[1][day] for day in drawn))
    assert (compared.ratio_low, compared.ratio_high) == pytest.approx(
        np.quantile(ratios, [0.025, 0.975]).tolist(), abs=0.02
    )
    single = of.between(DATE - dt.timedelta(1), DATE)
    assert compare(worse(single.confidence), single.confidence, single) is None  # a single date bounds nothing


def alarms(systems: int, bets: int, low: float, high: float, off: float = 0.0) -> float:
    """The share of so many systems in which drift is found."""
    chance = np.random.default_rng(bets)
    simulations = [simulated(chance, bets, low, high, off) for _ in range(systems)]
    return float(np.mean([any(bucket.drifts for bucket in drift(one.confidence, one)) for one in simulations]))


@pytest.mark.parametrize("bets", [200, 1000, 3000])
@pytest.mark.parametrize(("low", "high"), [(0.5, 1.0), (0.05, 0.95), (0.6, 0.7)])
def test_drift_is_found_in_at_most_one_of_twenty_well_calibrated_systems(bets: int, low: float, high: float) -> None:
    # the rate is 0.05; with 600 systems its standard error is 0.009
    assert alarms(600, bets, low, high) <= 0.05 + 3 * 0.009


def test_a_gap_of_ten_points_is_always_found() -> None:
    assert alarms(50, 3000, 0.5, 1.0, off=0.1) == 1


def test_a_gap_below_five_points_is_tolerated_however_many_bets_there_are() -> None:
    assert alarms(20, 100_000, 0.5, 1.0, off=0.03) == 0


def test_a_bucket_drifts_if_its_gap_is_large_and_beyond_chance() -> None:
    def bucket(mean: float, low: float, high: float) -> BucketDrift:
        return BucketDrift(0.6, 0.7, 100, 60, mean, 0.6, low, high)

    assert bucket(0.66, 0.55, 0.655).drifts
    assert not bucket(0.66, 0.5, 0.7).drifts  # chance
    assert not bucket(0.64, 0.59, 0.61).drifts  # tolerated
    assert bucket(0.54, 0.55, 0.655).drifts  # underconfident


def test_a_calibration_failed_if_it_is_ten_percent_worse_and_beyond_chance_on_enough_bets() -> None:
    def failed(bets: int = 100, dates: int = 5, ratio: float = 1.11, ratio_low: float = 1.01) -> bool:
        return Comparison(bets, dates, ratio, ratio_low, 1.3).failed

    assert failed()
    assert not failed(ratio=1.1)
    assert not failed(ratio_low=1.0)  # chance
    assert not failed(bets=99)
    assert not failed(dates=4)


def test_two_hundred_bets_are_enough_for_a_decision() -> None:
    def outcome(bets: int) -> DecisionOutcome:
        window = BetWindow.of(DATE, DAYS, {"one": simulated(np.random.default_rng(1), bets, 0.5, 0.95)})
        [decision], _ = decide_all(window, CalibrationHistory(), RecalibrationPolicy())
        return decision.outcome

    assert (outcome(199), outcome(200)) == (DecisionOutcome.NOT_ENOUGH, DecisionOutcome.STEADY)


def test_hardly_any_well_calibrated_system_gets_a_calibration() -> None:
    chance = np.random.default_rng(7)
    systems = {f"system_{n}": simulated(chance, 900, 0.5, 0.95) for n in range(300)}
    decisions, _ = decide_all(BetWindow.of(DATE, DAYS, systems), CalibrationHistory(), RecalibrationPolicy())
    outcomes = [one.outcome for one in decisions]
    assert len(outcomes) == 300
    assert outcomes.count(DecisionOutcome.STEADY) >= 0.9 * 300
    assert sum(one.version is not None for one in decisions) <= 0.02 * 300


def test_the_window_ends_the_day_before_the_date() -> None:
    days = np.array([(DATE + dt.timedelta(day)).toordinal() for day in range(-40, 5)])
    ones = np.ones(len(days), np.int64)
    own = BetWindow.of(DATE, DAYS, {"one": GradedBets(days, np.full(len(days), 0.7), ones, ones)}).of_system("one")
    assert (own.day.min(), own.day.max()) == (DATE.toordinal() - DAYS, DATE.toordinal() - 1)


def test_the_stated_and_the_calibrated_confidence_share_the_probability_of_a_false_alarm() -> None:
    bets = clustered(np.random.default_rng(8))
    in_force = version("one", DATE - dt.timedelta(10), 1)
    history = CalibrationHistory((in_force,)).with_event(in_force, ACTIVE, in_force.game_date, "")
    window = BetWindow.of(DATE, DAYS, {"one": bets})
    drifts = [decide_all(window, known, RecalibrationPolicy())[0][0].drift for known in (CalibrationHistory(), history)]
    assert drifts == [drift(bets.confidence, bets, error) for error in (0.05, 0.025)]
