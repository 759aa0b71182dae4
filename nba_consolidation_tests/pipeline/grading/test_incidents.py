"""Leases, fences and transactions of the grading: what once went wrong with them, made to happen again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

import nba_consolidation
from nba_consolidation.fencing.errors import AuditFailed, FencedOut
from nba_consolidation.leases import Holder, LeaseHeld, hold, lease_key
from nba_consolidation.leases.sqlite import SqliteLeaseStore
from nba_consolidation.operations.repair.accuracy import LOCK_TYPE
from nba_consolidation.schema import ACCURACY, BOX_SCORES
from nba_consolidation.warehouse.errors import StatementFailed
from nba_consolidation_tests.pipeline.consolidation.test_incidents import store_of_the_past
from nba_consolidation_tests.pipeline.consolidation.workbench import NEXT_DATE
from nba_consolidation_tests.pipeline.grading.workbench import DATE, GradingBench, bet, box
from nba_consolidation_tests.warehouse.rows import statement_factory

ROOT = Path(nba_consolidation.__file__).parents[1]
NEXT_GAME = "20260116_BOS_MIA"


def test_incident_04_without_the_lease_nothing_is_graded(bench: GradingBench) -> None:
    bench.predict(bet())
    bench.play(box())
    with hold(bench.leases, [lease_key(LOCK_TYPE, DATE)], Holder.here("backfill")), pytest.raises(LeaseHeld):
        bench.grade()
    assert bench.accuracy() == []


def test_a_player_of_two_seconds_played_whatever_the_scale_of_the_column_of_predictions(bench: GradingBench) -> None:
    """The table of the box scores may have more digits than ours: what they say is decided before they are rounded."""
    bench.predict(bet())
    bench.play(box(0, minutes_played=Decimal(0)))
    bench.execute("ALTER TABLE player_game_summary ALTER minutes_played TYPE DECIMAL(9, 3)")
    bench.execute("UPDATE player_game_summary SET minutes_played = 0.033")
    bench.grade()
    assert (bench.only_graded()["outcome"], bench.only_graded()["minutes_played"]) == ("wrong", Decimal("0.0"))
    [again] = bench.grade().dates
    assert (again.inserted, again.updated) == (0, 0)


def test_incident_02_a_grading_with_a_stale_token_is_fenced_out(bench: GradingBench) -> None:
    bench.graded(bet(), scores=(box(),))
    before = bench.accuracy()
    bench.play(box(10))
    report = bench.grade(leases=store_of_the_past())
    assert isinstance(report.poisoned[DATE], FencedOut)
    assert (bench.accuracy(), bench.removed()) == (before, [])


def test_incident_44_a_lease_lost_after_the_commit_does_not_mark_the_grading_failed(bench: GradingBench) -> None:
    bench.predict(bet())
    bench.play(box())
    lost_at_the_end = Holder("anna", "run", "host", 1)

    def lose(step: str) -> None:
        if step == "grading_findings":  # the last statement; the heart has not beaten since
            bench.leases.force_release(lease_key(LOCK_TYPE, DATE), "anna", by="an operator", reason="the test wants it")

    report = bench.grader().grade([DATE], lost_at_the_end, lose)
    assert (report.total("correct"), report.poisoned) == (1, {})
    assert bench.only_graded()["outcome"] == "correct"


def test_a_grading_does_not_wait_for_a_consolidation_of_its_date(bench: GradingBench) -> None:
    bench.predict(bet())
    bench.play(box())
    with hold(bench.leases, [lease_key("consolidation", DATE)], Holder.here("consolidation")):
        assert bench.grade().total("correct") == 1


def test_a_poisoned_date_does_not_keep_the_others_from_being_graded(bench: GradingBench) -> None:
    bench.predict(bet(), bet(game_date=NEXT_DATE, game_id=NEXT_GAME))
    bench.play(box(12_345_678), box(game_date=NEXT_DATE, game_id=NEXT_GAME))  # points that no error column can hold
    report = bench.grade(DATE, NEXT_DATE)
    assert [date.game_date for date in report.dates] == [NEXT_DATE]
    assert isinstance(report.poisoned[DATE], StatementFailed)
    assert [row["game_date"] for row in bench.accuracy()] == [NEXT_DATE]


@pytest.mark.parametrize(
    ("statement", "sabotage", "audit"),
    [
        ("insert_new_grades", "SELECT 1 AS writes_nothing", "unconserved_gradings"),
        (
            "delete_superseded_grades",
            "INSERT INTO prediction_accuracy SELECT * FROM prediction_accuracy",
            "duplicate_accuracy_keys",
        ),
    ],
)
def test_a_grading_that_would_lose_a_prediction_or_grade_one_twice_is_rolled_back(
    bench: GradingBench, monkeypatch: pytest.MonkeyPatch, statement: str, sabotage: str, audit: str
) -> None:
    bench.graded(bet(), scores=(box(),))
    bench.predict(bet(player="lukadoncic"), worker="w1")
    bench.append(BOX_SCORES, box(player="lukadoncic"))
    before = bench.accuracy()
    statement_factory(monkeypatch)(statement, sabotage)
    error = bench.grade().poisoned[DATE]
    assert isinstance(error, AuditFailed)
    assert (error.audit, bench.accuracy(), bench.removed()) == (audit, before, [])


def test_incident_38_sixteen_copies_that_an_unfenced_grader_left_are_one_after_a_grading(bench: GradingBench) -> None:
    legacy = {**box(25), "system_id": "catboost_v9", "line_value": Decimal("20.5"), "confidence_score": Decimal("62.5"),
              "actual_points": 25, "recommendation": "OVER", "prediction_correct": True}  # fmt: skip
    bench.append(ACCURACY, *[legacy] * 16)
    bench.predict(bet())
    bench.play(box(10))
    report = bench.grade(run_id="clean")
    assert report.poisoned == {}
    assert (report.total("wrong"), bench.only_graded()["outcome"]) == (1, "wrong")
    reasons = Counter((row["removal"], row["removal_reason"]) for row in bench.removed())
    assert reasons[("removed", "duplicate")] == 15
    assert reasons[("changed", "regraded")] == 1
    assert {row["removed_by_run_id"] for row in bench.removed()} == {"clean"}


def test_incident_41_a_legacy_date_of_no_known_prediction_is_repaired_and_stays(bench: GradingBench) -> None:
    legacy = {**box(25), "system_id": "old_v1", "line_value": None, "confidence_score": Decimal("62.5")}
    bench.append(ACCURACY, legacy, legacy)
    bench.play(box(10))
    bench.grade()
    row = bench.only_graded()
    assert (row["system_id"], row["confidence_score"]) == ("old_v1", Decimal("0.625"))


def test_a_grading_whose_repair_cannot_keep_a_row_exactly_names_the_failed_audit(bench: GradingBench) -> None:
    bench.play(box())
    bench.execute("ALTER TABLE prediction_accuracy ALTER confidence_score TYPE DOUBLE")
    bench.execute(
        "INSERT INTO prediction_accuracy (player_lookup, game_date, confidence_score) "
        "VALUES ('a', '2026-01-15', 0.123456789), ('a', '2026-01-15', 0.5)"
    )
    error = bench.grade().poisoned[DATE]
    assert isinstance(error, AuditFailed)
    assert error.audit == "inexactly_kept"


def grade_in_a_process(folder: Path, stop_at: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", f"{__package__}.worker", str(folder), stop_at],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


@pytest.mark.other_processes
def test_incident_40_a_grader_that_is_killed_halfway_leaves_what_stood(bench: GradingBench) -> None:
    bench.graded(bet(), scores=(box(),))
    before = bench.accuracy()
    bench.play(box(10))
    process = grade_in_a_process(bench.folder, "graded_predictions")  # after the rows are written, before the commit
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert (bench.accuracy(), bench.removed()) == (before, [])


@pytest.mark.slow
@pytest.mark.other_processes
def test_incident_02_two_graders_at_once_write_every_row_once(bench: GradingBench) -> None:
    bench.predict(*(bet(player=f"player{number}") for number in range(20)))
    bench.play(*(box(number, f"player{number}") for number in range(20)))
    SqliteLeaseStore(bench.folder / "leases.sqlite").check()
    started = [grade_in_a_process(bench.folder) for _ in range(2)]
    outputs = [json.loads(process.communicate("\n", timeout=60)[0]) for process in started]
    assert sorted(inserted for inserted, _ in outputs) == [0, 20]
    assert [error for _, error in outputs] == [None, None]
    assert len(bench.accuracy()) == 20
