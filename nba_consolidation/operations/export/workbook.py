"""Rows as an Excel workbook of one sheet. No cell is a formula, whatever its text."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.operations.export.csv_text import Rows, WriteRows, is_formula
from nba_consolidation.schema import Column

_MAX_ROWS, _MAX_TEXT, _MAX_EXACT = 1_048_576, 32_767, 2**53
"""Excel's limits: rows of a sheet, letters of a cell, and the largest integer that a cell holds exactly."""


class WorkbookRefused(ConsolidationError):
    """The rows do not fit a workbook, or the library that writes one is not installed."""


@contextlib.contextmanager
def open_workbook(path: Path, columns: Sequence[Column]) -> Iterator[WriteRows]:
    """Yields the function that appends rows. Raises WorkbookRefused."""
    try:
        import xlsxwriter
    except ImportError as error:
        raise WorkbookRefused(
            "Excel files need the extra xlsx: pip install 'nba-consolidation[xlsx]'. csv and parquet need nothing."
        ) from error
    # Texts are written as such; what is no number becomes an error cell instead of an error of the library.
    options = {"constant_memory": True, "nan_inf_to_errors": True}
    with xlsxwriter.Workbook(str(path), options) as workbook:
        sheet = _Sheet(workbook, [column.name for column in columns])
        yield sheet.append


class _Sheet:
    def __init__(self, workbook: Any, names: Sequence[str]) -> None:
        self._sheet = workbook.add_worksheet()
        self._formats = {
            dt.date: workbook.add_format({"num_format": "yyyy-mm-dd"}),
            dt.datetime: workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        }
        self._quoted = workbook.add_format({"quote_prefix": True})
        self._names = names
        self._rows = 0
        self._sheet.freeze_panes(1, 0)
        self.append([names])

    def append(self, rows: Rows) -> None:
        for row in rows:
            if self._rows == _MAX_ROWS:
                raise WorkbookRefused(f"An Excel sheet holds {_MAX_ROWS - 1:,} rows: export fewer dates, or csv.")
            for column, value in enumerate(row):
                self._write(column, value)
            self._rows += 1

    def _write(self, column: int, value: Any) -> None:
        if value is None:
            return
        if isinstance(value, bool):
            self._sheet.write_boolean(self._rows, column, value)
        elif isinstance(value, float | Decimal) or (isinstance(value, int) and abs(value) <= _MAX_EXACT):
            self._sheet.write_number(self._rows, column, value)
        elif isinstance(value, dt.date):
            plain = value.astimezone(dt.UTC).replace(tzinfo=None) if isinstance(value, dt.datetime) else value
            self._sheet.write_datetime(self._rows, column, plain, self._formats[type(value)])
        else:
            self._write_text(column, value if isinstance(value, str) else json.dumps(value, default=str))

    def _write_text(self, column: int, text: str) -> None:
        if len(text) > _MAX_TEXT:
            where = f"Row {self._rows}, column {self._names[column]}"
            raise WorkbookRefused(
                f"{where}: the text has {len(text):,} letters, an Excel cell {_MAX_TEXT:,}. Export csv or parquet."
            )
        self._sheet.write_string(self._rows, column, text, self._quoted if is_formula(text) else None)
