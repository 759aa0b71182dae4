"""Reads a Parquet file's footer: rows by game date, and columns with their GoogleSQL and Arrow types."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from nba_consolidation.schema import BUSINESS_KEY, Column
from nba_consolidation.warehouse.arrow_types import columns_of, googlesql_type
from nba_consolidation.warehouse.errors import first_line
from nba_consolidation.warehouse.staging.interface import without_type_where_empty
from nba_consolidation.warehouse.staging.origin import Origin, business_keys

ORIGIN = b"nba_consolidation.origin"
"""The key of the origin in a file's metadata."""
UNREADABLE = (OSError, pa.ArrowException, ValueError, OverflowError, KeyError)
"""What reading a damaged file can raise. A date after year 9999 or a name that is not UTF-8 raises no Arrow error."""


@dataclass(frozen=True)
class Footer:
    """Rows by game date (None: no date), columns with GoogleSQL types, their Arrow types as `layout`, and the worker.

    Files with the same columns can differ in layout: int32 and int64 are both INT64.
    """

    dates: Mapping[dt.date | None, int]
    columns: tuple[Column, ...]
    layout: tuple[str, ...]
    origin: Origin | None = None

    @property
    def rows(self) -> int:
        return sum(self.dates.values())


def read_footer(path: Path) -> Footer:
    """Reads the footer, and the date column if a row group has several dates. Raises one of UNREADABLE."""
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        origin = Origin.from_text((schema.metadata or {}).get(ORIGIN))
        columns, layout = _columns_and_layout(schema.remove_metadata())
        columns = without_type_where_empty(columns, partial(_is_empty, metadata=file.metadata))
        return Footer(_rows_by_date(file), columns, layout, origin)


def read_error(path: Path) -> str | None:
    """Why the file cannot be decoded completely; None if it can."""
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches():
                batch.validate(full=True)  # text that is not UTF-8 shows only here
    except UNREADABLE as error:
        return first_line(error)
    return None


def read_business_keys(path: Path) -> Iterable[tuple[Any, ...]]:
    """The business key of each row. Raises one of UNREADABLE."""
    with pq.ParquetFile(path) as file:
        return business_keys(file.read(columns=[name for name in file.schema_arrow.names if name in BUSINESS_KEY]))


@lru_cache(maxsize=1024)
def _columns_and_layout(schema: pa.Schema) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """Cached, because ten thousand files of one schema can be listed at once."""
    return columns_of(schema), tuple(str(field.type) for field in schema)


def _is_empty(name: str, metadata: pq.FileMetaData) -> bool:
    """Whether the file's statistics say that the column, and each field of a nested one, has no value."""
    fields = [index for index, path in enumerate(_column_paths(metadata)) if f"{path}.".startswith(f"{name}.")]
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    chunks = [group.column(index) for group in groups for index in fields]
    return bool(fields) and all(
        chunk.statistics is not None
        and chunk.statistics.has_null_count
        and chunk.statistics.null_count == chunk.num_values
        for chunk in chunks
    )


def _column_paths(metadata: pq.FileMetaData) -> list[str]:
    return [metadata.schema.column(index).path for index in range(metadata.num_columns)]


def _rows_by_date(file: pq.ParquetFile) -> Mapping[dt.date | None, int]:
    schema = file.schema_arrow
    index = schema.get_field_index("game_date")
    if index < 0 or googlesql_type(schema.field(index).type) != "DATE":
        return {None: file.metadata.num_rows}
    return _from_statistics(file.metadata) or _from_column(file)


def _from_statistics(metadata: pq.FileMetaData) -> Counter[dt.date | None] | None:
    """Rows by date if every row group has a single date, as in nearly all files; otherwise None."""
    column = _column_paths(metadata).index("game_date")
    counts: Counter[dt.date | None] = Counter()
    for index in range(metadata.num_row_groups):
        chunk = metadata.row_group(index).column(column)
        statistics = chunk.statistics if chunk.is_stats_set else None
        if statistics is None or not statistics.has_min_max or not statistics.has_null_count or statistics.null_count:
            return None
        if statistics.min != statistics.max:
            return None
        counts[statistics.min] += metadata.row_group(index).num_rows
    return counts


def _from_column(file: pq.ParquetFile) -> Counter[dt.date | None]:
    dates = file.read(columns=["game_date"]).column(0).cast(pa.date32())
    counts: Counter[dt.date | None] = Counter()
    for entry in pc.value_counts(dates).to_pylist():
        counts[entry["values"]] += entry["counts"]
    return counts
