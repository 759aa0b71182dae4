"""The margins of players' bets: by how many points they were won or lost, and whether chance explains a player's mean.

A margin tells more than a result: a bet that is lost by 12 points is worse news than one that is lost by half a point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nba_consolidation.pipeline.analysis.reliability.player_season import Flags, Floats, PlayerSeason, ratio
from nba_consolidation.pipeline.analysis.reliability.significance import false_discovery_rates

MIN_DATES = 8
"""A player with bets on fewer game dates is not evaluated: the predecessor's eight bets, one a date."""
ROUNDING_VARIANCE = 1 / 12
"""Scores are whole points, so no variance below that of rounding to whole numbers is known."""
_MANY = 1e6
"""Degrees of freedom from which on the players' variances count as equal."""


@dataclass(frozen=True)
class PlayerMargins:
    """Each [t, p], in points, after t game dates; of_all [t, 1]. NaN below MIN_DATES, but for the mean and dates.

    The margin of a bet is actual points - line, or line - actual points for UNDER. All bets on a player and date count
    as one observation, their mean, because one score decides them all.
    """

    dates: Floats
    mean: Floats
    low: Floats
    high: Floats
    of_all: Floats
    worse_p: Floats
    worse_q: Floats
    better_q: Floats

    @property
    def enough(self) -> Flags:
        return self.dates >= MIN_DATES

    def summary(self, row: int, player: int) -> str:
        """The margin of a player in words, beside that of all players."""
        of_all, dates = self.of_all[row, 0], self.dates[row, player]
        return f"margin {self.mean[row, player]:+.1f} points on {dates:.0f} dates (all players: {of_all:+.1f})"

    @classmethod
    def of(cls, season: PlayerSeason) -> PlayerMargins:
        """Compares the mean of each player with that of all: a moderated t test, and a bound for so many tests.

        The error of the difference is that of a mean minus the mean of a whole that includes it.
        """
        from scipy.special import stdtr, stdtrit

        daily = np.nan_to_num(season.margins)
        dates, total, squares = (season.running(figure) for figure in (~np.isnan(season.margins), daily, daily**2))
        mean, bets_of_all = ratio(total, dates), dates.sum(axis=1, keepdims=True)
        own = ratio(squares - np.nan_to_num(mean) * total, dates - 1)
        variance, freedom = np.full(dates.shape, np.nan), np.full(dates.shape, np.nan)
        for row, tested in enumerate(dates >= MIN_DATES):
            moderated = moderated_variances(own[row, tested], dates[row, tested] - 1)
            variance[row, tested], freedom[row, tested] = moderated
        half = stdtrit(freedom, 0.975) * np.sqrt(ratio(variance, dates))
        of_all = ratio(total.sum(axis=1, keepdims=True), bets_of_all)
        error = np.sqrt(variance * (ratio(1, dates) - ratio(1, bets_of_all)))
        t = np.where(error == 0, 0.0, ratio(mean - of_all, error))  # a player who is all players equals their mean
        worse, better = stdtr(freedom, t), stdtr(freedom, -t)
        rates = false_discovery_rates(worse), false_discovery_rates(better)
        return cls(dates, mean, mean - half, mean + half, of_all, worse, *rates)


def moderated_variances(own: Floats, freedom: Floats) -> tuple[Floats, Floats]:
    """The variance of each player, moved towards that of all players as far as they are alike; degrees of freedom.

    If the players' own variances differ no more than chance explains, all get the pooled one. A single pooled variance
    would take stars, whose points vary more, for unlucky too often.

    Smyth (2004), Linear models and empirical Bayes methods for assessing differential expression, Statistical
    Applications in Genetics and Molecular Biology 3(1), article 3, section 6.2.
    """
    from scipy.optimize import brentq
    from scipy.special import digamma, polygamma

    if not len(own):
        return own, freedom
    variance = np.maximum(own, ROUNDING_VARIANCE)
    logs = np.log(variance) - digamma(freedom / 2) + np.log(freedom / 2)
    excess = logs.var(ddof=1) - polygamma(1, freedom / 2).mean() if len(logs) > 1 else 0.0
    if excess <= polygamma(1, _MANY / 2):
        return np.full(own.shape, np.average(variance, weights=freedom)), np.full(own.shape, freedom.sum())
    prior = brentq(lambda half: polygamma(1, half) - excess, 1e-6, _MANY / 2) * 2
    common = np.exp(logs.mean() + digamma(prior / 2) - np.log(prior / 2))
    return (prior * common + freedom * variance) / (prior + freedom), np.minimum(prior + freedom, freedom.sum())
