"""The bets of each strategy and their results, compared with bets counted one by one without the product."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.analysis.betting.bets import BettorBets, longest_losing_streaks
from nba_consolidation.pipeline.analysis.betting.strategies import (
    CONFIDENCES,
    EDGES,
    PLAYERS,
    Strategy,
    bettors,
    strategies_of,
)
from nba_consolidation.pipeline.analysis.betting.strategy_rows import max_drawdown
from nba_consolidation.schema import PICKED
from nba_consolidation_tests.pipeline.analysis.betting.seasons import (
    Row,
    bets_by_hand,
    by_hand,
    by_strategy,
    day,
    evaluated,
    on,
    packed,
    random_games,
)
from nba_consolidation_tests.pipeline.analysis.performance.graded import Graded, graded

LAST = day(400)


@pytest.mark.parametrize(("seed", "odds"), [(1, -110), (2, 105)])
def test_every_strategy_has_the_results_that_are_counted_one_by_one(tmp_path: Path, seed: int, odds: int) -> None:
    """Random games: different lines, pushes, both sides, no confidence, players flagged on some days only."""
    home = Graded(tmp_path / "home", odds=odds)
    games = random_games(seed)
    flags = {(day(number), f"player{number % 3}") for number in range(24)}
    home.add(games)
    flag(home, flags)
    until = [day(5), day(23)]
    home.deployment.strategist.evaluate(until, Holder.here("run"))
    made = bets_by_hand(games, flags)
    compared = 0
    for row in home.read("strategy_performance"):
        if row["system_id"] == PICKED:
            continue
        chosen = [
            bet for bet in made
            if bet["bettor"] == row["system_id"] and bet["date"] <= row["game_date"]
            and (not row["min_confidence"] or (bet["confidence"] or 0) >= Decimal(str(row["min_confidence"])))
            and bet["edge"] >= Decimal(str(row["min_edge"])) and not (row["players"] == "unflagged" and bet["flagged"])
        ]  # fmt: skip
        expected = by_hand(chosen, odds)
        assert {name: row[name] for name in expected} == pytest.approx(expected, abs=1e-6), row["strategy"]
        assert row["odds"] == odds
        compared += 1
    assert compared > 400


def flag(home: Graded, flags: set[tuple[dt.date, str]], **columns: Any) -> None:
    """Adds reviews of these dates, in which the players are blacklisted."""
    values = {"status": "blacklisted", "computed_status": "blacklisted", "override_id": None} | columns
    for date in {date for date, _ in flags}:
        home.execute(f"INSERT INTO policy_reviews (game_date, policy) VALUES ('{date}', 'false_discovery')")
    for date, player in flags:
        listed = ", ".join("NULL" if value is None else f"'{value}'" for value in values.values())
        home.execute(
            f"INSERT INTO player_reliability (game_date, player_lookup, {', '.join(values)}) "
            f"VALUES ('{date}', '{player}', {listed})"
        )


def strategies(home: Graded, until: dt.date) -> dict[str, Row]:
    home.deployment.strategist.evaluate([until], Holder.here("run"))
    return {row["strategy"]: row for row in home.read("strategy_performance", game_date=until)}


def vote(system: str, recommendation: str = "OVER", line: str = "20.5", points: int = 24, **changes: Any) -> Row:
    result = "correct" if (points > Decimal(line)) is (recommendation == "OVER") else "wrong"
    outcome = "push" if points == Decimal(line) else result
    return graded(
        changes.pop("outcome", outcome), system_id=system, recommendation=recommendation, line_value=Decimal(line),
        actual_points=points, game_date=day(0), **changes,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("votes", "unanimous", "majority"),
    [
        pytest.param([vote("a"), vote("b")], 1, 1, id="two of two"),
        pytest.param([vote("a")], 0, 0, id="one system alone"),
        pytest.param([vote("a"), vote("b"), vote("c", "UNDER")], 0, 1, id="two of three"),
        pytest.param([vote("a"), vote("b", "UNDER")], 0, 0, id="one to one"),
        pytest.param([vote("a"), vote("b"), vote("c", "UNDER", "21.5")], 1, 1, id="another line is a separate vote"),
        pytest.param([vote("a"), vote("b", line="21.5")], 0, 0, id="one on each line"),
        pytest.param([vote("a"), vote("b"), vote("c", outcome="passed")], 1, 1, id="a pass is no vote"),
        pytest.param([vote("a"), vote("b"), vote("c", outcome="not_a_bet")], 1, 1, id="not a bet is no vote"),
        pytest.param([vote("a"), vote("a", game_id="other")], 0, 0, id="one system twice counts once"),
        pytest.param([vote("a", line="24"), vote("b", line="24")], 0, 0, id="a push decides nothing"),
        pytest.param([vote("a", player_lookup="Luka Dončić"), vote("b", player_lookup="lukadoncic")], 1, 1, id="names"),
    ],
)
def test_combined_bettors_bet_on_what_systems_agree_on(
    tmp_path: Path, votes: list[Row], unanimous: int, majority: int
) -> None:
    home = Graded(tmp_path / "home")
    home.add(votes)
    by_name = strategies(home, day(0))
    assert [by_name[name]["correct"] if name in by_name else 0 for name in ("UNANIMOUS", "MAJORITY")] == [
        unanimous,
        majority,
    ]


def test_a_combined_bet_has_the_mean_confidence_and_edge_of_the_systems_that_agree(tmp_path: Path) -> None:
    home = Graded(tmp_path / "home")
    agreed = [vote("a", confidence_score=Decimal("0.55"), predicted_points=Decimal("23.5")),
              vote("b", confidence_score=Decimal("0.65"), predicted_points=Decimal("23.4")),
              vote("c", confidence_score=None, predicted_points=Decimal("23.6"))]  # fmt: skip
    home.add([*agreed, vote("d", "UNDER", confidence_score=Decimal("0.9"), predicted_points=Decimal(10))])
    names = set(strategies(home, day(0)))
    assert {"MAJORITY, confidence 0.6+, edge 3+"} == {
        name for name in names if name.startswith("MAJORITY, confidence 0.6") and "unflagged" not in name
    } - {"MAJORITY, confidence 0.6+", "MAJORITY, confidence 0.6+, edge 1+", "MAJORITY, confidence 0.6+, edge 2+"}
    assert "MAJORITY, confidence 0.7+" not in names


def betting(row: Row) -> set[Strategy]:
    """The strategies that make a bet."""
    rows = by_strategy(evaluated([row], [LAST])).values()
    return {
        Strategy(one["system_id"], one["min_confidence"], one["min_edge"], one["players"])
        for one in rows if one["system_id"] == row["bettor"]
    }  # fmt: skip


@pytest.mark.parametrize("bound", CONFIDENCES[1:])
def test_a_minimum_confidence_includes_itself_and_excludes_a_millionth_less(bound: float) -> None:
    assert Strategy("s1", bound) in betting(on(0, [packed(True, bound)]))
    assert Strategy("s1", bound) not in betting(on(0, [packed(True, bound - 1e-6)]))


@pytest.mark.parametrize("bound", EDGES[1:])
def test_a_minimum_edge_includes_itself_and_excludes_a_tenth_less(bound: float) -> None:
    assert Strategy("s1", 0.0, bound) in betting(on(0, [packed(True, edge=bound)]))
    assert Strategy("s1", 0.0, bound) not in betting(on(0, [packed(True, edge=bound - 0.1)]))


def test_a_bet_without_confidence_or_edge_belongs_only_to_strategies_that_require_neither() -> None:
    assert betting(on(0, [packed(True, None, None)])) == {Strategy("s1", players=players) for players in PLAYERS}
    assert betting(on(0, [packed(True, 1.0, 99.8)])) == set(strategies_of("s1"))


def test_only_strategies_of_all_players_bet_on_a_flagged_player() -> None:
    assert {one.players for one in betting(on(0, [packed(True, flagged=True)]))} == {"all"}


@pytest.mark.parametrize(("review", "flagged"), [(0, True), (-7, True), (-8, False), (1, False)])
def test_a_player_is_flagged_by_the_newest_review_of_the_last_seven_days(
    tmp_path: Path, review: int, flagged: bool
) -> None:
    home = Graded(tmp_path / "home")
    home.add([vote("a", player_lookup="Luka Dončić")])
    flag(home, {(day(review), "lukadoncic")})
    assert ("a, unflagged players" in strategies(home, day(0))) is not flagged


def test_a_newer_review_without_the_player_unflags_him(tmp_path: Path) -> None:
    home = Graded(tmp_path / "home")
    home.add([vote("a", player_lookup="one")])
    flag(home, {(day(-3), "one")})
    flag(home, {(day(-1), "another")})
    assert strategies(home, day(0))["a, unflagged players"]["bets"] == 1


@pytest.mark.parametrize(("decided", "flagged"), [("2025-10-20 23:59:59+00", True), ("2025-10-21 00:00:00+00", False)])
def test_a_status_set_by_hand_counts_from_the_day_after_the_decision_on(
    tmp_path: Path, decided: str, flagged: bool
) -> None:
    """A decision on the date itself or later is hindsight: then the computed status counts."""
    home = Graded(tmp_path / "home")
    home.add([vote("a", player_lookup="one")])
    flag(home, {(day(0), "one")}, computed_status="normal", override_id="o")
    home.execute(
        "INSERT INTO player_overrides (override_id, player_lookup, status, first_date, author, reason, created_at) "
        f"VALUES ('o', 'one', 'blacklisted', '{day(0)}', 'a', 'r', TIMESTAMPTZ '{decided}')"
    )
    assert ("a, unflagged players" in strategies(home, day(0))) is not flagged


def test_a_row_of_an_older_grader_counts_with_its_derived_outcome(tmp_path: Path) -> None:
    home = Graded(tmp_path / "home")
    home.add([vote("a", outcome=None, prediction_correct=True), vote("b", outcome=None, prediction_correct=False)])
    row = strategies(home, day(0))["ALL"]
    assert (row["correct"], row["wrong"]) == (1, 1)


@pytest.mark.parametrize("name", ["ALL", "PICKED"])
def test_a_system_with_a_reserved_name_is_refused(name: str) -> None:
    with pytest.raises(ConsolidationError, match=name):
        bettors([name])


def test_strategies_have_unique_names_and_a_baseline() -> None:
    every = [strategy for bettor in bettors(["s1", "s2"]) for strategy in strategies_of(bettor)]
    assert len({one.name for one in every}) == len(every) == 5 * 50
    assert Strategy("s1", 0.6, 3.0, "unflagged").name == "s1, confidence 0.6+, edge 3+, unflagged players"
    assert {one.baseline.name for one in every} == {"ALL", "s1", "s2"}
    assert Strategy("MAJORITY", 0.6).baseline == Strategy(PICKED).baseline == Strategy("ALL")


def longest_streak(won: list[bool]) -> int:
    streak = longest = 0
    for one in won:
        streak = 0 if one else streak + 1
        longest = max(longest, streak)
    return longest


def bettor_bets(by_date: list[list[bool]]) -> BettorBets:
    day = np.array([number for number, bets in enumerate(by_date) for _ in bets], np.int32)
    zeros = np.zeros(len(day), np.int32)
    return BettorBets(day, zeros, zeros, zeros > 0, np.array([*chain(*by_date)], np.bool_))


# Kills: the longest run of each date alone.
@settings(max_examples=100)
@given(
    st.lists(st.lists(st.booleans(), max_size=4), max_size=8), st.lists(st.lists(st.booleans(), max_size=4), max_size=8)
)
def test_losing_streaks_continue_over_dates_and_from_one_system_to_the_next(
    one: list[list[bool]], other: list[list[bool]]
) -> None:
    dates = max(len(one), len(other))
    combined = BettorBets.combined([bettor_bets(one), bettor_bets(other)])
    padded = [by_date + [[]] * (dates - len(by_date)) for by_date in (one, other)]
    in_order = [first + second for first, second in zip(*padded, strict=True)]
    expected = [longest_streak([*chain(*in_order[: number + 1])]) for number in range(dates)]
    assert longest_losing_streaks(combined.day, combined.won, dates).tolist() == expected


def test_the_drawdown_is_measured_from_the_highest_profit_so_far_which_is_0_before_the_first_bet() -> None:
    daily = np.array([[0.0, 0.0], [-2.0, 5.0], [3.0, -1.0], [-4.0, -2.0], [2.0, 9.0]])
    assert max_drawdown(daily.cumsum(axis=0)).tolist() == [[0, 0], [2, 0], [2, 1], [4, 3], [4, 3]]
