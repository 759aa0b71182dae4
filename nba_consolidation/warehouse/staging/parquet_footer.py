"""What the footer of a Parquet file says: rows by game date, columns, and how the columns are laid out.

Whether that makes a staging table which can be taken is decided in `parquet_staging`.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from nba_consolidation.schema import Column
from nba_consolidation.warehouse.arrow import columns_of, googlesql_type

UNREADABLE = (OSError, pa.ArrowException, ValueError, OverflowError, KeyError)
"""What reading a damaged file raises: a date beyond year 9999 and a name that is not UTF-8 are not Arrow's errors."""


@dataclass(frozen=True)
class Footer:
    """Rows by game date (None: no date), columns with GoogleSQL types, and Arrow's own types as `layout`.

    Two files of the same columns can differ in layout: int32 and int64 are both INT64.
    """

    dates: Mapping[dt.date | None, int]
    columns: tuple[Column, ...]
    layout: tuple[str, ...]

    @property
    def rows(self) -> int:
        return sum(self.dates.values())


def read_footer(path: Path) -> Footer:
    """Reads the footer, and the date column where a row group holds several dates. Raises one of UNREADABLE."""
    with pq.ParquetFile(path) as file:
        return Footer(_rows_by_date(file), *_shape(file.schema_arrow.remove_metadata()))


def read_error(path: Path) -> str | None:
    """Why the file cannot be decoded whole, if so."""
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches():
                batch.validate(full=True)  # text that is not UTF-8 is found here only
    except UNREADABLE as error:
        return first_line(error)
    return None


def first_line(error: BaseException) -> str:
    """The first line of an error's message, or its type where it has none."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


@lru_cache(maxsize=1024)
def _shape(schema: pa.Schema) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """Shared by all files of that schema: ten thousand of them are listed at once."""
    return columns_of(schema), tuple(str(field.type) for field in schema)


def _rows_by_date(file: pq.ParquetFile) -> Mapping[dt.date | None, int]:
    schema = file.schema_arrow
    index = schema.get_field_index("game_date")
    if index < 0 or googlesql_type(schema.field(index).type) != "DATE":
        return {None: file.metadata.num_rows}
    return _from_statistics(file.metadata) or _from_column(file)


def _from_statistics(metadata: pq.FileMetaData) -> Counter[dt.date | None] | None:
    """Rows by date where every row group holds a single one, as nearly all do; else None."""
    names = [metadata.schema.column(index).path for index in range(metadata.num_columns)]
    column = names.index("game_date")
    counts: Counter[dt.date | None] = Counter()
    for index in range(metadata.num_row_groups):
        chunk = metadata.row_group(index).column(column)
        found = chunk.statistics if chunk.is_stats_set else None
        if found is None or not found.has_min_max or not found.has_null_count or found.null_count:
            return None
        if found.min != found.max:
            return None
        counts[found.min] += metadata.row_group(index).num_rows
    return counts


def _from_column(file: pq.ParquetFile) -> Counter[dt.date | None]:
    dates = file.read(columns=["game_date"]).column(0).cast(pa.date32())
    counts: Counter[dt.date | None] = Counter()
    for entry in pc.value_counts(dates).to_pylist():
        counts[entry["values"]] += entry["counts"]
    return counts
