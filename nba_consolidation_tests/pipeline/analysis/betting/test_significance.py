"""Intervals by date, significance among many strategies, and picks that use only what was known before a date."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, t

from nba_consolidation.pipeline.analysis.betting.bets import DailyResults
from nba_consolidation.pipeline.analysis.betting.resampling import RESAMPLES, Interval, Resampled, adjusted_p, weights
from nba_consolidation.pipeline.analysis.betting.walk_forward import MIN_BETS, MIN_DATES, walk_forward
from nba_consolidation.pipeline.analysis.performance.hit_rate_interval import hit_rate_interval
from nba_consolidation.schema import PICKED
from nba_consolidation_tests.pipeline.analysis.betting.seasons import (
    SEASON,
    Row,
    by_strategy,
    coins,
    day,
    evaluated,
    on,
    on_dates,
    packed,
)

WIN = 100 / 110
BREAK_EVEN = 11 / 21


def plain(frame: pd.DataFrame, strategy: str = "ALL", date: dt.date | None = None) -> Row:
    return by_strategy(frame, date)[strategy]


@pytest.mark.parametrize(("seasons", "limit"), [(10, 2), pytest.param(40, 6, marks=pytest.mark.slow)])
def test_noise_is_almost_never_significant(seasons: int, limit: int) -> None:
    """Seasons of coin flips that just break even, 250 strategies each, evaluated on three dates.

    Of two bounds of 1 in 100 each, 2 % of the evaluations are expected to be significant at most. Kills: p-values that
    are not adjusted for the number of strategies.
    """
    evaluations, significant = 0, 0
    for seed in range(seasons):
        frame = evaluated(coins(seed), [day(24), day(39), day(59)])
        assert (frame["pays"] != "not_enough").sum() > 400
        exceeds_chance = frame["verdict"].isin(["better", "worse"]) | frame["pays"].isin(["profit", "loss"])
        evaluations += frame["game_date"].nunique()
        significant += frame[exceeds_chance]["game_date"].nunique()
    assert evaluations == 3 * seasons
    assert significant <= limit


def test_single_intervals_make_noise_look_good() -> None:
    """On the same coin flips, the interval of some single strategy excludes 0 in many seasons."""
    naive = [(evaluated(coins(seed), [day(59)])["roi_low"] > 0).any() for seed in range(8)]
    assert sum(naive) >= 2


def test_a_truly_better_and_profitable_strategy_is_significant() -> None:
    """Bets of a large edge win 64 % of the time, all others 48 %."""
    chance = np.random.default_rng(3)
    rows = [
        on(
            number,
            [packed(bool(chance.random() < (0.64 if edge == 5 else 0.48)), 0.65, edge) for edge in (0.5, 5) * 15],
        )
        for number in range(90)
    ]
    frame = evaluated(rows, [day(89)])
    best = plain(frame, "s1, edge 5+")
    assert (best["pays"], best["verdict"]) == ("profit", "better")
    assert 0 < best["roi_low"] < best["roi"] < best["roi_high"]
    assert best["difference_low"] > 0
    picked = plain(frame, PICKED)
    assert (picked["pays"], picked["picked"]) == ("profit", "ALL, edge 1+")
    assert plain(frame, "s1")["verdict"] == "baseline"


def test_a_truly_worse_strategy_is_significant_too() -> None:
    chance = np.random.default_rng(4)
    rows = [
        on(
            number,
            [packed(bool(chance.random() < (0.35 if sure else 0.6)), 0.9 if sure else 0.5) for sure in (0, 1) * 15],
        )
        for number in range(90)
    ]
    worst = plain(evaluated(rows, [day(89)]), "s1, confidence 0.8+")
    assert (worst["pays"], worst["verdict"]) == ("loss", "worse")


def test_intervals_are_those_of_the_ratio_over_resampled_dates() -> None:
    """Computed here date by date, each as often as its weight."""
    rows = coins(5, dates=30, systems=2)
    frame = evaluated(rows, [day(29)])
    counted = pd.DataFrame(
        [(row["game_date"], row["bettor"], bet % 2) for row in rows for bet in row["bets"]],
        columns=["date", "system", "won"],
    )
    drawn = np.array([weights(day(number)) for number in range(30)], np.float64)
    rates = {}
    for name, of in (("ALL", counted), ("s0", counted[counted["system"] == "s0"])):
        daily = of.groupby("date")["won"].agg(["sum", "size"])
        rates[name] = (drawn.T @ daily["sum"].to_numpy()) / (drawn.T @ daily["size"].to_numpy())
        roi = np.sort(rates[name] * (1 + WIN) - 1)
        row = plain(frame, name)
        assert (row["roi_low"], row["roi_high"]) == pytest.approx((roi[24], roi[974]), abs=2e-6)
        assert row["hit_rate_low"] == pytest.approx((1 + row["roi_low"]) / (1 + WIN), abs=2e-6)
    row = plain(frame, "s0, edge 1+")
    assert row["baseline"] == "s0"
    assert row["difference"] == pytest.approx(row["roi"] - plain(frame, "s0")["roi"], abs=2e-6)


def test_baselines_are_a_family_of_their_own() -> None:
    """Among all strategies, the p-value of plain bets would be larger."""
    rows = coins(11, dates=60, chance=0.485)
    frame = evaluated(rows, [day(59)])
    baselines = ["ALL", *sorted({bettor for row in rows if (bettor := row["bettor"]).startswith("s")})]
    results = DailyResults.of(rows)
    totals = Resampled.zero(len(results.strategies))
    for number, date in enumerate(results.game_dates):
        totals.add(date, results.won[number], results.won[number] + results.lost[number])
    names = [one.name for one in results.strategies]
    days = (results.won + results.lost > 0).sum(axis=0)
    rates = results.won.sum(axis=0) / np.maximum((results.won + results.lost).sum(axis=0), 1)

    def p_of_all(numbers: list[int]) -> float:
        at = np.array(numbers)
        estimates, resampled = rates[at] - BREAK_EVEN, totals.hit_rates(at) - np.float32(BREAK_EVEN)
        return float(adjusted_p(estimates, resampled, days[at])[numbers.index(names.index("ALL"))])

    row = plain(frame)
    assert row["roi_p"] == pytest.approx(p_of_all([names.index(name) for name in baselines]), abs=1e-6)
    assert (row["pays"], row["verdict"]) == ("loss", "baseline")
    assert p_of_all([number for number, name in enumerate(names) if name in set(frame["strategy"])]) > row["roi_p"]


def test_differences_are_computed_within_the_same_resamples() -> None:
    """The interval of the difference of two strategies that share most bets is far narrower than their own."""
    rows = coins(6, dates=60)
    frame = evaluated(rows, [day(59)])
    row, baseline = plain(frame, "s0, edge 1+"), plain(frame, "s0")
    width = row["difference_high"] - row["difference_low"]
    assert width < 0.7 * (row["roi_high"] - row["roi_low"])
    assert width < 0.7 * (baseline["roi_high"] - baseline["roi_low"])
    assert row["difference_low"] < row["difference"] < row["difference_high"]


def test_bets_of_a_date_with_the_same_result_count_as_one_bet() -> None:
    """With ten such bets per date, the interval by date is sqrt(10) times as wide as one of independent bets."""
    chance = np.random.default_rng(7)
    rows = [on(number, [packed(won)] * 10) for number in range(80) for won in (bool(chance.random() < 0.5),)]
    row = plain(evaluated(rows, [day(79)]))
    low, high = hit_rate_interval(row["correct"], row["bets"])
    assert (row["hit_rate_high"] - row["hit_rate_low"]) / float(high - low) == pytest.approx(10**0.5, rel=0.15)


@pytest.mark.slow
def test_95_percent_intervals_contain_the_true_hit_rate_in_about_95_percent_of_seasons() -> None:
    covered = 0
    for seed in range(60):
        row = plain(evaluated(coins(1000 + seed, dates=40, systems=1, chance=0.55), [day(39)]), "s0")
        covered += row["hit_rate_low"] <= 0.55 <= row["hit_rate_high"]
    assert 0.88 <= covered / 60 <= 0.99


def test_p_values_are_larger_among_many_strategies_and_with_few_dates() -> None:
    """2.5 standard errors: p is 0.0124 in the normal distribution, 0.0337 in Student's t with 9 degrees of freedom."""
    chance = np.random.default_rng(8)
    estimates = np.zeros(200)
    estimates[0] = 2.5
    resampled = (chance.normal(0, 1, (200, RESAMPLES)) + estimates[:, None]).astype(np.float32)
    dates = np.full(200, 10_000)
    alone, few = (adjusted_p(estimates[:1], resampled[:1], np.array([number])) for number in (10_000, 10))
    among_many = adjusted_p(estimates, resampled, dates)
    assert alone[0] == pytest.approx(0.0124, abs=0.008)
    assert few[0] == pytest.approx(0.0337, abs=0.013)
    assert among_many[0] > 0.7
    assert among_many[0] < among_many[1] == 1.0


