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
    """What a player did on the number-th date of the season; an error of 0 unless given."""
    row: Row = dict.fromkeys(COUNTED, 0)
    row |= {"game_date": OPENING + dt.timedelta(number), "player_lookup": player, "bets": bets, "correct": correct}
    return row | {"compared": max(bets, 1), "points": points, **more}


def coins(
    seed: int, players: int = 300, games: int = 60, systems: int = 3, rates: dict[int, float] | None = None
) -> PlayerSeason:
    """Coin flips: the bets of one player and date mostly end alike, as one score decides them."""
    chance = np.random.default_rng(seed)
    rows = []
    for player in range(players):
        won = chance.random(games) < (rates or {}).get(player, 0.5)
        for number in range(games):
            agree = int(chance.integers(1, systems + 1))
            correct = agree if won[number] else 0
            points = int(chance.poisson(15))
            rows.append(day(f"player{player}", number, agree, correct, points, edge_bets=agree, edge_correct=correct))
    return PlayerSeason.of(FIRST, rows)
