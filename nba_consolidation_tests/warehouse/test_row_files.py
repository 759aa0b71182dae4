"""Input files: what each format preserves, and the errors for unreadable files."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nba_consolidation.warehouse.errors import UnreadableFile
from nba_consolidation.warehouse.staging.input_files import read_rows
from nba_consolidation.warehouse.staging.parquet import ParquetStaging
from nba_consolidation.warehouse.staging.staging_writer import StagingWriter
from nba_consolidation_tests.warehouse.rows import row, rows_table

TEXT = {name: str(value) for name, value in row(feature_quality_score=1.5, is_actionable=True).items()}


def _csv(path: Path) -> None:
    line = ",".join("" if name == "current_points_line" else value for name, value in TEXT.items())
    path.write_text("\ufeff" + ",".join(TEXT) + "\n" + line + "\n", encoding="utf-8")


def _json_lines(path: Path) -> None:
    path.write_text(json.dumps({**TEXT, "current_points_line": None}) + "\n\n", encoding="utf-8")


def _parquet(path: Path) -> None:
    pq.write_table(rows_table(row(feature_quality_score=1.5, is_actionable=True, current_points_line=None)), path)


@pytest.mark.parametrize(
    ("suffix", "make"),
    [("csv", _csv), ("CSV", _csv), ("jsonl", _json_lines), ("ndjson", _json_lines), ("parquet", _parquet)],
)
def test_all_formats_are_staged_equally(tmp_path: Path, suffix: str, make: object) -> None:
    path = tmp_path / f"rows.{suffix}"
    make(path)  # type: ignore[operator]
    staging = ParquetStaging(tmp_path / "staging")
    StagingWriter(staging).write("b", "w", read_rows(path))
    (stored,) = pq.ParquetFile(staging.path_of("_staging_b_w")).read().to_pylist()
    assert stored == row(feature_quality_score=1.5, is_actionable=True, current_points_line=None)


def test_csv_values_stay_text_and_empty_fields_are_null(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text('game_id,line,note\n0022500001,20.50,"two\nlines"\n,,""\n')
    assert read_rows(tmp_path / "x.csv").to_pylist() == [  # type: ignore[union-attr]
        {"game_id": "0022500001", "line": "20.50", "note": "two\nlines"},
        {"game_id": None, "line": None, "note": None},
    ]


def test_json_numbers_keep_their_digits(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"line": 20.10000000000000001, "n": 12345678901234567890}\n')
    assert read_rows(tmp_path / "x.jsonl") == [{"line": Decimal("20.10000000000000001"), "n": 12345678901234567890}]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.parquet", None, "does not exist"),
        ("x.csv", None, "does not exist"),
        ("x.jsonl", None, "does not exist"),
        ("x.xlsx", b"", r"suffix must be one of \.parquet, \.csv, \.jsonl, \.ndjson"),
        ("x", b"", "suffix must be one of"),
        ("x.parquet", b"", "cannot be read"),
        ("x.parquet", b"PAR1 and no more PAR1", "cannot be read"),
        ("x.csv", b"", "has no rows"),
        ("x.csv", b"a,b\n", "has no rows"),
        ("x.csv", b"a,b\n1,2\n1\n", "cannot be read"),
        ("x.csv", b"a,b\n\xff\xfe,2\n", "cannot be read"),
        ("x.jsonl", b"", "has no rows"),
        ("x.jsonl", b"\n\n", "has no rows"),
        ("x.jsonl", b'{"a": 1}\n{"a":\n', "line 2 is not JSON"),
        ("x.jsonl", b"[1]\n", "line 1 is not a JSON object"),
        ("x.jsonl", b"\xff\xfe", "cannot be read"),
    ],
)
def test_the_error_for_an_unreadable_file_has_its_path_and_the_reason(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=message) as caught:
        read_rows(path)
    assert str(path) in str(caught.value)


def test_a_parquet_file_without_rows_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": pa.array([], pa.int64())}), tmp_path / "x.parquet")
    with pytest.raises(UnreadableFile, match="has no rows"):
        read_rows(tmp_path / "x.parquet")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(UnreadableFile):
        read_rows(tmp_path / "x.csv")
