"""Graded bets: how many were won and lost, by day and confidence, and which of them a date may use."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nba_consolidation.pipeline.analysis.performance.windows import season_of
from nba_consolidation.sql import Statement, Value
from nba_consolidation.warehouse.interface import Row, Warehouse

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

STEPS = 1000
"""Confidences are rounded to a thousandth: 86,000 bets of a month become a few hundred entries per day."""


@dataclass(frozen=True)
class GradedBets:
    """Decided bets, one entry per day and confidence. All four arrays have the same length.

    day: ordinal of the game date. confidence: between 0 and 1, to a thousandth. won, lost: numbers of bets.
    """

    day: Counts
    confidence: Floats
    won: Counts
    lost: Counts

    @classmethod
    def from_rows(cls, rows: Iterable[Row]) -> GradedBets:
        """From rows of graded_bets: game_date, and the lists confidence_steps, won and lost."""
        listed = list(rows)
        days = [np.full(len(row["won"]), row["game_date"].toordinal()) for row in listed]
        steps, won, lost = (
            np.concatenate([np.asarray(row[name], np.int64) for row in listed] or [np.zeros(0, np.int64)])
            for name in ("confidence_steps", "won", "lost")
        )
        return cls(np.concatenate(days or [np.zeros(0)]).astype(np.int64), steps / STEPS, won, lost)

    @classmethod
    def concatenated(cls, parts: Sequence[GradedBets]) -> GradedBets:
        """All bets of the parts, of which there is at least one."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__annotations__))

    @property
    def number(self) -> Counts:
        """The number of bets of each entry."""
        return self.won + self.lost

    @property
    def total(self) -> int:
        return int(self.number.sum())

    @property
    def correct(self) -> int:
        return int(self.won.sum())

    def between(self, first: dt.date, end: dt.date) -> GradedBets:
        """The bets from the first date on and before the end."""
        inside = (self.day >= first.toordinal()) & (self.day < end.toordinal())
        return GradedBets(self.day[inside], self.confidence[inside], self.won[inside], self.lost[inside])

    def by_confidence(self) -> GradedBets:
        """One entry per confidence, in ascending order; `day` is that of the last bet."""
        values, place = np.unique(self.confidence, return_inverse=True)
        won, lost = (np.bincount(place, counts, len(values)).astype(np.int64) for counts in (self.won, self.lost))
        return GradedBets(np.full(len(values), self.day.max(initial=0)), values, won, lost)

    def sums_by_date(self, values: Floats) -> tuple[Floats, int]:
        """The values, one per entry, summed by game date; and the number of game dates."""
        dates, place = np.unique(self.day, return_inverse=True)
        return np.bincount(place, values).astype(np.float64), len(dates)


@dataclass(frozen=True)
class BetWindow:
    """The bets that the recalibration of a date may use: before the date, and in its season."""

    date: dt.date
    first: dt.date
    by_system: Mapping[str, GradedBets]

    @classmethod
    def of(cls, date: dt.date, days: int, bets: Mapping[str, GradedBets]) -> BetWindow:
        """The window of that many days before the date, from bets of any dates."""
        first = max(date - dt.timedelta(days), season_of(date).first)
        inside = {system: some.between(first, date) for system, some in bets.items()}
        return cls(date, first, {system: some for system, some in inside.items() if some.total})

    def of_system(self, system_id: str) -> GradedBets:
        """The bets of one system; empty if it has none."""
        return self.by_system.get(system_id, GradedBets.from_rows(()))

    @property
    def pooled(self) -> GradedBets:
        """The bets of all systems."""
        parts = [self.by_system[system] for system in sorted(self.by_system)]
        return GradedBets.concatenated(parts or [GradedBets.from_rows(())])


def read_graded_bets(warehouse: Warehouse, first: dt.date, before: dt.date) -> dict[str, GradedBets]:
    """The decided bets of each system, from the first date on and before the other."""
    parameters: dict[str, Value] = {"first_date": first, "before": before, "steps": STEPS}
    by_system: dict[str, list[Row]] = {}
    for row in warehouse.query(Statement("graded_bets", parameters)):
        by_system.setdefault(row["system_id"], []).append(row)
    return {system: GradedBets.from_rows(rows) for system, rows in by_system.items()}
