"""The candidate calibrations. Each is fitted to bets and becomes a curve, and only the curve is published.

A curve has the calibrated values of the confidences 0, 0.01, ... 1, with straight lines between them. Candidates are
evaluated as curves, so a warehouse that interpolates publishes exactly what was evaluated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nba_consolidation.pipeline.analysis.performance.log_loss import clipped
from nba_consolidation.pipeline.analysis.recalibration.graded_bets import Counts, Floats, GradedBets

KNOTS = 101
DECIMALS = 6
_GRID = np.linspace(0, 1, KNOTS)


@dataclass(frozen=True)
class Calibration:
    """A method, its fitted parameters, and its curve of KNOTS values, which never falls and stays within 0 to 1."""

    method: str
    parameters: Mapping[str, float]
    curve: tuple[float, ...]

    def __call__(self, confidence: Floats) -> Floats:
        """The calibrated confidences."""
        return np.interp(confidence, _GRID, self.curve)


IDENTITY = Calibration("identity", {}, tuple(_GRID.round(DECIMALS).tolist()))
"""No change: the stated confidences."""


def temperature(bets: GradedBets) -> Calibration | None:
    """The log-odds of the confidence times one slope (Guo et al. 2017, "On calibration of modern neural networks").

    The slope is 1 / temperature. 0.5 stays 0.5. None if all confidences are the same.
    """
    if len(np.unique(bets.confidence)) < 2:
        return None
    _, (slope,) = _logistic(_log_odds(bets.confidence), bets, with_intercept=False)
    return _calibration("temperature", {"slope": slope}, _sigmoid(slope * _log_odds(_GRID)[:, 0]), bets)


def platt(bets: GradedBets) -> Calibration | None:
    """A logistic curve with intercept and slope (Platt 1999, "Probabilistic outputs for support vector machines").

    It uses his targets, which avoid certainty, and a slope of at least 0. None if all confidences are the same.
    """
    if len(np.unique(bets.confidence)) < 2:
        return None
    intercept, (slope,) = _logistic(bets.confidence[:, None], bets)
    return _calibration("platt", {"intercept": intercept, "slope": slope}, _sigmoid(intercept + slope * _GRID), bets)


def beta(bets: GradedBets) -> Calibration | None:
    """A logistic curve of ln p and -ln(1 - p) (Kull, Silva Filho and Flach 2017, "Beta calibration").

    As in the paper, a feature with a negative coefficient is left out. Unlike Platt's, its curves include the
    identity. None if there are fewer than three different confidences.
    """
    if len(np.unique(bets.confidence)) < 3:
        return None
    intercept, (a, b) = _logistic(_logs(bets.confidence), bets)
    curve = _sigmoid(intercept + _logs(_GRID) @ np.array([a, b]))
    return _calibration("beta", {"intercept": intercept, "a": a, "b": b}, curve, bets)


def isotonic(bets: GradedBets) -> Calibration | None:
    """The best fitting rising steps (Zadrozny and Elkan 2002, "Transforming classifier scores").

    Straight lines join the steps, whose ends are the parameters.
    """
    from scipy.optimize import isotonic_regression

    rates: Floats = isotonic_regression(bets.won / bets.number, weights=bets.number).x
    rises = np.diff(rates) != 0
    ends = np.append(True, rises) | np.append(rises, True)
    confidence, rates = bets.confidence[ends], rates[ends]
    steps = {f"{x:g}": rate for x, rate in zip(confidence, rates.tolist(), strict=True)}
    return _calibration("isotonic", steps, np.interp(_GRID, confidence, rates), bets)


FITS = {"temperature": temperature, "platt": platt, "beta": beta, "isotonic": isotonic}
"""In order of the number of free parameters, fewest first: one, two, three, one per step."""


def fit(method: str, bets: GradedBets) -> Calibration:
    """The calibration of that method. Raises KeyError if the method does not exist or cannot be fitted to the bets."""
    calibration = IDENTITY if method == IDENTITY.method else FITS[method](bets.by_confidence())
    if calibration is None:
        raise KeyError(method)
    return calibration


def fit_all(bets: GradedBets) -> dict[str, Calibration]:
    """The identity, and every candidate that can be fitted to the bets. There must be at least one bet."""
    entries = bets.by_confidence()
    calibrations = {IDENTITY.method: IDENTITY} | {method: fit(entries) for method, fit in FITS.items()}
    return {method: calibration for method, calibration in calibrations.items() if calibration is not None}


def _calibration(method: str, parameters: Mapping[str, float], curve: Floats, bets: GradedBets) -> Calibration:
    """Bounds the curve: so many bets, all won or all lost, prove no more certainty (the rule of succession)."""
    least = 1 / (bets.total + 2)
    bounded = np.clip(curve, least, 1 - least).round(DECIMALS)
    rounded = {name: round(float(value), DECIMALS) for name, value in parameters.items()}
    return Calibration(method, rounded, tuple(bounded.tolist()))


def _logistic(features: Floats, bets: GradedBets, *, with_intercept: bool = True) -> tuple[float, list[float]]:
    """Intercept and coefficients, none of them negative, fitted to Platt's targets for won and lost bets."""
    target_won, target_lost = (bets.correct + 1) / (bets.correct + 2), 1 / (bets.total - bets.correct + 2)
    won = bets.won * target_won + bets.lost * target_lost
    kept = list(range(features.shape[1]))
    coefficients = [0.0] * len(kept)
    middle, spread = features.mean(axis=0) * with_intercept, features.std(axis=0)
    scaled = (features - middle) / spread
    ones = np.ones((len(features), int(with_intercept)))
    while kept:
        fitted = _most_likely(np.hstack([scaled[:, kept], ones]), won, bets.number)
        slopes = fitted[: len(kept)]
        if slopes.min() >= 0:
            for place, value in zip(kept, slopes / spread[kept], strict=True):
                coefficients[place] = float(value)
            return float(fitted[len(kept) :].sum() - np.dot(coefficients, middle)), coefficients
        kept.pop(int(slopes.argmin()))
    return float(np.log(won.sum() / (bets.total - won.sum()))), coefficients


def _most_likely(design: Floats, won: Floats, number: Counts) -> Floats:
    """The coefficients of the logistic regression of `won` of `number` bets, one row of the design per entry.

    scikit-learn has it too, and needs 60 MB. The log likelihood is strictly concave, so it is largest where its
    gradient is 0 (McCullagh and Nelder 1989, "Generalized linear models", 4.4); scipy finds that place.
    """
    from scipy.optimize import root
    from scipy.special import expit

    def gradient(point: Floats) -> tuple[Floats, Floats]:
        chance = expit(design @ point)
        weights = number * chance * (1 - chance)
        return design.T @ (number * chance - won), design.T @ (weights[:, None] * design)

    coefficients: Floats = root(gradient, np.zeros(design.shape[1]), jac=True, tol=1e-12).x
    return coefficients


def _log_odds(confidence: Floats) -> Floats:
    log_odds: Floats = _logs(confidence).sum(axis=1, keepdims=True)
    return log_odds


def _logs(confidence: Floats) -> Floats:
    inside = clipped(confidence)
    return np.column_stack([np.log(inside), -np.log1p(-inside)])


def _sigmoid(value: Floats) -> Floats:
    from scipy.special import expit

    values: Floats = expit(value)
    return values
