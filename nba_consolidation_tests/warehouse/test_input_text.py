"""Input files: text survives byte for byte; damaged values and files are refused with their cause."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import tempfile
import zoneinfo
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nba_consolidation.pipeline.grading.box_scores import BoxScoresRefused, box_score_file
from nba_consolidation.warehouse.errors import UnreadableFile, WriteRefused
from nba_consolidation.warehouse.staging.input_files import read_rows
from nba_consolidation.warehouse.staging.parquet import ParquetStaging
from nba_consolidation.warehouse.staging.row_conversion import converter
from nba_consolidation.warehouse.staging.staging_writer import StagingWriter
from nba_consolidation_tests.warehouse.rows import DATE, row, rows_table

NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"])).filter(bool), min_size=1, max_size=3)
FIRST_PARTS = ",".join(row())
LINE = [str(value) for value in row().values()]


def csv_of(names: list[str], values: list[str], delimiter: str = ",") -> str:
    """A CSV file of one row."""
    return delimiter.join(names) + "\n" + delimiter.join(values) + "\n"


def staged(folder: Path, name: str, content: str) -> list[dict[str, Any]]:
    """The rows of the staging table, after the file was staged."""
    path = folder / name
    path.write_text(content, encoding="utf-8")
    staging = ParquetStaging(folder / "staging")
    StagingWriter(staging).write("b", "w", read_rows(path))
    rows: list[dict[str, Any]] = pq.ParquetFile(staging.path_of("_staging_b_w")).read().to_pylist()
    return rows


# Text survives byte for byte.


@settings(max_examples=25)
@given(TEXTS, st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]), st.sampled_from(["\n", "\r\n"]))
@example(["two\r\nlines\rand\n", "\u2028\u0085", ' "quoted", '], csv.QUOTE_ALL, "\n")
@example(["x" * 2_000_000, "\n" * 1_200_000, "last"], csv.QUOTE_MINIMAL, "\n")
@example(["NA", "null", "NaN"], csv.QUOTE_MINIMAL, "\n")
def test_the_text_of_a_csv_file_survives_byte_for_byte(texts: list[str], quoting: Any, line_end: str) -> None:
    if any("\r" in text for text in texts) and line_end == "\n":
        quoting = csv.QUOTE_ALL  # otherwise Python's writer leaves a carriage return without quotes
    written = io.StringIO()
    writer = csv.writer(written, quoting=quoting, lineterminator=line_end)
    writer.writerow([f"column {number}" for number in range(len(texts) + 1)])
    writer.writerow([*texts, "1"])
    writer.writerow(["1", *texts])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.csv")
        path.write_text(written.getvalue(), encoding="utf-8", newline="")
        rows = read_rows(path)
    assert isinstance(rows, pa.Table)
    assert [list(record.values()) for record in rows.to_pylist()] == [[*texts, "1"], ["1", *texts]]


@pytest.mark.parametrize("text", ["a\rb", "\r"])
def test_a_csv_file_with_a_carriage_return_without_quotes_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.csv").write_text(f"a,b\n{text},1\n", newline="")
    with pytest.raises(UnreadableFile, match="a text with a carriage return has no quotes"):
        read_rows(tmp_path / "x.csv")


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_read(tmp_path: Path, line_end: str) -> None:
    (tmp_path / "x.csv").write_text(line_end.join(["a,b", '1,"2\r\n3"', ""]), newline="")
    [record] = read_rows(tmp_path / "x.csv").to_pylist()  # type: ignore[union-attr]
    assert record == {"a": "1", "b": "2\r\n3"}


@settings(max_examples=25)
@given(TEXTS, st.booleans())
@example(["x" * 2_000_000, "\r\n\u2028\u0085\0", "\U0001f3c0"], False)
def test_the_text_of_json_lines_survives_byte_for_byte(texts: list[str], ascii_only: bool) -> None:
    record = {text: text for text in texts}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.jsonl")
        path.write_text(json.dumps(record, ensure_ascii=ascii_only) + "\n", encoding="utf-8", newline="")
        assert read_rows(path) == [record]


# Values that would change on their way in are refused.


FULL_WIDTH, ARABIC = "\uff12\uff14.\uff15", "\u0662\u0664.\u0665"


@pytest.mark.parametrize(
    "line",
    ["2_4.5", FULL_WIDTH, ARABIC, "24,5", "24.5 pts", "0x18", "1 000", "\u00a024.5", "", "+-3", "NaN", "Infinity"],
)
def test_a_number_that_is_not_in_plain_digits_is_refused(line: str) -> None:
    for kind in ("NUMERIC(4, 1)", "INT64", "FLOAT64"):
        with pytest.raises(ValueError, match="plain digits"):
            converter(kind)(line)


def test_incident_r40_a_damaged_line_is_refused_with_its_row_and_column(tmp_path: Path) -> None:
    values = dict(zip(row(), LINE, strict=True)) | {"current_points_line": "2_4.5"}
    with pytest.raises(WriteRefused, match=r"column current_points_line, row 0: '2_4\.5'.*plain digits"):
        staged(tmp_path, "x.csv", csv_of(list(values), list(values.values())))


@pytest.mark.parametrize("text", ["24.5", " 24.5 ", "+24.50", "2.45e1", "245E-1"])
def test_plain_numbers_are_read(text: str) -> None:
    assert converter("NUMERIC(4, 1)", exact=True)(text) == Decimal("24.5")


@pytest.mark.parametrize(
    ("line", "key"),
    [('{"line": 24.5, "line": 25.5}', "line"), ('{"a": {"b": 1, "c": 2, "b": 1}}', "b"), ('[{"a": 1, "a": 1}]', "a")],
)
def test_a_key_that_is_there_twice_in_a_json_object_is_refused(tmp_path: Path, line: str, key: str) -> None:
    (tmp_path / "x.jsonl").write_text('{"line": 1}\n' + line + "\n")
    with pytest.raises(UnreadableFile, match=f"line 2: key '{key}' is there twice"):
        read_rows(tmp_path / "x.jsonl")


@pytest.mark.parametrize("value", ["1", 1, 1.0, "1.0", "true", "TRUE", True, Decimal("1.0")])
def test_true_is_the_same_from_every_source(value: object) -> None:
    assert converter("BOOL")(value) is True


@pytest.mark.parametrize("value", ["0", 0, 0.0, "0.0", "false", False])
def test_false_is_the_same_from_every_source(value: object) -> None:
    assert converter("BOOL")(value) is False


def test_incident_r41_one_is_true_in_csv_and_in_json(tmp_path: Path) -> None:
    values = dict(zip(row(), LINE, strict=True)) | {"has_prop_line": "1"}
    [from_csv] = staged(tmp_path, "x.csv", csv_of(list(values), list(values.values())))
    [from_json] = staged(tmp_path, "x.jsonl", json.dumps(values | {"has_prop_line": 1}))
    assert from_csv == from_json
    assert from_csv["has_prop_line"] is True


# Rounding: counted, and never to 0.


def test_the_values_that_are_rounded_are_counted_by_column(tmp_path: Path) -> None:
    writer = StagingWriter(ParquetStaging(tmp_path))
    rows = [
        row(predicted_points=points, confidence_score=Decimal("0.62500")) for points in (24.44, "24.46", 24.5, None)
    ]
    assert writer.write("b", "w", rows).rounded == {"predicted_points": 2}
    assert writer.write("b", "w2", [row()]).rounded == {}


@pytest.mark.parametrize(
    ("minutes", "stored"),
    [("0.03", "0.1"), (0.03, "0.1"), ("-0.03", "-0.1"), ("0", "0"), (1e-12, "0"), ("0.05", "0.1")],
)
def test_a_number_that_is_not_zero_is_never_rounded_to_zero(minutes: object, stored: str) -> None:
    box_score = {"player_lookup": "x", "game_id": "g", "game_date": DATE, "points": 0, "minutes_played": minutes}
    [loaded] = box_score_file("f", [box_score]).rows.to_pylist()
    assert loaded["minutes_played"] == Decimal(stored)


# A moment is not a date.

MOMENTS: dict[str, Callable[[], Any]] = {
    "midnight UTC as text": lambda: "2026-01-16T00:00:00Z",
    "midnight UTC in words": lambda: "2026-01-16 00:00:00 UTC",
    "19:00 in New York as text": lambda: "2026-01-15T19:00:00-05:00",
    "midnight in New York as text": lambda: "2026-01-15T00:00:00-05:00",
    "19:00 in New York": lambda: dt.datetime(2026, 1, 15, 19, tzinfo=NEW_YORK),
    "midnight UTC": lambda: dt.datetime(2026, 1, 16, tzinfo=dt.UTC),
    "19:00 in New York of pandas": lambda: pd.Timestamp("2026-01-15 19:00", tz="America/New_York"),
    "midnight in New York of pandas": lambda: pd.Timestamp("2026-01-15", tz="America/New_York"),
}


@pytest.mark.parametrize("form", [list, pd.DataFrame, pa.Table.from_pylist])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_moment_with_a_time_zone_is_not_a_date(tmp_path: Path, form: Callable[..., Any], moment: str) -> None:
    rows = form([row(game_date=MOMENTS[moment]()), row(game_date=MOMENTS[moment]())])
    with pytest.raises(WriteRefused, match=r"column game_date, row 0: .*without a time zone") as caught:
        StagingWriter(ParquetStaging(tmp_path)).write("b", "w", rows)
    assert (caught.value.column, caught.value.row) == ("game_date", 0)


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl"])
def test_incident_r02_a_moment_in_a_file_is_not_a_date(tmp_path: Path, name: str) -> None:
    values = dict(zip(row(), LINE, strict=True)) | {"game_date": "2026-01-15T19:00:00-05:00"}
    content = csv_of(list(values), list(values.values())) if name == "x.csv" else json.dumps(values)
    with pytest.raises(WriteRefused, match=r"column game_date, row 0: .*without a time zone"):
        staged(tmp_path, name, content)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_moment_with_a_time_zone_is_not_the_date_of_a_box_score(moment: str) -> None:
    box_score = {"player_lookup": "x", "game_id": "g", "game_date": MOMENTS[moment](), "points": 30}
    with pytest.raises(BoxScoresRefused, match=r"column game_date, row 0: .*without a time zone"):
        box_score_file("f", [box_score])


@pytest.mark.parametrize(
    "date", [DATE, "2026-01-15", "2026-01-15T00:00:00", dt.datetime(2026, 1, 15), pd.Timestamp(DATE)]
)
def test_a_date_and_a_midnight_without_a_zone_are_dates(date: object) -> None:
    assert converter("DATE")(date) == DATE


# The time zone of time stamps without one.


@pytest.mark.parametrize("timezone", ["America/New_York", NEW_YORK])
def test_a_time_stamp_without_a_zone_is_of_the_writers_time_zone(tmp_path: Path, timezone: Any) -> None:
    staging = ParquetStaging(tmp_path)
    rows = [row(created_at=dt.datetime(2026, 1, 15, 7)), row(created_at="2026-01-15T12:00:00Z")]
    StagingWriter(staging, timezone=timezone).write("b", "w", rows)
    noon = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
    assert pq.ParquetFile(staging.path_of("_staging_b_w")).read()["created_at"].to_pylist() == [noon, noon]


@pytest.mark.parametrize("hour", [dt.datetime(2026, 11, 1, 1, 30), dt.datetime(2026, 3, 8, 2, 30)])
def test_a_time_stamp_that_is_twice_or_never_in_the_time_zone_is_refused(tmp_path: Path, hour: dt.datetime) -> None:
    with pytest.raises(WriteRefused, match=r"column created_at, row 0: .*write its offset"):
        StagingWriter(ParquetStaging(tmp_path), timezone=NEW_YORK).write("b", "w", [row(created_at=hour)])


# Errors name the cause.


@pytest.mark.parametrize(("delimiter", "name"), [(";", "semicolon"), ("\t", "tab"), ("|", "bar")])
def test_incident_r18_another_delimiter_is_recognised(tmp_path: Path, delimiter: str, name: str) -> None:
    with pytest.raises(UnreadableFile, match=f"it has one column and looks {name}-separated; .* commas, in UTF-8"):
        staged(tmp_path, "x.csv", csv_of(list(row()), LINE, delimiter))


def test_a_file_that_is_not_utf8_is_recognised(tmp_path: Path) -> None:
    for name, content in (("x.csv", csv_of(list(row()), LINE)), ("x.jsonl", json.dumps({"a": "ü"}))):
        (tmp_path / name).write_bytes(content.encode("utf-16"))
        with pytest.raises(UnreadableFile, match="not UTF-8"):
            read_rows(tmp_path / name)


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["", *row()], r"column 1 has no name \(an index that pandas wrote\?\)"),
        ([*row(), ""], r"column 11 has no name \(a comma at the end of each line\?\)"),
        (["__index_level_0__", *row()], r"column '__index_level_0__' is unknown \(an index that pandas wrote\?\)"),
    ],
)
def test_incident_r19_a_column_without_a_name_is_explained(tmp_path: Path, names: list[str], reason: str) -> None:
    values = ["0" if name in ("", "__index_level_0__") else LINE[list(row()).index(name)] for name in names]
    with pytest.raises(WriteRefused, match=reason):
        staged(tmp_path, "x.csv", csv_of(names, values))


def test_unknown_and_missing_columns_are_in_one_message_with_the_likely_name(tmp_path: Path) -> None:
    renamed = {" player_lookup ": "player_lookup", "Game Date": "game_date", "predicted_point": "predicted_points"}
    names = [next((wrong for wrong, right in renamed.items() if right == name), name) for name in row()]
    with pytest.raises(WriteRefused) as caught:
        staged(tmp_path, "x.csv", csv_of([*names, "shoe"], [*LINE, "47"]))
    for wrong, right in renamed.items():
        assert f"column '{wrong}' is unknown (did you mean '{right}'?)" in str(caught.value)
        assert f"required column '{right}' is missing (there is '{wrong}')" in str(caught.value)
    assert "column 'shoe' is unknown;" in str(caught.value)


def test_missing_columns_of_box_scores_are_in_one_message_with_the_likely_name() -> None:
    with pytest.raises(BoxScoresRefused) as caught:
        box_score_file("f", [{"player_lookup": "x", "game_id": "g", "Points": 3}])
    assert "required column 'points' is missing (there is 'Points')" in str(caught.value)
    assert "required column 'game_date' is missing" in str(caught.value)


@pytest.mark.parametrize("kind", [pa.date64(), pa.timestamp("s"), pa.timestamp("us", "America/New_York")])
def test_a_date_after_the_year_9999_is_refused_with_its_row_and_column(tmp_path: Path, kind: pa.DataType) -> None:
    far = pa.array([0, 2**53 // 86_400_000 * 86_400_000], pa.int64()).cast(kind)
    rows = rows_table(row(), row()).drop_columns(["game_date"]).append_column("game_date", far)
    with pytest.raises(WriteRefused, match=r"column game_date, row [01]: "):
        StagingWriter(ParquetStaging(tmp_path)).write("b", "w", rows)


@pytest.mark.parametrize("content", ['{"a":' * 100_000, "[" * 100_000])
def test_incident_r20_a_line_that_is_nested_too_deeply_is_refused_with_its_number(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.jsonl").write_text('{"a": 1}\n' + content + "\n")
    with pytest.raises(UnreadableFile, match="line 2 is nested too deeply"):
        read_rows(tmp_path / "x.jsonl")
