"""Biased predictions of a player: too high or too low on average, which a correction repairs. Variance is no bias."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nba_consolidation.pipeline.analysis.reliability.player_season import Floats, PlayerSeason, ratio

MIN_DATES = 8
MAX_FALSE_DISCOVERY_RATE = 0.05
SUPERSTAR_QUANTILE = 0.95
"""A player whose mean points are at or above this quantile of all players is a superstar."""


@dataclass(frozen=True)
class PredictionBias:
    """Each [t, p]: the mean error in points over dates, its 95 % t interval, and its p-value."""

    dates: Floats
    mean: Floats
    low: Floats
    high: Floats
    p: Floats

    @classmethod
    def of(cls, season: PlayerSeason) -> PredictionBias:
        """The error of a date is the mean over its systems, which predict the same score, so they count once.

        Student (1908), The probable error of a mean. If all errors are the same, a mean other than 0 is certain.
        """
        from scipy.stats import t as student

        error = np.nan_to_num(season.errors)
        dates, total, squares = (season.running(daily) for daily in (~np.isnan(season.errors), error, error**2))
        mean = ratio(total, dates)
        spread = np.maximum(squares - np.nan_to_num(mean) * total, 0)
        spread[spread < 1e-9 * np.maximum(squares, 1)] = 0
        standard_error = np.sqrt(ratio(spread, dates * (dates - 1)))
        freedom = np.maximum(dates - 1, 1)
        half = student.ppf(0.975, freedom) * standard_error
        certain = np.where(np.abs(mean) > 0, 0.0, 1.0)
        t = ratio(np.abs(mean), standard_error)
        p = np.where(standard_error > 0, 2 * student.sf(np.nan_to_num(t), freedom), certain)
        return cls(dates, mean, mean - half, mean + half, np.where(dates >= MIN_DATES, p, np.nan))


def bias_flags(mean: Floats, q: Floats, volume: Floats) -> list[str]:
    """The bias flag of each player of a date. q: false discovery rates. volume: mean points."""
    known = volume[np.isfinite(volume)]
    star = volume >= np.quantile(known, SUPERSTAR_QUANTILE) if known.size else np.zeros(volume.shape, np.bool_)
    biased = q <= MAX_FALSE_DISCOVERY_RATE
    too_low = biased & (mean < 0)
    flags = ["superstar_underprediction", "underprediction", "overprediction", "not_enough"]
    chosen = np.select([too_low & star, too_low, biased & (mean > 0), np.isnan(q)], flags, "normal")
    return [str(flag) for flag in chosen]
