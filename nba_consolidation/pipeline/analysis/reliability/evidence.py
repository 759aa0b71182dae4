"""What is known of players' bets after each game date: counts, what they are worth, how far from chance they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nba_consolidation.pipeline.analysis.reliability.discovery import better, by_row, worse
from nba_consolidation.pipeline.analysis.reliability.effective_bets import design_effect, intraclass_correlation
from nba_consolidation.pipeline.analysis.reliability.player_season import Flags, Floats, Season, ratio
from nba_consolidation.pipeline.analysis.reliability.shrinkage import Prior, prior, shrunken

ENOUGH = 8.0
"""Effective bets below which nothing is said of a player: the predecessor's eight, counted as independent ones."""


@dataclass(frozen=True)
class Evidence:
    """Each is [t, p]: after t game dates, of the p-th player; correlation [t] is of all of them."""

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
        return self.effective_bets >= ENOUGH

    @property
    def edge_rate(self) -> Floats:
        return ratio(self.edge_correct, self.edge_bets)

    @classmethod
    def of(cls, season: Season) -> Evidence:
        """Each player is held against all: is he worse, or better, than chance lets one of them be."""
        bets, correct = (season.running(season.daily[name]) for name in ("bets", "correct"))
        squares = season.running(season.daily["bets"] ** 2)
        alike = correlation(season)
        effect = design_effect(bets, squares, alike[:, None])
        n, k = bets / effect, correct / effect
        common = prior(n, k)
        tested = n >= ENOUGH
        low, high = (np.where(tested, tail(n, k, common.mean), np.nan) for tail in (worse, better))
        return cls(
            bets,
            correct,
            season.running(season.daily["edge_bets"]),
            season.running(season.daily["edge_correct"]),
            alike,
            n,
            k,
            common,
            shrunken(n, k, common),
            low,
            by_row(low),
            by_row(high),
        )


def correlation(season: Season) -> Floats:
    """How alike the bets on one player and date end, after each game date; 1, the worst case, until that is known."""
    bets, correct = season.daily["bets"], season.daily["correct"]
    daily = (bets, correct, bets**2, np.nan_to_num(ratio(correct**2, bets)), bets > 0)
    sums = [season.running(found.sum(axis=1)) for found in daily]
    return intraclass_correlation(*sums, unknown=1.0)
