"""Goes through a season date by date: estimates every strategy after each date, and picks one for the next."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from nba_consolidation.pipeline.analysis.betting.bets import DailyResults, Whole
from nba_consolidation.pipeline.analysis.betting.resampling import Floats, Interval, Resampled, Singles, adjusted_p

MIN_DATES, MIN_BETS = 20, 100
"""Below either, nothing is estimated: intervals from fewer would be too narrow."""


@dataclass(frozen=True)
class Estimates:
    """Intervals and p-values of hit rates after some date, by strategy, PICKED last. NaN: too few dates or bets.

    profit_p: for the difference from the hit rate that breaks even. difference, difference_p: from the baseline.
    """

    interval: Interval
    profit_p: Floats
    difference: Interval
    difference_p: Floats


@dataclass(frozen=True)
class WalkForward:
    """picks[d]: the strategy picked for date d from what was known before it, or -1; the last one is for the next date.

    estimates: by the number of dates that were known.
    """

    picks: Whole
    estimates: dict[int, Estimates]


def walk_forward(results: DailyResults, break_even: float, estimate_after: Collection[int]) -> WalkForward:
    """Picks the strategy whose interval has the highest lower end; of equal ones the first.

    estimate_after: numbers of known dates for which estimates are needed. They are computed in a second thread.
    """
    dates, strategies = results.won.shape
    totals = Resampled.zero(strategies + 1)
    won, bets, days = (np.zeros(strategies + 1, np.int64) for _ in range(3))
    baselines = np.append(results.baselines, 0)
    picks = np.full(dates + 1, -1)
    estimates: dict[int, Future[Estimates]] = {}
    with ThreadPoolExecutor(1) as second_thread:
        for known in range(dates + 1):
            enough = np.flatnonzero((days >= MIN_DATES) & (bets >= MIN_BETS))
            resampled = totals.hit_rates(enough)
            interval = Interval.of(resampled)
            picks[known] = _pick(enough, interval.low, strategies)
            if known in estimate_after:
                hit_rates = won[enough] / np.maximum(bets[enough], 1)
                sample = _Sample(enough, resampled, hit_rates, days[enough], baselines)
                estimates[known] = second_thread.submit(sample.estimates, interval, break_even)
            if known < dates:
                won_now, bets_now = _on_date(results, known, int(picks[known]))
                totals.add(results.game_dates[known], won_now, bets_now)
                won, bets, days = won + won_now, bets + bets_now, days + (bets_now > 0)
    return WalkForward(picks, {known: future.result() for known, future in estimates.items()})


def _pick(numbers: Whole, low: Floats, strategies: int) -> int:
    """PICKED itself, whose number is `strategies`, is never picked."""
    candidates = (numbers < strategies) & ~np.isnan(low)
    return int(numbers[np.argmax(np.where(candidates, low, -np.inf))]) if candidates.any() else -1


def _on_date(results: DailyResults, day: int, pick: int) -> tuple[Whole, Whole]:
    """Bets won and all bets of each strategy, and of PICKED."""
    won, lost = (np.append(row, row[pick] if pick >= 0 else 0) for row in (results.won[day], results.lost[day]))
    return won, won + lost


@dataclass(frozen=True)
class _Sample:
    """The strategies with enough dates and bets: their numbers, resampled and actual hit rates, and dates with bets."""

    numbers: Whole
    resampled: Singles
    hit_rates: Floats
    dates: Whole
    baselines: Whole

    def estimates(self, interval: Interval, break_even: float) -> Estimates:
        profit_p = self._profit_p(break_even)
        profit_p[np.isnan(interval.low)] = np.nan
        difference, difference_p = self._differences()
        return Estimates(
            Interval(*map(self._for_all, interval)),
            self._for_all(profit_p),
            Interval(*map(self._for_all, difference)),
            self._for_all(difference_p),
        )

    def _profit_p(self, break_even: float) -> Floats:
        """Baselines are a family of their own: nobody picked them from hundreds. All others are the other family."""
        p = np.full(len(self.numbers), np.nan)
        is_baseline = self.baselines[self.numbers] == self.numbers
        for family in (is_baseline, ~is_baseline):
            estimates, resampled = self.hit_rates[family] - break_even, self.resampled[family] - np.float32(break_even)
            p[family] = adjusted_p(estimates, resampled, self.dates[family])
        return p

    def _differences(self) -> tuple[Interval, Floats]:
        """Differences from the baseline in the same resamples, for strategies whose baseline has enough bets too."""
        row = np.full(len(self.baselines), -1)
        row[self.numbers] = np.arange(len(self.numbers))
        baseline = row[self.baselines[self.numbers]]
        compared = np.flatnonzero((baseline >= 0) & (baseline != np.arange(len(baseline))))
        ends, p = (np.full((size, len(baseline)), np.nan) for size in (2, 1))
        if len(compared):
            differences = self.resampled[compared] - self.resampled[baseline[compared]]
            estimates = self.hit_rates[compared] - self.hit_rates[baseline[compared]]
            # Bets that are the same as the baseline's certainly do not differ from them.
            same = (estimates == 0) & ~differences.any(axis=1)
            ends[:, compared] = [np.where(same, 0.0, end) for end in Interval.of(differences)]
            p[0, compared] = adjusted_p(estimates, differences, self.dates[compared])
        return Interval(*ends), p[0]

    def _for_all(self, values: Floats) -> Floats:
        """The values by the number of the strategy, NaN for those without enough dates and bets."""
        for_all = np.full(len(self.baselines), np.nan)
        for_all[self.numbers] = values
        return for_all
