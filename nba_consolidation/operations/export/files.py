"""Rows as a file: CSV, Parquet or Excel. The file appears whole at its path, or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.operations.export.csv_text import Rows, WriteRows, csv_rows
from nba_consolidation.schema import Column
from nba_consolidation.warehouse.arrow_types import arrow_type


class ExportFailed(ConsolidationError):
    """The file could not be written; nothing is at its path that was not there before."""


@contextlib.contextmanager
def rows_file(path: Path, kind: str, columns: Sequence[Column]) -> Iterator[WriteRows]:
    """Yields the function that appends rows. At the end, the file replaces one of that path.

    Raises ExportFailed.
    """
    try:
        with _whole_or_not_at_all(path) as temporary, WRITERS[kind](temporary, columns) as write:
            yield write
    except OSError as error:
        raise ExportFailed(
            f"{path} could not be written: {error.strerror or error}. Choose another --output."
        ) from error


@contextlib.contextmanager
def _whole_or_not_at_all(path: Path) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".export-")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def _csv(path: Path, columns: Sequence[Column]) -> Iterator[WriteRows]:
    with path.open("w", encoding="utf-8", newline="") as file:
        yield csv_rows(file, [column.name for column in columns])


@contextlib.contextmanager
def _parquet(path: Path, columns: Sequence[Column]) -> Iterator[WriteRows]:
    """With the types of the columns, and their descriptions in the metadata."""
    import pyarrow.parquet as pq

    fields = [pa.field(one.name, arrow_type(one.type), metadata={"description": one.description}) for one in columns]
    schema = pa.schema(fields)

    def write(rows: Rows) -> None:
        values = list(zip(*rows, strict=True)) or [()] * len(columns)
        arrays = [pa.array(column, field.type) for column, field in zip(values, schema, strict=True)]
        writer.write_table(pa.Table.from_arrays(arrays, schema=schema))

    with pq.ParquetWriter(path, schema) as writer:
        yield write


@contextlib.contextmanager
def _xlsx(path: Path, columns: Sequence[Column]) -> Iterator[WriteRows]:
    from nba_consolidation.operations.export.workbook import open_workbook

    with open_workbook(path, columns) as write:
        yield write


WRITERS = {"csv": _csv, "parquet": _parquet, "xlsx": _xlsx}
