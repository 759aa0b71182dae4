"""The StagingWriter, with which a worker stages its rows: checked against the declared columns, all or none written.

Columns, types and the spelling of keys are checked. The other row rules apply when the rows are consolidated.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import zoneinfo
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from nba_consolidation.schema import BUSINESS_KEY, LINEAGE, PREDICTIONS, Column
from nba_consolidation.schema.canonical_keys import CANONICAL_COLUMNS, key_problem
from nba_consolidation.warehouse.errors import WriteRefused
from nba_consolidation.warehouse.staging import table_names
from nba_consolidation.warehouse.staging.column_names import in_one_message, name_problems
from nba_consolidation.warehouse.staging.interface import StagingArea, StagingTable
from nba_consolidation.warehouse.staging.origin import Origin
from nba_consolidation.warehouse.staging.row_conversion import (
    ConversionError,
    ConvertedColumn,
    convert_column,
    split_columns,
)

if TYPE_CHECKING:
    import pandas as pd

_LINEAGE = frozenset(column.name for column in LINEAGE)


class StagingWriter:
    """Writes a worker's share of a batch as one staging table.

    columns: the columns that a staged row may have, for example the live table's; by default the declared core columns.
    Lineage columns are not accepted: the consolidation sets them.
    check_keys: refuse a row whose key is not canonical, with the message of the row rule. Without it such rows are
    staged and quarantined later, so that one row of somebody else's file does not stop the others.
    timezone: of time stamps without a zone, `created_at` above all, as tzinfo or by name (`America/New_York`). The
    default is UTC: a naive `datetime.now()` of another zone is then hours off, and the wrong version of a prediction
    may win.
    """

    def __init__(
        self,
        staging_area: StagingArea,
        columns: Sequence[Column] | None = None,
        *,
        timezone: dt.tzinfo | str = dt.UTC,
        check_keys: bool = True,
    ) -> None:
        self._staging_area = staging_area
        self._timezone = zoneinfo.ZoneInfo(timezone) if isinstance(timezone, str) else timezone
        self._check_keys = check_keys
        allowed = PREDICTIONS.columns if columns is None else columns
        required = {column.name for column in PREDICTIONS.columns if column.required}
        self._columns = {column.name: column for column in allowed if column.name not in _LINEAGE}
        self._required = [name for name in self._columns if name in required or self._columns[name].required]

    def write(
        self,
        batch_id: str,
        worker_id: str,
        rows: pd.DataFrame | pa.Table | Iterable[Mapping[str, Any]],
        *,
        part: str | int = "",
        replace: bool = False,
    ) -> StagingTable:
        """Writes the worker's staging table at once.

        part: a worker that writes in chunks gives each its own; each is a table. replace: always replace a waiting
        table of the same batch, worker and part; without it, only if the new rows have all of its business
        keys. A table whose name collides with that of another batch and worker is never replaced.

        Columns that no row has are not written; NaN and NaT become NULL; columns that the consolidation sets are
        written and ignored later. Raises WriteRefused for rows that cannot be staged, if there are no rows, and for a
        table that must not be replaced, WarehouseError if the staging area fails; nothing was written then.
        """
        origin = Origin(batch_id, worker_id, str(part))
        try:
            table = table_names.staging_table_name(batch_id, worker_id, origin.part)
        except ValueError as error:
            raise WriteRefused(f"{table_names.PREFIX}{batch_id}_{worker_id}", str(error)) from error
        try:
            names, values = split_columns(rows)
        except ConversionError as error:
            raise WriteRefused(table, str(error), row=error.row, value=error.value) from error
        if not values or not len(values[0]):
            raise WriteRefused(table, "there are no rows to write")
        self._check_names(table, names)
        columns = [self._convert(table, name, column) for name, column in zip(names, values, strict=True)]
        if self._check_keys:
            for name, column in zip(names, columns, strict=True):
                _ensure_canonical(table, name, column.values)
        data = pa.table([column.values for column in columns], names=names)
        written = self._staging_area.write(table, data, origin, replace=replace)
        rounded = {name: column.rounded for name, column in zip(names, columns, strict=True) if column.rounded}
        return dataclasses.replace(written, rounded=rounded)

    def _check_names(self, table: str, names: Sequence[str]) -> None:
        problems = name_problems(names, self._columns, self._required)
        if problems:
            raise WriteRefused(table, in_one_message(problems), column=problems[0].column)

    def _convert(self, table: str, name: str, values: Any) -> ConvertedColumn:
        kind = self._columns[name].type
        try:
            return convert_column(name, values, kind, exact=name in BUSINESS_KEY, timezone=self._timezone)
        except KeyError as error:
            raise WriteRefused(table, f"column {name}: a {kind} cannot be staged", column=name) from error
        except ConversionError as error:
            raise WriteRefused(table, str(error), error.column, error.row, error.value) from error


def _ensure_canonical(table: str, name: str, values: pa.Array | pa.ChunkedArray) -> None:
    """Raises WriteRefused for the first value that is not the canonical spelling of its part of the key."""
    if name not in CANONICAL_COLUMNS:
        return
    problems = {value: problem for value in pc.unique(values).to_pylist() if (problem := key_problem(name, value))}
    if problems:
        row, value = next((row, value) for row, value in enumerate(values.to_pylist()) if value in problems)
        raise WriteRefused(table, f"column {name}, row {row}: {value!r} {problems[value]}", name, row, value)
