"""What bets that hang together are worth as independent ones.

Several systems bet on one player on one date, and one score decides them all. So the bets of a player and date are a
cluster. How alike they end is estimated over all players; each player's bets are then divided by his design effect, and
what remains is treated as independent bets.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nba_consolidation.pipeline.analysis.reliability.player_season import Floats, ratio


def intraclass_correlation(
    bets: npt.ArrayLike, correct: npt.ArrayLike, squares: npt.ArrayLike, correct_by_bets: npt.ArrayLike,
    clusters: npt.ArrayLike, *, unknown: float,
) -> Floats:  # fmt: skip
    """How alike the bets of a cluster end: 0 not at all, 1 all the same. The analysis-of-variance estimator.

    bets, correct: sums over all clusters; squares: of bets²; correct_by_bets: of correct² / bets. clusters: how many.
    unknown: the answer where there is one cluster, or none with two bets. Below 0 counts as 0: clusters that balance
    themselves out are not made worth more than their bets.

    Ridout, Demétrio and Firth (1999), Estimating intraclass correlation for binary data, Biometrics 55, 137-148.
    """
    n, k, n2, k2, g = (np.asarray(values, np.float64) for values in (bets, correct, squares, correct_by_bets, clusters))
    between = ratio(k2 - ratio(k**2, n), g - 1)
    within = ratio(k - k2, n - g)
    size = ratio(n - ratio(n2, n), g - 1)
    found = ratio(between - within, between + (size - 1) * within)
    usable = (g > 1) & (n > g) & np.isfinite(found)
    return np.where(usable, np.clip(found, 0, 1), unknown)


def design_effect(bets: npt.ArrayLike, squares: npt.ArrayLike, correlation: npt.ArrayLike) -> Floats:
    """How many bets are worth one independent one, by sums of clusters' bets and bets²; 1 where there are none.

    Kish (1965), Survey Sampling; its use on binary data: Rao and Scott (1992), A simple method for the analysis of
    clustered binary data, Biometrics 48, 577-585.
    """
    size = np.nan_to_num(ratio(squares, bets), nan=1.0)
    return np.maximum(1 + np.asarray(correlation, np.float64) * (size - 1), 1)
