"""The test of players' margins: beside a slow and obvious computation, its false discoveries, and its edge cases."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special, stats

from nba_consolidation.pipeline.analysis.reliability.margins import MIN_DATES, PlayerMargins
from nba_consolidation.pipeline.analysis.reliability.player_rows import SeasonReview
from nba_consolidation.pipeline.analysis.reliability.player_season import PlayerSeason
from nba_consolidation_tests.pipeline.analysis.reliability.seasons import FIRST, OPENING, Row, day

Margins = Mapping[str, Mapping[int, Sequence[float]]]
"""By player and date: the margin of each bet, in points."""
FIGURES = ("mean", "low", "high", "worse_p", "worse_q", "better_q")


def season(margins: Margins) -> PlayerSeason:
    """Bets with these margins; those above 0 are won, those of 0 are pushes."""
    return PlayerSeason.of(FIRST, [
        day(player, number, sum(m != 0 for m in bets), sum(m > 0 for m in bets), margin_bets=len(bets),
            margin_tenths=round(10 * sum(bets)), compared=1)
        for player, dates in margins.items() for number, bets in dates.items()
    ])  # fmt: skip


def reviewed(margins: Margins) -> dict[str, Row]:
    rows = SeasonReview.of(season(margins)).players_on(OPENING + dt.timedelta(300), {}).to_dict("records")
    return {str(row["player_lookup"]): {str(name): value for name, value in row.items()} for row in rows}


def luck(seed: int, players: int, dates: int, sd: float = 6, mean: float = 0) -> dict[str, dict[int, list[float]]]:
    """One bet a date and player, on the half point."""
    chance = np.random.default_rng(seed)
    draws = np.floor(chance.normal(mean, sd, (players, dates))) + 0.5
    return {f"p{player:03}": {n: [float(draws[player, n])] for n in range(dates)} for player in range(players)}


def by_hand(margins: Margins) -> dict[str, dict[str, float]]:
    """Bet by bet, with scipy's distributions."""
    daily = {player: [sum(bets) / len(bets) for bets in dates.values() if bets] for player, dates in margins.items()}
    everything = [value for values in daily.values() for value in values]
    of_all = sum(everything) / len(everything)
    tested = {player: values for player, values in daily.items() if len(values) >= MIN_DATES}
    own = {player: (len(values) - 1, max(float(np.var(values, ddof=1)), 1 / 12)) for player, values in tested.items()}
    z = [math.log(s2) - float(special.digamma(d / 2)) + math.log(d / 2) for d, s2 in own.values()]
    excess = 0.0
    if len(z) > 1:
        excess = float(np.var(z, ddof=1) - np.mean([special.polygamma(1, d / 2) for d, _ in own.values()]))
    freedom_of_all = sum(d for d, _ in own.values())
    results = {player: {"mean": sum(v) / len(v) if v else math.nan} | dict.fromkeys(FIGURES[1:], math.nan)
               for player, v in daily.items()}  # fmt: skip
    for player, (d, s2) in own.items():
        if excess <= special.polygamma(1, 5e5):
            variance, freedom = sum(d * s2 for d, s2 in own.values()) / freedom_of_all, freedom_of_all
        else:
            d0 = 2 * optimize.bisect(lambda y: special.polygamma(1, y) - excess, 1e-6, 5e5, xtol=1e-13)
            common = math.exp(np.mean(z) + special.digamma(d0 / 2) - math.log(d0 / 2))
            variance, freedom = (d0 * common + d * s2) / (d0 + d), min(d0 + d, freedom_of_all)
        n, mean = d + 1, results[player]["mean"]
        error = math.sqrt(max(variance / n - variance / len(everything), 0))
        results[player]["worse_p"] = float(stats.t.cdf((mean - of_all) / error, freedom)) if error else 0.5
        half = float(stats.t.ppf(0.975, freedom)) * math.sqrt(variance / n)
        results[player] |= {"low": mean - half, "high": mean + half}
    p_values = {player: results[player]["worse_p"] for player in own}
    for player, p in p_values.items():
        for name, values, at in (("worse_q", list(p_values.values()), p),
                                 ("better_q", [1 - one for one in p_values.values()], 1 - p)):  # fmt: skip
            candidates = [len(values) * one / sum(other <= one for other in values) for one in values if one >= at]
            results[player][name] = min(1.0, *candidates)
    return results


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 12), st.sampled_from([0.0, 0.5]))
def test_all_figures_equal_a_slow_and_obvious_computation(seed: int, players: int, differ: float) -> None:
    """Some players with few dates, dates with several bets, pushes, and variances that differ or do not."""
    chance = np.random.default_rng(seed)
    margins = {
        f"p{player:03}": {
            int(n): [float(round(2 * m) / 2) for m in chance.normal(0, 6 * math.exp(sd), int(chance.integers(1, 4)))]
            for n in range(40)
            if chance.random() < chance.choice([0.1, 0.8])
        }
        | {0: [1.0]}
        for player in range(players)
        for sd in [float(chance.normal(0, differ))]
    }
    whole = season(margins)
    result, expected = PlayerMargins.of(whole), by_hand(margins)
    for number, player in enumerate(whole.players):
        for name in FIGURES:
            assert getattr(result, name)[-1, number] == pytest.approx(expected[player][name], rel=1e-6, abs=1e-9,
                                                                      nan_ok=True), (player, name)  # fmt: skip


