"""How far a hit rate may be off: game dates are resampled, not bets, as bets of one date hang together.

All bets have the same odds, so a return is a straight line over its hit rate, and what holds for the one holds for the
other. The cluster bootstrap is Cameron, Gelbach and Miller's (2008, Bootstrap-based improvements for inference with
clustered errors, Review of Economics and Statistics 90, 414-427), percentiles Efron and Tibshirani's (1993, An
Introduction to the Bootstrap). How often a date is drawn is Poisson (Hanley and MacGibbon 2006, Creating non-parametric
bootstrap samples using Poisson frequencies, Computer Methods and Programs in Biomedicine 83, 57-62; Chamandy et al.
2012, Estimating uncertainty for massive data streams): whatever the other dates are, so that a date more is a sum more.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

RESAMPLES = 999
_LOW, _HIGH = 24, 974
"""In order, the 25th and the 975th: 2.5 % of 1,000 on either side (Davison and Hinkley 1997, Bootstrap Methods)."""
_SEED = 20261126
_NO_ERROR = 1e-6
"""Of a hit rate: what is left of equal ones, in single precision."""


def weights(date: dt.date) -> Singles:
    """How often each resample draws the date: the same for ever, so that the same bets give the same rows."""
    return np.random.default_rng([_SEED, date.toordinal()]).poisson(1, RESAMPLES).astype(np.float32)


class Interval(NamedTuple):
    """Each [s]: the ends of the 95 % percentile interval; NaN: none."""

    low: Floats
    high: Floats

    @classmethod
    def of(cls, resampled: Singles) -> Interval:
        """resampled: by strategy and resample. One whose resamples are all the same has none: that is no certainty."""
        ordered = np.sort(resampled, axis=1)
        known = ordered[:, 0] < ordered[:, -1]
        low, high = (np.where(known, ordered[:, at], np.nan).astype(np.float64) for at in (_LOW, _HIGH))
        return cls(low, high)


@dataclass
class Resampled:
    """The resampled sums of bets won and of all bets by strategy, up to some date. Whole numbers: exact as they are."""

    won: Singles
    bets: Singles

    @classmethod
    def nothing(cls, strategies: int) -> Resampled:
        return cls(*(np.zeros((strategies, RESAMPLES), np.float32) for _ in range(2)))

    def add(self, date: dt.date, won: Whole, bets: Whole) -> None:
        """A date more; won and bets by strategy."""
        drawn = weights(date)
        for total, of in ((self.won, won), (self.bets, bets)):
            (there,) = np.nonzero(of)
            total[there] += of[there, None].astype(np.float32) * drawn

    def hit_rates(self, of: Whole) -> Singles:
        """By strategy (those of these numbers) and resample."""
        bets: Singles = np.maximum(self.bets[of], 1)
        return self.won[of] / bets


def adjusted_p(estimates: Floats, resampled: Singles, dates: Whole) -> Floats:
    """How probable an estimate so far from 0, either way, is for any of them if all are 0 in truth; [s].

    estimates, dates [s]; resampled [s, r]: the estimates in resamples of so many dates. Each is measured in its
    standard error and held against the greatest distance of all from what was estimated. So it holds for any number,
    however they hang together: the reality check of White (2000, A reality check for data snooping, Econometrica 68,
    1097-1126), studentised as Romano and Wolf have it (2005, Stepwise multiple testing as formalized data snooping,
    Econometrica 73, 1237-1282). The standard error of few dates is itself off: a distance counts as the normal one that
    is as rare as it is in Student's t, of one degree of freedom less than dates (Cameron, Gelbach and Miller 2008). NaN
    for an estimate that does not vary, unless it is 0 exactly: then it is 1.
    """
    from scipy.special import ndtri, stdtr

    found = np.where(estimates == 0, 1.0, np.nan)
    away = resampled - estimates[:, None].astype(np.float32)
    errors: Singles = away.std(axis=1, ddof=1)
    (varies,) = np.nonzero(errors > _NO_ERROR)
    if len(varies):
        error = errors[varies]
        greatest = np.sort((np.abs(away[varies]) / error[:, None]).max(axis=0))
        distance = -ndtri(stdtr(dates[varies] - 1, -np.abs(estimates[varies]) / error))
        nearer = np.searchsorted(greatest, distance, side="left")
        found[varies] = (1 + len(greatest) - nearer) / (1 + len(greatest))
    return found
