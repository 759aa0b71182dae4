"""What a strategy's bets are, and what they came to: as counted one by one, without the product."""

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

from nba_consolidation.betting.runs import Runs, max_drawdown, one_after_the_other
from nba_consolidation.betting.strategies import CONFIDENCES, EDGES, PLAYERS, Strategy, bettors, grid
from nba_consolidation.errors import ConsolidationError
from nba_consolidation.locking import Holder
from nba_consolidation.tables import PICKED
from nba_consolidation_tests.performance.graded import Graded, graded, wilson

from .seasons import Row, bets_by_hand, by_hand, by_strategy, day, evaluated, on, packed, random_games

LAST = day(400)


@pytest.mark.parametrize(("seed", "odds"), [(1, -110), (2, 105)])
def test_every_strategy_is_what_is_counted_one_by_one(tmp_path: Path, seed: int, odds: int) -> None:
    """Random games: lines that differ, lines met, either side, no confidence, players flagged on some days only."""
    home = Graded(tmp_path / "home", odds=odds)
    games = random_games(seed)
    flags = {(day(number), f"player{number % 3}") for number in range(24)}
    home.add(games)
    flag(home, flags)
    until = [day(5), day(23)]
    home.deployment.strategist.evaluate(until, Holder.here("run"))
    made = bets_by_hand(games, flags)
    found = 0
    for row in home.read("strategy_performance"):
        if row["system_id"] == PICKED:
            continue
        chosen = [
            bet for bet in made
            if bet["bettor"] == row["system_id"] and bet["date"] <= row["game_date"]
            and (not row["min_confidence"] or (bet["confidence"] or 0) >= Decimal(str(row["min_confidence"])))
            and bet["edge"] >= Decimal(str(row["min_edge"])) and not (row["players"] == "unflagged" and bet["flagged"])
        ]  # fmt: skip
        wanted = by_hand(chosen, odds)
        wanted |= dict(zip(("hit_rate_low", "hit_rate_high"), wilson(wanted["correct"], wanted["bets"]), strict=True))
        assert {name: row[name] for name in wanted} == pytest.approx(wanted, abs=1e-6), row["strategy"]
        assert row["odds"] == odds
        found += 1
    assert found > 400


def flag(home: Graded, flags: set[tuple[dt.date, str]], **columns: Any) -> None:
    """Reviews of dates, in which these players are blacklisted."""
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
    came = "push" if points == Decimal(line) else None
    came = came or ("correct" if (points > Decimal(line)) is (recommendation == "OVER") else "wrong")
    return graded(
        changes.pop("outcome", came), system_id=system, recommendation=recommendation, line_value=Decimal(line),
        actual_points=points, game_date=day(0), **changes,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("votes", "unanimous", "majority"),
    [
        pytest.param([vote("a"), vote("b")], 1, 1, id="two of two"),
        pytest.param([vote("a")], 0, 0, id="one alone agrees with nobody"),
        pytest.param([vote("a"), vote("b"), vote("c", "UNDER")], 0, 1, id="two of three"),
        pytest.param([vote("a"), vote("b", "UNDER")], 0, 0, id="a draw"),
        pytest.param([vote("a"), vote("b"), vote("c", "UNDER", "21.5")], 1, 1, id="another line is another vote"),
        pytest.param([vote("a"), vote("b", line="21.5")], 0, 0, id="one on each line"),
        pytest.param([vote("a"), vote("b"), vote("c", outcome="passed")], 1, 1, id="who passes has no vote"),
        pytest.param([vote("a"), vote("b"), vote("c", outcome="not_a_bet")], 1, 1, id="nor has what is no bet"),
        pytest.param([vote("a"), vote("a", game_id="other")], 0, 0, id="one system twice is one"),
        pytest.param([vote("a", line="24"), vote("b", line="24")], 0, 0, id="a line that is met decides nothing"),
        pytest.param([vote("a", player_lookup="Luka Dončić"), vote("b", player_lookup="lukadoncic")], 1, 1, id="names"),
    ],
)
def test_what_systems_agree_on(tmp_path: Path, votes: list[Row], unanimous: int, majority: int) -> None:
    home = Graded(tmp_path / "home")
    home.add(votes)
    found = strategies(home, day(0))
    assert [found[name]["correct"] if name in found else 0 for name in ("UNANIMOUS", "MAJORITY")] == [
        unanimous,
        majority,
    ]


def test_what_systems_agree_on_has_the_mean_confidence_and_edge_of_those_who_agree(tmp_path: Path) -> None:
    home = Graded(tmp_path / "home")
    agreed = [vote("a", confidence_score=Decimal("0.55"), predicted_points=Decimal("23.5")),
              vote("b", confidence_score=Decimal("0.65"), predicted_points=Decimal("23.4")),
              vote("c", confidence_score=None, predicted_points=Decimal("23.6"))]  # fmt: skip
    home.add([*agreed, vote("d", "UNDER", confidence_score=Decimal("0.9"), predicted_points=Decimal(10))])
    found = strategies(home, day(0))
    assert {"MAJORITY, confidence 0.6+, edge 3+"} == {
        name for name in found if name.startswith("MAJORITY, confidence 0.6") and "unflagged" not in name
    } - {"MAJORITY, confidence 0.6+", "MAJORITY, confidence 0.6+, edge 1+", "MAJORITY, confidence 0.6+, edge 2+"}
    assert "MAJORITY, confidence 0.7+" not in found


def bought(row: Row) -> set[Strategy]:
    """The strategies that make a bet."""
    found = by_strategy(evaluated([row], [LAST])).values()
    return {
        Strategy(one["system_id"], one["min_confidence"], one["min_edge"], one["players"])
        for one in found if one["system_id"] == row["bettor"]
    }  # fmt: skip


