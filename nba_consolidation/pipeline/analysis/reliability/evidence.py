"""The evidence about players' bets after each game date: counts, effective bets, hit rates and margins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nba_consolidation.pipeline.analysis.reliability.estimates import design_effect, intraclass_correlation
from nba_consolidation.pipeline.analysis.reliability.margins import PlayerMargins
from nba_consolidation.pipeline.analysis.reliability.player_season import Floats, PlayerSeason, ratio


@dataclass(frozen=True)
class Evidence:
    """Each [t, p]: after t game dates, of the p-th player; correlation [t] is over all players."""

    bets: Floats
    correct: Floats
    edge_bets: Floats
    edge_correct: Floats
    correlation: Floats
    effective_bets: Floats
    margins: PlayerMargins

    @property
    def hit_rate(self) -> Floats:
        return ratio(self.correct, self.bets)

    @property
    def edge_rate(self) -> Floats:
        return ratio(self.edge_correct, self.edge_bets)

    @classmethod
    def of(cls, season: PlayerSeason) -> Evidence:
        bets, correct, edge_bets, edge_correct = (
            season.running(season.daily[name]) for name in ("bets", "correct", "edge_bets", "edge_correct")
        )
        correlation = _correlation(season)
        effect = design_effect(bets, season.running(season.daily["bets"] ** 2), correlation[:, None])
        return cls(bets, correct, edge_bets, edge_correct, correlation, bets / effect, PlayerMargins.of(season))


def _correlation(season: PlayerSeason) -> Floats:
    """The correlation of the bets on one player and date, after each game date; 1, the worst case, while unknown."""
    bets, correct = season.daily["bets"], season.daily["correct"]
    daily = (bets, correct, bets**2, np.nan_to_num(ratio(correct**2, bets)), bets > 0)
    sums = [season.running(figure.sum(axis=1)) for figure in daily]
    return intraclass_correlation(*sums, unknown=1.0)
