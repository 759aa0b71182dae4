"""`strategies`: what it prints, and what it says where there is nothing."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest

from nba_consolidation_tests.cli.conftest import DATE, Terminal
from nba_consolidation_tests.cli.test_performance import WITH_A_HIT_RATE, objects
from nba_consolidation_tests.pipeline.analysis.performance.graded import Graded, bets

FIRST = dt.date.fromisoformat(DATE) - dt.timedelta(24)


@pytest.fixture
def terminal(terminal: Terminal) -> Terminal:
    """With graded bets of 25 dates and two systems."""
    chance, rows = np.random.default_rng(1), []
    for number in range(25):
        date = FIRST + dt.timedelta(number)
        for system, size in (("catboost_v9", 10), ("ensemble_v1", 3)):
            won = int(chance.binomial(size, 0.5))
            rows += bets(won, size - won, system_id=system, game_date=date, confidence_score=Decimal("0.8"))
            rows += bets(2, 1, system_id=system, game_date=date, confidence_score=Decimal("0.6"))
    Graded(terminal.home).add(rows)
    return terminal


def test_what_is_graded_is_evaluated_once(terminal: Terminal) -> None:
    first = terminal.json("strategies", "evaluate")
    assert len(first["dates"]) == 25
    assert first["totals"]["written_rows"] == first["totals"]["strategies"] > 100
    assert terminal.json("strategies", "evaluate")["totals"]["written_rows"] == 0
    shown = terminal.run("strategies", "evaluate", "--date", str(FIRST)).stdout
    assert "Evaluated until 25 dates" in shown
    assert "24 later dates" in shown
    assert terminal.json("strategies", "evaluate", "--date", DATE)["followed"] == []


def test_strategies_are_shown_with_their_intervals_and_how_much_is_luck(terminal: Terminal) -> None:
    terminal.run("strategies", "evaluate")
    shown = terminal.run("strategies").stdout
    assert f"2025-07-01 to {DATE}, at -110" in shown
    assert "make money beyond noise" in shown
    assert "looks good by luck" in shown
    (plain,) = (line for line in shown.splitlines() if line.startswith("catboost_v9 "))
    assert "baseline" in plain
    assert " to " in plain
    assert any(line.startswith("PICKED, next ") for line in shown.splitlines())
    assert "catboost_v9, confidence 0.7+" in shown
    assert "catboost_v9, confidence 0.8+" not in shown  # it made the same bets
    assert "unflagged" not in shown
    rows = terminal.json("strategies")["strategies"]
    known = [row["roi_low"] for row in rows if row["roi_low"] is not None]
    assert known == sorted(known, reverse=True)
    assert all(set(row) >= WITH_A_HIT_RATE for row in objects(rows))


def test_a_date_and_a_system_are_chosen(terminal: Terminal) -> None:
    terminal.run("strategies", "evaluate")
    rows = terminal.json("strategies", "--date", str(FIRST), "--system", "ensemble_v1")["strategies"]
    assert {(row["system_id"], row["game_date"], row["bet_days"]) for row in rows} == {("ensemble_v1", str(FIRST), 1)}
    shown = terminal.run("strategies", "--system", "nobody").stdout
    assert f"No such strategy until {DATE}" in shown
    assert terminal.json("strategies", "--date", "2026-01-20")["strategies"] == []


def test_the_odds_are_an_option(terminal: Terminal) -> None:
    terminal.run("--odds", "+150", "strategies", "evaluate")
    assert "at +150" in terminal.run("strategies").stdout


def test_before_anything_is_evaluated_the_next_step_is_named(terminal: Terminal) -> None:
    assert "nba-consolidation strategies evaluate" in terminal.run("strategies").stdout
    assert terminal.json("strategies") == {"date": None, "strategies": []}


def test_without_graded_rows_there_is_nothing_to_evaluate(terminal: Terminal) -> None:
    assert "grade first" in terminal.run("strategies", "evaluate", "--date", "2026-02-01").stdout
