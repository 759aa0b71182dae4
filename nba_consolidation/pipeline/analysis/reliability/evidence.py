"""The evidence about players' bets after each game date: counts, effective bets, rates, and how likely chance is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nba_consolidation.pipeline.analysis.reliability.estimates import (
    Prior,
    design_effect,
    intraclass_correlation,
    prior,
    shrunken_rate,
)
from nba_consolidation.pipeline.analysis.reliability.player_season import Flags, Floats, PlayerSeason, ratio
from nba_consolidation.pipeline.analysis.reliability.significance import better_p, false_discovery_rates, worse_p

MIN_EFFECTIVE_BETS = 8.0
"""A player with fewer is not evaluated: the predecessor's eight bets, counted as independent ones."""


@dataclass(frozen=True)
class Evidence:
    """Each [t, p]: after t game dates, of the p-th player; correlation [t] is over all players."""

    bets: Floats
    correct: Floats
    edge_bets: Floats
    edge_correct: Floats
    correlation: Floats
    effective_bets: Floats
    effective_correct: Floats
    prior: Prior
    shrunken: Floats
    worse_p: Floats
    worse_q: Floats
    better_q: Floats

    @property
    def enough(self) -> Flags:
        return self.effective_bets >= MIN_EFFECTIVE_BETS

    @property
    def edge_rate(self) -> Floats:
        return ratio(self.edge_correct, self.edge_bets)

    @classmethod
    def of(cls, season: PlayerSeason) -> Evidence:
        """Compares each player with all players: is he worse, or better, than chance explains for one of so many."""
        bets, correct, edge_bets, edge_correct = (
            season.running(season.daily[name]) for name in ("bets", "correct", "edge_bets", "edge_correct")
        )
        correlation = _correlation(season)
        effect = design_effect(bets, season.running(season.daily["bets"] ** 2), correlation[:, None])
        n, k = bets / effect, correct / effect
        of_all = prior(n, k)
        tested = n >= MIN_EFFECTIVE_BETS
        worse, better = (np.where(tested, tail(n, k, of_all.mean), np.nan) for tail in (worse_p, better_p))
        return cls(
            bets=bets,
            correct=correct,
            edge_bets=edge_bets,
            edge_correct=edge_correct,
            correlation=correlation,
            effective_bets=n,
            effective_correct=k,
            prior=of_all,
            shrunken=shrunken_rate(n, k, of_all),
            worse_p=worse,
            worse_q=false_discovery_rates(worse),
            better_q=false_discovery_rates(better),
        )


def _correlation(season: PlayerSeason) -> Floats:
    """The correlation of the bets on one player and date, after each game date; 1, the worst case, while unknown."""
    bets, correct = season.daily["bets"], season.daily["correct"]
    daily = (bets, correct, bets**2, np.nan_to_num(ratio(correct**2, bets)), bets > 0)
    sums = [season.running(figure.sum(axis=1)) for figure in daily]
    return intraclass_correlation(*sums, unknown=1.0)
