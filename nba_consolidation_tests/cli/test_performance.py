"""`analyse`, `performance` and `calibration`: what they print, with rows and without."""

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


def test_graded_dates_are_analysed_once(terminal: Terminal) -> None:
    first = terminal.json("analyse")
    assert [date["game_date"] for date in first["dates"]] == ["2026-01-13", DATE]
    assert first["totals"]["written_rows"] == first["totals"]["total_rows"] > 0
    assert terminal.json("analyse")["totals"]["written_rows"] == 0
    assert "Analysed 2 dates" in terminal.run("analyse").stdout


def test_later_dates_are_recomputed_and_counted(terminal: Terminal) -> None:
    terminal.run("analyse")
    assert terminal.json("analyse", "--date", "2026-01-13")["followed"] == [DATE]
    assert "1 later date whose windows" in terminal.run("analyse", "--date", "2026-01-13").stdout


def test_analysed_dates_whose_graded_rows_are_gone_are_recomputed(terminal: Terminal) -> None:
    terminal.run("analyse")
    Graded(terminal.home).execute("DELETE FROM prediction_accuracy")
    assert [date["total_rows"] for date in terminal.json("analyse")["dates"]] == [0, 0]


def test_performance_shows_each_system_with_its_interval(terminal: Terminal) -> None:
    terminal.run("analyse")
    output = terminal.run("performance").stdout
    (line,) = (line for line in output.splitlines() if line.startswith("catboost_v9"))
    assert line.split("  ")[0] == "catboost_v9"
    assert "66.7 %" in line
    assert "3.1 % to 99.2 %" in line
    assert "30d: 2025-12-17 to 2026-01-15" in output
    (line,) = (line for line in output.splitlines() if line.startswith("moving_average"))
    assert line.split()[1:4] == ["0", "-", "-"]


def test_window_slice_and_system_are_options(terminal: Terminal) -> None:
    terminal.run("analyse")
    document = terminal.json("performance", "--window", "day", "--by", "confidence", "--system", "catboost_v9")
    assert [(row["bucket_label"], row["bets"]) for row in document["performance"]] == [
        ("0.6 to 0.7", 0),
        ("0.8 to 0.9", 10),
    ]
    document = terminal.json("performance", "--window", "day", "--by", "edge", "--system", "catboost_v9")
    assert [row["bucket_label"] for row in document["performance"]] == ["1 to 2 points"]
    assert terminal.json("performance", "--date", "2026-01-13", "--window", "season")["date"] == "2026-01-13"


def test_calibration_shows_scores_and_bins(terminal: Terminal) -> None:
    terminal.run("analyse")
    document = terminal.json("calibration", "--window", "day", "--system", "catboost_v9")
    assert [(row["bets"], row["ece"], row["brier"]) for row in document["scores"]] == [(10, 0.2, 0.28)]
    assert [(row["bin"], row["bets"], row["mean_confidence"]) for row in document["bins"]] == [(9, 10, 0.8)]
    output = terminal.run("calibration", "--window", "day", "--system", "catboost_v9").stdout
    assert "0.2000" in output
    assert "0.8 to 0.9" in output
    assert "catboost_v9: ECE 0.200, no more than chance (0.101, 95 % below 0.250)" in " ".join(output.split())
    assert "As stated, the confidence does not beat a constant." in " ".join(output.split())


@pytest.mark.parametrize("command", [("performance",), ("performance", "--by", "confidence"), ("calibration",)])
def test_a_hit_rate_is_never_printed_without_its_bets_and_interval(
    terminal: Terminal, command: tuple[str, ...]
) -> None:
    terminal.run("analyse")
    rates = [one for one in objects(terminal.json(*command)) if any("hit_rate" in name for name in one)]
    assert len(rates) > 3
    assert all(set(one) >= WITH_A_HIT_RATE for one in rates)
    heads = [line for line in terminal.run(*command).stdout.splitlines() if "hit rate" in line]
    assert heads
    assert all("bets" in line and "95 % interval" in line for line in heads)


def test_odds_are_an_option(terminal: Terminal) -> None:
    terminal.run("analyse")
    assert terminal.run("performance").stdout.count("ROI") == 1
    terminal.run("--odds", "+150", "analyse")
    assert "ROI +150" in terminal.run("performance").stdout
    terminal.run("--odds", "50", "analyse", exit_code=2)


def test_before_the_first_analysis_the_next_step_is_printed(terminal: Terminal) -> None:
    for command in ("performance", "calibration"):
        assert "nba-consolidation analyse" in terminal.run(command).stdout
        assert terminal.json(command)["date"] is None


def test_for_a_date_that_was_not_analysed_the_last_analysed_date_is_printed(terminal: Terminal) -> None:
    terminal.run("analyse")
    output = terminal.run("performance", "--date", "2026-01-20").stdout
    assert "No rows of 2026-01-20" in output
    assert f"the last analysed date is {DATE}" in output


def test_without_graded_rows_nothing_is_analysed(terminal: Terminal) -> None:
    assert "grade first" in terminal.run("analyse", "--date", "2026-02-01").stdout


def test_tables_of_an_earlier_version_are_read_and_bootstrap_completes_them(terminal: Terminal) -> None:
    terminal.run("analyse")
    for column in ("ece_noise", "ece_noise_high", "log_loss_constant"):
        Graded(terminal.home).execute(f"ALTER TABLE calibration_scores DROP COLUMN {column}")
    assert "catboost_v9: ECE 0." in terminal.run("calibration").stdout
    assert "nba-consolidation bootstrap --apply" in terminal.run("analyse", exit_code=1).stderr
    terminal.run("bootstrap", "--apply")
    assert "catboost_v9: ECE 0." in terminal.run("calibration").stdout
    terminal.run("analyse")
    assert "chance" in terminal.run("calibration").stdout


@pytest.mark.parametrize("command", ["performance --window season", "calibration --window season", "strategies"])
def test_an_unknown_system_is_a_usage_error_that_names_the_nearest(terminal: Terminal, command: str) -> None:
    terminal.run("analyse")
    terminal.run("strategies", "evaluate")
    error = terminal.run(*command.split(), "--system", "catbost_v9", exit_code=2).stderr
    assert "system 'catbost_v9' is unknown" in error
    assert "catboost_v9" in error
