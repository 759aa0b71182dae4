"""Bad staging tables and bad rows: a clear refusal or a quarantined row each, and all the rest consolidated."""

from __future__ import annotations

import datetime as dt
import json
import resource
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nba_consolidation.pipeline.consolidation.result import ConsolidationReport
from nba_consolidation.warehouse.errors import WarehouseUnavailable, WriteRefused
from nba_consolidation.warehouse.staging.staging_writer import StagingWriter
from nba_consolidation_tests.pipeline.consolidation.workbench import (
    DATE,
    NEXT_DATE,
    NOW,
    Row,
    Workbench,
    outcome,
    prediction,
    staged,
)

FLOATS = {name: pa.float64() for name in ("predicted_points", "current_points_line", "confidence_score")}
BAD = "_staging_20260115_120000_bad"


@pytest.fixture
def bench(bench: Workbench) -> Workbench:
    """One with a sound table beside whatever the test stages."""
    bench.stage(prediction(player_lookup="nikolajokic"), worker="sound")
    return bench


def file_of(bench: Workbench, name: str = BAD) -> Path:
    return bench.staging.path_of(name)


def assert_only_refused(bench: Workbench, report: ConsolidationReport, name: str = BAD) -> str:
    """The sound table was consolidated and dropped, the bad one refused, and stays; returns why."""
    assert not report.poisoned
    assert [row["player_lookup"] for row in bench.published()] == ["nikolajokic"]
    assert bench.staging_tables() == {name}
    [refused] = report.refused
    assert refused.name == name
    return refused.reason


# Tables


@pytest.mark.parametrize("kept", [0, 3, 200, -1], ids=["empty", "three bytes", "no footer", "footer cut short"])
def test_incident_41_a_truncated_file_is_refused_and_never_taken_for_empty(bench: Workbench, kept: int) -> None:
    bench.stage_as(BAD, staged([prediction()]))
    whole = file_of(bench).read_bytes()
    file_of(bench).write_bytes(whole[:kept])
    assert "cannot be read" in assert_only_refused(bench, bench.consolidate())


@pytest.mark.parametrize("evolve", [False, True])
def test_incident_41_a_damaged_page_under_a_sound_footer_is_refused_and_adds_no_column(
    bench: Workbench, evolve: bool
) -> None:
    rows = staged([prediction(str(index % 90 + 1), index) for index in range(500)])
    bench.stage_as(BAD, rows.append_column("mood", pa.array(range(500))) if evolve else rows)
    content = bytearray(file_of(bench).read_bytes())
    content[4:400] = b"\xff" * 396
    file_of(bench).write_bytes(content)
    report = bench.consolidate(evolve=evolve)
    assert assert_only_refused(bench, report)
    assert outcome(report.dates[0]) == (1, 1, 0, 0, 0, 0)
    assert "mood" not in bench.published()[0]


def test_incident_41_a_warehouse_file_that_cannot_be_read_is_not_written_over(tmp_path: Path) -> None:
    bench = Workbench(tmp_path)
    bench.stage(prediction())
    bench.warehouse.path.write_bytes(b"no database" * 1000)
    with pytest.raises(WarehouseUnavailable):
        bench.consolidate()
    assert bench.warehouse.path.read_bytes() == b"no database" * 1000
    assert len(bench.staging_tables()) == 1


def test_incident_41_a_staging_folder_that_cannot_be_listed_is_an_error_and_not_nothing(bench: Workbench) -> None:
    bench.staging.folder.rename(bench.folder / "elsewhere")
    bench.staging.folder.write_text("a file where the folder was")
    with pytest.raises(WarehouseUnavailable):
        bench.consolidate()


def test_a_table_without_rows_holds_nobody_up(bench: Workbench) -> None:
    bench.stage_as(BAD, staged([]))
    report = bench.consolidate()
    assert report.refused == ()
    assert report.total("staged") == 1
    assert bench.staging_tables() == set()


def test_a_table_of_another_schema_is_refused(bench: Workbench) -> None:
    bench.stage_as(BAD, pa.table({"ticker": ["AAPL"], "price": [1.5]}))
    assert "game_date" in assert_only_refused(bench, bench.consolidate())


def test_a_game_date_that_is_a_text_is_refused_with_both_types(bench: Workbench) -> None:
    bench.stage_as(BAD, staged([prediction(game_date="2026-01-15")], types={"game_date": pa.string()}))
    reason = assert_only_refused(bench, bench.consolidate())
    assert "STRING" in reason
    assert "DATE" in reason


@pytest.mark.parametrize(
    "name", ["_staging_a'b", '_staging_a"b', "_staging_a;b", "_staging_..", "_staging_é", "_staging_*"]
)
def test_a_name_that_is_no_tables_name_is_refused(bench: Workbench, name: str) -> None:
    pq.write_table(staged([prediction()]), file_of(bench, name))
    assert "name" in assert_only_refused(bench, bench.consolidate(), name)


