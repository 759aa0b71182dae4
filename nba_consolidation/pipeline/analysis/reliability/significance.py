"""Tests against chance: false discovery rates over many players, and differences of rates over dates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nba_consolidation.pipeline.analysis.reliability.player_season import Floats, ratio

MIN_DATES, MIN_BETS = 10, 30
"""With fewer dates, or fewer bets on flagged players, no difference is reported."""


def false_discovery_rates(p_values: Floats) -> Floats:
    """The smallest false discovery rate at which each p-value is a discovery; NaN for a p-value that is NaN.

    p_values: one family, one per player; of a matrix each row is a family. Benjamini and Hochberg (1995), Controlling
    the false discovery rate, JRSS B 57, 289-300; valid for independent and for positively dependent tests.
    """
    from scipy.stats import false_discovery_control

    if p_values.ndim > 1:
        return np.array([false_discovery_rates(row) for row in p_values]).reshape(p_values.shape)
    rates: Floats = np.full(p_values.shape, np.nan)
    tested = np.isfinite(p_values)
    if tested.any():
        rates[tested] = false_discovery_control(p_values[tested])
    return rates


class DailySums(NamedTuple):
    """By date [d]: the sum of a figure over bets (wins, for instance), and the number of bets."""

    total: Floats
    bets: Floats


class RateDifference(NamedTuple):
    """Each [t], after t game dates: the first rate - the second, with its 95 % interval; NaN if there is too little."""

    value: Floats
    low: Floats
    high: Floats


def rate_difference(flagged: DailySums, others: DailySums) -> RateDifference:
    """The difference of two rates, each a sum over a sum. Bets of a date depend on each other; dates are the clusters.

    The variance is that of linearised ratios, with t quantiles for the number of dates with flagged bets: Cochran
    (1977), Sampling Techniques, chapter 6; Liang and Zeger (1986) for clusters.
    """
    from scipy.stats import t as student

    y1, x1, y0, x0 = (np.asarray(part, np.float64) for part in (*flagged, *others))
    bets1, bets0 = _running(x1), _running(x0)
    rate1, rate0 = ratio(_running(y1), bets1), ratio(_running(y0), bets0)
    dates = _running(x1 > 0)
    enough = (dates >= MIN_DATES) & (bets1 >= MIN_BETS) & (bets0 > 0)
    residuals1, residuals0 = (y1, x1, np.nan_to_num(rate1)), (y0, x0, np.nan_to_num(rate0))
    spread = (
        _products(residuals1, residuals1) / np.where(enough, bets1, 1) ** 2
        + _products(residuals0, residuals0) / np.where(enough, bets0, 1) ** 2
        - 2 * _products(residuals1, residuals0) / np.where(enough, bets1 * bets0, 1)
    )
    variance = np.maximum(spread, 0) * ratio(dates, dates - 1)
    half = student.ppf(0.975, np.maximum(dates - 1, 1)) * np.sqrt(variance)
    value = np.where(enough, rate1 - rate0, np.nan)
    return RateDifference(value, value - half, value + half)


def _running(daily: npt.ArrayLike) -> Floats:
    return np.concatenate([[0.0], np.cumsum(np.asarray(daily, np.float64))])


def _products(first: tuple[Floats, Floats, Floats], second: tuple[Floats, Floats, Floats]) -> Floats:
    """The running sum of (y - rate x) (v - other u), with both rates as of each date."""
    (y, x, rate), (v, u, other) = first, second
    return _running(y * v) - other * _running(y * u) - rate * _running(x * v) + rate * other * _running(x * u)
