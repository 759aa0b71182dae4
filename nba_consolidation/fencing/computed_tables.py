"""How rows that are computed anew as a whole reach their tables: what stands as it was computed is left alone.

So a row keeps who wrote it, until it says something else. What the rows mean is not known here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from nba_consolidation.schema import Table
from nba_consolidation.sql import Statement, Value
from nba_consolidation.warehouse.arrow_types import arrow_type

if TYPE_CHECKING:
    import pandas as pd

    from nba_consolidation.fencing.fenced_writer import LeasedDates
    from nba_consolidation.warehouse.interface import Row

_WRITTEN_BY = frozenset({"lease_token", "run_id", "computed_at"})


@dataclass(frozen=True)
class ComputedTables:
    """tables: by the name that they have in the statements `clear_…`, `write_…` and in the relation `computed_…`.

    transaction_column: where a row says which transaction wrote it.
    """

    tables: Mapping[str, Table]
    transaction_column: str

    def write(
        self,
        leased: LeasedDates,
        dates: Sequence[dt.date],
        frames: Mapping[str, pd.DataFrame],
        *,
        transaction: str,
        counts: str,
        on_step: Callable[[str], None],
    ) -> dict[dt.date, Row]:
        """One transaction that makes the tables as computed for the dates. Returns the rows of `counts`, by date.

        transaction: its id. counts: the statement that says, by game date, what stands then. Raises
        as `LeasedDates.write`.
        """

        def statements(guarded: Mapping[str, Value]) -> list[Statement]:
            parameters = {**guarded, self.transaction_column: transaction}
            return [*self._changes(parameters), Statement(counts, parameters)]

        relations = {f"computed_{name}": self._arrow(name, frame) for name, frame in frames.items()}
        result = leased.write(dates, statements, relations=relations, on_statement=on_step)
        return {row["game_date"]: row for row in result.rows[counts]}

    def _changes(self, parameters: Mapping[str, Value]) -> list[Statement]:
        """What takes away the rows that are not as computed, and brings those that do not stand yet."""
        return [
            Statement(f"{change}_{name}", parameters, self._values(name))
            for name in self.tables
            for change in ("clear", "write")
        ]

    def _values(self, name: str) -> list[str]:
        """The columns that say something, not who wrote it when: where these are the same, nothing is written."""
        lineage = _WRITTEN_BY | {self.transaction_column}
        return [column for column in self.tables[name].column_names if column not in lineage]

    def _arrow(self, name: str, frame: pd.DataFrame) -> pa.Table:
        table = self.tables[name]
        schema = pa.schema([(column, arrow_type(table.column(column).type)) for column in self._values(name)])
        shown = frame[schema.names]
        # Of a column without any value, or of no rows at all, pandas makes numbers, which nothing else can be made of.
        unknown = {column: object for column in schema.names if not shown[column].notna().any()}
        return pa.Table.from_pandas(shown.astype(unknown), schema, preserve_index=False)
