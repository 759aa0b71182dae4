"""What a worker stages its rows with: checked against the declared columns, made Arrow, written whole or not at all.

Which value becomes which is `conversion`'s business; whether a row makes sense is judged when it is consolidated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from nba_consolidation.schema import BUSINESS_KEY, LINEAGE, PREDICTIONS, Column
from nba_consolidation.warehouse.errors import WriteRefused
from nba_consolidation.warehouse.interface import StagingArea, StagingTable
from nba_consolidation.warehouse.staging import naming
from nba_consolidation.warehouse.staging.typed_columns import Misfit, by_column, typed

if TYPE_CHECKING:
    import pandas as pd

_LINEAGE = frozenset(column.name for column in LINEAGE)


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
        try:
            names, values = by_column(rows)
        except Misfit as misfit:
            raise WriteRefused(table, str(misfit), row=misfit.row, value=misfit.value) from misfit
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
            return typed(name, values, kind, exact=name in BUSINESS_KEY)
        except KeyError as error:
            raise WriteRefused(table, f"column {name}: a {kind} cannot be staged", column=name) from error
        except Misfit as misfit:
            raise WriteRefused(table, str(misfit), misfit.column, misfit.row, misfit.value) from misfit
