"""A season gone through date by date: what is known after each, and what would then have been picked for the next."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from nba_consolidation.pipeline.analysis.betting.bets import Daily, Whole
from nba_consolidation.pipeline.analysis.betting.resampling import Floats, Interval, Resampled, Singles, adjusted_p

DATES_NEEDED, BETS_NEEDED = 20, 100
"""Below either nothing is said of a strategy but what it came to: an interval of fewer is too narrow."""


@dataclass(frozen=True)
class Judged:
    """Of every strategy, and then of the picked one, after some date; each [s + 1], of hit rates. NaN: not enough."""

    interval: Interval
    pays_p: Floats
    difference: Interval
    difference_p: Floats


@dataclass(frozen=True)
class Walk:
    """picks[d]: the number of the strategy whose bets are made on the d-th date, by what was known before; -1: none.

    picks has one more than there are dates: what would be bet on next. judged: by how many dates are known.
    """

    picks: Whole
    judged: dict[int, Judged]

    @classmethod
    def of(cls, daily: Daily, break_even: float, known: Collection[int]) -> Walk:
        """Picked is the highest lower end; of equal ones the plainer. known: after how many dates all is to be said.

        What is said of a date is worked out beside the walk, which does not wait for it.
        """
        dates, strategies = daily.won.shape
        totals = Resampled.nothing(strategies + 1)
        won, bets, days = (np.zeros(strategies + 1, np.int64) for _ in range(3))
        baselines = np.append(daily.baselines, 0)
        picks = np.full(dates + 1, -1)
        judged: dict[int, Future[Judged]] = {}
        with ThreadPoolExecutor(1) as beside:
            for number in range(dates + 1):
                enough = np.flatnonzero((days >= DATES_NEEDED) & (bets >= BETS_NEEDED))
                rates = totals.hit_rates(enough)
                interval = Interval.of(rates)
                picks[number] = _best(enough, interval.low, strategies)
                if number in known:
                    rows = _Rows(enough, rates, won[enough] / np.maximum(bets[enough], 1), days[enough], baselines)
                    judged[number] = beside.submit(rows.judged, interval, break_even)
                if number < dates:
                    won_now, bets_now = _on_date(daily, number, int(picks[number]))
                    totals.add(daily.game_dates[number], won_now, bets_now)
                    won, bets, days = won + won_now, bets + bets_now, days + (bets_now > 0)
        return cls(picks, {number: found.result() for number, found in judged.items()})


def _best(numbers: Whole, low: Floats, strategies: int) -> int:
    """Of the strategies proper; the picked one is none to pick."""
    candidates = (numbers < strategies) & ~np.isnan(low)
    return int(numbers[np.argmax(np.where(candidates, low, -np.inf))]) if candidates.any() else -1


def _on_date(daily: Daily, number: int, pick: int) -> tuple[Whole, Whole]:
    """Bets won, and all bets, of every strategy and of the one that is picked."""
    won, lost = (np.append(of, of[pick] if pick >= 0 else 0) for of in (daily.won[number], daily.lost[number]))
    return won, won + lost


@dataclass(frozen=True)
class _Rows:
    """The strategies of which there is enough: their numbers, resampled hit rates, hit rates and dates with bets."""

    numbers: Whole
    resampled: Singles
    hit_rates: Floats
    dates: Whole
    baselines: Whole

    def judged(self, interval: Interval, break_even: float) -> Judged:
        pays = adjusted_p(self.hit_rates - break_even, self.resampled - np.float32(break_even), self.dates)
        pays[np.isnan(interval.low)] = np.nan
        difference, p = self._beside_baselines()
        return Judged(
            Interval(*(self._spread(end) for end in interval)),
            self._spread(pays),
            Interval(*(self._spread(end) for end in difference)),
            self._spread(p),
        )

    def _beside_baselines(self) -> tuple[Interval, Floats]:
        """Of pairs over the same resamples; a baseline beside itself is none, nor is one without enough."""
        row = np.full(len(self.baselines), -1)
        row[self.numbers] = np.arange(len(self.numbers))
        to = row[self.baselines[self.numbers]]
        compared = np.flatnonzero((to >= 0) & (to != np.arange(len(to))))
        ends, p = (np.full((size, len(to)), np.nan) for size in (2, 1))
        if len(compared):
            differences = self.resampled[compared] - self.resampled[to[compared]]
            estimates = self.hit_rates[compared] - self.hit_rates[to[compared]]
            ends[:, compared] = _ends(differences, estimates)
            p[0, compared] = adjusted_p(estimates, differences, self.dates[compared])
        return Interval(*ends), p[0]

    def _spread(self, values: Floats) -> Floats:
        spread = np.full(len(self.baselines), np.nan)
        spread[self.numbers] = values
        return spread


def _ends(differences: Singles, estimates: Floats) -> Floats:
    """Bets that are the same as the baseline's do not differ: that is certain."""
    same = (estimates == 0) & ~differences.any(axis=1)
    return np.array([np.where(same, 0.0, end) for end in Interval.of(differences)])
