"""Intervals by game date, on simulated nights whose bets depend on each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from nba_consolidation.pipeline.analysis.performance.game_date_clusters import interval_of_dates
from nba_consolidation.pipeline.analysis.performance.hit_rate_interval import hit_rate_interval
from nba_consolidation_tests.pipeline.analysis.performance.graded import interval_by_date

BETS = 60


def nights(chance: np.random.Generator, dates: int) -> np.ndarray:
    """Bets won of each date; half of them are won, but some nights are good and some are bad."""
    return chance.binomial(BETS, chance.beta(8, 8, dates))


@pytest.mark.parametrize("dates", [5, 60])
def test_the_interval_contains_the_true_hit_rate_in_95_percent_of_seasons_and_wilsons_does_not(dates: int) -> None:
    chance = np.random.default_rng(dates)
    by_date, independent = 0, 0
    for _ in range(600):
        won = nights(chance, dates)
        low, high = interval_of_dates(won, np.full(dates, BETS))
        by_date += low <= 0.5 <= high
        wilson_low, wilson_high = hit_rate_interval(won.sum(), dates * BETS)
        independent += bool(wilson_low <= 0.5 <= wilson_high)
    assert 0.925 <= by_date / 600 <= 0.975
    assert independent / 600 < 0.8


def test_the_interval_is_the_one_that_is_counted_date_by_date() -> None:
    won = nights(np.random.default_rng(1), 12)
    rows = pd.DataFrame(
        [
            (date, outcome)
            for date, correct in enumerate(won)
            for outcome in ["correct"] * correct + ["wrong"] * (60 - correct)
        ],
        columns=["game_date", "outcome"],
    )
    assert interval_of_dates(won, np.full(12, BETS)) == pytest.approx(interval_by_date(rows), abs=1e-12)
    one = rows[rows["game_date"] == 0]
    assert interval_of_dates(won[:1], [BETS]) == pytest.approx(interval_by_date(one), abs=1e-12)


def test_independent_bets_have_wilsons_interval_and_never_a_narrower_one() -> None:
    low, high = interval_of_dates(np.full(400, 30), np.full(400, BETS))
    assert (low, high) == pytest.approx(tuple(map(float, hit_rate_interval(12_000, 24_000))), abs=1e-4)
