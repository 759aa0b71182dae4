"""The Warehouse protocol, and the records that it takes and returns. Two implementations: DuckDB and BigQuery."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from nba_consolidation.schema import Column, Table
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.staging.interface import StagingTable

if TYPE_CHECKING:
    import pyarrow as pa

    from nba_consolidation.sql.question import Question

Row = dict[str, Any]
Relations: TypeAlias = "Mapping[str, pa.Table]"
"""Data that a transaction's statements can read, by the table name that they use for it."""
NO_RELATIONS: Relations = MappingProxyType({})


@dataclass(frozen=True)
class ManifestEntry:
    """One staging table of a frozen manifest, and the dates of it that this consolidation reads."""

    table: StagingTable
    dates: tuple[dt.date, ...]


def manifest_rows(manifest: Sequence[ManifestEntry]) -> list[Row]:
    """The rows of the relation `manifest`: one per staging table and date."""
    return [
        {
            "staging_table_number": number,
            "staging_table": entry.table.name,
            "batch_id": entry.table.batch_id,
            "fingerprint": entry.table.fingerprint,
            "game_date": date,
            "home_date": entry.table.home_date,
            "listed_rows": entry.table.rows_of(date),
        }
        for number, entry in enumerate(manifest)
        for date in entry.dates
    ]


@dataclass(frozen=True)
class TransactionResult:
    """The rows of a committed transaction's SELECTs by statement name, its duration, and its cost by unit."""

    rows: Mapping[str, list[Row]]
    seconds: float
    cost: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """The rows of a question, in its order. more: it has more rows than were requested."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    more: bool = False

    @classmethod
    def of(cls, columns: Sequence[str], rows: list[tuple[Any, ...]], limit: int | None) -> Answer:
        """rows: all, or one more than the limit if there is one."""
        return cls(tuple(columns), rows[:limit], limit is not None and len(rows) > limit)

    @property
    def records(self) -> list[Row]:
        """The rows by column."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class Warehouse(Protocol):
    """Tables, and transactions over them."""

    def reader(self) -> Warehouse:
        """The same tables for a caller that only reads: it neither blocks other readers nor changes anything."""

    def create_tables(self, tables: Sequence[Table]) -> None:
        """Creates the tables that do not exist; leaves existing ones unchanged. Creates the views that read only these.

        A view over a table that exists already is left to `create_views`: the table can be of an earlier version.
        """

    def create_views(self, views: Sequence[Table]) -> None:
        """Creates the views, or replaces them. Raises WarehouseError if a table or column that they read is missing."""

    def live_columns(self, table: str) -> tuple[Column, ...]:
        """The table's current columns, in order, with GoogleSQL types and descriptions. Raises WarehouseError."""

    def add_columns(self, table: str, columns: Sequence[Column]) -> None:
        """Adds the columns that do not exist; existing rows have NULL there."""

    def describe(self, tables: Sequence[Table]) -> None:
        """Writes the declared descriptions of existing tables and columns, where they differ."""

    def check(self) -> None:
        """Reads once, so that a missing table or permission shows at start-up. Raises WarehouseError."""

    def run(
        self,
        statements: Sequence[Statement],
        manifest: Sequence[ManifestEntry] = (),
        on_statement: Callable[[str], None] = lambda _: None,
        *,
        check: Callable[[], None] = lambda: None,
        relations: Relations = NO_RELATIONS,
    ) -> TransactionResult:
        """Runs the statements as one transaction, all or nothing.

        on_statement: called with the name of each statement.

        check: called before the transaction and repeatedly while it runs; an error that it raises rolls the transaction
        back.

        relations: tables that exist for this transaction only. Every column must have a type.

        manifest: makes two more such tables available. `staged` has the rows of the manifest's tables with the columns
        of the live player_prop_predictions, and staging_table_number, staging_row, row_error and original_row.
        `manifest` has one row per table and date (see `manifest_rows`).

        Raises StatementFailed; WarehouseBusy and WarehouseUnavailable if nothing was run; TableRefused for a manifest
        table that has changed since it was listed or does not fit the live columns.
        """

    def query(self, statement: Statement) -> list[Row]:
        """The rows of one SELECT."""

    def ask(self, question: Question, limit: int | None = None) -> Answer:
        """The rows of a SELECT that a person wrote, at most `limit` of them. Raises StatementFailed.

        Nothing can be written, and nothing but the warehouse's tables can be read.
        """