@pytest.mark.parametrize("date", [dt.date(1900, 1, 1), dt.date(2062, 1, 15), None])
def test_a_table_for_no_known_date_is_refused(bench: Workbench, date: dt.date | None) -> None:
    bench.stage_as(BAD, staged([prediction(game_date=date)]))
    assert "known game date" in assert_only_refused(bench, bench.consolidate())


def test_refused_tables_are_reported_even_when_nothing_waits(tmp_path: Path) -> None:
    bench = Workbench(tmp_path)
    bench.stage_as(BAD, pa.table({"ticker": ["AAPL"]}))
    report = bench.consolidate()
    assert [refused.name for refused in report.refused] == [BAD]


def test_strangers_in_the_staging_folder_are_left_alone(bench: Workbench) -> None:
    for name in ("notes.txt", "_staging_20260115_120000_w9.csv", ".hidden.tmp", "other.parquet"):
        (bench.staging.folder / name).write_text("no staging table")
    report = bench.consolidate()
    assert report.refused == ()
    assert {"notes.txt", "other.parquet"} <= {path.name for path in bench.staging.folder.iterdir()}


# Rows


def assert_quarantined(bench: Workbench, column: str, rule: str, rows: int = 1) -> list[Row]:
    """Only the sound table's row is published; the others are quarantined as they were staged, with the reason."""
    [counts] = bench.consolidate().dates
    assert outcome(counts) == (1 + rows, 1, 0, 0, 0, rows)
    assert [row["player_lookup"] for row in bench.published()] == ["nikolajokic"]
    quarantined = bench.quarantined()
    assert {(row["column_name"], row["rule"]) for row in quarantined} == {(column, rule)}
    assert all(row["reason"] and row["staging_table"] == BAD for row in quarantined)
    assert sorted(row["staging_row"] for row in quarantined) == list(range(rows))
    assert bench.staging_tables() == set()
    return [json.loads(row["original_row"]) for row in quarantined]


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("game_id", None, "present"),
        ("game_id", "  ", "present"),
        ("player_lookup", "\u00a0\t", "present"),
        ("player_lookup", None, "present"),
        ("system_id", "", "present"),
        ("prediction_id", None, "present"),
        ("predicted_points", None, "present"),
        ("predicted_points", Decimal("80.1"), "range"),
        ("predicted_points", Decimal("-0.1"), "range"),
        ("current_points_line", Decimal(0), "range"),
        ("current_points_line", Decimal(100), "range"),
        ("current_points_line", Decimal("20.2"), "half_point"),
        ("recommendation", "MAYBE", "known"),
        ("recommendation", None, "present"),
        ("confidence_score", None, "present"),
        ("confidence_score", Decimal("100.1"), "range"),
        ("confidence_score", Decimal("-0.1"), "range"),
        ("created_at", None, "present"),
        ("created_at", NOW + dt.timedelta(minutes=6), "not_in_future"),
    ],
)
def test_a_row_that_breaks_a_rule_is_set_aside_as_it_came(bench: Workbench, column: str, value: Any, rule: str) -> None:
    bench.stage_as(BAD, staged([prediction(**{column: value})]))
    [original] = assert_quarantined(bench, column, rule)
    assert original["team_abbr"] == "MIA"
    if value is None or isinstance(value, str):
        assert original[column] == value


@pytest.mark.parametrize(
    ("column", "spelling", "canonical"),
    [
        ("player_lookup", "Jaime Jaquez Jr.", "jaimejaquezjr"),
        ("player_lookup", "jaimejáquezjr", "jaimejaquezjr"),
        ("player_lookup", " jaimejaquezjr ", "jaimejaquezjr"),
        ("player_lookup", "jaimejaquezjr\n", "jaimejaquezjr"),
        ("player_lookup", "Groß-Øre", "grossore"),
        ("player_lookup", "姚明", None),
        ("system_id", "sys_a ", "sys_a"),
        ("system_id", "\u00a0sys|a\u200b", "sys|a"),
        ("game_id", "\t20260115_BOS_MIA", "20260115_BOS_MIA"),
    ],
)
def test_a_key_in_another_spelling_is_quarantined_with_the_canonical_one_and_the_writer_refuses_it_in_the_same_words(
    bench: Workbench, column: str, spelling: str, canonical: str | None
) -> None:
    respelled = prediction() | {column: spelling}
    bench.stage_as(BAD, staged([respelled]))
    [original] = assert_quarantined(bench, column, "canonical")
    [row] = bench.quarantined()
    assert original[column] == spelling
    assert row["reason"].endswith(f": {canonical}" if canonical else "must be lower-case ASCII letters and digits")
    with pytest.raises(WriteRefused) as refused:
        StagingWriter(bench.staging).write("b", "w", staged([prediction(), respelled]))
    assert f"{spelling!r} {row['reason']}" in str(refused.value)
    assert (refused.value.column, refused.value.row, refused.value.value) == (column, 1, spelling)
    assert bench.staging_tables() == set()


@pytest.mark.parametrize("column", ["predicted_points", "confidence_score", "current_points_line"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 1e12])
def test_incident_22_numbers_that_are_none_are_set_aside(bench: Workbench, column: str, value: float) -> None:
    row = {
        name: None if cell is None else float(cell) if name in FLOATS else cell for name, cell in prediction().items()
    }
    bench.stage_as(BAD, staged([row | {column: value}], types=FLOATS))
    assert_quarantined(bench, column, "fits")


