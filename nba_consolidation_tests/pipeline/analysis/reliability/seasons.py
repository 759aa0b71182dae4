"""Made-up seasons, as the rows that player_days gives."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from nba_consolidation.pipeline.analysis.reliability.player_season import COUNTED, PlayerSeason

FIRST = dt.date(2025, 7, 1)
OPENING = dt.date(2025, 10, 21)
Row = dict[str, Any]


def day(player: str, number: int, bets: int = 1, correct: int = 0, points: int = 20, **more: Any) -> Row:
    """What a player did on the number-th date of the season; an error of 0, and margins of 5, unless given."""
    row: Row = dict.fromkeys(COUNTED, 0)
    row |= {"game_date": OPENING + dt.timedelta(number), "player_lookup": player, "bets": bets, "correct": correct}
    row |= {"margin_bets": bets, "margin_tenths": 50 * (2 * correct - bets)}
    return row | {"compared": max(bets, 1), "points": points, **more}


def coins(
    seed: int, players: int = 300, games: int = 60, systems: int = 3, rates: dict[int, float] | None = None
) -> PlayerSeason:
    """Coin flips: the bets of one player and date end alike, as one score decides them all."""
    from scipy.special import ndtri

    chance = np.random.default_rng(seed)
    rows = []
    for player in range(players):
        margins = np.rint(60 * (chance.normal(size=games) + ndtri((rates or {}).get(player, 0.5)))).astype(int)
        for number in range(games):
            bets = int(chance.integers(1, systems + 1))
            correct = bets if margins[number] > 0 else 0
            points = int(chance.poisson(15))
            rows.append(day(f"player{player}", number, bets, correct, points, edge_bets=bets, edge_correct=correct,
                            margin_tenths=bets * int(margins[number])))  # fmt: skip
    return PlayerSeason.of(FIRST, rows)
