"""Reads input files of predictions or box scores: Parquet, CSV, JSON lines.

Values are not converted: text in CSV and JSON stays text, because only the caller knows the column types.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from nba_consolidation.warehouse.errors import EmptyFile, UnreadableFile, first_line
from nba_consolidation.warehouse.staging.parquet_footer import UNREADABLE

_LARGEST_BLOCK = 2**31 - 1
_LONE_CARRIAGE_RETURN = re.compile(rb"\r(?!\n)")
_OTHER_DELIMITERS = {";": "semicolon", "\t": "tab", "|": "bar"}


def read_rows(path: Path | str) -> pa.Table | list[Mapping[str, Any]]:
    """The rows of the file; its suffix is .parquet, .csv (an empty field is NULL), .jsonl or .ndjson.

    Raises UnreadableFile for a missing or damaged file or another suffix; EmptyFile for a file without rows.
    """
    path = Path(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise UnreadableFile(f"file {path}: its suffix must be one of {', '.join(_READERS)}")
    if path.exists() and not path.is_file():  # to open a pipe would wait for ever
        raise UnreadableFile(f"{path} is not a file; name a file, or a folder of files")
    try:
        rows = reader(path)
    except FileNotFoundError as error:
        raise UnreadableFile(f"file {path} does not exist; check the path") from error
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"file {path} cannot be read: it is not UTF-8 ({error}); write it in UTF-8") from error
    except UNREADABLE as error:
        raise UnreadableFile(f"file {path} cannot be read ({first_line(error)}); create it again") from error
    if not len(rows):
        raise EmptyFile(f"file {path} has no rows; check how it was created")
    return rows


def _parquet(path: Path) -> pa.Table:
    import pyarrow.parquet as pq

    with path.open("rb") as opened, pq.ParquetFile(opened) as file:  # Arrow opens no path that is not UTF-8
        table = file.read()
    table.validate(full=True)
    return table


def _csv(path: Path) -> pa.Table:
    """All values as text, byte for byte. The file is one block: a value may be longer than Arrow's usual block."""
    from pyarrow import csv

    content = path.read_bytes()
    if not content:
        return pa.table({})
    _ensure_one_kind_of_line_end(content)
    as_text = csv.ConvertOptions(
        column_types=dict.fromkeys(_csv_header(path), pa.string()), strings_can_be_null=True, null_values=[""]
    )
    return csv.read_csv(
        pa.BufferReader(content),
        csv.ReadOptions(block_size=min(len(content) + 1, _LARGEST_BLOCK), use_threads=False),
        csv.ParseOptions(newlines_in_values=True),
        as_text,
    )


def _ensure_one_kind_of_line_end(content: bytes) -> None:
    """Raises ValueError for a carriage return in a text without quotes, which Arrow would take for the end of a line.

    Python's csv and pandas write such a text without quotes.
    """
    if content.count(b"\r") == content.count(b"\r\n"):
        return
    unquoted = content.split(b'"')[::2]
    if any(b"\n" in part for part in unquoted) and any(_LONE_CARRIAGE_RETURN.search(part) for part in unquoted):
        raise ValueError("a text with a carriage return has no quotes; write all texts in quotes, or without it")


def _csv_header(path: Path) -> list[str]:
    """The column names. Raises ValueError for another delimiter than the comma."""
    import csv

    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            names = next(csv.reader(file), [])
        except csv.Error as error:
            raise ValueError(f"line 1: {error}") from error
    if len(names) == 1:
        for delimiter, name in _OTHER_DELIMITERS.items():
            if delimiter in names[0]:
                raise ValueError(f"it has one column and looks {name}-separated; a .csv file has commas, in UTF-8")
    return names


def _json_lines(path: Path) -> list[Mapping[str, Any]]:
    with path.open(encoding="utf-8-sig") as file:
        return [_record(number, line) for number, line in enumerate(file, start=1) if line.strip()]


def _record(number: int, line: str) -> Mapping[str, Any]:
    """Numbers keep the digits that the file has; a float could change the last ones."""
    try:
        record = json.loads(line, parse_float=Decimal, object_pairs_hook=_object)
    except RepeatedKey as error:
        raise ValueError(f"line {number}: {error}") from error
    except ValueError as error:
        raise ValueError(f"line {number} is not JSON: {error}") from error
    except RecursionError as error:
        raise ValueError(f"line {number} is nested too deeply") from error
    if not isinstance(record, dict):
        raise ValueError(f"line {number} is not a JSON object")
    return record


class RepeatedKey(ValueError):
    """A JSON object has a key twice, so that one of the two values would be lost."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        [(key, _)] = Counter(key for key, _ in pairs).most_common(1)
        raise RepeatedKey(f"key {key!r} is there twice")
    return record


_READERS: dict[str, Callable[[Path], pa.Table | list[Mapping[str, Any]]]] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
}
