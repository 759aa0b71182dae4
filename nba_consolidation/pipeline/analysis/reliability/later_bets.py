"""How bets went on those who were flagged, beside all others: the flag is from before, the bet from after."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nba_consolidation.pipeline.analysis.reliability.player_season import Floats, ratio

DATES_NEEDED, BETS_NEEDED = 10, 30
"""Of those who were flagged: below either, nothing is said of a difference."""


class Sums(NamedTuple):
    """What came of bets (wins, say) and how many bets there were, by date [d]."""

    came: Floats
    bets: Floats


class Difference(NamedTuple):
    """Each [t], after t game dates: the first rate less the second, and its 95 % interval; NaN: not enough."""

    value: Floats
    low: Floats
    high: Floats


def difference(flagged: Sums, others: Sums) -> Difference:
    """Of two rates, each a sum over a sum. Bets of a date hang together, so dates are what varies.

    The variance is that of linearised ratios, with t quantiles of as many dates as had flagged bets: Cochran (1977),
    Sampling Techniques, chapter 6; Liang and Zeger (1986) for clusters.
    """
    from scipy.stats import t as student

    y1, x1, y0, x0 = (np.asarray(part, np.float64) for part in (*flagged, *others))
    sums1, sums0 = (_running(y1), _running(x1)), (_running(y0), _running(x0))
    rate1, rate0 = ratio(*sums1), ratio(*sums0)
    dates = _running(x1 > 0)
    enough = (dates >= DATES_NEEDED) & (sums1[1] >= BETS_NEEDED) & (sums0[1] > 0)
    spread = (
        _squares(y1, x1, rate1) / np.where(enough, sums1[1], 1) ** 2
        + _squares(y0, x0, rate0) / np.where(enough, sums0[1], 1) ** 2
        - 2 * _products(y1, x1, rate1, y0, x0, rate0) / np.where(enough, sums1[1] * sums0[1], 1)
    )
    variance = np.maximum(spread, 0) * ratio(dates, dates - 1)
    half = student.ppf(0.975, np.maximum(dates - 1, 1)) * np.sqrt(variance)
    value = np.where(enough, rate1 - rate0, np.nan)
    return Difference(value, value - half, value + half)


def _running(daily: npt.ArrayLike) -> Floats:
    return np.concatenate([[0.0], np.cumsum(np.asarray(daily, np.float64))])


def _squares(y: Floats, x: Floats, rate: Floats) -> Floats:
    """Sum of (y - rate x)² over the dates so far, with the rate so far."""
    return _products(y, x, rate, y, x, rate)


def _products(y: Floats, x: Floats, rate: Floats, v: Floats, u: Floats, other: Floats) -> Floats:
    ours, theirs = np.nan_to_num(rate), np.nan_to_num(other)
    return _running(y * v) - theirs * _running(y * u) - ours * _running(x * v) + ours * theirs * _running(x * u)
