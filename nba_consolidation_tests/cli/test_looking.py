"""`status`, `explain`, `quarantine`, `duplicates`, `locks`, `bootstrap`: what people look with."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nba_consolidation.leases import Holder
from nba_consolidation.leases.sqlite import SqliteLeaseStore
from nba_consolidation.schema import ALL_TABLES, VIEWS
from nba_consolidation_tests.cli.conftest import DATE, PROGRAM, Terminal
from nba_consolidation_tests.pipeline.consolidation.workbench import prediction
from nba_consolidation_tests.prepared import connect

Write = Callable[..., Path]
KEY = f"consolidation_{DATE}"


def held(terminal: Terminal) -> Holder:
    """A lease that another process holds."""
    holder = Holder.here("the-nightly-run")
    SqliteLeaseStore(terminal.home / "leases.sqlite").try_acquire([KEY], holder, 600, operation_id="theirs")
    return holder


def test_status_works_when_nothing_exists_and_makes_nothing(terminal: Terminal) -> None:
    assert "stage FILE" in terminal.run("status").stdout
    assert terminal.json("status")["dates"] == []
    assert not terminal.home.exists()


def test_status_tells_what_waits_before_anything_was_consolidated(terminal: Terminal, rows_file: Write) -> None:
    terminal.run("stage", rows_file("x.jsonl", prediction("20.5"), prediction("21.0")))
    [date] = terminal.json("status")["dates"]
    assert (date["game_date"], date["waiting_tables"], date["waiting_rows"]) == (DATE, 1, 2)
    assert (date["total_rows"], date["last_token"], date["last_consolidated_at"]) == (0, None, None)


def test_status_tells_what_stands_and_who_consolidated_last(consolidated: Terminal) -> None:
    [date] = consolidated.json("status")["dates"]
    assert (date["waiting_rows"], date["total_rows"], date["active_rows"], date["validated_rows"]) == (0, 2, 1, 1)
    assert date["last_run_id"].startswith("terminal-")
    assert date["last_token"] > 0


def test_status_names_refused_empty_and_merged_tables(consolidated: Terminal, rows_file: Write) -> None:
    staging = consolidated.home / "staging"
    consolidated.run("stage", rows_file("y.jsonl", prediction("22.5")))
    [waiting] = staging.glob("*.parquet")
    kept = waiting.rename(staging / "kept")
    (staging / waiting.name).hardlink_to(kept)
    consolidated.run("consolidate")
    kept.rename(waiting)
    (staging / "_staging_1_bad.parquet").write_bytes(b"no parquet")
    pq.write_table(pa.table({"game_date": pa.array([], pa.date32())}), staging / "_staging_1_empty.parquet")
    document = consolidated.json("status")
    assert [table["name"] for table in document["refused"]] == ["_staging_1_bad"]
    assert (document["empty"], document["merged"]) == (["_staging_1_empty"], [waiting.stem])
    assert "_staging_1_bad" in consolidated.run("status").stdout


def test_a_confidence_off_the_scale_of_its_batch_is_withheld_shown_by_status_and_named_by_a_failing_check(
    terminal: Terminal, rows_file: Write
) -> None:
    rows = [prediction(player_lookup=f"p{n}", confidence_score=0.62, line_source="ACTUAL_PROP") for n in range(9)]
    terminal.run("stage", rows_file("r16.jsonl", *rows, prediction(confidence_score=1.0001)))
    assert "Withheld 1 prediction, whose confidence" in terminal.run("consolidate").stdout
    assert terminal.json("status")["totals"]["withheld_rows"] == 1
    assert "Withheld 1 prediction, whose confidence" in terminal.run("status").stdout
    checks = {check["name"]: check for check in terminal.json("quality", "--date", DATE, exit_code=1)["checks"]}
    assert checks["confidence_scale"]["status"] == "failed"
    assert [(row["source"], row["out_of_scale"]) for row in checks["confidence_scale"]["rows"]] == [
        ("withheld_predictions", 1)
    ]


def test_status_shows_held_leases(terminal: Terminal) -> None:
    holder = held(terminal)
    assert terminal.json("status")["leases"][0]["holder_id"] == holder.holder_id


def test_status_counts_an_unknown_column_as_refused_unless_schemas_evolve(terminal: Terminal) -> None:
    terminal.run("bootstrap", "--apply")
    row = {name: value for name, value in prediction().items() if value is not None} | {"hype": "much"}
    (terminal.home / "staging").mkdir()
    pq.write_table(pa.Table.from_pylist([row]), terminal.home / "staging" / "_staging_1_new.parquet")
    assert "hype" in terminal.json("status")["refused"][0]["reason"]
    document = terminal.json("--schema-evolution", "status")
    assert (document["refused"], document["totals"]["waiting_rows"]) == ([], 1)


def test_a_table_refused_for_a_misspelt_column_names_the_column_that_is_meant(terminal: Terminal) -> None:
    terminal.run("bootstrap", "--apply")
    row = {name: value for name, value in prediction().items() if value is not None}
    row["recomendation"] = row.pop("recommendation")
    (terminal.home / "staging").mkdir()
    pq.write_table(pa.Table.from_pylist([row]), terminal.home / "staging" / "_staging_1_new.parquet")
    assert "did you mean 'recommendation'?" in terminal.json("status")["refused"][0]["reason"]


def test_explain_tells_what_stands_and_which_versions_lost(consolidated: Terminal) -> None:
    first, second = consolidated.json("explain", "--date", DATE, "--player", "jaimejaquezjr")["predictions"]
    assert (first["current_points_line"], first["version_prediction_id"]) == ("20.5", "made-1")
    assert (first["staging_table"], first["batch_id"]) == ("_staging_20260115_170000_w2", "20260115_170000")
    assert [(lost["prediction_id"], lost["outcome"]) for lost in first["lost"]] == [("made-0", "superseded")]
    assert (first["is_active"], first["superseded_by"]) == (False, second["prediction_id"])
    assert (second["is_active"], second["lost"]) == (True, [])


def test_explain_lists_every_way_of_losing_in_the_order_of_making(consolidated: Terminal, rows_file: Write) -> None:
    consolidated.run("stage", rows_file("new.jsonl", prediction("20.5", 9), prediction("20.5", 8)))
    consolidated.run("consolidate")
    consolidated.run("stage", rows_file("old.jsonl", prediction("20.5", 5)))
    consolidated.run("consolidate")
    question = ("explain", "--date", DATE, "--player", "jaimejaquezjr", "--line", "20.5")
    [document] = consolidated.json(*question)["predictions"]
    assert [lost["prediction_id"] for lost in document["lost"]] == ["made-0", "made-1", "made-5", "made-8"]
    assert [lost["outcome"] for lost in document["lost"]] == ["superseded", "replaced", "stale", "superseded"]
    assert (document["prediction_id"], document["prediction_version"]) == ("made-1", 2)
    text = consolidated.run(*question).stdout
    assert all(word in text for word in ("made-9", "replaced", "stale", "made-1, made 2026-01-15 12:01"))


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        (["--line", "21"], ["21.0"]),
        (["--line", "none"], [None]),
        (["--system", "catboost_v9", "--game", "20260115_BOS_MIA"], [None, "20.5", "21.0"]),
    ],
)
def test_explain_is_narrowed_exactly(
    consolidated: Terminal, rows_file: Write, options: list[str], lines: list[str | None]
) -> None:
    consolidated.run("stage", rows_file("x.jsonl", prediction(None)))
    consolidated.run("consolidate")
    document = consolidated.json("explain", "--date", DATE, "--player", "jaimejaquezjr", *options)["predictions"]
    assert [row["current_points_line"] for row in document] == lines


@pytest.mark.parametrize("player", ["nobody", "x' OR '1'='1", "[bold]", "\x1b[2J"])
def test_explain_says_when_nothing_stands(consolidated: Terminal, player: str) -> None:
    result = consolidated.run("explain", "--date", DATE, "--player", player, exit_code=1)
    assert "no prediction for" in result.stderr
    assert DATE in result.stderr
    assert "\x1b" not in result.output


@pytest.mark.parametrize("line", ["abc", "NaN", "1e9", "Infinity"])
def test_a_line_that_is_none_is_a_usage_error(consolidated: Terminal, line: str) -> None:
    assert "20.5" in consolidated.run("explain", "--date", DATE, "--player", "x", "--line", line, exit_code=2).stderr


def test_quarantine_tells_rule_reason_and_the_row_as_it_was(consolidated: Terminal) -> None:
    document = consolidated.json("quarantine", "--date", DATE)
    [rule], [row] = document["rules"], document["rows"]
    assert (document["quarantined"], rule["column_name"], rule["rule"]) == (1, "predicted_points", "range")
    assert '"jaimejaquezjr"' in row["original_row"]
    assert "between 0 and 80" in consolidated.run("quarantine").stdout


def test_quarantine_is_bounded_by_dates_and_limit(consolidated: Terminal) -> None:
    assert consolidated.json("quarantine", "--from", "2026-01-16")["quarantined"] == 0
    document = consolidated.json("quarantine", "--limit", "0")
    assert (document["quarantined"], document["rows"]) == (1, [])


def test_no_duplicates_end_with_zero(consolidated: Terminal) -> None:
    document = consolidated.json("duplicates")
    assert (document["dates"], document["blocking_findings"], len(document["audits"])) == (1, 0, 13)
    assert "No duplicates" in consolidated.run("duplicates", "--from", DATE).stdout


def test_duplicates_that_stand_are_shown_and_end_with_three(consolidated: Terminal) -> None:
    with connect(consolidated.home / "warehouse.duckdb") as connection:
        connection.execute("INSERT INTO player_prop_predictions SELECT * FROM player_prop_predictions")
    document = consolidated.json("duplicates", exit_code=3)
    keys = [audit for audit in document["audits"] if audit["audit"] == "duplicate_business_keys"]
    assert [finding["current_points_line"] for finding in keys[0]["findings"]] in (["20.5", "21.0"], ["21.0", "20.5"])
    assert "jaimejaquezjr" in consolidated.run("duplicates", exit_code=3).stdout


def test_locks_list_shows_all_that_a_release_needs(terminal: Terminal) -> None:
    assert terminal.json("locks", "list") == {"leases": [], "waiters": []}
    holder = held(terminal)
    [lease] = terminal.json("locks", "list")["leases"]
    assert (lease["key"], lease["holder_id"], lease["run_id"]) == (KEY, holder.holder_id, "the-nightly-run")
    assert (lease["host"], lease["pid"], lease["expired"]) == (holder.host, holder.pid, False)
    assert holder.holder_id in terminal.run("locks", "list").stdout


@pytest.mark.other_processes
def test_locks_list_shows_who_waits_across_processes_and_history_how_it_ended(
    consolidated: Terminal, rows_file: Write
) -> None:
    theirs = held(consolidated)
    consolidated.run("stage", rows_file("more.jsonl", prediction("22.5")))
    store = SqliteLeaseStore(consolidated.home / "leases.sqlite")
    program = [*PROGRAM, "--home", str(consolidated.home), "--lease-wait", "60", "consolidate"]
    with subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as waiting:
        while not (waiters := consolidated.json("locks", "list")["waiters"]):
            assert waiting.poll() is None
            time.sleep(0.1)
        [lease] = store.list()
        store.release([lease])
        assert waiting.wait(60) == 0
    [waiter] = waiters
    assert (waiter["key"], waiter["pid"], waiter["waits_for_holder_id"]) == (KEY, waiting.pid, theirs.holder_id)
    assert consolidated.json("locks", "list") == {"leases": [], "waiters": []}
    entries = consolidated.json("locks", "history", "--date", DATE)["history"]
    assert [entry["what"] for entry in entries] == ["wrote", "waited", "wrote"]
    assert (entries[1]["run_id"], entries[1]["detail"]) == (entries[2]["run_id"], "acquired")
    assert entries[1]["seconds"] > 0
    assert theirs.holder_id in consolidated.run("locks", "history").stdout


def test_lock_history_has_one_row_for_the_dates_of_a_run_and_shows_the_last_rows(
    terminal: Terminal, rows_file: Write
) -> None:
    dates = ["2026-01-15", "2026-01-16", "2026-01-17"]
    rows = [prediction("20.5", game_date=date, game_id=f"{date.replace('-', '')}_BOS_MIA") for date in dates]
    for name in ("early", "late"):
        terminal.run("stage", rows_file(f"{name}.jsonl", *rows), "--worker", name)
        terminal.run("consolidate")
    assert len(terminal.json("locks", "history")["history"]) == 6
    shown = terminal.run("locks", "history").stdout
    assert shown.count("consolidation_2026-01-15 to 2026-01-17") == 2
    assert "3 dates; consolidation, 3 rows" in shown
    last = terminal.run("locks", "history", "--limit", 1).stdout
    assert last.count("consolidation_2026-01-15 to 2026-01-17") == 1
    assert "The last 1 of 2 rows" in last


def test_a_forced_release_needs_the_holder_and_leaves_a_record(terminal: Terminal) -> None:
    holder = held(terminal)
    released = terminal.json(
        "locks", "release", KEY, "--holder", holder.holder_id, "--reason", "host died", "--by", "me"
    )
    assert (released["released"]["by"], released["released"]["reason"]) == ("me", "host died")
    assert terminal.json("locks", "list")["leases"] == []
    assert terminal.json("locks", "audit")["forced_releases"] == [released["released"]]
    assert "host died" in terminal.run("locks", "audit").stdout


def test_a_forced_release_with_another_holder_names_the_real_one(terminal: Terminal) -> None:
    holder = held(terminal)
    result = terminal.run("locks", "release", KEY, "--holder", "guessed", "--reason", "x", exit_code=1)
    assert holder.holder_id in result.stderr
    assert len(terminal.json("locks", "list")["leases"]) == 1


@pytest.mark.parametrize(
    ("key", "reason", "code"), [("no-key", "x", 1), (KEY, "  ", 1), ("consolidation_2026-02-30", "x", 1)]
)
def test_a_forced_release_that_cannot_be_is_explained(terminal: Terminal, key: str, reason: str, code: int) -> None:
    result = terminal.run(
        "locks", "release", key, "--holder", held(terminal).holder_id, "--reason", reason, exit_code=code
    )
    assert result.stderr.startswith("Error: ")


def test_bootstrap_shows_first_and_makes_when_told(terminal: Terminal) -> None:
    planned = terminal.json("bootstrap")["tables"]
    assert [table["name"] for table in planned if table["creates"]] == [table.name for table in ALL_TABLES]
    assert not terminal.home.exists()
    terminal.run("bootstrap", "--apply")
    assert not any(table["creates"] or table["adds"] for table in terminal.json("bootstrap", "--apply")["tables"])
    assert f"All {len(ALL_TABLES)} tables and {len(VIEWS)} views exist" in terminal.run("bootstrap").stdout


def test_a_table_of_a_predecessor_is_adopted_and_until_then_nothing_is_consolidated(
    terminal: Terminal, rows_file: Callable[..., Path]
) -> None:
    terminal.run("bootstrap", "--apply")
    with connect(terminal.home / "warehouse.duckdb") as theirs:
        theirs.execute("ALTER TABLE player_prop_predictions DROP COLUMN lease_token")
        theirs.execute("ALTER TABLE player_prop_predictions ADD COLUMN kalshi_price DOUBLE")
    terminal.run("stage", rows_file("_staging_20260115_120000_w1.jsonl", prediction()))
    assert "lacks the columns lease_token" in terminal.run("consolidate", exit_code=1).stderr
    [adopted] = [table for table in terminal.json("bootstrap")["tables"] if table["adds"]]
    assert (adopted["adds"], adopted["carried_through"]) == (["lease_token"], ["kalshi_price"])
    terminal.run("bootstrap", "--apply")
    assert terminal.json("consolidate")["totals"]["inserted"] == 1


def test_doctor_passes_every_check_of_a_working_home(consolidated: Terminal) -> None:
    report = consolidated.json("doctor")
    healths = {check["subject"]: check["health"] for check in report["checks"]}
    assert {subject for subject, health in healths.items() if health != "ok"} == {
        "Dagster instance", "Dagster pools", "Dagster daemon",  # no DAGSTER_HOME is set here
    }  # fmt: skip
    assert (report["health"], set(healths.values())) == ("ok", {"ok", "not checked"})
    assert {"settings", "libraries", "disk", "permission to write", "box scores", "lease round trip"} <= set(healths)
    assert consolidated.json("locks", "list")["leases"] == []


def test_doctor_creates_nothing_where_nothing_exists(terminal: Terminal) -> None:
    assert "does not exist yet" in terminal.run("doctor").stdout
    assert not terminal.home.exists()


def test_doctor_is_not_content_with_a_home_that_can_never_be_created(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    report = Terminal(tmp_path / "file" / "home").json("doctor", exit_code=1)
    healths = {check["subject"]: check["health"] for check in report["checks"]}
    assert healths == {"settings": "ok", "libraries": "ok", "disk": "ok", "folders": "failed"}


def test_doctor_names_the_table_that_is_missing_and_what_to_do(consolidated: Terminal) -> None:
    with connect(consolidated.home / "warehouse.duckdb") as theirs:
        theirs.execute("DROP TABLE consolidation_fences")
    report = consolidated.json("doctor", exit_code=1)
    [failed] = [check for check in report["checks"] if check["health"] == "failed"]
    assert failed["subject"] == "tables"
    assert "consolidation_fences is missing" in failed["detail"]
    assert "bootstrap" in failed["detail"]


def test_doctor_fails_for_a_key_column_that_is_not_exact(consolidated: Terminal) -> None:
    with connect(consolidated.home / "warehouse.duckdb") as theirs:
        theirs.execute("ALTER TABLE player_prop_predictions ALTER current_points_line TYPE DOUBLE")
    report = consolidated.json("doctor", exit_code=1)
    assert "current_points_line is FLOAT64 but must be NUMERIC" in str(report["checks"])


def test_doctor_fails_for_a_lease_store_that_is_no_database(consolidated: Terminal) -> None:
    (consolidated.home / "leases.sqlite").write_bytes(b"this is no database" * 1000)
    report = consolidated.json("doctor", exit_code=1)
    assert [c["subject"] for c in report["checks"] if c["health"] == "failed"] == ["lease store", "lease round trip"]


def test_doctor_warns_of_refused_staging_tables(consolidated: Terminal) -> None:
    (consolidated.home / "staging" / "_staging_20260116_120000_w1.parquet").write_bytes(b"torn")
    assert consolidated.json("doctor", exit_code=3)["health"] == "warning"


@pytest.mark.parametrize("command", ["duplicates", "quarantine", "validate"])
def test_looking_where_nothing_is_says_so_and_makes_nothing(terminal: Terminal, command: str) -> None:
    assert str(terminal.home) in terminal.run(command, exit_code=1).stderr
    assert not terminal.home.exists()
