"""Hit rates drawn towards what all players have in common, by as much as players do not differ. Empirical Bayes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nba_consolidation.pipeline.analysis.reliability.effective_bets import intraclass_correlation
from nba_consolidation.pipeline.analysis.reliability.player_season import Floats, ratio


class Prior(NamedTuple):
    """A beta distribution of players' hit rates: its mean, and how many bets it is worth."""

    mean: Floats
    strength: Floats


def prior(bets: Floats, correct: Floats) -> Prior:
    """The prior of each row, from the (effective) bets of its players: a beta-binomial fitted by moments.

    Its strength is (1 - r) / r where r is how alike the bets of one player end (Kleinman 1973, Proportions with
    extraneous variance, JASA 68, 46-54). Where players do not differ at all that is endless; no prior is worth more
    than all bets that it comes from, though. Without bets the mean is NaN.

    Robbins (1956), An empirical Bayes approach to statistics; Efron and Morris (1977), Stein's paradox in statistics.
    """
    total, won = bets.sum(axis=-1, keepdims=True), correct.sum(axis=-1, keepdims=True)
    by_bets = np.nan_to_num(ratio(correct**2, bets)).sum(axis=-1, keepdims=True)
    players = (bets > 0).sum(axis=-1, keepdims=True)
    alike = intraclass_correlation(total, won, (bets**2).sum(axis=-1, keepdims=True), by_bets, players, unknown=0.0)
    endless = np.full(alike.shape, np.inf)
    strength = np.divide(1 - alike, alike, out=endless, where=alike > 0)
    return Prior(ratio(won, total), np.clip(strength, 1, np.maximum(total, 1)))


def shrunken(bets: Floats, correct: Floats, of: Prior) -> Floats:
    """The mean of the posterior: between a player's own rate and that of all."""
    return ratio(correct + of.strength * of.mean, bets + of.strength)


def credible(bets: Floats, correct: Floats, of: Prior, level: float = 0.95) -> tuple[Floats, Floats]:
    """The ends of the posterior's central interval."""
    from scipy.special import betaincinv

    won = correct + of.strength * of.mean
    lost = bets - correct + of.strength * (1 - of.mean)
    tail = (1 - level) / 2
    return betaincinv(won, lost, tail), betaincinv(won, lost, 1 - tail)


def effective(counts: npt.ArrayLike, effect: npt.ArrayLike) -> Floats:
    """Counts of bets, as so many independent ones."""
    return ratio(counts, effect)
