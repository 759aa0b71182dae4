"""`repair accuracy`, `repair predictions` and `restore`: they print a forecast, and change rows with --apply only."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nba_consolidation.leases import Holder
from nba_consolidation.leases.sqlite import SqliteLeaseStore
from nba_consolidation_tests.cli.conftest import DATE, Terminal
from nba_consolidation_tests.operations.repair.legacy import LegacyBench, graded
from nba_consolidation_tests.operations.repair.legacy_predictions import LegacyPredictions, merged
from nba_consolidation_tests.pipeline.consolidation.workbench import NEXT_DATE, prediction
from nba_consolidation_tests.prepared import connect


@pytest.fixture
def legacy(terminal: Terminal) -> Terminal:
    """Two dates of a table with copies, of which the first has a confidence in percent too."""
    bench = LegacyBench(terminal.home)
    bench.fill(
        *[graded()] * 3,
        graded(confidence_score=Decimal("62.5"), player_lookup="lukadoncic", system_id="ensemble_v1"),
        *[graded(game_date=NEXT_DATE, prediction_correct=False)] * 2,
    )
    return terminal


def row_count(terminal: Terminal) -> int:
    with connect(terminal.home / "warehouse.duckdb") as connection:
        document = connection.execute("SELECT COUNT(*) FROM prediction_accuracy").fetchone()
    assert document is not None
    return int(document[0])


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_a_repair_says_first_what_it_would_do(legacy: Terminal, options: list[str]) -> None:
    output = legacy.run("repair", *options).stdout
    assert "Would repair 3 duplicates and 1 confidence in percent, on 2 dates" in output
    assert "--apply" in output
    assert all(
        text in output for text in ("60.00% (0.2 to 99.9) of 5", "50.00% (0.2 to 99.8) of 2", "+10.00")
    )  # with the interval by date and n
    assert row_count(legacy) == 6


def test_what_would_be_done_is_done_with_apply(legacy: Terminal) -> None:
    forecast = legacy.json("repair")
    done = legacy.json("repair", "--apply")
    assert (forecast["applied"], forecast["run_id"], done["applied"]) == (False, None, True)
    assert {name: done[name] for name in done if name not in ("applied", "run_id")} == {
        name: forecast[name] for name in forecast if name not in ("applied", "run_id")
    }
    assert (done["total"]["before"]["rows"], done["total"]["after"]["rows"]) == (6, 3)
    assert done["total"]["after"]["hit_rate"] == pytest.approx(2 / 3)
    assert [date["game_date"] for date in done["dates"]] == [DATE, str(NEXT_DATE)]
    assert row_count(legacy) == 3
    assert "Nothing to repair" in legacy.run("repair", "--apply").stdout


def test_a_repair_prints_how_to_put_it_back_and_that_works(legacy: Terminal) -> None:
    last = legacy.run("repair", "--apply").stdout.splitlines()[-1]
    assert last.startswith("nba-consolidation restore --run terminal-")
    command = last.split()[1:]
    assert "Would put back 4 rows" in legacy.run(*command[:-1]).stdout
    assert row_count(legacy) == 3
    assert "Put back 4 rows" in legacy.run(*command).stdout
    assert row_count(legacy) == 6
    assert "no changes left to restore" in legacy.run(*command).stdout


def test_a_restore_tells_each_date_as_json(legacy: Terminal) -> None:
    run = legacy.json("repair", "--apply")["run_id"]
    forecast, done = legacy.json("restore", "--run", run), legacy.json("restore", "--run", run, "--apply")
    assert forecast["dates"] == done["dates"]
    assert done["totals"] == {"put_back": 4, "taken_out": 1, "total_rows": 6}


def test_a_repair_is_bounded_by_dates(legacy: Terminal) -> None:
    document = legacy.json("repair", "--from", NEXT_DATE, "--to", NEXT_DATE, "--apply")
    assert (document["repaired_dates"], row_count(legacy)) == ([str(NEXT_DATE)], 5)
    assert "No graded rows for 2026-02-01" in legacy.run("repair", "--date", "2026-02-01").stdout


def test_the_declared_scale_is_taken_from_the_settings(legacy: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBA_CONSOLIDATION_CONFIDENCE_SCALES", "ensemble_v1=fraction,catboost_v9=percent")
    assert legacy.json("repair")["total"]["normalised"] == 2


def test_an_unknown_run_is_an_error_that_names_it(legacy: Terminal) -> None:
    stderr = legacy.run("restore", "--run", "nobody", exit_code=1).stderr
    assert "no run nobody is in prediction_repairs or grading_ledger" in stderr


def test_a_poisoned_date_ends_with_three_and_is_named(legacy: Terminal) -> None:
    with connect(legacy.home / "warehouse.duckdb") as connection:
        connection.execute("ALTER TABLE prediction_accuracy ALTER confidence_score TYPE DOUBLE")
        connection.execute("UPDATE prediction_accuracy SET confidence_score = 0.123456789 WHERE confidence_score < 1")
        connection.execute("DELETE FROM prediction_accuracy WHERE game_date > '2026-01-15'")
    document = legacy.json("repair", "--apply", exit_code=3)
    assert [entry["game_date"] for entry in document["poisoned"]] == [DATE]
    assert (document["repaired_dates"], row_count(legacy)) == ([], 4)
    output = legacy.run("repair", "--apply", exit_code=3).stdout
    assert "inexactly_kept" in output


def test_a_held_date_ends_with_four(legacy: Terminal) -> None:
    holder = Holder.here("the-nightly-run")
    SqliteLeaseStore(legacy.home / "leases.sqlite").try_acquire([f"grading_{DATE}"], holder, 600, operation_id="x")
    result = legacy.run("--lease-wait", "0", "repair", "--apply", exit_code=4)
    assert "the-nightly-run" in result.stderr
    assert row_count(legacy) == 6


def test_a_table_that_was_not_adopted_says_how(legacy: Terminal) -> None:
    with connect(legacy.home / "warehouse.duckdb") as connection:
        connection.execute("ALTER TABLE prediction_accuracy DROP COLUMN grading_id")
    assert "nba-consolidation bootstrap --apply" in legacy.run("repair", exit_code=1).stderr
    legacy.run("bootstrap", "--apply")
    assert legacy.json("repair", "--apply")["total"]["duplicates"] == 3


@pytest.mark.parametrize("accuracy", [[], ["accuracy"]])
def test_repair_alone_is_repair_accuracy(legacy: Terminal, accuracy: list[str]) -> None:
    assert legacy.json("repair", *accuracy, "--date", DATE, "--apply")["total"]["duplicates"] == 2
    assert "predictions" in legacy.run("repair", "--help").stdout


@pytest.fixture
def poisoned(terminal: Terminal) -> LegacyPredictions:
    """A date with copies and a staging table, which cannot be consolidated."""
    bench = LegacyPredictions(terminal.home)
    bench.fill(merged(0), merged(1), merged(player_lookup="Luka Don\u010di\u0107"))
    bench.stage(prediction(minute=9))
    return bench


def test_a_poisoned_date_names_the_command_that_repairs_it(terminal: Terminal, poisoned: LegacyPredictions) -> None:
    [entry] = terminal.json("consolidate", "--date", DATE, exit_code=3)["poisoned"]
    advice = f"nba-consolidation repair predictions --date {DATE}"
    assert advice in str(entry)
    command = advice.split()[1:]
    before = poisoned.rows()
    output = terminal.run(*command).stdout
    assert "Would repair 1 duplicate, 1 active twin and 1 misspelt key, on 1 date" in output
    assert poisoned.rows() == before
    forecast, done = terminal.json(*command), terminal.json(*command, "--apply")
    assert {name: done[name] for name in done if name not in ("applied", "run_id")} == {
        name: forecast[name] for name in forecast if name not in ("applied", "run_id")
    }
    assert len(poisoned.execute("FROM published_predictions")) == 2
    assert "Nothing to repair" in terminal.run(*command, "--apply").stdout
    assert terminal.json("consolidate", "--date", DATE)["totals"]["updated"] == 1


@pytest.mark.usefixtures("poisoned")
def test_a_repaired_date_that_was_graded_is_to_be_graded_again(terminal: Terminal) -> None:
    LegacyBench(terminal.home).fill(graded())
    assert "nba-consolidation grade" not in terminal.run("repair", "predictions").stdout
    assert f"Next: nba-consolidation grade --date {DATE}" in terminal.run("repair", "predictions", "--apply").stdout


def test_a_repair_of_predictions_prints_how_to_put_it_back(terminal: Terminal, poisoned: LegacyPredictions) -> None:
    before = poisoned.rows()
    last = terminal.run("repair", "predictions", "--apply").stdout.splitlines()[-1]
    restored = terminal.run(*last.split()[1:], exit_code=1)
    assert "Put back 3 rows" in restored.stdout
    assert poisoned.rows() == before
    assert f"nba-consolidation repair predictions --date {DATE}" in restored.stderr
