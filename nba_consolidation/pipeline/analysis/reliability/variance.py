"""How a player's points, and the errors of their predictions, scatter: bad luck, which no correction mends.

Over his last 10 and 20 games; plain (the standard deviation) and robust (the median absolute deviation, scaled to be
the same for a normal distribution: Hampel 1974, The influence curve and its role in robust estimation, JASA 69).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nba_consolidation.pipeline.analysis.reliability.discovery import false_discovery_rates
from nba_consolidation.pipeline.analysis.reliability.later_bets import Difference, Sums, difference
from nba_consolidation.pipeline.analysis.reliability.player_season import Flags, Floats, Season, Whole
from nba_consolidation.schema import VARIANCE_FLAGS

GAMES = (10, 20)
HIGH_SD = 8.0
"""The predecessor's rule: a standard deviation of the last ten games above this, in points."""
PEERS = 41
"""A player is held against so many, himself in their middle, by mean points."""
BOUND = 0.05
"""The false discovery rate of `high_for_volume`, over all players."""
_TO_NORMAL = 1.482602218505602
_CODE = {name: code for code, name in enumerate(VARIANCE_FLAGS)}
_MICRO = 10**6


class Spread(NamedTuple):
    """By game in order of player and date: over so many games that end with it; NaN where there are fewer."""

    sd: Floats
    mad: Floats


@dataclass(frozen=True)
class Scatter:
    """spreads: by `points` or `error` and number of games. last[t, p]: which game is a player's last; -1 for none.

    peers, q, flags: each [t, p], after t game dates: the median of players of like volume, the false discovery rate at
    which he scatters more than they do, and the code of his flag. reductions: by flag, what to take off a confidence.
    """

    spreads: Mapping[tuple[str, int], Spread]
    volume: Floats
    last: Whole
    peers: Floats
    q: Floats
    flags: Whole
    reductions: Mapping[str, Difference]

    @classmethod
    def of(cls, season: Season) -> Scatter:
        """Of all games with points to compare with; a game counts from the date after it."""
        there = ~np.isnan(season.errors) & ~np.isnan(season.points)
        player, date = np.nonzero(there.T)
        games = {"points": season.points[date, player], "error": season.errors[date, player]}
        spreads = {(name, n): spread(of, player, n) for name, of in games.items() for n in GAMES}
        volume = _means(games["points"], player)
        number = np.full(there.shape, -1)
        number[date, player] = np.arange(len(player))
        last = _last_game(season.last_before(there), number)
        peers, q = _beside_peers(last, volume, spreads["points", 20].sd)
        flags = _flags(last, spreads["points", 10].sd, q)
        reductions = {name: _reduction(season, flags == _CODE[name]) for name in ("high", "high_for_volume")}
        return cls(spreads, volume, last, peers, q, flags, reductions)

    def at(self, row: int, values: Floats) -> Floats:
        """Values by game, of each player's last one after so many game dates; NaN where he has none."""
        return _at(self.last[row], values)

    def flag_names(self, row: int) -> list[str]:
        return [VARIANCE_FLAGS[code] for code in self.flags[row]]

    def reduction(self, row: int) -> Floats:
        """Of each player, what the bets on players of his flag say: how much more they promise beyond what comes.

        0 where that is not told apart from noise; NaN where he has no flag, or too few bets were on such players.
        """
        found = np.full(self.flags.shape[1], np.nan)
        for name, beyond in self.reductions.items():
            value = beyond.value[row]
            shown = value if np.isnan(value) or beyond.low[row] > 0 else 0.0
            found[self.flags[row] == _CODE[name]] = shown
        return found


def spread(values: Floats, player: Whole, games: int) -> Spread:
    """Of the last so many games; `values` in order of player and date."""
    sd, mad = np.full(len(values), np.nan), np.full(len(values), np.nan)
    if len(values) >= games:
        windows = np.lib.stride_tricks.sliding_window_view(values, games)
        whole = player[games - 1 :] == player[: len(player) - games + 1]
        middle = np.median(windows, axis=1, keepdims=True)
        sd[games - 1 :] = np.where(whole, windows.std(axis=1, ddof=1), np.nan)
        mad[games - 1 :] = np.where(whole, _TO_NORMAL * np.median(np.abs(windows - middle), axis=1), np.nan)
    return Spread(sd, mad)


def _means(points: Floats, player: Whole) -> Floats:
    """Mean points over the last 20 games, or over all so far once there are 10."""
    sums = np.concatenate([[0.0], np.cumsum(points)])
    ends = np.arange(1, len(points) + 1)
    begins = np.maximum(np.searchsorted(player, player, side="left"), ends - max(GAMES))
    means: Floats = np.where(ends - begins >= min(GAMES), (sums[ends] - sums[begins]) / (ends - begins), np.nan)
    return means


def _last_game(last_date: Whole, number: Whole) -> Whole:
    if not len(number):
        return last_date
    found: Whole = np.where(last_date >= 0, np.take_along_axis(number, np.maximum(last_date, 0), axis=0), -1)
    return found


def _at(last: Whole, values: Floats) -> Floats:
    if not len(values):
        return np.full(last.shape, np.nan)
    found: Floats = np.where(last >= 0, values[np.maximum(last, 0)], np.nan)
    return found


def _beside_peers(last: Whole, volume: Floats, sd: Floats) -> tuple[Floats, Floats]:
    """The median spread of players of like volume, and how likely his is beside it: the chi-square test of a variance.

    Points are no normal distribution, and peers are not exactly like him: q is a bound on what chance would do if they
    were, not a proof.
    """
    from scipy.ndimage import median_filter
    from scipy.stats import chi2

    freedom = max(GAMES) - 1
    peers, q = np.full(last.shape, np.nan), np.full(last.shape, np.nan)
    for row, games in enumerate(last):
        own, points = _at(games, sd), _at(games, volume)
        (known,) = np.nonzero(~np.isnan(own))
        if len(known) < PEERS:
            continue
        order = known[np.argsort(points[known], kind="stable")]
        middle = median_filter(own[order], PEERS)
        half = PEERS // 2  # at either end, the first and the last so many players are each other's peers
        peers[row, order] = np.pad(middle[half : len(order) - half], half, mode="edge")
        times = np.divide(own[order], peers[row, order], out=np.ones(len(order)), where=peers[row, order] > 0)
        q[row, order] = false_discovery_rates(chi2.sf(freedom * times**2, freedom))
    return peers, q


def _flags(last: Whole, sd_10: Floats, q: Floats) -> Whole:
    of_ten = np.array([_at(games, sd_10) for games in last]).reshape(last.shape)
    return np.select(
        [of_ten > HIGH_SD, q <= BOUND, np.isnan(of_ten)],
        [_CODE["high"], _CODE["high_for_volume"], _CODE["not_enough"]],
        _CODE["normal"],
    )


def _reduction(season: Season, flagged: Flags) -> Difference:
    """Mean confidence less hit rate of the bets on players while flagged, less the same of all other bets."""
    before = flagged[:-1]
    bets: npt.NDArray[np.int64] = season.daily["confident_bets"]
    beyond = season.daily["confidence_micros"] / _MICRO - season.daily["confident_correct"]
    return difference(
        *(
            Sums(np.where(chosen, beyond, 0).sum(axis=1), np.where(chosen, bets, 0).sum(axis=1))
            for chosen in (before, ~before)
        )
    )
