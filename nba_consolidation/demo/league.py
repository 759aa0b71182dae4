"""The invented league: teams, invented players and the schedule, all from one seed.

The results of games are made in `simulated_date`, the predictions in `batch_predictions`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

import numpy as np

from nba_consolidation.demo.arrow_columns import Floats, Ints

# fmt: off
TEAMS = (
    "ATL", "BOS", "BKN", "CHA", "CHI", "CLE", "DAL", "DEN", "DET", "GSW", "HOU", "IND", "LAC", "LAL", "MEM",
    "MIA", "MIL", "MIN", "NOP", "NYK", "OKC", "ORL", "PHI", "PHX", "POR", "SAC", "SAS", "TOR", "UTA", "WAS",
)
_FIRST_NAMES = (
    "dario", "kelvon", "tremel", "oskari", "jabriel", "lonzell", "mateus", "averel", "corvin", "deshaun", "emeric",
    "fabrice", "gionni", "hollis", "idris", "jorvan", "kasimir", "lucian", "marquel", "nevin", "octave", "percell",
    "quillan", "rasheem",
)
_SURNAME_HEADS = (
    "ash", "bram", "carn", "dun", "elm", "fair", "glen", "hart", "ink", "kirk", "lock", "mar", "nor", "oak", "pres",
    "wex",
)
_SURNAME_TAILS = ("bury", "dale", "field", "ford", "gate", "holm", "stead", "worth")
# fmt: on
_GAMES_BY_WEEKDAY = (8, 6, 11, 4, 11, 8, 7)
_DAYS_OFF = frozenset({(11, 27), (12, 24), *((2, day) for day in range(13, 19))})


class Stream(IntEnum):
    """Independent random streams of one seed."""

    ROSTER = 1
    SCHEDULE = 2
    TRUTH = 3
    SLATE = 4
    PLAN = 5


@dataclass(frozen=True)
class Roster:
    """The players, team by team, with their mean points and minutes."""

    names: tuple[str, ...]
    mean_points: Floats
    mean_minutes: Floats


@dataclass(frozen=True)
class League:
    """The seed and the sizes that determine the games. Predictions and staging do not change them."""

    seed: int
    first_date: dt.date
    dates: int
    max_games: int
    players_per_team: int
    max_lines: int

    @property
    def game_dates(self) -> tuple[dt.date, ...]:
        """The dates with games, in order."""
        return _game_dates(self.first_date, self.dates)

    @property
    def roster(self) -> Roster:
        """Who plays for whom."""
        return _roster(self)

    def games(self, number: int) -> Ints:
        """Pairs of teams, away and home, of the date with this number."""
        random = self.random(Stream.SCHEDULE, number)
        usual = _GAMES_BY_WEEKDAY[self.game_dates[number].weekday()]
        count = int(np.clip(usual + random.integers(-3, 4), 1, self.max_games))
        return random.permutation(len(TEAMS))[: 2 * count].reshape(count, 2)

    def random(self, *stream: int) -> np.random.Generator:
        """The same numbers for the same stream, in any process."""
        return np.random.default_rng([self.seed, *(int(part) for part in stream)])


def first_game_date(last: dt.date, count: int) -> dt.date:
    """The first of so many game dates, of which none is after `last`."""
    days = (last - dt.timedelta(days=day) for day in range(2 * count + 16))
    return [day for day in days if (day.month, day.day) not in _DAYS_OFF][count - 1]


@lru_cache(maxsize=8)
def _game_dates(first: dt.date, count: int) -> tuple[dt.date, ...]:
    days = (first + dt.timedelta(days=day) for day in range(count + 16 * (count // 300 + 1)))
    return tuple(day for day in days if (day.month, day.day) not in _DAYS_OFF)[:count]


@lru_cache(maxsize=8)
def _roster(league: League) -> Roster:
    random = league.random(Stream.ROSTER)
    names = np.array(
        [first + head + tail for first in _FIRST_NAMES for head in _SURNAME_HEADS for tail in _SURNAME_TAILS]
    )
    count = len(TEAMS) * league.players_per_team
    chosen = random.choice(names, count, replace=False)
    suffixes = random.choice(["", "jr", "iii"], count, p=[0.94, 0.04, 0.02])
    rank = np.tile(np.arange(league.players_per_team) * 13 / league.players_per_team, len(TEAMS))
    return Roster(
        names=tuple(str(name) + str(suffix) for name, suffix in zip(chosen, suffixes, strict=True)),
        mean_points=np.clip(26 * np.exp(-0.13 * rank) + random.normal(0, 1.5, count), 4, 34),
        mean_minutes=np.clip(35 - 2 * rank + random.normal(0, 1.5, count), 6, 38),
    )