@pytest.mark.parametrize("bound", CONFIDENCES[1:])
def test_a_confidence_at_the_threshold_is_in_and_a_millionth_below_is_out(bound: float) -> None:
    assert Strategy("s1", bound) in bought(on(0, [packed(True, bound)]))
    assert Strategy("s1", bound) not in bought(on(0, [packed(True, bound - 1e-6)]))


@pytest.mark.parametrize("bound", EDGES[1:])
def test_an_edge_at_the_threshold_is_in_and_a_tenth_below_is_out(bound: float) -> None:
    assert Strategy("s1", 0.0, bound) in bought(on(0, [packed(True, edge=bound)]))
    assert Strategy("s1", 0.0, bound) not in bought(on(0, [packed(True, edge=bound - 0.1)]))


def test_a_bet_without_a_confidence_or_an_edge_is_bet_on_only_where_neither_is_asked_for() -> None:
    assert bought(on(0, [packed(True, None, None)])) == {Strategy("s1", players=players) for players in PLAYERS}
    assert bought(on(0, [packed(True, 1.0, 99.8)])) == set(grid(["s1"]))


def test_a_flagged_player_is_bet_on_only_by_who_bets_on_all() -> None:
    assert {one.players for one in bought(on(0, [packed(True, flagged=True)]))} == {"all"}


@pytest.mark.parametrize(("review", "flagged"), [(0, True), (-7, True), (-8, False), (1, False)])
def test_a_player_is_flagged_by_the_review_of_the_date_or_of_the_week_before_it(
    tmp_path: Path, review: int, flagged: bool
) -> None:
    home = Graded(tmp_path / "home")
    home.add([vote("a", player_lookup="Luka Dončić")])
    flag(home, {(day(review), "lukadoncic")})
    assert ("a, unflagged players" in strategies(home, day(0))) is not flagged


def test_a_newer_review_that_clears_a_player_counts(tmp_path: Path) -> None:
    home = Graded(tmp_path / "home")
    home.add([vote("a", player_lookup="one")])
    flag(home, {(day(-3), "one")})
    flag(home, {(day(-1), "another")})
    assert strategies(home, day(0))["a, unflagged players"]["bets"] == 1


@pytest.mark.parametrize(("decided", "flagged"), [("2025-10-20 23:59:59+00", True), ("2025-10-21 00:00:00+00", False)])
def test_what_a_person_decided_counts_from_the_day_after_the_decision_on(
    tmp_path: Path, decided: str, flagged: bool
) -> None:
    """Decided on the date itself or later, it is hindsight: then what was computed counts."""
    home = Graded(tmp_path / "home")
    home.add([vote("a", player_lookup="one")])
    flag(home, {(day(0), "one")}, computed_status="normal", override_id="o")
    home.execute(
        "INSERT INTO player_overrides (override_id, player_lookup, status, first_date, author, reason, created_at) "
        f"VALUES ('o', 'one', 'blacklisted', '{day(0)}', 'a', 'r', TIMESTAMPTZ '{decided}')"
    )
    assert ("a, unflagged players" in strategies(home, day(0))) is not flagged


def test_a_row_that_an_older_grader_left_counts_as_what_it_became(tmp_path: Path) -> None:
    home = Graded(tmp_path / "home")
    home.add([vote("a", outcome=None, prediction_correct=True), vote("b", outcome=None, prediction_correct=False)])
    found = strategies(home, day(0))
    assert (found["ALL"]["correct"], found["ALL"]["wrong"]) == (1, 1)


@pytest.mark.parametrize("name", ["ALL", "PICKED"])
def test_a_system_whose_name_means_another_thing_here_is_refused(name: str) -> None:
    with pytest.raises(ConsolidationError, match=name):
        bettors([name])


def test_strategies_have_names_of_their_own_and_plain_ones_to_be_held_against() -> None:
    every = grid(bettors(["s1", "s2"]))
    assert len({one.name for one in every}) == len(every) == 5 * 50
    assert Strategy("s1", 0.6, 3.0, "unflagged").name == "s1, confidence 0.6+, edge 3+, unflagged players"
    assert {one.baseline.name for one in every} == {"ALL", "s1", "s2"}
    assert Strategy("MAJORITY", 0.6).baseline == Strategy(PICKED).baseline == Strategy("ALL")


def longest(won: list[bool]) -> int:
    run = best = 0
    for one in won:
        run = 0 if one else run + 1
        best = max(best, run)
    return best


# Kills: the longest run of each date alone.
@settings(max_examples=100)
@given(
    st.lists(st.lists(st.booleans(), max_size=4), max_size=8), st.lists(st.lists(st.booleans(), max_size=4), max_size=8)
)
def test_losing_runs_go_on_over_dates_and_from_one_system_to_the_next(
    one: list[list[bool]], other: list[list[bool]]
) -> None:
    dates = max(len(one), len(other))

    def runs(of: list[list[bool]]) -> Runs:
        numbers = [number for number, bets in enumerate(of) for _ in bets]
        return Runs.of(np.array(numbers, np.int32), np.array([*chain(*of)], np.bool_), dates)

    found = one_after_the_other([runs(one), runs(other)]).longest_so_far()
    padded = [of + [[]] * (dates - len(of)) for of in (one, other)]
    together = [first + second for first, second in zip(*padded, strict=True)]
    assert found.tolist() == [longest([*chain(*together[: number + 1])]) for number in range(dates)]


def test_the_drawdown_is_from_the_highest_so_far_which_is_nothing_at_first() -> None:
    profit = np.array([[-2.0, 5.0], [3.0, -1.0], [-4.0, -2.0], [2.0, 9.0]])
    assert max_drawdown(profit).tolist() == [[2, 0], [2, 1], [4, 3], [4, 3]]
