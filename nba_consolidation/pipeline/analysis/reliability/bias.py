"""Whether predictions of a player lean to one side: a bias, which a correction mends. Bad luck is none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nba_consolidation.pipeline.analysis.reliability.player_season import Floats, Season, ratio

DATES_NEEDED = 8
BOUND = 0.05
"""The false discovery rate over all players."""
STARS = 0.95
"""Whose volume is above that of so many players is a superstar."""


@dataclass(frozen=True)
class Bias:
    """Each [t, p]: the mean error in points, over dates, with its 95 % t interval, and how probable it is by chance."""

    dates: Floats
    mean: Floats
    low: Floats
    high: Floats
    p: Floats

    @classmethod
    def of(cls, season: Season) -> Bias:
        """An error of a date is the mean over its systems: these see one score, so they count once.

        Student (1908), The probable error of a mean. Where all errors are the same there is no spread to hold the mean
        against: then it is certain, and only a mean of 0 is no bias.
        """
        from scipy.stats import t as student

        there = ~np.isnan(season.errors)
        error = np.nan_to_num(season.errors)
        dates, total, squares = (season.running(daily) for daily in (there, error, error**2))
        mean = ratio(total, dates)
        spread = np.maximum(squares - np.nan_to_num(mean) * total, 0)
        spread[spread < 1e-9 * np.maximum(squares, 1)] = 0
        standard_error = np.sqrt(ratio(spread, dates * (dates - 1)))
        freedom = np.maximum(dates - 1, 1)
        half = student.ppf(0.975, freedom) * standard_error
        certain = np.where(np.abs(mean) > 0, 0.0, 1.0)
        t = ratio(np.abs(mean), standard_error)
        p = np.where(standard_error > 0, 2 * student.sf(np.nan_to_num(t), freedom), certain)
        return cls(dates, mean, mean - half, mean + half, np.where(dates >= DATES_NEEDED, p, np.nan))


def flags(mean: Floats, q: Floats, volume: Floats) -> list[str]:
    """The bias flag of each player of a date."""
    known = volume[np.isfinite(volume)]
    star = volume >= np.quantile(known, STARS) if known.size else np.zeros(volume.shape, np.bool_)
    found = q <= BOUND
    low = found & (mean < 0)
    choices = ["superstar_underprediction", "underprediction", "overprediction", "not_enough"]
    chosen = np.select([low & star, low, found & (mean > 0), np.isnan(q)], choices, "normal")
    return [str(flag) for flag in chosen]
