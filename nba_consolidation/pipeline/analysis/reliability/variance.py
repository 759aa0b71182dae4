"""The variance of a player's points and of the prediction errors: bad luck, which no correction repairs.

Over the last 10 and 20 games; as standard deviation, and robust as median absolute deviation, scaled to equal the
standard deviation of a normal distribution (Hampel 1974, The influence curve and its role in robust estimation).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nba_consolidation.pipeline.analysis.reliability.player_season import Flags, Floats, Integers, PlayerSeason
from nba_consolidation.pipeline.analysis.reliability.significance import (
    DailySums,
    RateDifference,
    false_discovery_rates,
    rate_difference,
)
from nba_consolidation.schema import VARIANCE_FLAGS

GAMES = (10, 20)
HIGH_SD = 8.0
"""The predecessor's rule: the standard deviation of the points of the last ten games is above this."""
PEERS = 41
"""A player is compared with the 41 players nearest in mean points, himself in the middle."""
MAX_FALSE_DISCOVERY_RATE = 0.05
"""Of the flag `high_for_volume`, over all players."""
_TO_NORMAL = 1.482602218505602
_CODE = {name: code for code, name in enumerate(VARIANCE_FLAGS)}
_MICRO = 10**6


class Spread(NamedTuple):
    """By game, in order of player and date: over the games up to it; NaN if there are too few."""

    sd: Floats
    mad: Floats


@dataclass(frozen=True)
class PointsVariance:
    """spreads: by `points` or `error`, and number of games. last[t, p]: the index of a player's last game; -1: none.

    peers, q, flags: each [t, p], after t game dates: the median spread of players with similar volume, the false
    discovery rate at which his is larger, and the code of his flag. reductions: by flag, of the confidence.
    """

    spreads: Mapping[tuple[str, int], Spread]
    volume: Floats
    last: Integers
    peers: Floats
    q: Floats
    flags: Integers
    reductions: Mapping[str, RateDifference]

    @classmethod
    def of(cls, season: PlayerSeason) -> PointsVariance:
        """From all games with points and predictions. A game counts from the next date on."""
        compared = ~np.isnan(season.errors) & ~np.isnan(season.points)
        player, date = np.nonzero(compared.T)
        games = {"points": season.points[date, player], "error": season.errors[date, player]}
        spreads = {(name, n): spread(values, player, n) for name, values in games.items() for n in GAMES}
        volume = _means(games["points"], player)
        number = np.full(compared.shape, -1)
        number[date, player] = np.arange(len(player))
        last = _last_game(season.last_date_with(compared), number)
        peers, q = _compare_with_peers(last, volume, spreads["points", 20].sd)
        flags = _flags(last, spreads["points", 10].sd, q)
        reductions = {name: _reduction(season, flags == _CODE[name]) for name in ("high", "high_for_volume")}
        return cls(spreads, volume, last, peers, q, flags, reductions)

    def at(self, row: int, values: Floats) -> Floats:
        """The values of each player's last game after so many game dates; NaN without one."""
        return _at(self.last[row], values)

    def flag_names(self, row: int) -> list[str]:
        return [VARIANCE_FLAGS[code] for code in self.flags[row]]

    def reduction(self, row: int) -> Floats:
        """By how much the confidence of bets on players with his flag exceeds their hit rate, more than for other bets.

        0 if that may be chance; NaN without a flag, or with too few bets on such players.
        """
        reductions = np.full(self.flags.shape[1], np.nan)
        for name, excess in self.reductions.items():
            value = excess.value[row]
            is_significant = np.isnan(value) or excess.low[row] > 0
            reductions[self.flags[row] == _CODE[name]] = value if is_significant else 0.0
        return reductions


def spread(values: Floats, player: Integers, games: int) -> Spread:
    """Over the last so many games. values: in order of player and date."""
    sd, mad = np.full(len(values), np.nan), np.full(len(values), np.nan)
    if len(values) >= games:
        windows = np.lib.stride_tricks.sliding_window_view(values, games)
        same_player = player[games - 1 :] == player[: len(player) - games + 1]
        middle = np.median(windows, axis=1, keepdims=True)
        sd[games - 1 :] = np.where(same_player, windows.std(axis=1, ddof=1), np.nan)
        mad[games - 1 :] = np.where(same_player, _TO_NORMAL * np.median(np.abs(windows - middle), axis=1), np.nan)
    return Spread(sd, mad)


def _means(points: Floats, player: Integers) -> Floats:
    """Mean points of the last 20 games, or of all games so far if there are at least 10."""
    sums = np.concatenate([[0.0], np.cumsum(points)])
    ends = np.arange(1, len(points) + 1)
    begins = np.maximum(np.searchsorted(player, player, side="left"), ends - max(GAMES))
    means: Floats = np.where(ends - begins >= min(GAMES), (sums[ends] - sums[begins]) / (ends - begins), np.nan)
    return means


def _last_game(last_date: Integers, number: Integers) -> Integers:
    if not len(number):
        return last_date
    games: Integers = np.where(last_date >= 0, np.take_along_axis(number, np.maximum(last_date, 0), axis=0), -1)
    return games


def _at(last: Integers, values: Floats) -> Floats:
    if not len(values):
        return np.full(last.shape, np.nan)
    of_last: Floats = np.where(last >= 0, values[np.maximum(last, 0)], np.nan)
    return of_last


def _compare_with_peers(last: Integers, volume: Floats, sd: Floats) -> tuple[Floats, Floats]:
    """The median spread of players with similar volume, and the false discovery rate of a chi-square variance test.

    Points are not normally distributed and peers are not identical, so q bounds what chance would do if they were.
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
        half = PEERS // 2  # the first, and the last, so many players are each other's peers
        peers[row, order] = np.pad(middle[half : len(order) - half], half, mode="edge")
        times = np.divide(own[order], peers[row, order], out=np.ones(len(order)), where=peers[row, order] > 0)
        q[row, order] = false_discovery_rates(chi2.sf(freedom * times**2, freedom))
    return peers, q


def _flags(last: Integers, sd_10: Floats, q: Floats) -> Integers:
    last_ten = np.array([_at(games, sd_10) for games in last]).reshape(last.shape)
    return np.select(
        [last_ten > HIGH_SD, q <= MAX_FALSE_DISCOVERY_RATE, np.isnan(last_ten)],
        [_CODE["high"], _CODE["high_for_volume"], _CODE["not_enough"]],
        _CODE["normal"],
    )


def _reduction(season: PlayerSeason, flagged: Flags) -> RateDifference:
    """Mean confidence - hit rate of the bets on players while they were flagged, minus the same of all other bets."""
    before = flagged[:-1]
    bets: npt.NDArray[np.int64] = season.daily["confident_bets"]
    excess = season.daily["confidence_micros"] / _MICRO - season.daily["confident_correct"]
    return rate_difference(
        *(
            DailySums(np.where(chosen, excess, 0).sum(axis=1), np.where(chosen, bets, 0).sum(axis=1))
            for chosen in (before, ~before)
        )
    )