def test_adjusted_p_values_are_those_counted_one_resample_after_the_other() -> None:
    chance = np.random.default_rng(12)
    estimates, dates = chance.normal(0, 2, 20) * np.arange(1, 21), chance.integers(10, 60, 20)
    resampled = (chance.normal(0, 1, (20, 50)) * np.arange(1, 21)[:, None] + estimates[:, None]).astype(np.float32)
    errors = [np.std(resampled[one] - estimates[one], ddof=1) for one in range(20)]
    largest = [
        max(abs(resampled[one, number] - estimates[one]) / errors[one] for one in range(20)) for number in range(50)
    ]
    expected = []
    for estimate, error, count in zip(estimates, errors, dates, strict=True):
        distance = -norm.ppf(t.cdf(-abs(estimate) / error, count - 1))
        expected.append((1 + sum(one >= distance for one in largest)) / 51)
    assert adjusted_p(estimates, resampled, dates) == pytest.approx(expected, abs=1e-9)
    assert len(set(expected)) > 3


def test_an_estimate_that_does_not_vary_has_no_interval_and_no_p_unless_it_is_0() -> None:
    same, dates = np.full((2, RESAMPLES), 0.25, np.float32), np.array([30, 30])
    assert np.isnan(Interval.of(same).low).all()
    assert np.isnan(adjusted_p(np.array([0.25, 0.25]), same, dates)).all()
    assert adjusted_p(np.zeros(1), np.zeros((1, RESAMPLES), np.float32), dates[:1]).tolist() == [1.0]


