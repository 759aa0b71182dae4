"""The calibrations that are tried: each is fitted to bets and becomes a curve, which is all that is published of it.

A curve is what confidences 0, 0.01, ... 1 become; between them it is a straight line. What is judged is the curve, as
it is published, so that a warehouse that interpolates it publishes exactly what was judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nba_consolidation.pipeline.analysis.recalibration.bets import Bets, Floats

KNOTS = 101
DECIMALS = 6
_GRID = np.linspace(0, 1, KNOTS)
_EDGE = 0.0005
"""The logarithm of a confidence of 0 or 1 is taken here, half a step from it."""


@dataclass(frozen=True)
class Calibration:
    """A method, what it was fitted to be, and its curve of KNOTS values, which never falls and stays within 0 to 1."""

    method: str
    parameters: Mapping[str, float]
    curve: tuple[float, ...]

    def __call__(self, confidence: Floats) -> Floats:
        """The calibrated confidences, of confidences between 0 and 1."""
        return np.interp(confidence, _GRID, self.curve)


IDENTITY = Calibration("identity", {}, tuple(_GRID.round(DECIMALS).tolist()))
"""Confidences as they came."""


def multiplier(bets: Bets) -> Calibration | None:
    """Hit rate / mean confidence, times the confidence: right on average, wherever that comes from.

    None where the mean confidence is 0.
    """
    mean = float(np.average(bets.confidence, weights=bets.number))
    if mean == 0:
        return None
    factor = bets.correct / bets.total / mean
    return _calibration("multiplier", {"factor": factor}, factor * _GRID, bets)


def platt(bets: Bets) -> Calibration | None:
    """A logistic curve over the confidence (Platt 1999, "Probabilistic outputs for support vector machines").

    With his targets, which keep it from certainty, and a slope that is 0 or more. None where all confidences are one.
    """
    if len(np.unique(bets.confidence)) < 2:
        return None
    intercept, (slope,) = _logistic(bets.confidence[:, None], bets)
    curve = _sigmoid(intercept + slope * _GRID)
    return _calibration("platt", {"intercept": intercept, "slope": slope}, curve, bets)


def beta(bets: Bets) -> Calibration | None:
    """A logistic curve over ln p and -ln(1 - p) (Kull, Silva Filho and Flach 2017, "Beta calibration").

    As they do, a feature whose coefficient would be negative is left out. It has the identity among its curves, which
    Platt's has not. None where there are fewer than three different confidences.
    """
    if len(np.unique(bets.confidence)) < 3:
        return None
    intercept, (a, b) = _logistic(_logs(bets.confidence), bets)
    curve = _sigmoid(intercept + _logs(_GRID) @ np.array([a, b]))
    return _calibration("beta", {"intercept": intercept, "a": a, "b": b}, curve, bets)


def isotonic(bets: Bets) -> Calibration | None:
    """The rising steps that fit best (Zadrozny and Elkan 2002, "Transforming classifier scores").

    Its knots are read off scikit-learn's fit, which joins the steps by straight lines.
    """
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(
        bets.confidence, bets.won / bets.number, sample_weight=bets.number
    )
    steps = {
        f"{x:g}": round(float(y), DECIMALS) for x, y in zip(fitted.X_thresholds_, fitted.y_thresholds_, strict=True)
    }
    return _calibration("isotonic", steps, fitted.predict(_GRID), bets)


FITS = {"multiplier": multiplier, "platt": platt, "beta": beta, "isotonic": isotonic}
"""From the fewest to the most parameters."""


def fit(method: str, bets: Bets) -> Calibration:
    """One of `fitted`; raises KeyError for one that is not among them."""
    found = IDENTITY if method == IDENTITY.method else FITS[method](bets.cells())
    if found is None:
        raise KeyError(method)
    return found


def fitted(bets: Bets) -> dict[str, Calibration]:
    """Every candidate that the bets can be fitted by, and the identity. There must be a bet."""
    cells = bets.cells()
    found = {method: fit(cells) for method, fit in FITS.items()}
    return {"identity": IDENTITY} | {method: one for method, one in found.items() if one is not None}


def _calibration(method: str, parameters: Mapping[str, float], curve: Floats, bets: Bets) -> Calibration:
    """Never more certain than so many bets can show, all won or all lost (the rule of succession)."""
    least = 1 / (bets.total + 2)
    bounded = np.clip(curve, least, 1 - least).round(DECIMALS)
    rounded = {name: round(float(value), DECIMALS) for name, value in parameters.items()}
    return Calibration(method, rounded, tuple(bounded.tolist()))


def _logistic(features: Floats, bets: Bets) -> tuple[float, list[float]]:
    """Intercept and coefficients, none of them negative, against Platt's targets for bets won and lost."""
    from sklearn import config_context
    from sklearn.linear_model import LogisticRegression

    of_won, of_lost = (bets.correct + 1) / (bets.correct + 2), 1 / (bets.total - bets.correct + 2)
    weight_won = bets.won * of_won + bets.lost * of_lost
    weights = np.concatenate([weight_won, bets.number - weight_won])
    came = np.repeat([1, 0], len(features))
    kept = list(range(features.shape[1]))
    coefficients = [0.0] * len(kept)
    middle, spread = features.mean(axis=0), features.std(axis=0)
    scaled = (features - middle) / spread
    while kept:
        with config_context(assume_finite=True, skip_parameter_validation=True):
            model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-8).fit(
                np.tile(scaled[:, kept], (2, 1)), came, sample_weight=weights
            )
        found = model.coef_[0]
        if found.min() >= 0:
            for place, value in zip(kept, found / spread[kept], strict=True):
                coefficients[place] = float(value)
            return float(model.intercept_[0] - np.dot(coefficients, middle)), coefficients
        kept.pop(int(found.argmin()))
    return float(np.log(weight_won.sum() / (bets.total - weight_won.sum()))), coefficients


def _logs(confidence: Floats) -> Floats:
    inside = np.clip(confidence, _EDGE, 1 - _EDGE)
    return np.column_stack([np.log(inside), -np.log1p(-inside)])


def _sigmoid(value: Floats) -> Floats:
    from scipy.special import expit

    found: Floats = expit(value)
    return found
