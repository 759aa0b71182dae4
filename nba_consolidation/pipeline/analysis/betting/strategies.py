"""The strategies that are looked at: whose bets, from which confidence and edge on, with or without flagged players."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.pipeline.analysis.performance.buckets import EDGE_BOUNDS
from nba_consolidation.schema import ALL_SYSTEMS, MAJORITY, PICKED, UNANIMOUS

CONFIDENCES = (0.0, 0.55, 0.6, 0.7, 0.8)
"""From which confidence on, as the system said it before the game and the grading kept it, between 0 and 1. 0: any."""

EDGES = (0.0, *map(float, EDGE_BOUNDS))
"""From which |predicted - line| on, in points; where the buckets of system_performance begin."""

PLAYERS = ("all", "unflagged")
TOGETHER = (ALL_SYSTEMS, UNANIMOUS, MAJORITY)


@dataclass(frozen=True)
class Strategy:
    """Which bets are made, one unit each. system_id: a system, one of `TOGETHER`, or PICKED."""

    system_id: str
    min_confidence: float = 0.0
    min_edge: float = 0.0
    players: str = PLAYERS[0]

    @property
    def name(self) -> str:
        """For people, and the key of the table: `ALL, confidence 0.6+, edge 3+, unflagged players`."""
        parts = [self.system_id]
        if self.min_confidence:
            parts.append(f"confidence {self.min_confidence:g}+")
        if self.min_edge:
            parts.append(f"edge {self.min_edge:g}+")
        if self.players != PLAYERS[0]:
            parts.append(f"{self.players} players")
        return ", ".join(parts)

    @property
    def baseline(self) -> Strategy:
        """The plain bets that it is held against: of the same system; of all, where it is about several."""
        together = self.system_id in (*TOGETHER, PICKED)
        return Strategy(ALL_SYSTEMS if together else self.system_id)


def of_bettor(bettor: str) -> list[Strategy]:
    """Its strategies, the plain one first: by players, confidence and edge, as `Daily` counts them."""
    return [
        Strategy(bettor, confidence, edge, players)
        for players in PLAYERS
        for confidence in CONFIDENCES
        for edge in EDGES
    ]


def bettors(found: Iterable[str]) -> list[str]:
    """All whose bets there are, several systems together first. Raises ConsolidationError."""
    systems = sorted(set(found) - {UNANIMOUS, MAJORITY})
    taken = sorted({ALL_SYSTEMS, PICKED} & set(systems))
    if taken:
        raise ConsolidationError(
            f"prediction_accuracy has a system called {taken[0]}, which strategy_performance means something else by; "
            f"give it another name"
        )
    return [*TOGETHER, *systems]


def grid(of: Sequence[str]) -> list[Strategy]:
    """All strategies of these bettors."""
    return [strategy for bettor in of for strategy in of_bettor(bettor)]