@pytest.mark.parametrize("won", [True, False])
def test_all_bets_won_or_all_lost_is_no_certainty(won: bool) -> None:
    row = plain(evaluated([on(number, [packed(won)] * 10) for number in range(40)], [day(39)]))
    assert (row["hit_rate"], row["pays"]) == (float(won), "not_enough")
    assert row["roi"] == pytest.approx(WIN if won else -1, abs=1e-6)
    assert (row["longest_losing_run"], row["max_drawdown"]) == ((0, 0) if won else (400, 400))
    for name in ("roi_low", "roi_high", "roi_p", "hit_rate_low", "difference"):
        assert np.isnan(row[name]), name


@pytest.mark.parametrize(
    ("dates", "a_date", "enough"),
    [
        (MIN_DATES, MIN_BETS // MIN_DATES, True),
        (MIN_DATES - 1, 50, False),
        (MIN_DATES + 13, (MIN_BETS - 1) // (MIN_DATES + 13), False),
    ],
)
def test_with_too_few_dates_or_bets_nothing_is_estimated(dates: int, a_date: int, enough: bool) -> None:
    rows = [on(number, [packed(bool((number + bet) % 3)) for bet in range(a_date)]) for number in range(dates)]
    row = plain(evaluated(rows, [day(dates - 1)]), "s1, edge 1+")
    assert (row["pays"] != "not_enough") is enough
    assert (row["verdict"] != "not_enough") is enough
    for name in ("roi_low", "roi_high", "roi_p", "difference", "difference_low", "difference_p", "hit_rate_low"):
        assert np.isnan(row[name]) is not enough, name
    assert not np.isnan(row["roi"])


def test_the_same_bets_as_the_baseline_have_the_difference_0_and_are_noise() -> None:
    row = plain(evaluated(coins(9), [day(59)]), "s0, unflagged players")
    assert (row["difference"], row["difference_low"], row["difference_high"], row["difference_p"]) == (0, 0, 0, 1)
    assert row["verdict"] == "noise"


def test_a_new_system_has_no_estimates_at_first_and_changes_no_earlier_row() -> None:
    old = coins(10, dates=60, systems=1)
    new = [on(number, [packed(True), packed(False)], "new") for number in range(45, 60)]
    dates = [day(40), day(59)]
    without, with_it = evaluated(old, dates), evaluated(old + new, dates)
    assert plain(with_it, "new")["verdict"] == "baseline"
    assert plain(with_it, "new, edge 1+")["verdict"] == "not_enough"
    assert on_dates(without, [day(40)]).equals(on_dates(with_it, [day(40)]))
    assert plain(with_it, "ALL")["bets"] == plain(without, "ALL")["bets"] + 30


def test_without_bets_there_is_only_the_row_of_the_picked_strategy() -> None:
    frame = evaluated([], [day(0)])
    assert frame["strategy"].tolist() == [PICKED]
    row = plain(frame, PICKED)
    assert (row["bets"], row["pays"], row["verdict"], row["picked"]) == (0, "not_enough", "not_enough", None)
    assert np.isnan(row["roi"])


def test_a_date_without_bets_repeats_the_rows_of_the_date_before() -> None:
    rows = coins(11, dates=30)
    frame = evaluated(rows, [day(29), day(33)])
    first, second = (on_dates(frame, [date]).drop(columns="game_date") for date in (day(29), day(33)))
    assert first.equals(second)


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10**6), st.integers(25, 44))
def test_later_results_change_no_earlier_row_and_no_earlier_pick(seed: int, known: int) -> None:
    """From some date on, the outcomes, the bets and the systems differ."""
    past = coins(seed, dates=45)[: 3 * known]
    one, other = (past + _later(seed + future, known, future) for future in (1, 2))
    before = [day(number) for number in range(20, known)]
    first, second = evaluated(one, [*before, day(44)]), evaluated(other, [*before, day(44)])
    assert on_dates(first, before).equals(on_dates(second, before))
    assert not on_dates(first, [day(44)]).equals(on_dates(second, [day(44)]))
    picks = [walk_forward(DailyResults.of(rows), BREAK_EVEN, ()).picks for rows in (one, other)]
    names = [
        [_name(rows, pick) for pick in season[: known + 1]] for rows, season in zip((one, other), picks, strict=True)
    ]
    assert names[0] == names[1]


