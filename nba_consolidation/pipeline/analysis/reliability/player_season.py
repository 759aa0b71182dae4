"""The figures of every player on every date of a season, and their running sums."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nba_consolidation.warehouse.interface import Row

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

COUNTED = (
    *("bets", "correct", "push", "passed", "edge_bets", "edge_correct"),
    *("confident_bets", "confident_correct", "confidence_micros", "compared", "error_tenths"),
    *("margin_bets", "margin_tenths"),
)
EDGE = 3
"""The predecessor's rule counts bets with |predicted - line| of at least so many points."""


@dataclass(frozen=True)
class PlayerSeason:
    """daily[figure][d, p] belongs to the d-th game date and the p-th player.

    Everything is evaluated after a number of game dates: row 0 of `running(...)` is before the first one, row t after
    the first t game dates. points, errors, margins: by date and player, NaN if he did not play, or had no bet; errors
    are means over systems, margins over bets.
    """

    first: dt.date
    game_dates: tuple[dt.date, ...]
    players: tuple[str, ...]
    daily: Mapping[str, Integers]
    points: Floats
    errors: Floats
    margins: Floats

    @classmethod
    def of(cls, first: dt.date, rows: Sequence[Row], others: Collection[str] = ()) -> PlayerSeason:
        """From rows of player_days. others: players without rows who are reviewed too."""
        import pandas as pd

        days = pd.DataFrame(rows, columns=["game_date", "player_lookup", *COUNTED, "points"])
        players = tuple(sorted({*days["player_lookup"], *others}))
        dates = tuple(sorted(set(days["game_date"])))
        at = (
            pd.Index(dates, dtype=object).get_indexer(pd.Index(days["game_date"], dtype=object)),
            pd.Index(players, dtype=object).get_indexer(pd.Index(days["player_lookup"], dtype=object)),
        )
        shape = (len(dates), len(players))
        daily = {name: np.zeros(shape, np.int64) for name in (*COUNTED, "seen")}
        for name in COUNTED:
            daily[name][at] = days[name].to_numpy(np.int64)
        daily["seen"][at] = 1
        points = np.full(shape, np.nan)
        points[at] = days["points"].to_numpy(np.float64)
        errors = ratio(daily["error_tenths"] / 10, daily["compared"])
        margins = ratio(daily["margin_tenths"] / 10, daily["margin_bets"])
        return cls(first, dates, players, daily, points, errors, margins)

    def dates_before(self, date: dt.date) -> int:
        """The number of game dates strictly before the date: the row that may be used for it."""
        return bisect_left(self.game_dates, date)

    def running(self, daily: npt.ArrayLike) -> Floats:
        """The sums of daily figures up to each date; row 0 is all zeros."""
        values = np.asarray(daily, np.float64)
        sums = np.zeros((len(values) + 1, *values.shape[1:]))
        np.cumsum(values, axis=0, out=sums[1:])
        return sums

    def last_date_with(self, present: Flags) -> Integers:
        """By row and player, the index of the last game date on which `present` was true; -1 if there is none."""
        numbers = np.where(present, np.arange(len(present))[:, None], -1)
        return np.maximum.accumulate(np.vstack([np.full((1, present.shape[1]), -1), numbers]), axis=0)


def ratio(numerator: npt.ArrayLike, denominator: npt.ArrayLike) -> Floats:
    """The quotient; NaN if the denominator is 0."""
    above, below = np.broadcast_arrays(np.asarray(numerator, np.float64), np.asarray(denominator, np.float64))
    divided: Floats = np.divide(above, below, out=np.full(above.shape, np.nan), where=below != 0)
    return divided
