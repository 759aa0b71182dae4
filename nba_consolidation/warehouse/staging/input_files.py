"""Reads input files of predictions or box scores: Parquet, CSV, JSON lines.

Values are not converted: text in CSV and JSON stays text, because only the caller knows the column types.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from nba_consolidation.warehouse.errors import EmptyFile, UnreadableFile, first_line
from nba_consolidation.warehouse.staging.parquet_footer import UNREADABLE


def read_rows(path: Path | str) -> pa.Table | list[Mapping[str, Any]]:
    """The rows of the file; its suffix is .parquet, .csv (an empty field is NULL), .jsonl or .ndjson.

    Raises UnreadableFile for a missing or damaged file or another suffix; EmptyFile for a file without rows.
    """
    path = Path(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise UnreadableFile(f"file {path}: its suffix must be one of {', '.join(_READERS)}")
    try:
        rows = reader(path)
    except FileNotFoundError as error:
        raise UnreadableFile(f"file {path} does not exist; check the path") from error
    except UNREADABLE as error:
        raise UnreadableFile(f"file {path} cannot be read ({first_line(error)}); create it again") from error
    if not len(rows):
        raise EmptyFile(f"file {path} has no rows; check how it was created")
    return rows


def _parquet(path: Path) -> pa.Table:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        table = file.read()
    table.validate(full=True)
    return table


def _csv(path: Path) -> pa.Table:
    from pyarrow import csv

    if not path.stat().st_size:
        return pa.table({})
    with csv.open_csv(path) as reader:
        names = reader.schema.names
    as_text = csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
    )
    return csv.read_csv(path, parse_options=csv.ParseOptions(newlines_in_values=True), convert_options=as_text)


def _json_lines(path: Path) -> list[Mapping[str, Any]]:
    with path.open(encoding="utf-8-sig") as file:
        return [_record(number, line) for number, line in enumerate(file, start=1) if line.strip()]


def _record(number: int, line: str) -> Mapping[str, Any]:
    """Numbers keep the digits that the file has; a float could change the last ones."""
    try:
        record = json.loads(line, parse_float=Decimal)
    except ValueError as error:
        raise ValueError(f"line {number} is not JSON: {error}") from error
    if not isinstance(record, dict):
        raise ValueError(f"line {number} is not a JSON object")
    return record


_READERS: dict[str, Callable[[Path], pa.Table | list[Mapping[str, Any]]]] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
}
