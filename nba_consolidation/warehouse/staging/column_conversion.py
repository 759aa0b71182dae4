"""Takes a worker's or a file's rows apart into columns, and converts each column to Arrow data of a GoogleSQL type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from nba_consolidation.warehouse.arrow_types import arrow_type
from nba_consolidation.warehouse.staging.value_conversion import converter

# Types whose Arrow values need no check. DATE is not one: Arrow silently makes a date from a time stamp.
_UNCHECKED_TYPES = frozenset({"STRING", "INT64", "FLOAT64", "BOOL", "TIMESTAMP"})


class ConversionError(ValueError):
    """A row is not a record, or a value cannot be converted to its column's type. `row` counts from 0."""

    def __init__(self, reason: str, row: int, value: object, column: str | None = None) -> None:
        super().__init__(reason)
        self.column = column
        self.row = row
        self.value = value


def split_columns(rows: Any) -> tuple[list[str], list[Any]]:
    """Names and values, by column, of an Arrow table, a DataFrame or records. Raises ConversionError."""
    if isinstance(rows, pa.Table):
        return rows.column_names, rows.columns
    if hasattr(rows, "iloc"):  # a DataFrame, without importing pandas; its columns by position, as names can repeat
        return list(rows.columns), [rows.iloc[:, position].tolist() for position in range(rows.shape[1])]
    return _split_records(rows)


def _split_records(rows: Iterable[Any]) -> tuple[list[str], list[Any]]:
    records = list(rows)
    for row, record in enumerate(records):
        if not isinstance(record, Mapping):
            raise ConversionError(f"row {row} is a {type(record).__name__}, not a record", row, record)
    names = list(dict.fromkeys(name for record in records for name in record))
    return names, [[record.get(name) for record in records] for name in names]


def convert_column(name: str, values: Any, kind: str, *, exact: bool = False) -> pa.Array | pa.ChunkedArray:
    """The column's values in that GoogleSQL type.

    exact: a number is refused instead of rounded, as in a key. Raises ConversionError for a value that cannot be
    converted, KeyError for a type that no declared table has.
    """
    convert = converter(kind, exact=exact)
    unconverted = _without_conversion(values, kind)
    if unconverted is not None:
        return unconverted
    converted = []
    for row, value in enumerate(values.to_pylist() if isinstance(values, pa.ChunkedArray) else values):
        try:
            converted.append(convert(value))
        except (ValueError, OverflowError) as error:
            reason = f"column {name}, row {row}: {value!r:.100} is not a valid {kind} ({error})"
            raise ConversionError(reason, row, value, name) from error
    return pa.array(converted, arrow_type(kind))


def _without_conversion(values: Any, kind: str) -> pa.Array | pa.ChunkedArray | None:
    """The values as Arrow reads them, if that is the column's type already: so for many columns, and much faster."""
    if kind not in _UNCHECKED_TYPES:
        return None
    try:
        array = values if isinstance(values, pa.ChunkedArray) else pa.array(values, from_pandas=True)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        return None  # of mixed types: converting each value shows which one is wrong
    if array.type != arrow_type(kind):
        return None
    return pc.if_else(pc.is_nan(array), None, array) if kind == "FLOAT64" else array
