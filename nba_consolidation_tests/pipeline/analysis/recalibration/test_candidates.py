"""Each fit against a slow, obvious implementation of its definition."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import minimize

from nba_consolidation.pipeline.analysis.recalibration.candidates import beta, fit_all, isotonic, platt, temperature
from nba_consolidation.pipeline.analysis.recalibration.graded_bets import Floats, GradedBets

Features = Callable[[Floats], list[Floats]]
CONFIDENCES = np.linspace(0.01, 0.99, 50)
TRUTHS: dict[str, Callable[[Floats], Floats]] = {
    "rising": lambda p: 0.2 + 0.5 * p,
    "steep": lambda p: 1 / (1 + np.exp(9 - 12 * p)),
    "falling": lambda p: 0.8 - 0.5 * p,
    "only high ones win": lambda p: np.where(p < 0.9, 0.5, 0.99),
    "always": np.ones_like,
    "never": np.zeros_like,
}


def bets(truth: str) -> GradedBets:
    """Bets of fifty confidences, some of them rare, won as the truth says."""
    chance = np.random.default_rng(5)
    number = chance.integers(1, 60, len(CONFIDENCES))
    won = chance.binomial(number, TRUTHS[truth](CONFIDENCES))
    return GradedBets(np.zeros(len(number), np.int64), CONFIDENCES, won, number - won)


def log_odds(p: Floats) -> list[Floats]:
    return [np.log(p / (1 - p))]


def logs(p: Floats) -> list[Floats]:
    return [np.log(p), -np.log(1 - p)]


def most_likely(of: GradedBets, features: Features, intercept: bool) -> Callable[[Floats], Floats]:
    """The curve whose coefficients, none of them negative, make the bets most likely: looked for by trial and error."""
    target_won, target_lost = (of.correct + 1) / (of.correct + 2), 1 / (of.total - of.correct + 2)
    slopes = len(features(of.confidence))

    def log_odds_at(coefficients: Floats, p: Floats) -> Floats:
        columns = [*features(p), *([np.ones(len(p))] * intercept)]
        return sum((c * x for c, x in zip(coefficients, columns, strict=True)), np.zeros(len(p)))

    def unlikeliness(coefficients: Floats) -> float:
        if min(coefficients[:slopes]) < 0:
            return math.inf
        odds = log_odds_at(coefficients, of.confidence)
        if_won, if_lost = np.logaddexp(0, -odds), np.logaddexp(0, odds)
        losses = [
            number * (target * if_won + (1 - target) * if_lost)
            for number, target in ((of.won, target_won), (of.lost, target_lost))
        ]
        return math.fsum(np.concatenate(losses))

    best = np.array([0.5] * slopes + [0.0] * intercept)
    for _ in range(4):  # each time with a fresh simplex, as one may collapse too early
        best = minimize(unlikeliness, best, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}).x
    return lambda p: 1 / (1 + np.exp(-log_odds_at(best, p)))


@pytest.mark.parametrize("truth", TRUTHS)
@pytest.mark.parametrize(
    ("fit", "features", "intercept"),
    [
        pytest.param(temperature, log_odds, False, id="temperature"),
        pytest.param(platt, lambda p: [p], True, id="platt"),
        pytest.param(beta, logs, True, id="beta"),
    ],
)
def test_a_logistic_curve_makes_the_bets_most_likely(
    fit: Callable[[GradedBets], Callable[[Floats], Floats]], features: Features, intercept: bool, truth: str
) -> None:
    of = bets(truth)
    expected = most_likely(of, features, intercept)
    least = 1 / (of.total + 2)
    knots = np.arange(1, 100) / 100
    assert fit(of)(knots) == pytest.approx(np.clip(expected(knots), least, 1 - least), abs=2e-6)


@pytest.mark.parametrize("truth", TRUTHS)
def test_isotonic_is_the_largest_of_the_smallest_means(truth: str) -> None:
    """The formula of Barlow et al. 1972: the largest, over all starts, of the smallest mean over all ends."""
    of = bets(truth)
    places = range(len(CONFIDENCES))
    steps = [
        max(min(of.won[i : j + 1].sum() / of.number[i : j + 1].sum() for j in places[k:]) for i in places[: k + 1])
        for k in places
    ]
    fitted = isotonic(of)
    assert fitted is not None
    least = 1 / (of.total + 2)
    knots = np.arange(101) / 100
    assert fitted(knots) == pytest.approx(np.clip(np.interp(knots, CONFIDENCES, steps), least, 1 - least), abs=2e-6)
    ends = {
        p: steps[k] for k, p in enumerate(CONFIDENCES) if {steps[k]} != {*steps[max(k - 1, 0) : k + 2]} or k in (0, 49)
    }
    assert fitted.parameters == pytest.approx({f"{p:g}": rate for p, rate in ends.items()}, abs=2e-6)


def test_what_cannot_be_fitted_is_left_out() -> None:
    one = GradedBets(np.zeros(1, np.int64), np.array([0.6]), np.array([3]), np.array([2]))
    assert [*fit_all(one)] == ["identity", "isotonic"]
    two = GradedBets.concatenated([one, GradedBets(one.day, np.array([0.7]), one.won, one.lost)])
    assert [*fit_all(two)] == ["identity", "temperature", "platt", "isotonic"]
