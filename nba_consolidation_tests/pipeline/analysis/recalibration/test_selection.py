"""Which candidate is chosen, on simulated bets whose truth is known, and what the text says about it."""

from __future__ import annotations

import numpy as np
import pytest

from nba_consolidation.pipeline.analysis.recalibration.candidates import FITS, temperature
from nba_consolidation.pipeline.analysis.recalibration.evaluation import LossDifference, Scores
from nba_consolidation.pipeline.analysis.recalibration.graded_bets import STEPS, Floats, GradedBets
from nba_consolidation.pipeline.analysis.recalibration.selection import EvaluatedCandidate, Trial, walk_forward
from nba_consolidation_tests.pipeline.analysis.performance.graded import DATE

DATES, A_DATE = 30, 100


def bets(seed: int, slope: float, *, logistic: bool = False) -> GradedBets:
    """A month of bets that are won with the log-odds of the confidence times the slope.

    logistic: with the log-odds -1.5 + slope * confidence instead.
    """
    chance = np.random.default_rng(seed)
    confidence: Floats = chance.integers(200, 950, DATES * A_DATE) / STEPS
    log_odds = -1.5 + slope * confidence if logistic else slope * np.log(confidence / (1 - confidence))
    chances = 1 / (1 + np.exp(-log_odds))
    won = (chance.random(len(chances)) < chances).astype(np.int64)
    return GradedBets(np.repeat(DATE.toordinal() - 1 - np.arange(DATES), A_DATE), confidence, won, 1 - won)


def trial(of: GradedBets) -> Trial:
    judged = walk_forward(of, of, DATE)
    assert judged is not None
    return judged


@pytest.mark.parametrize(
    ("slope", "logistic", "method"), [(1.0, False, "identity"), (0.4, False, "temperature"), (1.5, True, "platt")]
)
def test_the_fewest_parameters_that_the_truth_needs_are_chosen(slope: float, logistic: bool, method: str) -> None:
    chosen = [trial(bets(seed, slope, logistic=logistic)).best.method for seed in range(8)]
    assert chosen.count(method) >= 7, chosen


def test_a_more_complex_candidate_needs_more_than_one_standard_error() -> None:
    def candidate(method: str, behind: float, standard_error: float) -> EvaluatedCandidate:
        difference = LossDifference(behind, standard_error, 20)
        return EvaluatedCandidate(method, Scores(100, 0.69, 0.25, 0.01), difference, difference)

    def best(*behind: float) -> str:
        methods = ("identity", *FITS)
        return Trial(tuple(candidate(*one, 0.001) for one in zip(methods, behind, strict=True)), {}).best.method

    assert best(0.01, 0.0011, 0.0009, 0, 0.002) == "platt"
    assert best(0.01, 0.0009, 0.0002, 0, 0.002) == "temperature"
    assert best(0.01, 0.0011, 0.0011, 0.0011, 0) == "isotonic"


def test_temperature_finds_the_slope_and_leaves_one_half_alone() -> None:
    fitted = temperature(bets(1, 0.5))
    assert fitted is not None
    assert fitted.parameters["slope"] == pytest.approx(0.5, abs=0.1)
    assert fitted(np.array([0.5]))[0] == pytest.approx(0.5, abs=1e-6)


def test_a_confidence_without_information_is_called_so() -> None:
    """Half of the bets are won whatever the confidence: 0.5 is the truth, and the hit rate of few bets is not."""
    judged = [trial(bets(seed, 0.0)) for seed in range(40)]
    informative = [one.is_informative for one in judged]
    assert sum(informative) <= 4
    first = judged[informative.index(False)]
    assert "nothing beats a constant beyond chance: the confidence carries no information" in first.summary
    assert "of 0.5 0.6931" in first.summary


def test_a_confidence_with_information_beats_the_constant_and_its_error_is_judged_against_chance() -> None:
    judged = trial(bets(3, 0.4))
    assert judged.is_informative
    assert "no more than chance" in judged.summary
    assert "the confidence beats a constant" in judged.summary
    assert judged.before.ece > judged.before.ece_noise_high
    assert judged.best.scores.ece <= judged.best.scores.ece_noise_high


def test_a_single_date_proves_nothing() -> None:
    one_date = np.zeros(5, np.int64)
    some = GradedBets(one_date, np.full(5, 0.9), np.ones(5, np.int64), one_date)
    assert not LossDifference.of(np.full(5, 0.1), np.full(5, 0.7), some).is_better
