"""`consolidate` and `validate`: what is told, and how they end."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from nba_consolidation.fencing.errors import AuditFailed
from nba_consolidation.leases import Holder, LeaseLost, SqliteLeaseStore
from nba_consolidation.pipeline.consolidation.consolidate import Consolidator
from nba_consolidation.pipeline.consolidation.result import ConsolidationReport
from nba_consolidation.pipeline.validation.validate import Validator
from nba_consolidation_tests.cli.conftest import DATE, Terminal
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE as GAME_DATE
from nba_consolidation_tests.pipeline.consolidation.workbench import NEXT_DATE, prediction

Write = Callable[..., Path]
REAL = Path(__file__).parents[3] / "shared" / "data" / "real"


def test_without_dates_everything_that_waits_is_consolidated(terminal: Terminal, rows_file: Write) -> None:
    terminal.run("stage", rows_file("x.jsonl", prediction(), prediction(game_date=NEXT_DATE)))
    found = terminal.json("consolidate")
    assert [date["game_date"] for date in found["dates"]] == [DATE, "2026-01-16"]
    assert (found["totals"]["staged"], found["totals"]["inserted"], found["conserved"]) == (2, 2, True)
    assert found["validation"]["totals"]["validated_rows"] == 2


def test_a_date_and_a_range_take_only_what_is_theirs(terminal: Terminal, rows_file: Write) -> None:
    terminal.run("stage", rows_file("x.jsonl", prediction(), prediction(game_date=NEXT_DATE)))
    assert terminal.json("consolidate", "--date", DATE)["totals"]["staged"] == 1
    assert terminal.json("consolidate", "--from", "2026-01-16", "--to", "2026-01-20")["totals"]["staged"] == 1


def test_the_figures_of_the_conservation_law_are_shown(terminal: Terminal, rows_file: Write) -> None:
    terminal.run(
        "stage", rows_file("x.jsonl", prediction(minute=1), prediction(minute=2), prediction(recommendation="X"))
    )
    shown = terminal.run("consolidate").stdout
    assert "Conserved: 3 staged = 1 inserted + 0 updated + 0 stale + 1 superseded + 1 quarantined" in shown


def test_consolidating_again_finds_nothing_new(consolidated: Terminal) -> None:
    found = consolidated.json("consolidate", "--date", DATE)
    assert (found["dates"], found["untouched"], found["validation"]) == ([], [DATE], None)
    assert "Nothing new" in consolidated.run("consolidate").stdout


def test_validation_can_be_left_out_and_made_up_for(terminal: Terminal, rows_file: Write) -> None:
    terminal.run("stage", rows_file("x.jsonl", prediction()))
    assert terminal.json("consolidate", "--no-validate")["validation"] is None
    assert terminal.json("status")["totals"]["validated_rows"] == 0
    assert terminal.json("validate")["totals"]["validated_rows"] == 1
    assert terminal.json("status")["totals"]["validated_rows"] == 1


def test_validating_a_date_of_which_nothing_stands_says_so(consolidated: Terminal) -> None:
    assert "Nothing stands for 2026-01-20" in consolidated.run("validate", "--date", "2026-01-20").stdout


def test_a_refused_table_is_named_with_its_reason_and_the_rest_is_done(terminal: Terminal, rows_file: Write) -> None:
    terminal.run("stage", rows_file("x.jsonl", prediction()))
    (terminal.home / "staging" / "_staging_20260115_120000_crashed.parquet").write_bytes(b"PAR1")
    result = terminal.run("consolidate", exit_code=3)
    assert "_staging_20260115_120000_crashed" in result.stdout
    assert "mend and stage again" in result.stdout
    found = terminal.json("status")
    assert (found["totals"]["total_rows"], len(found["refused"])) == (1, 1)


def test_a_poisoned_date_ends_with_three_and_is_named(consolidated: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    poisoned = {GAME_DATE: AuditFailed("active_twins", "the audit found something")}
    monkeypatch.setattr(Consolidator, "consolidate", lambda *_: ConsolidationReport("run", poisoned=poisoned))
    found = consolidated.json("consolidate", exit_code=3)
    assert found["poisoned"] == [{"game_date": DATE, "error": "the audit found something"}]
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
        raise AuditFailed("confidences_out_of_scale", "a declared scale is wrong")

    terminal.run("stage", rows_file("x.jsonl", prediction()))
    monkeypatch.setattr(Validator, "validate", fail)
    result = terminal.run("consolidate", "--json", exit_code=1)
    found = json.loads(result.stdout)
    assert (found["totals"]["inserted"], found["validation"]["error"]) == (1, "a declared scale is wrong")
    assert "nba-consolidation validate" in result.stderr


def test_a_long_range_is_cut_for_people_and_whole_for_scripts(terminal: Terminal, rows_file: Write) -> None:
    rows: list[Mapping[str, Any]] = [prediction(game_date=f"2026-01-{day:02}") for day in range(1, 31)]
    terminal.run("stage", rows_file("x.jsonl", *rows))
    shown = terminal.run("consolidate").stdout
    assert "2026-01-30" in shown
    assert "2026-01-01" not in shown
    assert "of 30 dates" in shown
    assert len(terminal.json("status")["dates"]) == 30


@pytest.mark.skipif(not REAL.is_dir(), reason="the real data lies beside the checkout, and is not there")
@pytest.mark.slow
def test_the_real_data_reaches_its_expected_figures(terminal: Terminal) -> None:
    expected = json.loads((REAL / "expected.json").read_text())
    staged = terminal.json("stage", REAL / "staging")
    assert (staged["rows"], staged["failed_files"]) == (expected["staged_rows"], 0)
    assert staged["staged_files"] + staged["skipped_files"] == expected["staging_tables"]
    totals = terminal.json("consolidate")["totals"]
    assert (totals["staged"], totals["total_rows"]) == (expected["staged_rows"], expected["consolidated_rows"])
    found = terminal.json("status")["totals"]
    assert (found["dates"], found["waiting_rows"]) == (expected["dates"], 0)
    assert (found["total_rows"], found["active_rows"]) == (expected["consolidated_rows"], expected["active_rows"])
    assert terminal.json("duplicates")["blocking_findings"] == 0
