"""`analyse`, `performance` and `calibration`: what they print, and what they say where there is nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest

from nba_consolidation_tests.cli.conftest import DATE, Terminal
from nba_consolidation_tests.pipeline.analysis.performance.graded import Graded, bets, graded

WITH_A_HIT_RATE = {"bets", "hit_rate", "hit_rate_low", "hit_rate_high"}


@pytest.fixture
def terminal(terminal: Terminal) -> Terminal:
    """With graded rows of two dates and two systems."""
    home = Graded(terminal.home)
    home.add([*bets(6, 4, confidence_score=Decimal("0.8")), *bets(1, 2, system_id="ensemble_v1"), graded("push")])
    home.add([*bets(2, 0, game_date=dt.date(2026, 1, 13)), graded("voided", system_id="moving_average")])
    return terminal


def objects(document: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(document, Mapping):
        yield document
    for inner in document.values() if isinstance(document, Mapping) else document if isinstance(document, list) else []:
        yield from objects(inner)


def test_what_is_graded_is_analysed_once(terminal: Terminal) -> None:
    first = terminal.json("analyse")
    assert [date["game_date"] for date in first["dates"]] == ["2026-01-13", DATE]
    assert first["totals"]["written_rows"] == first["totals"]["total_rows"] > 0
    assert terminal.json("analyse")["totals"]["written_rows"] == 0
    assert "Analysed 2 dates" in terminal.run("analyse").stdout


def test_later_dates_follow_and_are_told(terminal: Terminal) -> None:
    terminal.run("analyse")
    assert terminal.json("analyse", "--date", "2026-01-13")["followed"] == [DATE]
    assert "1 later date that" in terminal.run("analyse", "--date", "2026-01-13").stdout


def test_dates_whose_rows_are_gone_are_brought_up_to_date_too(terminal: Terminal) -> None:
    terminal.run("analyse")
    Graded(terminal.home).execute("DELETE FROM prediction_accuracy")
    assert [date["total_rows"] for date in terminal.json("analyse")["dates"]] == [0, 0]


def test_performance_shows_each_system_with_its_interval(terminal: Terminal) -> None:
    terminal.run("analyse")
    shown = terminal.run("performance").stdout
    (line,) = (line for line in shown.splitlines() if line.startswith("catboost_v9"))
    assert line.split("  ")[0] == "catboost_v9"
    assert "66.7 %" in line
    assert "39.1 % to 86.2 %" in line
    assert "30d: 2025-12-17 to 2026-01-15" in shown
    (line,) = (line for line in shown.splitlines() if line.startswith("moving_average"))
    assert line.split()[1:4] == ["0", "-", "-"]


def test_the_window_the_slice_and_the_system_are_chosen(terminal: Terminal) -> None:
    terminal.run("analyse")
    found = terminal.json("performance", "--window", "day", "--by", "confidence", "--system", "catboost_v9")
    assert [(row["bucket_label"], row["bets"]) for row in found["performance"]] == [
        ("0.6 to 0.7", 0),
        ("0.8 to 0.9", 10),
    ]
    found = terminal.json("performance", "--window", "day", "--by", "edge", "--system", "catboost_v9")
    assert [row["bucket_label"] for row in found["performance"]] == ["1 to 2 points"]
    assert terminal.json("performance", "--date", "2026-01-13", "--window", "season")["date"] == "2026-01-13"


def test_calibration_shows_scores_and_bins(terminal: Terminal) -> None:
    terminal.run("analyse")
    found = terminal.json("calibration", "--window", "day", "--system", "catboost_v9")
    assert [(row["bets"], row["ece"], row["brier"]) for row in found["scores"]] == [(10, 0.2, 0.28)]
    assert [(row["bin"], row["bets"], row["mean_confidence"]) for row in found["bins"]] == [(9, 10, 0.8)]
    shown = terminal.run("calibration", "--window", "day", "--system", "catboost_v9").stdout
    assert "0.2000" in shown
    assert "0.8 to 0.9" in shown


@pytest.mark.parametrize("command", [("performance",), ("performance", "--by", "confidence"), ("calibration",)])
def test_a_hit_rate_never_stands_alone_in_what_is_printed(terminal: Terminal, command: tuple[str, ...]) -> None:
    terminal.run("analyse")
    rates = [one for one in objects(terminal.json(*command)) if any("hit_rate" in name for name in one)]
    assert len(rates) > 3
    assert all(set(one) >= WITH_A_HIT_RATE for one in rates)
    heads = [line for line in terminal.run(*command).stdout.splitlines() if "hit rate" in line]
    assert heads
    assert all("bets" in line and "95 % interval" in line for line in heads)


def test_the_odds_of_the_return_are_an_option(terminal: Terminal) -> None:
    terminal.run("analyse")
    assert terminal.run("performance").stdout.count("ROI") == 1
    terminal.run("--odds", "+150", "analyse")
    assert "ROI +150" in terminal.run("performance").stdout
    terminal.run("--odds", "50", "analyse", exit_code=2)


def test_before_anything_is_analysed_the_next_step_is_named(terminal: Terminal) -> None:
    for command in ("performance", "calibration"):
        assert "nba-consolidation analyse" in terminal.run(command).stdout
        assert terminal.json(command)["date"] is None


def test_a_date_that_was_not_analysed_names_the_last_one_that_was(terminal: Terminal) -> None:
    terminal.run("analyse")
    shown = terminal.run("performance", "--date", "2026-01-20").stdout
    assert "Nothing of 2026-01-20" in shown
    assert f"the last date analysed is {DATE}" in shown


def test_without_graded_rows_there_is_nothing_to_analyse(terminal: Terminal) -> None:
    assert "grade first" in terminal.run("analyse", "--date", "2026-02-01").stdout
