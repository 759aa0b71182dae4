"""The strategies that are evaluated: whose bets, from which confidence and edge on, with or without flagged players."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.pipeline.analysis.performance.counts import EDGE_BOUNDS
from nba_consolidation.schema import ALL_SYSTEMS, MAJORITY, PICKED, UNANIMOUS

CONFIDENCES = (0.0, 0.55, 0.6, 0.7, 0.8)
"""Minimum confidences, from 0 to 1, as stated by the system before the game and kept by grading. 0: any or none."""

EDGES = (0.0, *map(float, EDGE_BOUNDS))
"""Minimum edges |predicted - line| in points; the same bounds as the buckets of system_performance."""

PLAYERS = ("all", "unflagged")
COMBINED = (ALL_SYSTEMS, UNANIMOUS, MAJORITY)
"""Bettors that combine the bets of several systems."""


@dataclass(frozen=True)
class Strategy:
    """Which bets are made, one unit each. system_id: a system, one of COMBINED, or PICKED."""

    system_id: str
    min_confidence: float = 0.0
    min_edge: float = 0.0
    players: str = PLAYERS[0]

    @property
    def name(self) -> str:
        """The key in the table, and the name for people: `ALL, confidence 0.6+, edge 3+, unflagged players`."""
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
        """The strategy to compare with: every bet of the same system, or of all systems if it combines several."""
        return Strategy(ALL_SYSTEMS if self.system_id in (*COMBINED, PICKED) else self.system_id)


def strategies_of(bettor: str) -> list[Strategy]:
    """All strategies of a bettor, its baseline first."""
    return [
        Strategy(bettor, confidence, edge, players)
        for players in PLAYERS
        for confidence in CONFIDENCES
        for edge in EDGES
    ]


def bettors(names: Iterable[str]) -> list[str]:
    """The combined bettors and then the systems. Raises ConsolidationError if a system has a reserved name."""
    systems = sorted(set(names) - {UNANIMOUS, MAJORITY})
    reserved = sorted({ALL_SYSTEMS, PICKED} & set(systems))
    if reserved:
        raise ConsolidationError(
            f"prediction_accuracy has a system named {reserved[0]}, which has another meaning in "
            "strategy_performance; rename the system"
        )
    return [*COMBINED, *systems]
