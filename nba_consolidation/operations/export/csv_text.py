"""Rows as CSV that a spreadsheet opens without running any of it."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def safe_text(text: str) -> str:
    """The text, after a quotation mark if a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(_BEGINS_A_FORMULA) else text


def write_csv(file: TextIO, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Writes a header and the rows. NULL is an empty field; numbers, also negative ones, are as they are."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(map(safe_text, columns))
    writer.writerows(map(_field, row) for row in rows)


def _field(value: Any) -> Any:
    if isinstance(value, str):
        return safe_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.date):
        return value.isoformat()
    return safe_text(json.dumps(value, default=str)) if isinstance(value, list | dict) else value
