"""The true values behind a date's games, which no worker knows: form, market, injuries, points; and the box scores.

The lines and confidences of the workers are made in `batch_predictions`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa

from nba_consolidation.demo.arrow_columns import Bools, Floats, Ints, dates, decimals, strings
from nba_consolidation.demo.league import TEAMS, League, Stream
from nba_consolidation.demo.systems import INSIGHT, NOISE

INJURIES = ("OUT", "DOUBTFUL", "QUESTIONABLE", "PROBABLE")


@dataclass(frozen=True)
class SimulatedDate:
    """One date: a row per player of its games; `predicted` has a column per system, `injury` is -1 for none."""

    date: dt.date
    game_ids: tuple[str, ...]
    game: Ints
    player: Ints
    names: pa.Array
    team: Ints
    opponent: Ints
    injury: Ints
    market_half_points: Ints
    has_line: Bools
    predicted: Floats
    actual: Ints
    tenths_of_minutes: Ints
    played: Bools


@lru_cache(maxsize=4)
def simulate_date(league: League, number: int) -> SimulatedDate:
    """The date with this number. One long function, because the order of the draws must not change."""
    random = league.random(Stream.TRUTH, number)
    roster, games, date = league.roster, league.games(number), league.game_dates[number]
    size = league.players_per_team
    player = (games.reshape(-1, 1) * size + np.arange(size)).ravel()
    count = len(player)
    form = random.normal(0, 1.3, count)
    known = np.maximum(roster.mean_points[player] + np.repeat(random.normal(0, 0.8, games.size), size), 2.5)
    market = known + 0.5 * form + random.normal(0, 0.6, count)
    unknown_to_market = known + form - market
    predicted = market[:, None] + unknown_to_market[:, None] * INSIGHT + random.normal(0, NOISE, (count, len(NOISE)))
    actual = known + form + random.normal(0, 2.5 + 0.28 * known)
    injury = np.where(random.random(count) < 0.1, random.integers(0, len(INJURIES), count), -1)
    minutes = np.clip(roster.mean_minutes[player] + random.normal(0, 4, count), 1, 48)
    return SimulatedDate(
        date=date,
        game_ids=tuple(f"{date:%Y%m%d}_{TEAMS[away]}_{TEAMS[home]}" for away, home in games),
        game=np.repeat(np.arange(len(games)), 2 * size),
        player=player,
        names=pa.array([roster.names[index] for index in player]),
        team=np.repeat(games.ravel(), size),
        opponent=np.repeat(games[:, ::-1].ravel(), size),
        injury=injury,
        market_half_points=np.clip(np.rint(market * 2), league.max_lines // 2 + 2, 120).astype(np.int64),
        has_line=random.random(count) < 0.92,
        predicted=predicted,
        actual=np.maximum(np.rint(actual), 0).astype(np.int64),
        tenths_of_minutes=np.rint(minutes * 10).astype(np.int64),
        played=(random.random(count) < 0.96) & (injury != 0),
    )


def box_scores(simulated: SimulatedDate) -> pa.Table:
    """`player_game_summary` of the date: no row for a player who did not play."""
    rows = np.flatnonzero(simulated.played)
    return pa.table(
        {
            "player_lookup": simulated.names.take(pa.array(rows)),
            "game_id": strings(simulated.game_ids, simulated.game[rows]),
            "game_date": dates(simulated.date, len(rows)),
            "team_abbr": strings(TEAMS, simulated.team[rows]),
            "opponent_team_abbr": strings(TEAMS, simulated.opponent[rows]),
            "points": pa.array(simulated.actual[rows]),
            "minutes_played": decimals(simulated.tenths_of_minutes[rows], pa.decimal128(5, 1)),
        }
    )
