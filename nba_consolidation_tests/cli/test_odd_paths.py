"""A path is never data: wherever the home, an input file or a report lies, the rows are the same."""

from __future__ import annotations

import json
import string
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nba_consolidation.pipeline.daily_report.storage import write_file
from nba_consolidation.settings import Settings, SettingsError
from nba_consolidation.warehouse.staging.parquet import ParquetStaging
from nba_consolidation_tests.cli.conftest import Terminal
from nba_consolidation_tests.prepared import WITH_BOX_SCORES, connect, prepare
from nba_consolidation_tests.warehouse.rows import KNOWN, row, rows_table

PREDICTIONS = (
    "prediction_id,system_id,player_lookup,game_date,game_id,predicted_points,confidence_score,recommendation,"
    "current_points_line,line_source,has_prop_line,created_at\n"
    "p1,sys_a,samexample,2025-01-15,20250115_AAA_BBB,27.0,0.62,OVER,24.5,ACTUAL_PROP,true,2025-01-15T15:00:00Z\n"
    "p2,sys_a,alexsample,2025-01-15,20250115_AAA_BBB,27.0,0.62,OVER,26.5,ACTUAL_PROP,true,2025-01-15T15:00:00Z\n"
)
BOX_SCORES = "player_lookup,game_id,game_date,points,minutes_played\nsamexample,20250115_AAA_BBB,2025-01-15,30,33.0\n"
KEYS = "SELECT system_id, player_lookup, game_date::VARCHAR, game_id, current_points_line::VARCHAR"
RIGHT_KEYS = [
    ("sys_a", "alexsample", "2025-01-15", "20250115_AAA_BBB", "26.5"),
    ("sys_a", "samexample", "2025-01-15", "20250115_AAA_BBB", "24.5"),
]
ANY_NAME = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1).filter(
    lambda name: name not in (".", "..") and len(name.encode()) <= 240
)
USABLE_NAME = ANY_NAME.filter(lambda name: not set(name) & set("?\\"))


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


def consolidated_and_loaded(place: Path, name: str) -> tuple[list[Any], list[Any]]:
    """The keys and the box scores, after the files of that name were staged, consolidated and loaded below the place.

    `name` is the name of the home's folder and of each file.
    """
    terminal = Terminal(place / "home" / name / "home")
    prepare(terminal.home / "warehouse.duckdb", WITH_BOX_SCORES)
    files = place / "files" / name
    files.mkdir(parents=True)
    (files / f"{name}.csv").write_text(PREDICTIONS, encoding="utf-8")
    (files / f"{name}_box.csv").write_text(BOX_SCORES, encoding="utf-8")
    assert terminal.json("stage", files / f"{name}.csv")["rows"] == 2
    assert terminal.json("consolidate")["totals"]["inserted"] == 2
    assert terminal.json("box-scores", files / f"{name}_box.csv")["rows"]["new"] == 1
    with connect(terminal.home / "warehouse.duckdb") as connection:
        keys = connection.execute(f"{KEYS} FROM player_prop_predictions ORDER BY player_lookup").fetchall()
        box_scores = connection.execute("SELECT player_lookup, game_date::VARCHAR, points FROM player_game_summary")
        return keys, box_scores.fetchall()


@settings(max_examples=2)
@given(USABLE_NAME)
@example("system_id=other")
@example("current_points_line=99.5")
@example("game_date=2025-01-14")
@example("*[x]{a,b}**'\";$HOME %20#\n\t\x1b")
@example("é" * 120)
def test_nothing_of_a_path_reaches_a_row(folder: Path, name: str) -> None:
    place = Path(tempfile.mkdtemp(dir=folder))
    keys, box_scores = consolidated_and_loaded(place, name)
    assert keys == RIGHT_KEYS
    assert box_scores == [("samexample", "2025-01-15", 30)]


@pytest.mark.parametrize("name", ["a?b", "a\\b", "a\udcffb"])
def test_a_home_that_duckdb_would_take_for_another_is_refused(tmp_path: Path, name: str) -> None:
    home = tmp_path / name / "home"
    result = Terminal(home).run("doctor", exit_code=2)
    assert "DuckDB cannot use a folder" in result.stderr
    with pytest.raises(SettingsError, match="NBA_CONSOLIDATION_STAGING"):
        Settings(staging=home)
    assert not home.exists()
    assert Settings(deployment="production", project="project-1", home=home).home == home


@given(ANY_NAME)
@example("x" * 255)
@example("bad\udcff.html")
def test_a_report_can_have_any_name_and_any_folder(folder: Path, name: str) -> None:
    file = Path(tempfile.mkdtemp(dir=folder)) / name / name
    assert write_file("<p>ü</p>", file).read_text(encoding="utf-8") == "<p>ü</p>"
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("name", ["bad\udcff", "a?b", "a\\b", "x" * 240, "日本", "_staging_x;y"])
@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_file_of_any_name_is_staged(tmp_path: Path, name: str, suffix: str) -> None:
    terminal, file = Terminal(tmp_path / "home"), tmp_path / f"{name}.{suffix}"
    if suffix == "csv":
        file.write_text(PREDICTIONS, encoding="utf-8")
    elif suffix == "jsonl":
        names, *lines = [line.split(",") for line in PREDICTIONS.splitlines()]
        file.write_text("\n".join(json.dumps(dict(zip(names, line, strict=True))) for line in lines), encoding="utf-8")
    else:
        staging = ParquetStaging(tmp_path / "other")
        staging.write("_staging_a_b", rows_table(row(), row(player_lookup="other")))
        staging.path_of("_staging_a_b").rename(file)
    assert terminal.json("stage", file)["rows"] == 2


def test_two_files_whose_names_differ_only_in_odd_characters_become_two_tables(tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.csv" for name in ("日", "本", "a b", "a_b", "x" * 200 + "1", "x" * 200 + "2")]
    for file in files:
        file.write_text(PREDICTIONS, encoding="utf-8")
    document = Terminal(tmp_path / "home").json("stage", *files)
    assert document["staged_files"] == len(files)
    allowed = set(string.ascii_letters + string.digits + "_")
    assert all(set(file["staging_table"]) <= allowed for file in document["files"])


def test_a_table_of_the_longest_name_can_be_archived(tmp_path: Path) -> None:
    staging, name = ParquetStaging(tmp_path / "staging"), "_staging_" + "x" * 200
    staging.write(name, rows_table(row()))
    [(archived, path)] = staging.archive(staging.list_tables(KNOWN)).items()
    assert archived == name
    assert Path(path).exists()