@pytest.mark.parametrize("column", ["predicted_points", "confidence_score"])
def test_incident_22_nan_beside_a_number_is_set_aside_too(bench: Workbench, column: str) -> None:
    """What Parquet notes of the column, its least and greatest value, says nothing of a NaN."""
    rows = [
        {name: float(cell) if name in FLOATS and cell is not None else cell for name, cell in row.items()}
        for row in (prediction(), prediction("21.0", 1))
    ]
    bench.stage_as(BAD, staged([rows[0], rows[1] | {column: float("nan")}], types=FLOATS))
    [counts] = bench.consolidate().dates
    assert outcome(counts) == (3, 2, 0, 0, 0, 1)
    assert [(row["column_name"], row["rule"], row["staging_row"]) for row in bench.quarantined()] == [
        (column, "fits", 1)
    ]


@pytest.mark.parametrize("line", [20.25, 20.49999, 20.500001])
def test_incident_34_a_line_is_never_rounded_to_fit(bench: Workbench, line: float) -> None:
    bench.stage_as(BAD, staged([prediction(current_points_line=line)], types={"current_points_line": pa.float64()}))
    [original] = assert_quarantined(bench, "current_points_line", "exact")
    assert original["current_points_line"] == line


@pytest.mark.parametrize("date", [dt.date(1900, 1, 1), None])
def test_a_row_of_no_known_date_is_set_aside_with_its_tables_first_date(bench: Workbench, date: dt.date | None) -> None:
    rows = [prediction(game_date=date), prediction(game_date=NEXT_DATE), prediction()]
    bench.stage_as(BAD, staged(rows))
    first, second = bench.consolidate(DATE, NEXT_DATE).dates
    assert (first.quarantined, second.quarantined) == (1, 0)
    [row] = bench.quarantined()
    assert (row["column_name"], row["game_date"], row["staging_row"]) == ("game_date", DATE, 0)
    assert len(bench.published()) == 3


def test_a_row_of_another_known_date_belongs_to_that_date(bench: Workbench) -> None:
    bench.stage_as(BAD, staged([prediction(), prediction(game_date=NEXT_DATE)]))
    bench.consolidate(DATE)
    assert {row["game_date"] for row in bench.published()} == {DATE}
    assert bench.staging_tables() == {BAD}
    bench.consolidate(NEXT_DATE)
    assert {row["game_date"] for row in bench.published()} == {DATE, NEXT_DATE}
    assert bench.staging_tables() == set()


def test_many_bad_rows_beside_many_good_ones_are_all_accounted_for(bench: Workbench) -> None:
    rows = [prediction("20.5", minute, player_lookup=f"player{minute // 2}") for minute in range(300)]
    for row in rows[::3]:
        row["recommendation"] = "MAYBE"
    bench.stage_as(BAD, staged(rows))
    [counts] = bench.consolidate().dates
    assert (counts.staged, counts.quarantined) == (301, 100)
    assert len(bench.quarantined()) == 100


def test_a_name_full_of_quotes_does_no_harm_as_a_value(bench: Workbench) -> None:
    nasty = "o'neal\"; DROP TABLE player_prop_predictions; -- | \\ ☃"
    bench.stage_as(BAD, staged([prediction(system_id=nasty, team_abbr=nasty, recommendation="OVER")]))
    bench.stage(prediction(system_id=nasty, recommendation=nasty), worker="w9")
    bench.consolidate()
    assert nasty in {row["system_id"] for row in bench.published()}
    assert json.loads(bench.quarantined()[0]["original_row"])["recommendation"] == nasty


def stage_thousands(bench: Workbench, tables: int) -> None:
    """So many tables of three rows each: a row of its own, one that all share, and a bad one."""
    for number in range(tables):
        rows = [
            prediction(player_lookup=f"player{number}"),
            prediction(player_lookup="everybody", minute=number / 1000),
            prediction(recommendation="MAYBE"),
        ]
        pq.write_table(staged(rows), bench.staging.path_of(f"_staging_20260115_120000_w{number}"))


def check_thousands(bench: Workbench, tables: int) -> None:
    stage_thousands(bench, tables)
    [counts] = bench.consolidate().dates
    assert outcome(counts) == (1 + 3 * tables, tables + 2, 0, 0, tables - 1, tables)
    assert counts.staging_tables == 1 + tables
    assert bench.staging_tables() == set()


def test_more_staging_tables_than_the_files_that_a_process_may_open_are_consolidated_at_once(bench: Workbench) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(list(Path("/proc/self/fd").iterdir())) + 100, hard))
    try:
        check_thousands(bench, 200)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.slow
def test_thousands_of_staging_tables_are_consolidated_at_once(bench: Workbench) -> None:
    check_thousands(bench, 1_100)


@pytest.mark.soak
def test_ten_thousand_staging_tables_are_consolidated_at_once(bench: Workbench) -> None:
    check_thousands(bench, 10_000)
