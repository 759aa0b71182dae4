"""What a worker stages its rows with: checked against the declared columns, made Arrow, written whole or not at all.

Which value becomes which is `conversion`'s business; whether a row makes sense is judged when it is consolidated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from nba_consolidation.tables import BUSINESS_KEY, LINEAGE, PREDICTIONS, Column
from nba_consolidation.warehouse import naming
from nba_consolidation.warehouse.arrow import arrow_type
from nba_consolidation.warehouse.contract import StagingArea, StagingTable
from nba_consolidation.warehouse.conversion import converter
from nba_consolidation.warehouse.errors import WriteRefused

if TYPE_CHECKING:
    import pandas as pd

_LINEAGE = frozenset(column.name for column in LINEAGE)
# Types of which every Arrow value is a good one. DATE is none: Arrow makes a date of a time stamp, silently.
_TAKEN_AS_THEY_ARE = frozenset({"STRING", "INT64", "FLOAT64", "BOOL", "TIMESTAMP"})


class StagingWriter:
    """Writes a worker's share of a batch as one staging table.

    columns: what a staged row may hold, the live table's for instance; without them, the declared core columns.
    Lineage columns among them are left out: they are ours to set.
    """

    def __init__(self, staging_area: StagingArea, columns: Sequence[Column] | None = None) -> None:
        self._staging_area = staging_area
        allowed = PREDICTIONS.columns if columns is None else columns
        required = {column.name for column in PREDICTIONS.columns if column.required}
        self._columns = {column.name: column for column in allowed if column.name not in _LINEAGE}
        self._required = [name for name in self._columns if name in required or self._columns[name].required]

    def write(
        self, batch_id: str, worker_id: str, rows: pd.DataFrame | pa.Table | Iterable[Mapping[str, Any]]
    ) -> StagingTable:
        """Makes the staging table of that worker appear, whole; one that is there is replaced.

        Absent columns are not written, NaN and its kin are NULL, columns that the consolidation sets are taken and
        ignored later. Raises WriteRefused for rows that cannot be staged (none at all among them), WarehouseError
        where the staging area fails; then nothing was written.
        """
        try:
            table = naming.staging_table_name(batch_id, worker_id)
        except ValueError as error:
            raise WriteRefused(f"{naming.PREFIX}{batch_id}_{worker_id}", str(error)) from error
        names, values = _by_column(table, rows)
        if not values or not len(values[0]):
            raise WriteRefused(table, "there are no rows to write")
        self._check_names(table, names)
        arrays = [self._convert(table, name, column) for name, column in zip(names, values, strict=True)]
        return self._staging_area.write(table, pa.table(arrays, names=names))

    def _check_names(self, table: str, names: Sequence[str]) -> None:
        unknown = [name for name in names if name not in self._columns]
        missing = [name for name in self._required if name not in names]
        repeated = [name for name, times in Counter(names).items() if times > 1]
        for wrong, what in ((unknown, "unknown"), (missing, "required and missing"), (repeated, "given twice")):
            if wrong:
                listed = ", ".join(str(name) for name in wrong)
                raise WriteRefused(table, f"column {listed}: {what}", column=str(wrong[0]))

    def _convert(self, table: str, name: str, values: Any) -> pa.Array | pa.ChunkedArray:
        kind = self._columns[name].type
        try:
            convert = converter(kind, exact=name in BUSINESS_KEY)
        except KeyError as error:
            raise WriteRefused(table, f"column {name}: a {kind} cannot be staged", column=name) from error
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
                raise WriteRefused(table, reason, column=name, row=row, value=value) from error
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


def _by_column(table: str, rows: Any) -> tuple[list[str], list[Any]]:
    """Names and values, column by column, of any of the three forms that rows come in."""
    if isinstance(rows, pa.Table):
        return rows.column_names, rows.columns
    if hasattr(rows, "iloc"):  # a DataFrame, told without importing pandas; its columns by position: names may repeat
        return list(rows.columns), [rows.iloc[:, position].tolist() for position in range(rows.shape[1])]
    records = list(rows)
    for row, record in enumerate(records):
        if not isinstance(record, Mapping):
            raise WriteRefused(table, f"row {row} is a {type(record).__name__}, not a record", row=row, value=record)
    names = list(dict.fromkeys(name for record in records for name in record))
    return names, [[record.get(name) for record in records] for name in names]
