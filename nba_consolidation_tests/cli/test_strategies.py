"""`strategies`: what it prints, with rows and without."""

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


def test_graded_dates_are_evaluated_once(terminal: Terminal) -> None:
    first = terminal.json("strategies", "evaluate")
    assert len(first["dates"]) == 25
    assert first["totals"]["written_rows"] == first["totals"]["strategies"] > 100
    assert terminal.json("strategies", "evaluate")["totals"]["written_rows"] == 0
    output = terminal.run("strategies", "evaluate", "--date", str(FIRST)).stdout
    assert "Evaluated 25 dates" in output
    assert "24 later dates" in output
    assert terminal.json("strategies", "evaluate", "--date", DATE)["followed"] == []


def test_strategies_are_printed_with_intervals_and_a_warning_about_luck(terminal: Terminal) -> None:
    terminal.run("strategies", "evaluate")
    output = terminal.run("strategies").stdout
    assert f"2025-07-01 to {DATE}, at -110" in output
    assert "make money beyond noise" in output
    assert "looks good by luck" in output
    (baseline,) = (line for line in output.splitlines() if line.startswith("catboost_v9 "))
    assert "baseline" in baseline
    assert " to " in baseline
    assert any(line.startswith("PICKED (next: ") for line in output.splitlines())
    assert "catboost_v9, confidence 0.7+" in output
    assert "catboost_v9, confidence 0.8+" not in output  # the same bets
    assert "unflagged" not in output
    rows = terminal.json("strategies")["strategies"]
    known = [row["roi_low"] for row in rows if row["roi_low"] is not None]
    assert known == sorted(known, reverse=True)
    assert all(set(row) >= WITH_A_HIT_RATE for row in objects(rows))


def test_date_and_system_are_options(terminal: Terminal) -> None:
    terminal.run("strategies", "evaluate")
    rows = terminal.json("strategies", "--date", str(FIRST), "--system", "ensemble_v1")["strategies"]
    assert {(row["system_id"], row["game_date"], row["bet_days"]) for row in rows} == {("ensemble_v1", str(FIRST), 1)}
    assert "system 'nobody' is unknown" in terminal.run("strategies", "--system", "nobody", exit_code=2).stderr
    output = terminal.run("strategies", "--date", "2026-01-20").stdout
    assert f"No such strategy until 2026-01-20; the last evaluated date is {DATE}" in output
    assert terminal.json("strategies", "--date", "2026-01-20")["strategies"] == []


def test_odds_are_an_option(terminal: Terminal) -> None:
    terminal.run("--odds", "+150", "strategies", "evaluate")
    assert "at +150" in terminal.run("strategies").stdout


def test_before_the_first_evaluation_the_next_step_is_printed(terminal: Terminal) -> None:
    assert "nba-consolidation strategies evaluate" in terminal.run("strategies").stdout
    assert terminal.json("strategies") == {"date": None, "strategies": []}


def test_without_graded_rows_nothing_is_evaluated(terminal: Terminal) -> None:
    assert "grade first" in terminal.run("strategies", "evaluate", "--date", "2026-02-01").stdout
