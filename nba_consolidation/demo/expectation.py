"""The expected result of consolidating everything staged: counts by date and in total.

Computed from the counts of `staged_row_counts` with numpy alone, independently of the product that it is compared with.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import astuple, dataclass, fields, replace

import numpy as np

from nba_consolidation.demo.arrow_columns import Ints
from nba_consolidation.demo.season import Season
from nba_consolidation.demo.staged_row_counts import DATE_SHIFT, LINE_BITS, OUTCOMES, StagedRowCounts


@dataclass(frozen=True)
class Figures:
    """Numbers of rows.

    newest_micros: the sum, over the consolidated rows, of `version_created_at` in microseconds since 1970. It differs
    if a version other than the newest won. The last five are the active rows by outcome, once they are graded.
    """

    staged: int
    consolidated: int
    active: int
    quarantined: int
    newest_micros: int
    correct: int
    wrong: int
    push: int
    passed: int
    voided: int

    def __add__(self, other: Figures) -> Figures:
        return Figures(*(one + another for one, another in zip(astuple(self), astuple(other), strict=True)))

    def before_the_games(self) -> Figures:
        """The same before the games are played: no row is graded."""
        return replace(self, correct=0, wrong=0, push=0, passed=0, voided=0)

    @classmethod
    def none(cls) -> Figures:
        """Zero everywhere."""
        return cls(*(0 for _ in fields(cls)))


@dataclass(frozen=True)
class Expectation:
    """The expected result of consolidating everything staged.

    broken_rules: quarantined rows by `column|rule`. refused: the rows of each refused table (0 if they cannot be
    counted); no other figure includes them.
    """

    by_date: Mapping[dt.date, Figures]
    broken_rules: Mapping[str, int]
    tables: int
    refused: Mapping[str, int]

    @property
    def total(self) -> Figures:
        """All dates together."""
        return sum(self.by_date.values(), Figures.none())

    def once_played(self, dates: Collection[dt.date]) -> Figures:
        """The total if exactly the games of these dates are played."""
        return sum(
            (figures if date in dates else figures.before_the_games() for date, figures in self.by_date.items()),
            Figures.none(),
        )

    @classmethod
    def of(cls, counts: StagedRowCounts) -> Expectation:
        """Counts keys: the newest row of each is consolidated, and one of each game, player and system is active."""
        consolidated, micros = _distinct(counts)
        outcomes = _active_outcomes(counts)
        quarantined: Counter[dt.date] = Counter()
        broken_rules: Counter[str] = Counter()
        for (date, rule), rows in counts.quarantined.items():
            quarantined[date] += rows
            broken_rules[rule] += rows
        by_date = {
            date: Figures(
                counts.staged[date], consolidated[n], sum(outcomes[n]), quarantined[date], micros[n], *outcomes[n]
            )
            for n, date in enumerate(counts.season.game_dates)
            if counts.staged[date]
        }
        return cls(by_date, dict(broken_rules), counts.tables, counts.refused)


def expectation(season: Season) -> Expectation:
    """The expected result of the whole season, computed without staging it."""
    all_counts = (StagedRowCounts.of(delivery, delivery.build()) for delivery in season.deliveries())
    return Expectation.of(StagedRowCounts.total(season, all_counts))


def _distinct(counts: StagedRowCounts) -> tuple[list[int], list[int]]:
    """Per date: business keys, and the sum of the keys' newest `created_at` in microseconds."""
    newest = _newest(counts.keys, counts.created)
    of_date, winners = counts.keys[newest] >> DATE_SHIFT, counts.created[newest]
    dates = len(counts.season.game_dates)
    bounds = np.searchsorted(of_date, np.arange(dates + 1))
    micros = [sum(winners[bounds[n] : bounds[n + 1]].tolist()) for n in range(dates)]  # may exceed 64 bits
    return np.bincount(of_date, minlength=dates).tolist(), micros


def _active_outcomes(counts: StagedRowCounts) -> list[list[int]]:
    """Per date: the active rows, one per activation key and the newest of it, by outcome."""
    active = _newest(counts.keys >> LINE_BITS, counts.created)
    cells = (counts.keys[active] >> DATE_SHIFT) * len(OUTCOMES) + counts.outcomes[active]
    dates = len(counts.season.game_dates)
    by_date: list[list[int]] = np.bincount(cells, minlength=dates * len(OUTCOMES)).reshape(dates, -1).tolist()
    return by_date


def _newest(keys: Ints, created: Ints) -> Ints:
    """The positions of the newest row of each key, in the order of the keys."""
    order = np.lexsort((created, keys))
    last = np.ones(len(keys), np.bool_)
    last[:-1] = keys[order][1:] != keys[order][:-1]
    return order[last]
