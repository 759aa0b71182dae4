"""`status`: what has to happen next to each date, and why its last attempt failed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nba_consolidation.leases import Holder
from nba_consolidation.leases.sqlite import SqliteLeaseStore
from nba_consolidation.warehouse.staging.parquet import ParquetStaging
from nba_consolidation_tests.cli.conftest import DATE, Terminal
from nba_consolidation_tests.pipeline.consolidation.workbench import prediction
from nba_consolidation_tests.prepared import connect
from nba_consolidation_tests.warehouse.rows import row, rows_table

Write = Callable[..., Path]


def execute(terminal: Terminal, sql: str) -> None:
    """A change past every check, as a predecessor leaves it."""
    with connect(terminal.home / "warehouse.duckdb") as connection:
        connection.execute(sql)


def state(terminal: Terminal) -> Any:
    """The only date of the document."""
    [date] = terminal.json("status")["dates"]
    return date


@pytest.fixture
def poisoned(consolidated: Terminal, rows_file: Write) -> Terminal:
    """A date with every row twice, and one more staging table that waits for it."""
    execute(consolidated, "INSERT INTO player_prop_predictions SELECT * FROM player_prop_predictions")
    consolidated.run("stage", rows_file("later.jsonl", prediction("22.5", 3)))
    consolidated.run("consolidate", exit_code=3)
    return consolidated


def test_a_poisoned_date_has_failed_with_its_reason_and_does_not_just_wait(poisoned: Terminal) -> None:
    date = state(poisoned)
    assert (date["state"], date["waiting_tables"]) == ("failed", 1)
    assert "duplicate_business_keys" in date["failure"]
    assert date["failed_run_id"].startswith("terminal-")
    assert date["failed_at"] > date["last_consolidated_at"]
    shown = poisoned.run("status").stdout
    assert "duplicate_business_keys" in shown
    assert f"Failed: 1 date ({DATE})" in shown
    assert "Waiting:" not in shown
    history = poisoned.json("locks", "history")["history"]
    assert [(entry["lease"], entry["other"]) for entry in history if entry["what"] == "failed"] == [
        (f"consolidation_{DATE}", None)
    ]


def test_a_failure_is_forgotten_once_the_date_is_consolidated(poisoned: Terminal) -> None:
    execute(poisoned, "CREATE TABLE once AS SELECT DISTINCT * FROM player_prop_predictions")
    execute(poisoned, "DELETE FROM player_prop_predictions")
    execute(poisoned, "INSERT INTO player_prop_predictions SELECT * FROM once")
    poisoned.run("consolidate")
    assert (state(poisoned)["state"], state(poisoned)["failure"]) == ("up to date", None)


@pytest.mark.parametrize(
    ("change", "expected", "next_step"),
    [
        ("DELETE FROM validated_predictions; DELETE FROM published_predictions", "not validated", "consolidate"),
        ("DELETE FROM published_predictions", "not published", "consolidate"),
        (
            "DELETE FROM validated_predictions; DELETE FROM published_predictions; DELETE FROM consolidation_ledger",
            "not validated", f"validate --from {DATE} --to {DATE}",
        ),
    ],
)  # fmt: skip
def test_a_date_without_validation_or_publication_has_a_hint_that_helps(
    consolidated: Terminal, change: str, expected: str, next_step: str
) -> None:
    execute(consolidated, change)
    assert state(consolidated)["state"] == expected
    assert f"Next: nba-consolidation {next_step}\n" in consolidated.run("status").stdout
    consolidated.run(*next_step.split())
    assert state(consolidated)["state"] == "up to date"


def test_ids_and_tokens_are_shown_on_request_only_and_the_table_fits_a_hundred_columns(consolidated: Terminal) -> None:
    holder = Holder.here("the-nightly-run")
    store = SqliteLeaseStore(consolidated.home / "leases.sqlite")
    store.try_acquire([f"consolidation_{DATE}"], holder, 600, operation_id="theirs")
    date = state(consolidated)
    ids = (holder.holder_id, date["last_run_id"], str(date["last_token"]))
    brief, verbose = (consolidated.run("status", *options).stdout for options in ((), ("--verbose",)))
    assert [one in brief for one in ids] == [False] * 3
    assert [one in verbose for one in ids] == [True] * 3
    assert "the-nightly-run" in brief
    assert max(map(len, brief.splitlines())) <= 100


def test_one_date_is_shown_alone(consolidated: Terminal, rows_file: Write) -> None:
    consolidated.run(
        "stage", rows_file("x.jsonl", prediction("20.5", game_date="2026-01-16", game_id="20260116_MIA_BOS"))
    )
    assert [date["game_date"] for date in consolidated.json("status")["dates"]] == [DATE, "2026-01-16"]
    document = consolidated.json("status", "--date", DATE)
    assert [date["game_date"] for date in document["dates"]] == [DATE]
    assert document["totals"]["waiting_rows"] == 0
    assert "2026-01-16" not in consolidated.run("status", "--date", DATE).stdout


def test_status_doctor_and_quality_count_the_same_refused_tables(consolidated: Terminal, rows_file: Write) -> None:
    (consolidated.home / "staging" / "_staging_1_bad.parquet").write_bytes(b"no parquet")
    ParquetStaging(consolidated.home / "staging").write("_staging_1_odd", rows_table(row(unknown_column=1)))
    consolidated.run("stage", rows_file("good.jsonl", prediction("21.5")))
    assert len(consolidated.json("status")["refused"]) == 2
    [staging] = [one for one in consolidated.json("doctor", exit_code=3)["checks"] if one["subject"] == "staging area"]
    assert staging["detail"].startswith("can be written; 3 staging tables, 2 of them refused")
    checks = {check["name"]: check for check in consolidated.json("quality", "--date", DATE, exit_code=1)["checks"]}
    assert "3 staging tables wait (2 of them refused)" in checks["waiting_staging"]["message"]
