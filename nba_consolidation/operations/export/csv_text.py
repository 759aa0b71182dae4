"""Rows as CSV that a spreadsheet opens without running any of it."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TextIO, TypeAlias

Rows: TypeAlias = Sequence[Sequence[Any]]
WriteRows: TypeAlias = Callable[[Rows], None]
_END = "\r\n"
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would take the text for a formula."""
    return text.startswith(_BEGINS_A_FORMULA)


@dataclass(frozen=True)
class _Lines:
    """Ends each line with a line feed. The csv module quotes a carriage return only if it ends lines with one."""

    file: TextIO

    def write(self, line: str) -> None:
        self.file.write(f"{line.removesuffix(_END)}\n")


def csv_rows(file: TextIO, columns: Sequence[str]) -> WriteRows:
    """Writes the header; returns the function that writes rows. NULL is an empty field.

    A text that a spreadsheet would take for a formula begins with a quotation mark ('). Numbers stay as they are, also
    negative ones.
    """
    writer = csv.writer(_Lines(file), lineterminator=_END)
    writer.writerow(map(_field, columns))
    return lambda rows: writer.writerows(map(_field, row) for row in rows)


def _field(value: Any) -> Any:
    if isinstance(value, list | dict):
        value = json.dumps(value, default=str)
    if isinstance(value, str):
        return f"'{value}" if is_formula(value) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, dt.date) else value
