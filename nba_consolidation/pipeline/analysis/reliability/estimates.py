"""The effective number of dependent bets, and hit rates shrunken towards that of all players.

Several systems bet on one player on one date, and one score decides them all: the bets of a player and date are a
cluster. A player's bets are divided by the design effect of the clusters, and then treated as independent.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nba_consolidation.pipeline.analysis.reliability.player_season import Floats, ratio


def intraclass_correlation(
    bets: npt.ArrayLike, correct: npt.ArrayLike, squares: npt.ArrayLike, correct_by_bets: npt.ArrayLike,
    clusters: npt.ArrayLike, *, unknown: float,
) -> Floats:  # fmt: skip
    """The correlation of the bets of a cluster, from 0 (independent) to 1: the analysis-of-variance estimator.

    bets, correct: sums over all clusters; squares: of bets²; correct_by_bets: of correct² / bets. unknown: the result
    for fewer than two clusters, or if none has two bets. Negative estimates count as 0.

    Ridout, Demétrio and Firth (1999), Estimating intraclass correlation for binary data, Biometrics 55, 137-148.
    """
    n, k, n2, k2, g = (np.asarray(values, np.float64) for values in (bets, correct, squares, correct_by_bets, clusters))
    between = ratio(k2 - ratio(k**2, n), g - 1)
    within = ratio(k - k2, n - g)
    size = ratio(n - ratio(n2, n), g - 1)
    estimate = ratio(between - within, between + (size - 1) * within)
    usable = (g > 1) & (n > g) & np.isfinite(estimate)
    return np.where(usable, np.clip(estimate, 0, 1), unknown)


def design_effect(bets: npt.ArrayLike, squares: npt.ArrayLike, correlation: npt.ArrayLike) -> Floats:
    """How many bets are worth one independent bet, from sums over clusters of bets and bets²; 1 without bets.

    Kish (1965), Survey Sampling; for binary data: Rao and Scott (1992), A simple method for the analysis of clustered
    binary data, Biometrics 48, 577-585.
    """
    size = np.nan_to_num(ratio(squares, bets), nan=1.0)
    return np.maximum(1 + np.asarray(correlation, np.float64) * (size - 1), 1)


class Prior(NamedTuple):
    """A beta distribution of the players' hit rates: its mean, and the number of bets that it is worth."""

    mean: Floats
    strength: Floats


def prior(bets: Floats, correct: Floats) -> Prior:
    """The prior of each row, from the effective bets of its players: a beta-binomial fitted by moments.

    The strength is (1 - r) / r, where r is the correlation of the bets of one player (Kleinman 1973, Proportions with
    extraneous variance, JASA 68, 46-54), but at most the number of all bets. Without bets the mean is NaN.

    Robbins (1956), An empirical Bayes approach to statistics; Efron and Morris (1977), Stein's paradox in statistics.
    """
    total, won = bets.sum(axis=-1, keepdims=True), correct.sum(axis=-1, keepdims=True)
    by_bets = np.nan_to_num(ratio(correct**2, bets)).sum(axis=-1, keepdims=True)
    players = (bets > 0).sum(axis=-1, keepdims=True)
    r = intraclass_correlation(total, won, (bets**2).sum(axis=-1, keepdims=True), by_bets, players, unknown=0.0)
    strength = np.divide(1 - r, r, out=np.full(r.shape, np.inf), where=r > 0)
    return Prior(ratio(won, total), np.clip(strength, 1, np.maximum(total, 1)))


def shrunken_rate(bets: Floats, correct: Floats, prior: Prior) -> Floats:
    """The posterior mean: between the player's own rate and that of all players."""
    return ratio(correct + prior.strength * prior.mean, bets + prior.strength)


def credible_interval(bets: Floats, correct: Floats, prior: Prior, level: float = 0.95) -> tuple[Floats, Floats]:
    """The ends of the central posterior interval."""
    from scipy.special import betaincinv

    won = correct + prior.strength * prior.mean
    lost = bets - correct + prior.strength * (1 - prior.mean)
    tail = (1 - level) / 2
    return betaincinv(won, lost, tail), betaincinv(won, lost, 1 - tail)
