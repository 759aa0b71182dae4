"""How uncertain a hit rate is, by resampling game dates: not bets, because bets of one date depend on each other.

All bets have the same odds, so the return is a linear function of the hit rate, and results for one hold for the other.
The cluster bootstrap is Cameron, Gelbach and Miller's (2008, Bootstrap-based improvements for inference with clustered
errors, Review of Economics and Statistics 90, 414-427), with percentile intervals (Efron and Tibshirani 1993, An
Introduction to the Bootstrap). How often a date is drawn is Poisson distributed (Hanley and MacGibbon 2006, Creating
non-parametric bootstrap samples using Poisson frequencies, Computer Methods and Programs in Biomedicine 83, 57-62;
Chamandy et al. 2012, Estimating uncertainty for massive data streams) and does not depend on the other dates, so that
another date only adds to the sums.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nba_consolidation.pipeline.analysis.betting.bets import Whole

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]

RESAMPLES = 999
_LOW, _HIGH = 24, 974
"""The 25th and the 975th in order: 2.5 % of 1,000 on either side (Davison and Hinkley 1997, Bootstrap Methods)."""
_SEED = 20261126
_NO_ERROR = 1e-6
"""A smaller standard error of a hit rate is only the rounding of single precision."""


def weights(date: dt.date) -> Singles:
    """The number of times that each resample draws the date. It is fixed, so that the same bets give the same rows."""
    return np.random.default_rng([_SEED, date.toordinal()]).poisson(1, RESAMPLES).astype(np.float32)


class Interval(NamedTuple):
    """The ends of 95 % percentile intervals, one per strategy; NaN without one."""

    low: Floats
    high: Floats

    @classmethod
    def of(cls, resampled: Singles) -> Interval:
        """resampled: [strategy, resample]. There is no interval if all resamples are equal: that is not certainty."""
        ordered = np.sort(resampled, axis=1)
        varies = ordered[:, 0] < ordered[:, -1]
        low, high = (np.where(varies, ordered[:, at], np.nan).astype(np.float64) for at in (_LOW, _HIGH))
        return cls(low, high)


@dataclass
class Resampled:
    """Resampled sums of bets won and of all bets until some date: [strategy, resample]. Whole numbers, so exact."""

    won: Singles
    bets: Singles

    @classmethod
    def zero(cls, strategies: int) -> Resampled:
        return cls(*(np.zeros((strategies, RESAMPLES), np.float32) for _ in range(2)))

    def add(self, date: dt.date, won: Whole, bets: Whole) -> None:
        """Adds a date; won and bets are by strategy."""
        drawn = weights(date)
        for total, added in ((self.won, won), (self.bets, bets)):
            (nonzero,) = np.nonzero(added)
            total[nonzero] += added[nonzero, None].astype(np.float32) * drawn

    def hit_rates(self, strategies: Whole) -> Singles:
        """[strategy, resample] of the strategies with these numbers."""
        bets: Singles = np.maximum(self.bets[strategies], 1)
        return self.won[strategies] / bets


def adjusted_p(estimates: Floats, resampled: Singles, dates: Whole) -> Floats:
    """The probability that any of the estimates is as far from 0 as this one, on either side, if all are 0 in truth.

    estimates: by strategy of one family, which is what somebody chooses from. resampled: [strategy, resample]. dates:
    how many dates each estimate is about.

    Each estimate is divided by its standard error and compared with the largest deviation of all in each resample. So
    the p-values are valid for any number of estimates, however they depend on each other: this is the single-step max-T
    method of Westfall and Young (1993, Resampling-Based Multiple Testing), two-sided; for the best estimate
    it is the reality check of White (2000, A reality check for data snooping, Econometrica 68, 1097-1126), studentised.
    Stepwise methods would reject a little more often; one step gives every strategy the same limit. With few dates the
    standard error is uncertain itself, so an estimate counts as the normal quantile that is as rare as it is in
    Student's t with dates - 1 degrees of freedom (Cameron, Gelbach and Miller 2008). An estimate that does not vary has
    p = 1 if it is exactly 0, and else NaN.
    """
    from scipy.special import ndtri, stdtr

    p = np.where(estimates == 0, 1.0, np.nan)
    deviations = resampled - estimates[:, None].astype(np.float32)
    errors: Singles = deviations.std(axis=1, ddof=1)
    (varies,) = np.nonzero(errors > _NO_ERROR)
    if len(varies):
        error = errors[varies]
        largest = np.sort((np.abs(deviations[varies]) / error[:, None]).max(axis=0))
        distance = -ndtri(stdtr(dates[varies] - 1, -np.abs(estimates[varies]) / error))
        smaller = np.searchsorted(largest, distance, side="left")
        p[varies] = (1 + len(largest) - smaller) / (1 + len(largest))
    return p
