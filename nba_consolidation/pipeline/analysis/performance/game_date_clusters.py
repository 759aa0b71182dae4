"""Intervals and noise floors for bets that depend on each other within a game date: each date is one cluster.

Everything follows from sums over dates, so that the figures of a window are differences of running sums.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nba_consolidation.pipeline.analysis.performance.hit_rate_interval import Floats, hit_rate_interval

NOISE_LEVEL = 0.95
"""A larger calibration error than this share of those that perfectly calibrated forecasts have is not chance."""


def square_sum(values: npt.ArrayLike, products: npt.ArrayLike, squares: npt.ArrayLike, ratio: npt.ArrayLike) -> Floats:
    """The sum over dates of (x - ratio * n)^2, from the sums of x^2, x * n and n^2 over the dates."""
    of_values, of_products, of_squares, r = (np.asarray(one, np.float64) for one in (values, products, squares, ratio))
    total: Floats = np.maximum(of_values - 2 * r * of_products + r**2 * of_squares, 0)
    return total


def design_effect(
    correct: npt.ArrayLike, bets: npt.ArrayLike, residuals: npt.ArrayLike, dates: npt.ArrayLike
) -> Floats:
    """How many bets are worth one independent bet: the variance of the hit rate by date / that of independent bets.

    Rao and Scott (1992), A simple method for the analysis of clustered binary data, Biometrics 48, 577-585. residuals:
    the sum over dates of (correct - hit rate * bets)^2. At least 1; NaN without bets and for a single date.
    """
    won, number, clusters = (np.asarray(one, np.float64) for one in (correct, bets, dates))
    with np.errstate(divide="ignore", invalid="ignore"):
        independent = won * (1 - won / number)
        by_date = np.asarray(residuals, np.float64) * clusters / (clusters - 1)
        effect: Floats = np.where(independent > 0, np.maximum(by_date / independent, 1), 1)
    return np.where((clusters > 1) & (number > 0), effect, np.nan)


def interval_by_date(
    correct: npt.ArrayLike, bets: npt.ArrayLike, effect: npt.ArrayLike, dates: npt.ArrayLike, confidence: float = 0.95
) -> tuple[Floats, Floats]:
    """The interval of a hit rate whose bets are clustered by game date; NaN where the design effect is.

    Wilson's interval at the effective number of bets, bets / design effect, which is reduced for the few dates that the
    effect is known from: Korn and Graubard (1998), Confidence intervals for proportions with small expected number of
    positive counts estimated from survey data, Survey Methodology 24, 193-201.
    """
    from scipy.special import ndtri, stdtrit

    won, number, clusters = (np.asarray(one, np.float64) for one in (correct, bets, dates))
    tail = 0.5 + confidence / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        few_dates = (ndtri(tail) / stdtrit(np.maximum(clusters - 1, 1), tail)) ** 2
        scale = few_dates / np.asarray(effect, np.float64)
        return hit_rate_interval(won * scale, number * scale, confidence)


def interval_of_any_dates(
    correct: npt.ArrayLike, bets: npt.ArrayLike, effect: npt.ArrayLike, dates: npt.ArrayLike
) -> tuple[Floats, Floats]:
    """The 95 % interval by date; of a single date, whose dependence is unknown, Wilson's, for independent bets."""
    by_date, independent = interval_by_date(correct, bets, effect, dates), hit_rate_interval(correct, bets)
    low, high = (np.where(np.isnan(one), other, one) for one, other in zip(by_date, independent, strict=True))
    return low, high


def interval_of_dates(correct: npt.ArrayLike, bets: npt.ArrayLike) -> tuple[float, float]:
    """The 95 % interval of a hit rate, from the bets won and all bets of each date; of a single date Wilson's."""
    won, number = (np.asarray(one, np.float64) for one in (correct, bets))
    total_won, total, dates = won.sum(), number.sum(), (number > 0).sum()
    effect = design_effect(total_won, total, ((won - total_won / total * number) ** 2).sum(), dates)
    low, high = interval_of_any_dates(total_won, total, effect, dates)
    return float(low), float(high)


def gap_variance(
    confidence: npt.ArrayLike, bets: npt.ArrayLike, residuals: npt.ArrayLike, dates: npt.ArrayLike
) -> Floats:
    """The variance of the sum of (confidence - won) over the bets of a bin, if each bet is won as often as stated.

    confidence: the mean of the bin. residuals: the sum over dates of (gap of the date - mean gap * bets of the date)^2.
    Clustered by date (Liang and Zeger 1986, Longitudinal data analysis using generalized linear models, Biometrika 73,
    13-22). Not below that of independent bets, which is also that of a single date.
    """
    mean, number, clusters = (np.asarray(one, np.float64) for one in (confidence, bets, dates))
    independent = number * mean * (1 - mean)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_date = np.asarray(residuals, np.float64) * clusters / (clusters - 1)
    return np.fmax(independent, np.where(clusters > 1, by_date, 0))


def ece_noise(sd: npt.ArrayLike, variance: npt.ArrayLike, bets: npt.ArrayLike) -> tuple[Floats, Floats]:
    """The calibration error that perfectly calibrated forecasts have by chance: its mean, and its 95 % quantile.

    sd, variance: of the sum of gaps of each bin (see `gap_variance`), added up over the bins. Each gap is normal, so
    its size has the mean sqrt(2 / pi) * SD; the quantile is that of a gamma distribution with the mean and the variance
    of the sum of all sizes. Broecker (2012), Estimating reliability and resolution of probability forecasts through
    decomposition of the empirical score, Climate Dynamics 39, 655-667, says why an error is above 0 by chance.
    """
    from scipy.special import gammaincinv

    number, sds, variances = (np.asarray(one, np.float64) for one in (bets, sd, variance))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean: Floats = np.sqrt(2 / np.pi) * sds / number
        spread = (1 - 2 / np.pi) * variances / number**2
        quantile = gammaincinv(mean**2 / spread, NOISE_LEVEL) * spread / mean
    return mean, np.where(mean == 0, 0.0, quantile)
