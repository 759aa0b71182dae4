"""What must come out once everything staged is consolidated, in figures, by date and in all.

Figured out from a `tally` with numpy alone, so that it can be held against the product; nothing is staged here.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nba_consolidation.demo.season import Season
from nba_consolidation.demo.tally import DATE_SHIFT, LINE_BITS, Tally


@dataclass(frozen=True)
class Figures:
    """What must be found: rows by what becomes of them.

    `newest_micros` adds up, over the consolidated rows, the newest `created_at` of the key in microseconds since 1970
    (it stands in `version_created_at`): it tells a wrong winner from the right one.
    """

    staged: int
    consolidated: int
    active: int
    quarantined: int
    newest_micros: int

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            self.staged + other.staged,
            self.consolidated + other.consolidated,
            self.active + other.active,
            self.quarantined + other.quarantined,
            self.newest_micros + other.newest_micros,
        )


@dataclass(frozen=True)
class Expectation:
    """What must come out once everything staged is consolidated.

    `broken_rules` counts quarantined rows by `column|rule`; `refused` has the rows of tables that nobody can take (0
    where not even that can be known), which are in no other figure.
    """

    by_date: Mapping[dt.date, Figures]
    broken_rules: Mapping[str, int]
    tables: int
    refused: Mapping[str, int]

    @property
    def total(self) -> Figures:
        """All dates together."""
        return sum(self.by_date.values(), Figures(0, 0, 0, 0, 0))

    @classmethod
    def of(cls, tally: Tally) -> Expectation:
        """Counts keys: the newest row of each is consolidated, and one of each game, player and system is active."""
        consolidated, active, micros = _distinct(tally)
        quarantined: Counter[dt.date] = Counter()
        broken_rules: Counter[str] = Counter()
        for (date, rule), rows in tally.quarantined.items():
            quarantined[date] += rows
            broken_rules[rule] += rows
        by_date = {
            date: Figures(tally.staged[date], consolidated[n], active[n], quarantined[date], micros[n])
            for n, date in enumerate(tally.season.game_dates)
            if tally.staged[date]
        }
        return cls(by_date, dict(broken_rules), tally.tables, tally.refused)


def expectation(season: Season) -> Expectation:
    """What must come out of the whole season, without staging it."""
    tallies = (Tally.of(delivery, delivery.build()) for delivery in season.deliveries())
    return Expectation.of(Tally.total(season, tallies))


def _distinct(tally: Tally) -> tuple[list[int], list[int], list[int]]:
    """Per date: business keys, activation keys, and the sum of the keys' newest `created_at` in microseconds."""
    order = np.lexsort((tally.created, tally.keys))
    keys, created = tally.keys[order], tally.created[order]
    last = np.ones(len(keys), np.bool_)
    last[:-1] = keys[1:] != keys[:-1]
    dates = len(tally.season.game_dates)
    of_date, winners = keys[last] >> DATE_SHIFT, created[last]
    active = np.unique(keys >> LINE_BITS) >> (DATE_SHIFT - LINE_BITS)
    bounds = np.searchsorted(of_date, np.arange(dates + 1))
    micros = [sum(winners[bounds[n] : bounds[n + 1]].tolist()) for n in range(dates)]  # may exceed 64 bits
    return np.bincount(of_date, minlength=dates).tolist(), np.bincount(active, minlength=dates).tolist(), micros
