"""Rows as people and programs have them, taken apart into columns, and each column made Arrow of a GoogleSQL type.

Which value becomes which is `conversion`'s business; what is said of one that cannot, and of which file, the caller's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from nba_consolidation.warehouse.arrow import arrow_type
from nba_consolidation.warehouse.staging.conversion import converter

# Types of which every Arrow value is a good one. DATE is none: Arrow makes a date of a time stamp, silently.
_TAKEN_AS_THEY_ARE = frozenset({"STRING", "INT64", "FLOAT64", "BOOL", "TIMESTAMP"})


class Misfit(ValueError):
    """A row is no record, or a value has no counterpart in its column's type. `row` counts from 0."""

    def __init__(self, reason: str, row: int, value: object, column: str | None = None) -> None:
        super().__init__(reason)
        self.column = column
        self.row = row
        self.value = value


def by_column(rows: Any) -> tuple[list[str], list[Any]]:
    """Names and values, column by column, of an Arrow table, a DataFrame or records. Raises Misfit for no record."""
    if isinstance(rows, pa.Table):
        return rows.column_names, rows.columns
    if hasattr(rows, "iloc"):  # a DataFrame, told without importing pandas; its columns by position: names may repeat
        return list(rows.columns), [rows.iloc[:, position].tolist() for position in range(rows.shape[1])]
    return _of_records(rows)


def _of_records(rows: Iterable[Any]) -> tuple[list[str], list[Any]]:
    records = list(rows)
    for row, record in enumerate(records):
        if not isinstance(record, Mapping):
            raise Misfit(f"row {row} is a {type(record).__name__}, not a record", row, record)
    names = list(dict.fromkeys(name for record in records for name in record))
    return names, [[record.get(name) for record in records] for name in names]


def typed(name: str, values: Any, kind: str, *, exact: bool = False) -> pa.Array | pa.ChunkedArray:
    """The values of that column in that type.

    exact: a number is refused rather than rounded, as in a key. Raises Misfit for a value that has no counterpart,
    KeyError for a type that no table here has.
    """
    convert = converter(kind, exact=exact)
    taken = _as_it_is(values, kind)
    if taken is not None:
        return taken
    plain = values.to_pylist() if isinstance(values, pa.ChunkedArray) else values
    converted = []
    for row, value in enumerate(plain):
        try:
            converted.append(convert(value))
        except (ValueError, OverflowError) as error:
            reason = f"column {name}, row {row}: {value!r:.100} is no {kind} ({error})"
            raise Misfit(reason, row, value, name) from error
    return pa.array(converted, arrow_type(kind))


def _as_it_is(values: Any, kind: str) -> pa.Array | pa.ChunkedArray | None:
    """The values as Arrow finds them, where that is the column's very type: many columns, and far faster."""
    if kind not in _TAKEN_AS_THEY_ARE:
        return None
    try:
        found = values if isinstance(values, pa.ChunkedArray) else pa.array(values, from_pandas=True)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        return None  # a mixture: value by value we see which one is wrong
    if found.type != arrow_type(kind):
        return None
    return pc.if_else(pc.is_nan(found), None, found) if kind == "FLOAT64" else found
