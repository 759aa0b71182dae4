"""`recalibrate` and the commands of `calibration`: what they print, what waits, and what consumers then read."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from nba_consolidation.settings import today
from nba_consolidation_tests.cli.conftest import DATE, Terminal
from nba_consolidation_tests.pipeline.analysis.performance.graded import Graded
from nba_consolidation_tests.pipeline.analysis.recalibration.simulated import overconfident


@pytest.fixture
def terminal(terminal: Terminal) -> Terminal:
    """With a month of bets, before DATE, of a system that promises too much."""
    Graded(terminal.home).add(overconfident())
    return terminal


def test_a_major_change_is_shown_and_a_person_is_asked(terminal: Terminal) -> None:
    output = terminal.run("recalibrate", "--date", DATE, exit_code=3).stdout
    assert "1 new calibration, 1 event written" in output
    assert "nba-consolidation calibration approve catboost_v9-20260115-" in output
    text = " ".join(output.split())
    assert "of the hit rate as a constant 0." in text
    assert "of 0.5 0.6931; " in text
    again = terminal.run("recalibrate", "--date", DATE, "--json", exit_code=3)
    assert '"events_written": 0' in again.stdout
    (decision,) = json.loads(again.stdout)["decisions"]
    assert "chance (" in decision["evaluation"]
    assert decision["version"]["ece_noise_high_after"] > decision["version"]["ece_noise_after"] > 0


def test_without_bets_before_the_date_it_says_so(terminal: Terminal) -> None:
    assert "grade first" in terminal.run("recalibrate", "--date", "2025-11-01").stdout
    assert "grade first" in terminal.run("recalibrate").stdout  # today: another season


def test_a_proposal_is_approved_and_taken_back_and_all_of_it_is_history(terminal: Terminal) -> None:
    terminal.run("recalibrate", "--date", DATE, exit_code=3)
    assert "proposed" in terminal.run("calibration", "history").stdout
    (version,) = terminal.json("calibration", "history")["versions"]
    decision = (version["version_id"], "--from", DATE, "--author", "ann", "--reason", "looked")
    made = terminal.json("calibration", "approve", *decision)["event"]
    assert (made["state"], made["effective_date"], made["author"], made["reason"]) == ("active", DATE, "ann", "looked")
    assert "is rolled back from 2026-01-15 on (ann)" in terminal.run("calibration", "rollback", *decision).stdout
    (version,) = terminal.json("calibration", "history", "--system", "catboost_v9")["versions"]
    assert version["state"] == "rolled_back"
    assert [event["state"] for event in version["events"]] == ["proposed", "active", "rolled_back"]
    assert terminal.json("calibration", "history", "--system", "nobody")["versions"] == []


def test_without_a_date_a_decision_holds_from_today(terminal: Terminal) -> None:
    terminal.run("recalibrate", "--date", DATE, exit_code=3)
    (version,) = terminal.json("calibration", "history")["versions"]
    made = terminal.json("calibration", "approve", version["version_id"])["event"]
    assert dt.date.fromisoformat(made["effective_date"]) == today()
    assert made["author"]


def test_a_rejected_one_cannot_be_approved(terminal: Terminal) -> None:
    terminal.run("recalibrate", "--date", DATE, exit_code=3)
    (version,) = terminal.json("calibration", "history")["versions"]
    assert "is rejected" in terminal.run("calibration", "reject", version["version_id"]).stdout
    assert "rejected" in terminal.run("calibration", "approve", version["version_id"], exit_code=1).stderr
    assert "does not exist" in terminal.run("calibration", "approve", "none", exit_code=1).stderr


def test_calibration_without_a_command_is_the_report_that_it_was(terminal: Terminal) -> None:
    terminal.run("analyse", "--date", "2026-01-14")
    assert terminal.json("calibration", "--window", "season")["scores"]
    assert "No calibration was ever proposed" in terminal.run("calibration", "history").stdout