def _later(seed: int, known: int, systems: int) -> list[Row]:
    return [row for row in coins(seed, dates=45, systems=systems) if row["game_date"] >= day(known)]


def _name(rows: list[Row], pick: int) -> str | None:
    return DailyResults.of(rows).strategies[pick].name if pick >= 0 else None


def test_the_pick_of_a_date_had_the_highest_lower_end_before_it() -> None:
    """And PICKED has the results of the picked strategies on those dates."""
    rows = coins(12, dates=50)
    daily = DailyResults.of(rows)
    picks = walk_forward(daily, BREAK_EVEN, ()).picks
    frame = evaluated(rows, [day(number) for number in range(50)])
    won = lost = 0
    for number in range(1, 50):
        before, now = (by_strategy(frame, day(date)) for date in (number - 1, number))
        known = {name: row["roi_low"] for name, row in before.items() if row["roi_low"] > -9 and name != PICKED}
        if picks[number] < 0:
            assert known == {}
            continue
        pick = daily.strategies[picks[number]].name
        assert known[pick] == max(known.values())
        assert before[PICKED]["picked"] == pick
        won += now[pick]["correct"] - before[pick]["correct"]
        lost += now[pick]["wrong"] - before[pick]["wrong"]
        assert (now[PICKED]["correct"], now[PICKED]["wrong"]) == (won, lost)
    assert won + lost > 200
    changed = int((np.diff(picks[picks >= 0]) != 0).sum())
    assert plain(frame, PICKED)["picks_changed"] == changed > 0
    assert bool(pd.isna(plain(frame)["picks_changed"])) is True
    assert plain(frame)["picked"] is None


def test_of_equal_strategies_the_simplest_is_picked() -> None:
    chance = np.random.default_rng(14)
    rows = [on(number, [packed(bool(chance.random() < 0.5), 0.9, 6.0) for _ in range(6)]) for number in range(25)]
    assert plain(evaluated(rows, [day(24)]), PICKED)["picked"] == "ALL"


def test_weights_depend_on_the_date_and_are_poisson_distributed() -> None:
    drawn = np.array([weights(day(number)) for number in range(200)])
    assert np.array_equal(drawn[3], weights(day(3)))
    assert not np.array_equal(drawn[3], drawn[4])
    assert drawn.mean() == pytest.approx(1, abs=0.01)
    assert drawn.var() == pytest.approx(1, abs=0.02)
    assert abs(np.corrcoef(drawn)[0, 1:]).max() < 0.2


def test_resampled_sums_are_exact_whole_numbers() -> None:
    totals = Resampled.zero(2)
    for number in range(30):
        totals.add(day(number), np.array([3, 0]), np.array([3001, 0]))
    drawn = sum(weights(day(number)).astype(np.int64) for number in range(30))
    assert np.array_equal(totals.bets[0].astype(np.int64), 3001 * drawn)
    assert not totals.bets[1].any()


@pytest.mark.parametrize(("odds", "roi"), [(-110, 6 * 100 / 110 - 4), (105, 6 * 1.05 - 4), (-200, 6 * 0.5 - 4)])
def test_the_return_depends_on_the_odds(odds: int, roi: float) -> None:
    row = plain(evaluated([on(0, [packed(True)] * 6 + [packed(False)] * 4)], [day(0)], odds))
    assert (row["profit"], row["roi"], row["odds"]) == pytest.approx((roi, roi / 10, odds), abs=1e-6)


def test_whether_a_strategy_pays_depends_on_the_odds() -> None:
    """A hit rate of 55 % is profitable at +105 and loses money at -150."""
    chance = np.random.default_rng(13)
    rows = [on(number, [packed(bool(chance.random() < 0.55)) for _ in range(40)]) for number in range(120)]
    assert plain(evaluated(rows, [day(119)], 105), "s1")["pays"] == "profit"
    assert plain(evaluated(rows, [day(119)], -150), "s1")["pays"] == "loss"


def test_a_row_has_the_first_date_of_its_season() -> None:
    assert plain(evaluated(coins(1, dates=2), [day(1)]))["season_first"] == SEASON