def test_a_player_who_loses_by_much_is_flagged_and_one_who_is_unlucky_in_wins_only_is_not() -> None:
    """Both win 10 of 40 bets: one loses by 9 points, the other by half a point."""
    margins = luck(1, 150, 40)
    results = reviewed(margins | {
        "bad": {n: [3.5 if n % 4 == 0 else -9.5] for n in range(40)},
        "unlucky": {n: [3.5 if n % 4 == 0 else -0.5] for n in range(40)},
    })  # fmt: skip
    assert results["bad"]["hit_rate"] == results["unlucky"]["hit_rate"] == 0.25
    assert results["bad"]["status"] == "blacklisted"
    assert results["bad"]["reason"].startswith("margin -6.2 points on 40 dates (all players: ")
    assert "won 10 of 40 bets" in results["bad"]["reason"]
    assert results["unlucky"]["status"] == "normal"


def test_a_player_whose_bets_made_money_is_not_flagged_however_low_his_margin() -> None:
    margins = {"wide": {n: [0.5 if n % 5 < 3 else -19.5] for n in range(40)}}
    results = reviewed(luck(1, 150, 40) | margins)
    assert results["wide"]["worse_q"] < 0.05
    assert (results["wide"]["hit_rate"], results["wide"]["status"]) == (0.6, "normal")


def test_several_bets_on_one_date_are_one_observation() -> None:
    once = luck(2, 20, 15)
    often = {player: {n: bets * (1 + n % 5) for n, bets in dates.items()} for player, dates in once.items()}
    one, other = reviewed(once), reviewed(often)
    names = ("margin_days", "margin", "margin_low", "margin_high", "worse_p", "worse_q")
    assert other["p003"]["bets"] == 3 * one["p003"]["bets"]
    for player, row in one.items():
        assert [other[player][name] for name in names] == pytest.approx([row[name] for name in names])


@pytest.mark.parametrize(("dates", "status"), [(7, "not_enough"), (8, "blacklisted")])
def test_with_few_dates_nobody_is_evaluated_however_many_bets(dates: int, status: str) -> None:
    row = reviewed(luck(3, 60, 30) | {"bad": {n: [-15.5] * 6 for n in range(dates)}})["bad"]
    assert (row["status"], row["bets"], row["margin"], row["margin_days"]) == (status, 6 * dates, -15.5, dates)
    assert math.isnan(row["margin_low"]) == math.isnan(row["worse_p"]) == (status == "not_enough")


def test_players_with_the_same_results_have_the_same_rate_and_pushes_count_as_margins_of_0() -> None:
    results = reviewed(luck(4, 50, 20) | {name: {n: [-8.5] for n in range(20)} for name in ("one", "two", "three")})
    assert len({results[name]["worse_q"] for name in ("one", "two", "three")}) == 1
    pushed = reviewed({"p": {n: [0.0 if n % 2 else -4.0] for n in range(20)}})["p"]
    assert (pushed["bets"], pushed["margin"], pushed["margin_days"]) == (10, -2.0, 20)


def test_margins_that_never_vary_are_as_certain_as_whole_points_allow() -> None:
    same = {f"p{player}": {n: [0.5] for n in range(10)} for player in range(8)}
    assert {row["status"] for row in reviewed(same).values()} == {"normal"}
    results = reviewed(same | {"bad": {n: [-4.5] for n in range(10)}})
    assert [player for player, row in results.items() if row["status"] == "blacklisted"] == ["bad"]
    half = 1.96 * math.sqrt(1 / 12 / 10)
    assert results["bad"]["margin_high"] == pytest.approx(-4.5 + half, abs=0.01)


@pytest.mark.parametrize(("number", "differ"), [
    (60, 0.0), (60, 0.4), *(pytest.param(400, differ, marks=pytest.mark.slow) for differ in (0.0, 0.4))
])  # fmt: skip
def test_seasons_of_pure_luck_flag_somebody_in_about_1_of_20(number: int, differ: float) -> None:
    """Also if the points of some players vary three times as much as those of others: by exp(normal * 0.4)."""
    chance = np.random.default_rng(7)
    empty, dates = PlayerSeason.of(FIRST, []), 25
    alarms = 0
    for _ in range(number):
        margins = chance.normal(0, 6 * np.exp(differ * chance.normal(size=100)), (dates, 100))
        margins[chance.random(margins.shape) < 0.3] = np.nan
        alarms += bool((PlayerMargins.of(replace(empty, margins=margins)).worse_q[-1] <= 0.05).any())
    assert alarms / number <= 0.05 + 2.6 * math.sqrt(0.05 * 0.95 / number)
