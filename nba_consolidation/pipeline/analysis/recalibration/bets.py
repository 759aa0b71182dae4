"""Graded bets, as a calibration sees them: how many were won and lost, by day and confidence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nba_consolidation.warehouse.interface import Row

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

STEPS = 1000
"""Confidences are told apart to a thousandth: 86,000 bets of a month become a few hundred cells of each day."""


@dataclass(frozen=True)
class Bets:
    """Decided bets, one entry per day and confidence. All four arrays have one length.

    day: ordinal of the game date. confidence: between 0 and 1, to a thousandth. won, lost: numbers of bets.
    """

    day: Counts
    confidence: Floats
    won: Counts
    lost: Counts

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Bets:
        """From rows of graded_bets: game_date, confidence_steps, won and lost, the last three as lists."""
        found = list(rows)
        days = [np.full(len(row["won"]), row["game_date"].toordinal()) for row in found]
        steps, won, lost = (
            np.concatenate([np.asarray(row[name], np.int64) for row in found] or [np.zeros(0, np.int64)])
            for name in ("confidence_steps", "won", "lost")
        )
        return cls(np.concatenate(days or [np.zeros(0)]).astype(np.int64), steps / STEPS, won, lost)

    @classmethod
    def together(cls, parts: Sequence[Bets]) -> Bets:
        """All of them."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__annotations__))

    @property
    def number(self) -> Counts:
        """Bets of each entry."""
        return self.won + self.lost

    @property
    def total(self) -> int:
        return int(self.number.sum())

    @property
    def correct(self) -> int:
        return int(self.won.sum())

    @property
    def days(self) -> int:
        """Game dates with bets."""
        return len(np.unique(self.day))

    def between(self, first: dt.date, end: dt.date) -> Bets:
        """Those from the first date on and before the end."""
        return self._where((self.day >= first.toordinal()) & (self.day < end.toordinal()))

    def cells(self) -> Bets:
        """The same without their days: one entry per confidence, in order; `day` is that of the last bet."""
        values, place = np.unique(self.confidence, return_inverse=True)
        won, lost = (np.bincount(place, counts, len(values)).astype(np.int64) for counts in (self.won, self.lost))
        return Bets(np.full(len(values), self.day.max(initial=0)), values, won, lost)

    def _where(self, kept: npt.NDArray[np.bool_]) -> Bets:
        return Bets(self.day[kept], self.confidence[kept], self.won[kept], self.lost[kept])
