"""`cleanup`: what is shown, how it ends, and that nothing goes unasked."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nba_consolidation_tests.cli.conftest import Terminal
from nba_consolidation_tests.pipeline.consolidation.workbench import prediction

Write = Callable[..., Path]
NAME = "_staging_20260115_120000_w1"


@pytest.fixture
def littered(terminal: Terminal, rows_file: Write) -> Terminal:
    """One table of ten days ago that was never consolidated."""
    terminal.run("stage", rows_file(f"{NAME}.jsonl", prediction(), prediction("21.5")))
    os.utime(terminal.home / "staging" / f"{NAME}.parquet", (time.time() - 864_000,) * 2)
    terminal.run("bootstrap", "--apply")
    return terminal


def test_an_old_table_is_shown_with_how_to_consolidate_it_and_ends_with_3(littered: Terminal) -> None:
    output = littered.run("cleanup", exit_code=3).stdout
    for part in (NAME, "never consolidated", "10", "20260115_120000", "2026-01-15", "stays"):
        assert part in output
    assert "nba-consolidation consolidate --from 2026-01-15 --to 2026-01-15" in output


def test_applying_leaves_what_was_never_consolidated(littered: Terminal) -> None:
    document = littered.json("cleanup", "--apply", exit_code=3)
    assert [(table["staging_table"], table["action"]) for table in document["tables"]] == [(NAME, "stays")]
    assert document["waiting_dates"] == ["2026-01-15"]
    assert littered.json("consolidate")["totals"]["staged"] == 2


def test_a_named_table_is_archived_only_when_applied(littered: Terminal) -> None:
    output = littered.run("cleanup", "--archive", NAME).stdout
    assert "archived: 1" in output
    assert "add --apply" in output
    (table,) = littered.json("cleanup", "--archive", NAME, "--apply")["tables"]
    assert Path(table["archived_to"]).exists()
    assert "No staging table is older than 7 days" in littered.run("cleanup").stdout


def test_the_age_is_an_option_and_a_setting(littered: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    assert littered.json("cleanup", "--older-than", 11)["tables"] == []
    monkeypatch.setenv("NBA_CONSOLIDATION_STAGING_RETENTION_DAYS", "12")
    assert littered.json("cleanup")["retention_days"] == 12


def test_a_mistyped_name_is_told_and_nothing_is_done(littered: Terminal) -> None:
    result = littered.run("cleanup", "--archive", "_staging_x", "--apply", exit_code=1)
    assert "nothing was done" in result.stderr
    assert "_staging_x" in result.stderr
