"""`consolidate` and `validate`: output and exit codes."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from nba_consolidation.fencing.errors import AuditFailed
from nba_consolidation.leases import Holder, LeaseLost
from nba_consolidation.leases.sqlite import SqliteLeaseStore
from nba_consolidation.pipeline.consolidation.consolidate import Consolidator
from nba_consolidation.pipeline.consolidation.result import ConsolidationReport
from nba_consolidation.pipeline.validation.validate import Validator
from nba_consolidation_tests.cli.conftest import DATE, Terminal
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE as GAME_DATE
from nba_consolidation_tests.pipeline.consolidation.workbench import NEXT_DATE, prediction
from nba_consolidation_tests.prepared import connect
from nba_consolidation_tests.real_data import NEEDS_REAL_DATA, REAL

Write = Callable[..., Path]


def test_players_whose_active_line_prediction_id_alone_decided_are_counted(
    terminal: Terminal, rows_file: Callable[..., Path]
) -> None:
    tied = [prediction(line, prediction_id=f"a{line}") for line in ("20.5", "21.5", "22.5")]
    later = [prediction(line, minute, player_lookup="lukadoncic") for minute, line in enumerate(("20.5", "21.5"))]
    alone = prediction(player_lookup="nikolajokic")
    other_system = [prediction(line, prediction_id=f"a{line}", system_id="ensemble_v1") for line in ("20.5", "21.5")]
    terminal.run("stage", rows_file("lines.jsonl", *tied, *later, alone, *other_system))
    output = terminal.run("consolidate").stdout
    assert "1 player has several lines of the same moment; the active line was chosen by prediction_id." in output
    terminal.run("stage", rows_file("next.jsonl", prediction("23.5", 5)))
    totals = terminal.json("consolidate")["totals"]
    assert (totals["inserted"], totals["tied_players"]) == (1, 1)
    terminal.run("stage", rows_file("last.jsonl", prediction("23.5", 5, system_id="ensemble_v1")))
    assert terminal.json("consolidate")["totals"]["tied_players"] == 0


def test_without_dates_everything_that_waits_is_consolidated(terminal: Terminal, rows_file: Write) -> None:
    terminal.run("stage", rows_file("x.jsonl", prediction(), prediction(game_date=NEXT_DATE)))
    document = terminal.json("consolidate")
    assert [date["game_date"] for date in document["dates"]] == [DATE, "2026-01-16"]
    assert (document["totals"]["staged"], document["totals"]["inserted"], document["conserved"]) == (2, 2, True)
    assert document["validation"]["totals"]["validated_rows"] == 2


def test_a_date_and_a_range_take_only_what_is_theirs(terminal: Terminal, rows_file: Write) -> None:
    terminal.run("stage", rows_file("x.jsonl", prediction(), prediction(game_date=NEXT_DATE)))
    assert terminal.json("consolidate", "--date", DATE)["totals"]["staged"] == 1
    assert terminal.json("consolidate", "--from", "2026-01-16", "--to", "2026-01-20")["totals"]["staged"] == 1


def test_the_figures_of_the_conservation_law_are_shown(terminal: Terminal, rows_file: Write) -> None:
    terminal.run(
        "stage", rows_file("x.jsonl", prediction(minute=1), prediction(minute=2), prediction(recommendation="X"))
    )
    output = terminal.run("consolidate").stdout
    assert "Conserved: 3 staged = 1 inserted + 0 updated + 0 stale + 1 superseded + 1 quarantined" in output


def test_consolidating_again_finds_nothing_new(consolidated: Terminal) -> None:
    document = consolidated.json("consolidate", "--date", DATE)
    assert (document["dates"], document["untouched"], document["validation"]) == ([], [DATE], None)
    assert "Nothing new" in consolidated.run("consolidate").stdout


def test_validation_can_be_left_out_and_made_up_for(terminal: Terminal, rows_file: Write) -> None:
    terminal.run("stage", rows_file("x.jsonl", prediction()))
    assert terminal.json("consolidate", "--no-validate")["validation"] is None
    assert terminal.json("status")["totals"]["validated_rows"] == 0
    assert terminal.json("validate")["totals"]["validated_rows"] == 1
    assert terminal.json("status")["totals"]["validated_rows"] == 1


@pytest.mark.other_processes
def test_a_run_that_was_killed_between_commit_and_validation_is_completed_by_the_next_run_of_any_date(
    terminal: Terminal, rows_file: Write
) -> None:
    terminal.run("stage", rows_file("x.jsonl", prediction()))
    program = (
        "import os, signal; from nba_consolidation.cli import main; "
        "from nba_consolidation.pipeline.validation.validate import Validator; "
        "Validator.validate = lambda *_: os.kill(os.getpid(), signal.SIGKILL); main()"
    )
    command = [sys.executable, "-c", program, "--home", str(terminal.home), "consolidate"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == -signal.SIGKILL
    document = terminal.json("status")
    assert (document["totals"]["total_rows"], document["unfinished"]["unvalidated"]) == (1, [DATE])
    output = terminal.run("status").stdout
    assert f"not validated and published since: 1 date ({DATE})" in output
    assert "No staging table waits" not in output
    assert {check["subject"]: check["health"] for check in terminal.json("doctor", exit_code=3)["checks"]}[
        "unfinished dates"
    ] == "warning"
    done = terminal.json("consolidate", "--date", "2026-01-16")
    assert (done["dates"], done["validation"]["totals"]["validated_rows"]) == ([], 1)
    assert [date["published_rows"] for date in done["published"]] == [1]
    assert terminal.json("status")["unfinished"] == {"unvalidated": [], "unpublished": []}


def test_an_unfinished_date_that_another_run_is_at_work_on_is_left_to_it(terminal: Terminal, rows_file: Write) -> None:
    terminal.run("stage", rows_file("x.jsonl", prediction()))
    terminal.run("consolidate", "--no-validate")
    leases = SqliteLeaseStore(terminal.home / "leases.sqlite")
    leases.try_acquire([f"consolidation_{DATE}"], Holder.here("at-work"), 600, operation_id="theirs")
    result = terminal.run("--lease-wait", "0", "consolidate", "--date", "2026-01-16", "--json")
    assert json.loads(result.stdout)["validation"] is None
    assert "left to the next run" not in result.stderr, "it does not even try"


def test_an_unfinished_date_that_cannot_be_validated_stops_no_other(terminal: Terminal, rows_file: Write) -> None:
    terminal.run("stage", rows_file("x.jsonl", prediction(), prediction(game_date=NEXT_DATE)))
    terminal.run("consolidate", "--no-validate")
    with connect(terminal.home / "warehouse.duckdb") as connection:
        connection.execute("INSERT INTO player_prop_predictions SELECT * FROM player_prop_predictions "
                           "WHERE game_date = '2026-01-15'")  # fmt: skip
    done = json.loads(terminal.run("consolidate", "--json", exit_code=1).stdout)
    assert [date["game_date"] for date in done["published"]] == [str(NEXT_DATE)]
    assert "duplicate_validated_predictions" in done["validation"]["error"]
    assert terminal.json("status")["unfinished"]["unvalidated"] == [DATE]


def test_a_lost_lease_store_is_recognised_and_reseeded_and_the_next_run_writes(
    consolidated: Terminal, rows_file: Write
) -> None:
    ahead = "UPDATE consolidation_fences SET token = token + 1000000000000 WHERE game_date = '2026-01-15'"
    with connect(consolidated.home / "warehouse.duckdb") as connection:
        connection.execute(ahead)
    (consolidated.home / "leases.sqlite").unlink()
    consolidated.run("stage", rows_file("late.jsonl", prediction("23.5", 9)))
    assert "locks reseed" in consolidated.run("consolidate", exit_code=3).stdout
    checks = {check["subject"]: check for check in consolidated.json("doctor", exit_code=1)["checks"]}
    assert checks["fences"]["health"] == "failed"
    [to_do] = re.findall("locks reseed --token [0-9]+ --reason", checks["fences"]["detail"])
    assert "is not 7 but" in consolidated.run("locks", "reseed", "--token", "7", "--reason", "lost", exit_code=1).stderr
    consolidated.run(*to_do.split(), "the disk failed", "--by", "anna")
    assert consolidated.json("consolidate")["totals"]["inserted"] == 1
    [kept] = consolidated.json("locks", "audit")["reseeds"]
    assert (kept["by"], kept["reason"]) == ("anna", "the disk failed")
    assert "the disk failed" in consolidated.run("locks", "audit").stdout
    assert consolidated.json("status")["unfinished"]["unvalidated"] == []


def test_validating_a_date_of_which_nothing_stands_says_so(consolidated: Terminal) -> None:
    assert "No rows for 2026-01-20" in consolidated.run("validate", "--date", "2026-01-20").stdout


def test_a_refused_table_is_named_with_its_reason_and_the_rest_is_done(terminal: Terminal, rows_file: Write) -> None:
    terminal.run("stage", rows_file("x.jsonl", prediction()))
    (terminal.home / "staging" / "_staging_20260115_120000_crashed.parquet").write_bytes(b"PAR1")
    result = terminal.run("consolidate", exit_code=3)
    assert "_staging_20260115_120000_crashed" in result.stdout
    assert "correct and stage again" in result.stdout
    document = terminal.json("status")
    assert (document["totals"]["total_rows"], len(document["refused"])) == (1, 1)


def test_a_poisoned_date_ends_with_three_and_is_named(consolidated: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    poisoned = {GAME_DATE: AuditFailed("active_twins", "the audit found something")}
    monkeypatch.setattr(Consolidator, "consolidate", lambda *_: ConsolidationReport("run", poisoned=poisoned))
    document = consolidated.json("consolidate", exit_code=3)
    assert document["poisoned"] == [{"game_date": DATE, "error": "the audit found something"}]
    assert "the audit found something" in consolidated.run("consolidate", exit_code=3).stdout


def test_a_held_lease_ends_with_four_and_names_the_holder(terminal: Terminal, rows_file: Write) -> None:
    terminal.run("stage", rows_file("x.jsonl", prediction()))
    holder = Holder.here("the-nightly-run")
    SqliteLeaseStore(terminal.home / "leases.sqlite").try_acquire(
        [f"consolidation_{DATE}"], holder, 600, operation_id="theirs"
    )
    result = terminal.run("--lease-wait", "0", "consolidate", exit_code=4)
    assert holder.holder_id in result.stderr
    assert "the-nightly-run" in result.stderr
    assert result.stdout == ""


def test_a_lost_lease_ends_with_one(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose(*_: object) -> None:
        raise LeaseLost(["consolidation_2026-01-15"], "expired")

    monkeypatch.setattr(Consolidator, "consolidate", lose)
    assert "consolidation_2026-01-15" in terminal.run("consolidate", exit_code=1).stderr


def test_what_was_consolidated_is_told_though_the_validation_fails(
    terminal: Terminal, rows_file: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AuditFailed("duplicate_validated_predictions", "a prediction is there twice")

    terminal.run("stage", rows_file("x.jsonl", prediction()))
    monkeypatch.setattr(Validator, "validate", fail)
    result = terminal.run("consolidate", "--json", exit_code=1)
    document = json.loads(result.stdout)
    assert (document["totals"]["inserted"], document["validation"]["error"]) == (1, "a prediction is there twice")
    assert "nba-consolidation validate" in result.stderr


def test_a_long_range_is_cut_for_people_and_whole_for_scripts(terminal: Terminal, rows_file: Write) -> None:
    rows: list[Mapping[str, Any]] = [prediction(game_date=f"2026-01-{day:02}") for day in range(1, 31)]
    terminal.run("stage", rows_file("x.jsonl", *rows))
    output = terminal.run("consolidate").stdout
    assert "2026-01-30" in output
    assert "2026-01-01" not in output
    assert "of 30 dates" in output
    assert len(terminal.json("status")["dates"]) == 30


@pytest.mark.slow
@NEEDS_REAL_DATA
def test_the_real_data_reaches_its_expected_figures(terminal: Terminal) -> None:
    expected = json.loads((REAL / "expected.json").read_text())
    staged = terminal.json("stage", REAL / "staging")
    assert (staged["rows"], staged["failed_files"]) == (expected["staged_rows"], 0)
    assert staged["staged_files"] + staged["skipped_files"] == expected["staging_tables"]
    totals = terminal.json("consolidate")["totals"]
    assert (totals["staged"], totals["total_rows"]) == (expected["staged_rows"], expected["consolidated_rows"])
    document = terminal.json("status")["totals"]
    assert (document["dates"], document["waiting_rows"]) == (expected["dates"], 0)
    assert (document["total_rows"], document["active_rows"]) == (expected["consolidated_rows"], expected["active_rows"])
    assert terminal.json("duplicates")["blocking_findings"] == 0
