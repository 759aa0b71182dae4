"""`box-scores`: box scores from files, for the local deployment."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nba_consolidation_tests.cli.conftest import PROGRAM, Terminal
from nba_consolidation_tests.pipeline.consolidation.workbench import prediction
from nba_consolidation_tests.prepared import connect

Write = Callable[..., Path]
FIGURES = ("new", "changed", "unchanged", "repeated", "replaced")


def box(player: str = "lebronjames", **changes: Any) -> dict[str, Any]:
    """A sound box score as a file has it."""
    row = {"player_lookup": player, "game_id": "20260115_LAL_BOS", "game_date": "2026-01-15", "points": 25,
           "minutes_played": 31.5, "team_abbr": "LAL", "opponent_team_abbr": "BOS",
           "tip_off_at": "2026-01-16T00:30:00Z"}  # fmt: skip
    return row | changes


def current_rows(terminal: Terminal) -> list[tuple[Any, ...]]:
    """Players and points that stand."""
    with connect(terminal.home / "warehouse.duckdb") as connection:
        return connection.execute("SELECT player_lookup, points FROM player_game_summary ORDER BY ALL").fetchall()


def figures(document: Any) -> tuple[int, ...]:
    return tuple(document["rows"][name] for name in FIGURES)


def test_files_of_every_kind_and_folders_are_loaded_together(
    terminal: Terminal, tmp_path: Path, rows_file: Write
) -> None:
    folder = tmp_path / "scores"
    folder.mkdir()
    pq.write_table(pa.Table.from_pylist([box("one"), box("two")]), folder / "a.parquet")
    (folder / "b.csv").write_text(
        "player_lookup,game_id,game_date,points,minutes_played\nthree,20260116_BOS_MIA,2026-01-16,9,20.5\n"
    )
    summary = terminal.json("box-scores", folder, rows_file("c.jsonl", box("four"), box("one")))
    assert (figures(summary), summary["loaded_files"], summary["failed_files"]) == ((4, 0, 0, 1, 0), 3, 0)
    assert (summary["dates"], summary["problems"]) == (["2026-01-15", "2026-01-16"], [])
    assert summary["absent_columns"] == ["team_abbr", "opponent_team_abbr", "tip_off_at"]
    assert [player for player, _ in current_rows(terminal)] == ["four", "one", "three", "two"]


def test_the_same_file_again_changes_nothing_and_says_so(terminal: Terminal, rows_file: Write) -> None:
    file = rows_file("scores.jsonl", box(), box("other", points=3))
    assert "2 new, 0 changed, 0 unchanged" in terminal.run("box-scores", file).stdout
    assert "0 new, 0 changed, 2 unchanged" in terminal.run("box-scores", file).stdout


def test_a_correction_replaces_its_row(terminal: Terminal, rows_file: Write) -> None:
    terminal.run("box-scores", rows_file("scores.jsonl", box(), box("other", points=3)))
    assert figures(terminal.json("box-scores", rows_file("better.jsonl", box(points=27)))) == (0, 1, 0, 0, 1)
    assert current_rows(terminal) == [("lebronjames", 27), ("other", 3)]


def test_a_file_that_is_refused_is_named_and_the_others_are_loaded(terminal: Terminal, rows_file: Write) -> None:
    bad = rows_file("bad.jsonl", box("x"), box("y", points="many"))
    good = rows_file("good.jsonl", box())
    summary = terminal.json("box-scores", bad, good, exit_code=1)
    [error] = [file["error"] for file in summary["files"] if file["error"]]
    assert all(
        part in error for part in ("bad.jsonl", "column points", "row 1", "'many'", "nothing was loaded from it")
    )
    assert current_rows(terminal) == [("lebronjames", 25)]
    output = terminal.run("box-scores", bad, good, exit_code=1).stdout
    assert "bad.jsonl" in output
    assert "could not be loaded" in output


def test_files_that_are_all_refused_change_nothing(terminal: Terminal, rows_file: Write, tmp_path: Path) -> None:
    terminal.run("box-scores", rows_file("good.jsonl", box()))
    summary = terminal.json(
        "box-scores", rows_file("bad.jsonl", box(game_id=None)), tmp_path / "nowhere.csv", exit_code=1
    )
    assert (summary["loaded_files"], summary["failed_files"], summary["dates"]) == (0, 2, [])
    assert current_rows(terminal) == [("lebronjames", 25)]


def test_a_file_without_rows_is_skipped(terminal: Terminal, rows_file: Write) -> None:
    assert "Skipped 1 without rows: empty.jsonl" in terminal.run("box-scores", rows_file("empty.jsonl")).stdout


def test_suspicious_box_scores_are_loaded_and_named_and_a_person_should_look(
    terminal: Terminal, rows_file: Write
) -> None:
    file = rows_file("scores.jsonl", box("lukadončić"), box("ghost", minutes_played=None), box("sound"))
    output = terminal.run("box-scores", file, exit_code=3).stdout
    assert all(part in output for part in ("player lookup unusual", "matches lukadoncic", "minutes missing", "ghost"))
    summary = terminal.json("box-scores", file, exit_code=3)
    assert summary["problems"][1] == {
        "game_date": "2026-01-15", "problem": "player_lookup_unusual", "game_id": "20260115_LAL_BOS",
        "player_lookup": "lukadončić", "detail": "matches lukadoncic",
    }  # fmt: skip
    assert len(current_rows(terminal)) == 3


def test_many_problems_are_counted_by_kind(terminal: Terminal, rows_file: Write) -> None:
    file = rows_file("scores.jsonl", *(box(f"p{number}", minutes_played=None) for number in range(30)))
    assert "The first 20 of 30 problems (30 minutes missing)" in terminal.run("box-scores", file, exit_code=3).stdout
    assert len(terminal.json("box-scores", file, exit_code=3)["problems"]) == 30


def test_columns_that_are_none_of_ours_are_named_once_and_left_out(terminal: Terminal, rows_file: Write) -> None:
    files = [rows_file(f"{name}.jsonl", box(name, minutes=30, shoe="x")) for name in ("a", "b")]
    output = terminal.run("box-scores", *files).stdout
    assert "Ignored columns: minutes, shoe" in output
    assert output.count("shoe") == 1


def test_on_a_fresh_laptop_a_grading_finds_a_table_without_rows(terminal: Terminal, rows_file: Write) -> None:
    terminal.run("stage", rows_file("a.jsonl", prediction("20.5")))
    terminal.run("consolidate")
    [date] = terminal.json("grade")["dates"]
    assert (date["active"], date["waiting"]) == (1, 1)
    assert current_rows(terminal) == []


def test_what_was_loaded_is_graded_by(terminal: Terminal, rows_file: Write) -> None:
    made = prediction("20.5", line_source="ACTUAL_PROP")
    terminal.run("stage", rows_file("a.jsonl", made))
    terminal.run("consolidate")
    names = ("player_lookup", "game_id", "game_date")
    terminal.run(
        "box-scores", rows_file("scores.jsonl", box(**{name: str(made[name]) for name in names}, tip_off_at=None))
    )
    [date] = terminal.json("grade")["dates"]
    assert (date["active"], date["waiting"]) == (1, 0)


def test_two_at_once_both_land(terminal: Terminal, rows_file: Write) -> None:
    files = [rows_file(f"{name}.jsonl", *(box(f"{name}{n}") for n in range(50)), box("both")) for name in ("a", "b")]
    running = [
        subprocess.Popen(
            [*PROGRAM, "--home", str(terminal.home), "box-scores", str(file), "--json"],
            stdout=subprocess.PIPE,
            text=True,
        )
        for file in files
    ]
    summary = [json.loads(process.communicate(timeout=120)[0]) for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert sorted(figures(document)[:3] for document in summary) == [(50, 0, 1), (51, 0, 0)]
    assert len(current_rows(terminal)) == 101


def test_production_has_a_table_of_somebody_elses_which_is_named(
    terminal: Terminal, rows_file: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NBA_CONSOLIDATION_DEPLOYMENT", "production")
    monkeypatch.setenv("NBA_CONSOLIDATION_PROJECT", "nba-project")
    monkeypatch.setenv("NBA_CONSOLIDATION_BOX_SCORES", "raw.scores")
    refused = terminal.run("box-scores", rows_file("scores.jsonl", box()), exit_code=2).stderr
    assert "nba-project.raw.scores" in refused
    assert "NBA_CONSOLIDATION_BOX_SCORES" in refused


def test_the_former_name_of_the_command_still_works_but_is_not_listed(terminal: Terminal, rows_file: Write) -> None:
    assert figures(terminal.json("actuals", rows_file("scores.jsonl", box()))) == (1, 0, 0, 0, 0)
    assert "actuals" not in terminal.run("--help").stdout
