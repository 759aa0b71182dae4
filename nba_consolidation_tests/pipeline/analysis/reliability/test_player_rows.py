"""The statuses, flags and rates of players, and what chance alone would give."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nba_consolidation.pipeline.analysis.reliability.bias import bias_flags
from nba_consolidation.pipeline.analysis.reliability.estimates import design_effect, intraclass_correlation
from nba_consolidation.pipeline.analysis.reliability.evidence import Evidence
from nba_consolidation.pipeline.analysis.reliability.overrides import Override, OverrideRefused, overrides_on
from nba_consolidation.pipeline.analysis.reliability.player_rows import SeasonReview, verdict
from nba_consolidation.pipeline.analysis.reliability.player_season import PlayerSeason
from nba_consolidation.pipeline.analysis.reliability.policies import (
    EDGE_RULE,
    FALSE_DISCOVERY,
    MIN_HOLD,
    STATUS_CODES,
    PolicySignals,
    hold_statuses,
)
from nba_consolidation.pipeline.analysis.reliability.significance import DailySums, rate_difference
from nba_consolidation.pipeline.analysis.reliability.variance import spread
from nba_consolidation_tests.pipeline.analysis.reliability.seasons import FIRST, OPENING, Row, coins, day

LATE = OPENING + dt.timedelta(200)


def row_of(season: PlayerSeason, player: str, date: dt.date = LATE, acting: str = FALSE_DISCOVERY) -> Row:
    rows = SeasonReview.of(season, acting).players_on(date, {})
    (result,) = rows[rows["player_lookup"] == player].to_dict("records")
    return {str(name): value for name, value in result.items()}


def ever_flagged(season: PlayerSeason, policy: str) -> int:
    return int(SeasonReview.of(season).policies_on(LATE).set_index("policy")["ever_flagged"][policy])


@pytest.mark.parametrize("number", [5, pytest.param(20, marks=pytest.mark.slow)])
def test_coin_flips_flag_hardly_anybody_and_under_the_predecessors_rule_many(number: int) -> None:
    """Seasons of 300 players with coin flips only, each reviewed on 60 dates."""
    seasons = [coins(seed) for seed in range(number)]
    flagged = [ever_flagged(season, FALSE_DISCOVERY) for season in seasons]
    assert sum(flagged) / len(flagged) <= 1  # of 300, on any of 60 dates; the bound itself is for one date
    held = [SeasonReview.of(season).policies[FALSE_DISCOVERY].held.status for season in seasons]
    assert np.mean([(status == STATUS_CODES["blacklisted"]).sum(axis=1).mean() for status in held]) <= 0.5
    assert np.mean([ever_flagged(season, EDGE_RULE) for season in seasons[:2]]) > 60


def test_a_player_on_whom_bets_are_bad_is_blacklisted() -> None:
    statuses = [row_of(coins(seed, rates={7: 0.12}), "player7")["status"] for seed in range(5)]
    assert statuses.count("blacklisted") >= 4


def test_a_player_on_whom_bets_are_good_is_reliable() -> None:
    statuses = [row_of(coins(seed, rates={7: 0.9}), "player7")["status"] for seed in range(5)]
    assert statuses.count("reliable") >= 4


def test_bets_that_always_end_alike_are_worth_one_bet_per_date() -> None:
    rows = [day(f"p{p}", n, 3, 3 * ((n + p) % 2)) for p in range(40) for n in range(20)]
    evidence = Evidence.of(PlayerSeason.of(FIRST, rows))
    assert evidence.bets[-1, 0] == 60
    assert evidence.effective_bets[-1, 0] == pytest.approx(20)


def test_independent_bets_are_worth_their_number() -> None:
    chance = np.random.default_rng(1)
    rows = [day(f"p{p}", n, 3, int(chance.binomial(3, 0.5))) for p in range(80) for n in range(30)]
    assert Evidence.of(PlayerSeason.of(FIRST, rows)).effective_bets[-1, 0] == pytest.approx(90, rel=0.1)


def test_the_correlation_is_1_while_it_is_unknown() -> None:
    assert intraclass_correlation(5, 2, 5, 2, 5, unknown=1.0) == 1.0
    assert design_effect(6, 18, 1.0) == 3.0


@pytest.mark.parametrize(("edge_bets", "won", "flagged"), [(8, 3, True), (7, 0, False), (10, 4, False), (11, 4, True)])
def test_the_predecessors_rule_needs_8_bets_and_under_40_percent(edge_bets: int, won: int, flagged: bool) -> None:
    rows = [day("p", n, 1, int(n < won), edge_bets=1, edge_correct=int(n < won), push=1) for n in range(edge_bets)]
    row = row_of(PlayerSeason.of(FIRST, rows), "p", acting=EDGE_RULE)
    assert (row["status"] == "blacklisted", row["flagged_by"]) == (flagged, EDGE_RULE if flagged else None)


def test_a_status_is_held_for_its_minimum_unless_it_gets_worse() -> None:
    """The signals change every day."""
    chance = np.random.default_rng(3)
    season = coins(0, players=50, games=90)
    enters = chance.integers(0, 5, (91, 50))
    holds = hold_statuses(
        PolicySignals(enters, {n: chance.random((91, 50)) < 0.5 for n in ("blacklisted", "watch", "reliable")}), season
    )
    severity = {"blacklisted": 3, "watch": 2, "reliable": 0}
    names = {code: name for name, code in STATUS_CODES.items()}
    left = 0
    for player in range(50):
        for row in range(2, 91):
            was, now = names[holds.status[row - 1, player]], names[holds.status[row, player]]
            if was != now and was in severity and severity.get(now, 1) <= severity[was]:
                left += 1
                lasted = OPENING.toordinal() + row - holds.since[row - 1, player]
                assert lasted >= MIN_HOLD.days
    assert left > 50


def test_a_player_between_the_bounds_keeps_his_status_and_one_beyond_them_loses_it() -> None:
    season = coins(0, players=2, games=60)
    enters = np.full((61, 2), STATUS_CODES["normal"])
    enters[10] = STATUS_CODES["blacklisted"]
    stays = np.ones((61, 2), np.bool_)
    stays[11:, 1] = False
    status = hold_statuses(PolicySignals(enters, {"blacklisted": stays}), season).status
    assert status[60].tolist() == [STATUS_CODES["blacklisted"], STATUS_CODES["normal"]]
    assert (status[10:24, 1] == STATUS_CODES["blacklisted"]).all()
    assert status[24, 1] == STATUS_CODES["normal"]


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10**6), st.integers(5, 35))
def test_games_on_the_date_or_later_change_nothing_for_it(seed: int, known: int) -> None:
    def rows(future: int) -> list[Row]:
        past, later = np.random.default_rng(seed), np.random.default_rng(future)
        return [
            day(f"p{p}", n, int(chance.integers(1, 4)), int(chance.integers(0, 2)), int(chance.integers(0, 40)),
                error_tenths=int(chance.integers(-90, 90)), confident_bets=1, confidence_micros=600_000)
            for n in range(40) for chance in (past if n < known else later,) for p in range(45)
        ]  # fmt: skip

    date = OPENING + dt.timedelta(known)
    one, other = (SeasonReview.of(PlayerSeason.of(FIRST, rows(future))) for future in (seed + 1, seed + 2))
    assert one.players_on(date, {}).equals(other.players_on(date, {}))
    assert one.policies_on(date).equals(other.policies_on(date))
    after = date + dt.timedelta(1)
    assert not one.players_on(after, {}).equals(other.players_on(after, {}))


@pytest.mark.parametrize(("won", "status"), [(10, "normal"), (0, "normal"), (5, "normal")])
def test_a_single_player_is_normal_whatever_his_results(won: int, status: str) -> None:
    """He is all players, so he is not worse than all players."""
    row = row_of(PlayerSeason.of(FIRST, [day("p", n, 1, int(n < won)) for n in range(10)]), "p")
    assert (row["status"], row["hit_rate"]) == (status, won / 10)
    assert 0 <= row["hit_rate_low"] < row["hit_rate_high"] <= 1
    assert row["variance_flag"] == "normal"
    assert (row["points_sd_10"], row["points_mad_10"]) == (0, 0)
    assert np.isnan(row["points_sd_20"])
    assert np.isnan(row["peer_sd_20"])


def test_with_too_few_bets_the_status_is_not_enough_and_rates_are_null() -> None:
    row = row_of(PlayerSeason.of(FIRST, [day("p", 0, 0, 0, compared=1), day("q", 0, 1, 1)]), "p")
    assert (row["status"], row["bias_flag"], row["variance_flag"]) == ("not_enough",) * 3
    for name in ("hit_rate", "hit_rate_low", "margin", "margin_low", "worse_p", "worse_q", "edge_3_rate", "bias_low"):
        assert np.isnan(row[name]), name


def test_a_renamed_player_starts_over_and_a_season_without_rows_is_empty() -> None:
    rows = [day("old", n, 1, 0) for n in range(30)] + [day("new", 30 + n, 1, 0) for n in range(3)]
    assert row_of(PlayerSeason.of(FIRST, rows), "new")["status"] == "not_enough"
    season = SeasonReview.of(PlayerSeason.of(FIRST, []))
    assert season.players_on(LATE, {}).empty
    assert season.policies_on(LATE)["verdict"].tolist() == ["not_enough", "not_enough"]


def test_bias_and_high_variance_are_distinguished() -> None:
    chance = np.random.default_rng(5)
    rows = [
        day(f"p{p:02}", n, 1, n % 2, int(10 + chance.integers(-3, 4)), error_tenths=int(chance.integers(-30, 31)))
        for p in range(60) for n in range(30)
    ]  # fmt: skip
    for n in range(30):
        rows.append(day("star", n, 1, n % 2, 30 + n % 3, error_tenths=-60 + int(chance.integers(-10, 11))))
        swing = int(chance.choice([-14, 14]))
        rows.append(day("wild", n, 1, n % 2, 20 + swing, error_tenths=-10 * swing))
    season = PlayerSeason.of(FIRST, rows)
    star, wild, plain = (row_of(season, player) for player in ("star", "wild", "p00"))
    assert (star["bias_flag"], star["variance_flag"]) == ("superstar_underprediction", "normal")
    assert (wild["bias_flag"], wild["variance_flag"]) == ("normal", "high")
    assert wild["variance_q"] < 0.001
    assert (plain["bias_flag"], plain["variance_flag"]) == ("normal", "normal")


def test_the_median_absolute_deviation_is_robust_and_spreads_end_with_the_player() -> None:
    values = np.array([10.0] * 9 + [60.0] + [5.0, 7.0] * 5)
    player = np.array([0] * 10 + [1] * 10)
    result = spread(values, player, 10)
    assert result.sd[9] == pytest.approx(np.std(values[:10], ddof=1))
    assert result.mad[9] == 0
    assert np.isnan(result.sd[:9]).all()
    assert np.isnan(result.sd[10:19]).all()
    assert result.mad[19] == pytest.approx(1.4826, abs=1e-4)


@pytest.mark.parametrize(("promised", "reduced"), [(0.8, True), (0.5, False)])
def test_the_confidence_reduction_follows_from_the_results_of_such_bets(promised: float, reduced: bool) -> None:
    chance = np.random.default_rng(6)
    rows = []
    for n in range(60):
        for p in range(60):
            wild = p < 15
            points = 20 + (int(chance.choice([-12, 12])) if wild else int(chance.integers(-2, 3)))
            won = int(chance.random() < 0.5)
            micros = int(10**6 * (promised if wild else 0.5))
            rows.append(
                day(f"p{p:02}", n, 1, won, points, confident_bets=1, confident_correct=won, confidence_micros=micros)
            )
    season = PlayerSeason.of(FIRST, rows)
    reduction = row_of(season, "p00")["confidence_reduction"]
    assert (0.2 < reduction < 0.4) if reduced else reduction == 0
    assert np.isnan(row_of(season, "p59")["confidence_reduction"])


def test_a_rate_difference_is_clustered_by_date_and_needs_enough_dates() -> None:
    won, bets = np.array([2.0, 1] * 10), np.array([5.0] * 20)
    result = rate_difference(DailySums(won, bets), DailySums(bets - won, bets))
    assert np.isnan(result.value[9])
    assert result.value[20] == pytest.approx(0.3 - 0.7)
    residuals = (won - 1.5) / 100 - ((bets - won) - 3.5) / 100
    half = 2.093024 * np.sqrt((residuals**2).sum() * 20 / 19)
    assert result.high[20] - result.value[20] == pytest.approx(half, rel=1e-5)
    assert [verdict(-2, -1), verdict(-1, 1), verdict(1, 2), verdict(np.nan, 1)] == [
        "worse",
        "noise",
        "better",
        "not_enough",
    ]


def override(status: str | None, first: int, last: int | None = None) -> Override:
    end = None if last is None else OPENING + dt.timedelta(last)
    return Override("id", "p", status, OPENING + dt.timedelta(first), end, "somebody", "a reason")


def test_the_last_override_of_a_date_counts_and_a_cleared_one_does_not() -> None:
    overrides = [override("blacklisted", 0), override("watch", 5, 6), override(None, 10)]
    result = [overrides_on(overrides, OPENING + dt.timedelta(n)).get("p") for n in (-1, 0, 4, 5, 6, 7, 10)]
    assert [one and one.status for one in result] == [
        None, "blacklisted", "blacklisted", "watch", "watch", "blacklisted", None
    ]  # fmt: skip


@pytest.mark.parametrize("wrong", [{"author": " "}, {"reason": ""}, {"status": "bad"}, {"last": dt.date(2020, 1, 1)}])
def test_an_override_that_is_incomplete_or_contradictory_is_refused(wrong: Row) -> None:
    sound: Row = {
        "override_id": "id",
        "player": "p",
        "status": "watch",
        "first": OPENING,
        "last": None,
        "author": "a",
        "reason": "r",
    }
    with pytest.raises(OverrideRefused):
        Override(**(sound | wrong))


def test_a_policy_is_evaluated_on_bets_after_the_flag_only() -> None:
    """Eight lost bets flag him; every later bet is won."""
    rows = [day("p", n, 1, int(n >= 8), edge_bets=1, edge_correct=int(n >= 8)) for n in range(20)]
    rows += [day("q", n, 1, n % 2, edge_bets=1, edge_correct=n % 2) for n in range(20)]
    season = SeasonReview.of(PlayerSeason.of(FIRST, rows), EDGE_RULE)
    policy_results = season.policies[EDGE_RULE]
    assert policy_results.flagged.bets.tolist() == [0.0] * 8 + [1.0] * 12
    assert policy_results.flagged.total.sum() == 12
    assert policy_results.others.bets.tolist() == [2.0] * 8 + [1.0] * 12
    review = season.policies_on(LATE).set_index("policy").loc[EDGE_RULE]
    assert (review["bets"], review["correct"], review["other_bets"]) == (12, 12, 28)


def test_the_confidence_reduction_uses_bets_made_after_the_flag_only() -> None:
    """The variance is known after ten games; the confidence of earlier bets does not count."""

    def season(early: int) -> PlayerSeason:
        rows = []
        for n in range(60):
            for p in range(8):
                wild, micros = p < 4, 600_000
                points = 20 + (12 if n % 2 else -12) if wild else 20
                promised = early if wild and n < 10 else micros
                rows.append(day(f"p{p}", n, 1, (n + p) % 2, points, confident_bets=1, confident_correct=(n + p) % 2,
                                confidence_micros=promised))  # fmt: skip
        return PlayerSeason.of(FIRST, rows)

    low, high = (SeasonReview.of(season(early)).variance.reductions["high"] for early in (100_000, 900_000))
    # the flag comes with the tenth game: bets of the eleventh date are the first that count as flagged
    assert np.isfinite(low.value[60])
    others = 10 * 4 * 0.8 / (60 * 4 + 10 * 4)  # the early bets change only the rate of the other bets
    assert low.value[60] - high.value[60] == pytest.approx(others)


def test_each_bias_has_its_flag() -> None:
    volume = np.array([*np.linspace(5, 15, 20), 40.0])
    mean, q = np.full(21, 0.0), np.full(21, 0.5)
    mean[:4], q[:3], q[3] = [3.0, -3.0, 0.0, 3.0], 0.01, np.nan
    mean[20], q[20] = -3.0, 0.05
    result = bias_flags(mean, q, volume)
    assert result[:5] == ["overprediction", "underprediction", "normal", "not_enough", "normal"]
    assert result[20] == "superstar_underprediction"
    mean[20] = 3.0
    assert bias_flags(mean, q, volume)[20] == "overprediction"  # a star can be predicted too high


def test_a_player_who_is_predicted_too_high_is_flagged() -> None:
    chance = np.random.default_rng(2)
    rows = [day(f"p{p}", n, 1, n % 2, error_tenths=int(chance.integers(-30, 31)) + 60 * (p == 0))
            for p in range(30) for n in range(25)]  # fmt: skip
    row = row_of(PlayerSeason.of(FIRST, rows), "p0")
    assert row["bias_flag"] == "overprediction"
    assert 4 < row["bias_low"] < row["bias"] < row["bias_high"] < 8


def test_without_an_override_no_status_is_overridden() -> None:
    assert overrides_on([], OPENING) == {}
    assert overrides_on([override("watch", 0), override(None, 0)], OPENING) == {}
    assert (
        SeasonReview.of(coins(0, players=3, games=2)).players_on(LATE, overrides_on([], LATE))["override_id"].tolist()
        == [None] * 3
    )
