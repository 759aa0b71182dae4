"""The effective number of dependent bets, which the intervals of hit rates use.

Several systems bet on one player on one date, and one score decides them all: the bets of a player and date are a
cluster. A player's bets are divided by the design effect of the clusters, and then treated as independent.
"""

from __future__ import annotations

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
