"""How bad it got: bets lost in a row, and how far the profit fell below its highest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Runs:
    """Bets lost in a row in some stretch of bets; each [d] of a date, or [d, s] of a date and strategy.

    bets: how many there were. first, last: lost before the first one won and after the last one. longest: anywhere.
    Two stretches make one, so that dates, and systems within a date, can be put together anew.
    """

    bets: Whole
    first: Whole
    last: Whole
    longest: Whole

    @classmethod
    def of(cls, day: npt.NDArray[Any], won: Flags, dates: int) -> Runs:
        """Of bets in order of their dates; day: the number of each one's."""
        runs = cls.none((dates,))
        begins = np.flatnonzero(np.diff(day, prepend=-1))
        if not len(begins):
            return runs
        place, ends = np.arange(len(day), dtype=np.int32), np.append(begins[1:], len(day)).astype(np.int32)
        before = np.where(won, place, np.int32(-1))  # where the last bet won lies, or else the date before ends
        before[begins] = np.where(won[begins], begins, begins - 1)
        lost = place - np.maximum.accumulate(before)
        first_won = np.minimum.reduceat(np.where(won, place, np.int32(len(day))), begins)
        on = day[begins]
        runs.bets[on] = ends - begins
        runs.first[on] = np.minimum(first_won, ends) - begins
        runs.last[on] = lost[ends - 1]
        runs.longest[on] = np.maximum.reduceat(lost, begins)
        return runs

    @classmethod
    def none(cls, shape: tuple[int, ...]) -> Runs:
        """Of no bets."""
        return cls(*(np.zeros(shape, np.int64) for _ in range(4)))

    @classmethod
    def beside(cls, runs: Sequence[Runs]) -> Runs:
        """Strategies beside one another: the last axis is theirs."""
        return cls(*(np.stack([getattr(one, name) for one in runs], axis=-1) for name in _NAMES))

    def then(self, later: Runs) -> Runs:
        """These bets, and then the later ones."""
        return Runs(
            self.bets + later.bets,
            np.where(self.first == self.bets, self.bets + later.first, self.first),
            np.where(later.last == later.bets, later.bets + self.last, later.last),
            np.maximum(np.maximum(self.longest, later.longest), self.last + later.first),
        )

    def at(self, index: Any) -> Runs:
        """Those of some dates, or of some strategy on each."""
        return Runs(*(getattr(self, name)[index] for name in _NAMES))

    def longest_so_far(self) -> Whole:
        """After each date, over all dates up to it."""
        found = np.zeros_like(self.longest)
        so_far = Runs.none(found.shape[1:])
        for date in range(len(found)):
            so_far = so_far.then(self.at(date))
            found[date] = so_far.longest
        return found


_NAMES = ("bets", "first", "last", "longest")


def one_after_the_other(runs: Sequence[Runs]) -> Runs:
    """Of each date, the bets of all of them in this order."""
    return reduce(Runs.then, runs)


def max_drawdown(profit: npt.NDArray[Any]) -> Floats:
    """After each date, the most that the sum of daily profits [d, s] ever lay below its highest, which is 0 at first.

    Of ends of dates: within one, bets have no order.
    """
    total = profit.cumsum(axis=0)
    highest = np.maximum.accumulate(np.maximum(total, 0), axis=0)
    fallen: Floats = np.maximum.accumulate(highest - total, axis=0)
    return fallen
