"""`stage`: files become staging tables, whole or not at all, whatever they are called."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nba_consolidation_tests.cli.conftest import Terminal
from nba_consolidation_tests.pipeline.consolidation.workbench import prediction
from nba_consolidation_tests.prepared import connect

Write = Callable[..., Path]


def tables(terminal: Terminal) -> list[str]:
    """The names of the staging tables that are there."""
    return sorted(path.stem for path in (terminal.home / "staging").glob("*.parquet"))


def test_a_file_of_json_lines_becomes_one_staging_table(terminal: Terminal, rows_file: Write) -> None:
    summary = terminal.json("stage", rows_file("evening.jsonl", prediction("20.5"), prediction("21.0")))
    [file] = summary["files"]
    assert (summary["rows"], summary["staged_files"], summary["failed_files"]) == (2, 1, 0)
    assert tables(terminal) == [file["staging_table"]]
    assert file["staging_table"].endswith("_evening")


def test_csv_and_parquet_are_staged_as_well(terminal: Terminal, tmp_path: Path) -> None:
    row = {name: value for name, value in prediction().items() if value is not None}
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "one.parquet")
    with (tmp_path / "two.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, row)
        writer.writeheader()
        writer.writerow(row)
    assert terminal.json("stage", tmp_path / "one.parquet", tmp_path / "two.csv")["rows"] == 2


def test_a_file_that_is_named_like_a_staging_table_keeps_its_name(terminal: Terminal, rows_file: Write) -> None:
    file = rows_file("_staging_regen_20260115_120000_123456_worker_0r.jsonl", prediction())
    terminal.run("stage", file)
    terminal.run("stage", file)
    assert tables(terminal) == ["_staging_regen_20260115_120000_123456_worker_0r"]


def test_batch_and_worker_can_be_given(terminal: Terminal, rows_file: Write) -> None:
    terminal.run("stage", rows_file("x.jsonl", prediction()), "--batch", "regen_1", "--worker", "karl-anthony")
    assert tables(terminal) == ["_staging_regen_1_karl_anthony"]


def test_a_worker_cannot_be_given_to_several_files(terminal: Terminal, rows_file: Write) -> None:
    files = [rows_file("a.jsonl", prediction()), rows_file("b.jsonl", prediction())]
    assert "--worker" in terminal.run("stage", *files, "--worker", "w", exit_code=2).stderr
    assert tables(terminal) == []


def test_a_directory_stands_for_the_files_in_it(terminal: Terminal, rows_file: Write, tmp_path: Path) -> None:
    rows_file("a.jsonl", prediction())
    rows_file("b.jsonl", prediction())
    rows_file("notes.txt")
    assert terminal.json("stage", tmp_path)["staged_files"] == 2


def test_a_directory_with_nothing_to_stage_is_a_usage_error(terminal: Terminal, tmp_path: Path) -> None:
    assert str(tmp_path) in terminal.run("stage", tmp_path, exit_code=2).stderr


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("corrupt.parquet", b"PAR1 no parquet at all"),
        ("empty.parquet", b""),
        ("broken.jsonl", b'{"game_date": '),
        ("other.jsonl", b'{"colour": "red"}'),
        ("binary.csv", b"\x00\xff\xfe"),
        ("picture.png", b"\x89PNG"),
    ],
)
def test_a_file_that_cannot_be_staged_does_not_stop_the_others(
    terminal: Terminal, rows_file: Write, tmp_path: Path, name: str, content: bytes
) -> None:
    bad = tmp_path / name
    bad.write_bytes(content)
    summary = terminal.json("stage", bad, rows_file("good.jsonl", prediction()), exit_code=1)
    assert [file["error"] is None for file in summary["files"]] == [False, True]
    assert len(tables(terminal)) == 1


def test_a_file_that_does_not_exist_is_named(terminal: Terminal, tmp_path: Path) -> None:
    assert "gone.csv" in terminal.run("stage", tmp_path / "gone.csv", exit_code=1).stdout


@pytest.mark.parametrize("command", ["stage", "box-scores"])
def test_incident_r20_one_odd_file_of_a_folder_is_named_and_stops_no_other(
    terminal: Terminal, rows_file: Write, tmp_path: Path, command: str
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    box_score = {"player_lookup": "x", "game_id": "g", "game_date": "2026-01-15", "points": 3, "minutes_played": 9}
    for name in ("a_good", "z_good"):
        rows_file(f"files/{name}.jsonl", prediction(prediction_id=name) if command == "stage" else box_score)
    (folder / "b_deep.jsonl").write_text('{"a":' * 50_000)
    (folder / "c_digits.jsonl").write_text('{"a": ' + "9" * 5_000 + "}")
    (folder / "d_broken_link.csv").symlink_to("nowhere")
    (folder / "e_utf16.csv").write_bytes("a,b\n1,2\n".encode("utf-16"))
    (folder / "f_torn.parquet").write_bytes(b"PAR1")
    os.mkfifo(folder / "g_pipe.csv")
    (folder / "h_folder.csv").mkdir()
    document = terminal.json(command, folder, exit_code=1)
    failed = {Path(file["file"]).name: file["error"] for file in document["files"] if file["error"]}
    assert sorted(failed) == ["b_deep.jsonl", "c_digits.jsonl", "d_broken_link.csv", "e_utf16.csv", "f_torn.parquet"]
    assert "line 1 is nested too deeply" in failed["b_deep.jsonl"]
    assert sum(file["rows"] for file in document["files"]) == 2


def test_a_file_without_rows_is_skipped(terminal: Terminal, tmp_path: Path) -> None:
    pq.write_table(pa.table({"game_date": pa.array([], pa.date32())}), tmp_path / "none.parquet")
    summary = terminal.json("stage", tmp_path / "none.parquet")
    assert (summary["skipped_files"], summary["files"][0]["skipped"]) == (1, True)


@pytest.mark.parametrize(
    "name",
    ["a'; DROP TABLE x; --.jsonl", "[bold]x.jsonl", "sp ace.jsonl", "Dončić.jsonl", "esc\x1b[2J.jsonl",
     "_staging_a;b.jsonl", "....jsonl", "bad\udcff.jsonl"],
)  # fmt: skip
def test_a_hostile_file_name_makes_a_plain_table_name(terminal: Terminal, rows_file: Write, name: str) -> None:
    result = terminal.run("stage", rows_file(name, prediction()))
    [table] = tables(terminal)
    assert table.replace("_", "").isalnum()
    assert table.isascii()
    assert "\x1b" not in result.output


@pytest.mark.parametrize("batch", ["../../x", "a;b", 'a"b', ""])
def test_a_hostile_batch_is_refused_or_ignored(terminal: Terminal, rows_file: Write, batch: str) -> None:
    terminal.run("stage", rows_file("x.jsonl", prediction()), "--batch", batch, exit_code=0 if not batch else 1)
    assert not list(terminal.home.parent.glob("x*.parquet"))


def test_two_files_of_one_call_never_become_one_table(terminal: Terminal, rows_file: Write, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    files = rows_file("w.jsonl", prediction()), rows_file("other/w.jsonl", prediction("21.0"))
    summary = terminal.json("stage", *files, exit_code=1)
    assert "would replace" in summary["files"][1]["error"]
    assert len(tables(terminal)) == 1


def test_chunks_of_one_worker_are_parts_and_never_replace_one_another(terminal: Terminal, rows_file: Write) -> None:
    names = ("--batch", "b1", "--worker", "w")
    first, second = (rows_file(f"{line}.jsonl", prediction(line)) for line in ("20.5", "21.0"))
    terminal.run("stage", first, *names)
    document = terminal.json("stage", second, *names, exit_code=1)
    assert "1 of their business keys are not among the new rows" in document["files"][0]["error"]
    terminal.run("stage", second, *names, "--part", "2")
    assert tables(terminal) == ["_staging_b1_w", "_staging_b1_w_part_2"]
    assert terminal.json("consolidate")["totals"]["inserted"] == 2


def test_rows_that_wait_are_replaced_on_request(terminal: Terminal, rows_file: Write) -> None:
    names = ("--batch", "b1", "--worker", "w")
    terminal.run("stage", rows_file("a.jsonl", prediction("20.5")), *names)
    terminal.run("stage", rows_file("b.jsonl", prediction("21.0")), *names, "--replace")
    assert terminal.json("consolidate")["totals"]["staged"] == 1


def test_the_values_that_were_rounded_are_in_the_report(terminal: Terminal, rows_file: Write) -> None:
    file = rows_file("a.jsonl", prediction("20.5", predicted_points="21.44"), prediction("21.0"))
    assert terminal.json("stage", file)["rounded"] == {"predicted_points": 1}
    assert "Rounded to the scale of predicted_points: 1 value." in terminal.run("stage", file).stdout


def test_a_bad_value_is_named_with_its_column_and_row(terminal: Terminal, rows_file: Write) -> None:
    bad: dict[str, Any] = prediction(current_points_line="20.25")
    summary = terminal.json("stage", rows_file("x.jsonl", prediction(), bad), exit_code=1)
    assert "current_points_line, row 1" in summary["files"][0]["error"]


def test_a_column_of_the_live_table_alone_can_be_staged(terminal: Terminal, rows_file: Write) -> None:

    terminal.run("bootstrap", "--apply")
    with connect(terminal.home / "warehouse.duckdb") as connection:
        connection.execute("ALTER TABLE player_prop_predictions ADD COLUMN feature_version VARCHAR")
    terminal.run("stage", rows_file("x.jsonl", prediction() | {"feature_version": "v3"}))
    assert terminal.json("consolidate")["totals"]["inserted"] == 1


def test_staging_core_columns_never_needs_the_warehouse(terminal: Terminal, rows_file: Write) -> None:
    terminal.run("stage", rows_file("x.jsonl", prediction()))
    assert not (terminal.home / "warehouse.duckdb").exists()
