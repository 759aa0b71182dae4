"""What every player did on every date of a season, and the sums of it up to each date. Judges nothing."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from nba_consolidation.warehouse.interface import Row

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

COUNTED = (
    *("bets", "correct", "push", "passed", "edge_bets", "edge_correct"),
    *("confident_bets", "confident_correct", "confidence_micros", "compared", "error_tenths"),
)
EDGE = 3
"""|predicted - line| in points, from which on a bet is one of the predecessor's rule."""


@dataclass(frozen=True)
class Season:
    """daily[figure][d, p] is of the d-th game date and the p-th player.

    Everything that is judged is judged after so many game dates: row 0 of `running(...)` knows nothing, row t the first
    t game dates, and `known(date)` says how many lie strictly before a date.
    """

    first: dt.date
    game_dates: tuple[dt.date, ...]
    players: tuple[str, ...]
    daily: Mapping[str, Whole]
    points: Floats
    errors: Floats

    @classmethod
    def of(cls, first: dt.date, rows: Sequence[Row], others: Collection[str] = ()) -> Season:
        """From the rows of player_days; `others` are players to whom something else applies.

        points and errors are by date and player, NaN where he did not play; an error is the mean over systems.
        """
        days = pd.DataFrame(rows, columns=["game_date", "player_lookup", *COUNTED, "points"])
        players = tuple(sorted({*days["player_lookup"], *others}))
        dates = tuple(sorted(set(days["game_date"])))
        at = (
            pd.Index(dates, dtype=object).get_indexer(pd.Index(days["game_date"], dtype=object)),
            pd.Index(players, dtype=object).get_indexer(pd.Index(days["player_lookup"], dtype=object)),
        )
        shape = (len(dates), len(players))
        daily = {name: np.zeros(shape, np.int64) for name in COUNTED}
        for name, whole in daily.items():
            whole[at] = days[name].to_numpy(np.int64)
        points = np.full(shape, np.nan)
        points[at] = days["points"].to_numpy(np.float64)
        errors = ratio(daily["error_tenths"] / 10, daily["compared"])
        seen = np.zeros(shape, np.int64)
        seen[at] = 1
        return cls(first, dates, players, daily | {"seen": seen}, points, errors)

    def known(self, date: dt.date) -> int:
        """How many game dates lie strictly before the date: the row that may be used for it."""
        return bisect_left(self.game_dates, date)

    def running(self, daily: npt.ArrayLike) -> Floats:
        """The sums of daily figures up to each date; row 0 is of nothing."""
        values = np.asarray(daily, np.float64)
        sums = np.zeros((len(values) + 1, *values.shape[1:]))
        np.cumsum(values, axis=0, out=sums[1:])
        return sums

    def last_before(self, there: Flags) -> Whole:
        """By row and player, the number of the last game date on which something was there; -1: none yet."""
        numbers = np.where(there, np.arange(len(there))[:, None], -1)
        nothing = np.full((1, there.shape[1]), -1)
        return np.maximum.accumulate(np.vstack([nothing, numbers]), axis=0)


def ratio(of: npt.ArrayLike, to: npt.ArrayLike) -> Floats:
    """The one divided by the other; NaN where that is 0."""
    above, below = np.broadcast_arrays(np.asarray(of, np.float64), np.asarray(to, np.float64))
    divided: Floats = np.divide(above, below, out=np.full(above.shape, np.nan), where=below != 0)
    return divided
