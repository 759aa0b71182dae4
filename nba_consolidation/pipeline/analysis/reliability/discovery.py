"""Who stands out of many, and what of it chance would have done: exact tails, and a bound on false discoveries."""

from __future__ import annotations

import numpy as np

from nba_consolidation.pipeline.analysis.reliability.player_season import Floats


def worse(bets: Floats, correct: Floats, rate: Floats) -> Floats:
    """The probability of so few bets won, or fewer, at that rate: the binomial's lower tail, for any real counts."""
    from scipy.special import betainc

    lost = np.maximum(bets - correct, 0)
    tail: Floats = np.where(lost > 0, betainc(np.where(lost > 0, lost, 1), correct + 1, 1 - rate), 1.0)
    return tail


def better(bets: Floats, correct: Floats, rate: Floats) -> Floats:
    """The probability of so many bets won, or more."""
    return worse(bets, bets - correct, 1 - rate)


def false_discovery_rates(p_values: Floats) -> Floats:
    """Of each p-value the smallest false discovery rate at which it is a discovery; NaN where that is NaN.

    p_values: of one family, one per player. Benjamini and Hochberg (1995), Controlling the false discovery rate, JRSS B
    57, 289-300. It holds for independent tests, and for those that hang together positively.
    """
    from statsmodels.stats.multitest import fdrcorrection

    found: Floats = np.full(p_values.shape, np.nan)
    tested = np.isfinite(p_values)
    if tested.any():
        found[tested] = fdrcorrection(p_values[tested])[1]
    return found


def by_row(p_values: Floats) -> Floats:
    """The same for each row, a family of its own."""
    return np.array([false_discovery_rates(row) for row in p_values]).reshape(p_values.shape)
