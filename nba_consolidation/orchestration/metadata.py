"""Metadata for the Dagster UI, made of plain dataclasses and rows."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import dagster as dg

from nba_consolidation.schema import Table
from nba_consolidation.schema.display import DisplayColumn

if TYPE_CHECKING:
    from nba_consolidation.warehouse.interface import Row

Metadata = dict[str, Any]
_MOST_ROWS = 200
_SHARE = re.compile("(hit_rate|roi|mean_confidence)(_110|_low|_high|_before|_after)*")


def column_schema(table: Table) -> dg.TableSchema:
    """The declared columns, as Dagster's column metadata."""
    return dg.TableSchema(
        columns=[dg.TableColumn(column.name, column.type, description=column.description) for column in table.columns]
    )


def table_of(rows: Iterable[object], limit: int = _MOST_ROWS) -> dg.TableMetadataValue:
    """Rows (mappings or dataclasses) as a table; of many rows the last ones, which are the latest dates."""
    records = [_plain(_mapping(row)) for row in list(rows)[-limit:]]
    return dg.MetadataValue.table([dg.TableRecord(record) for record in records], schema=_schema(records))


def displayed(rows: Iterable[Row], columns: Sequence[DisplayColumn]) -> dg.TableMetadataValue:
    """The rows as the terminal and the report show them, with units: for people, not for programs."""
    return table_of({column.title.replace("\n", " "): column.cell(row) for column in columns} for row in rows)


def in_units(metadata: Mapping[str, Any]) -> Metadata:
    """The numbers that the UI plots, in people's units.

    `lease_hold_ms` 11428 becomes `lease_hold_s` 11.43, a `hit_rate` of 0.530055 becomes `hit_rate_percent` 53.01.
    """
    return dict(_in_unit(name, value) for name, value in metadata.items())


def _in_unit(name: str, value: Any) -> tuple[str, Any]:
    if not isinstance(value, int | float | Decimal) or isinstance(value, bool):
        return name, value
    if name.endswith("_ms"):
        return f"{name.removesuffix('_ms')}_s", round(value / 1000, 2)
    return (f"{name}_percent", round(100 * float(value), 2)) if _SHARE.fullmatch(name) else (name, value)


def rows_of(rows: Iterable[Row], date: dt.date) -> list[Row]:
    """The rows of one game date."""
    return [row for row in rows if row["game_date"] == date]


def as_markdown(text: str) -> str:
    """Text for a description, which the UI reads as Markdown: no link, picture, emphasis or HTML comes from a name."""
    return re.sub(r"([\\\[\]<>!*])", r"\\\1", text)


def samples_by_date(rows: Sequence[Row]) -> Mapping[dt.date, dg.TableMetadataValue]:
    """Sample rows, one table per date."""
    dates: dict[dt.date, list[Row]] = {}
    for row in rows:
        dates.setdefault(row["game_date"], []).append({k: v for k, v in row.items() if k != "game_date"})
    return {date: table_of(sample) for date, sample in dates.items()}


def without(values: Mapping[str, object], *names: str) -> Metadata:
    """The values except those with these names."""
    return {name: value for name, value in values.items() if name not in names}


def _mapping(row: object) -> Mapping[str, object]:
    if isinstance(row, Mapping):
        return row
    if dataclasses.is_dataclass(row) and not isinstance(row, type):
        return dataclasses.asdict(row)
    raise TypeError(f"not a row: {row!r}")


def _plain(row: Mapping[str, object]) -> dict[str, str | int | float | bool | None]:
    return {name: _cell(value) for name, value in row.items()}


def _cell(value: object) -> str | int | float | bool | None:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list | tuple):
        return ", ".join(str(part) for part in value)
    return str(value)


def _schema(rows: Sequence[Mapping[str, object]]) -> dg.TableSchema:
    names = list(rows[0]) if rows else ["no_rows"]
    types = {name: {type(row[name]) for row in rows if row[name] is not None} for name in names}
    return dg.TableSchema([dg.TableColumn(name, _column_type(types[name])) for name in names])


def _column_type(types: set[type]) -> str:
    return {bool: "bool", int: "int", float: "float"}.get(types.pop(), "string") if len(types) == 1 else "string"
