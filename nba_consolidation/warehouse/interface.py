"""What a warehouse and its staging area must do: two small protocols, and the records that pass through them.

Two engines stand behind them (DuckDB with Parquet files, BigQuery). Nothing of either shows here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

import pyarrow as pa

from nba_consolidation.schema import Column, Table
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.staging import naming

Row = dict[str, Any]
Relations = Mapping[str, pa.Table]
"""Data that is brought to a transaction, by the name under which its statements read it."""
NO_RELATIONS: Relations = MappingProxyType({})


@dataclass(frozen=True)
class KnownDates:
    """The game dates that can exist, both ends included; a staged row of any other date is a stray."""

    first: dt.date
    last: dt.date

    def __contains__(self, date: object) -> bool:
        return isinstance(date, dt.date) and self.first <= date <= self.last


@dataclass(frozen=True)
class StagingTable:
    """One staging table as listed: which state of it, what it holds, and why it cannot be taken, if so.

    `dates` counts rows by known game date; `stray_rows` are those of no known date, which are dealt with at the
    table's first date. A table without rows waits for no date and is not refused. `columns` has name and GoogleSQL
    type (an Arrow type's own name where GoogleSQL has none).
    """

    name: str
    fingerprint: str
    rows: int
    modified_at: dt.datetime
    columns: tuple[Column, ...] = ()
    dates: Mapping[dt.date, int] = field(default_factory=dict)
    stray_rows: int = 0
    refusal: str | None = None

    @property
    def home_date(self) -> dt.date | None:
        """The date whose consolidation takes the strays: the first one."""
        return min(self.dates, default=None)

    def rows_of(self, date: dt.date) -> int:
        """Rows that the consolidation of that date reads, strays included where it is the home date."""
        return self.dates.get(date, 0) + (self.stray_rows if date == self.home_date else 0)


@dataclass(frozen=True)
class ManifestEntry:
    """One staging table of a frozen manifest, and the dates of it that are read now."""

    table: StagingTable
    dates: tuple[dt.date, ...]


def manifest_rows(manifest: Sequence[ManifestEntry]) -> list[Row]:
    """The rows of the relation `manifest`, for every engine: one per table and date."""
    return [
        {
            "staging_table_number": number,
            "staging_table": entry.table.name,
            "batch_id": naming.batch_and_worker(entry.table.name)[0],
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
    """What the SELECTs of a committed transaction returned, by statement name, and what it cost."""

    rows: Mapping[str, list[Row]]
    seconds: float
    cost: Mapping[str, float] = field(default_factory=dict)


class StagingArea(Protocol):
    """Where workers leave their tables. Listing it needs no warehouse and no lock."""

    def list_tables(self, known: KnownDates) -> list[StagingTable]:
        """Every staging table, by name; those that cannot be read carry a refusal instead of raising."""

    def write(self, name: str, data: pa.Table) -> StagingTable:
        """Makes the table appear, whole, under that name; a table of that name is replaced."""

    def unreadable(self, tables: Sequence[StagingTable]) -> Mapping[str, str]:
        """Reads the tables whole; of those that cannot be read, the name and why."""

    def drop(self, tables: Sequence[StagingTable]) -> list[str]:
        """Drops those that are still in the listed state; returns their names. The others stay."""

    def archive(self, tables: Sequence[StagingTable]) -> Mapping[str, str]:
        """Takes those that are still in the listed state out of the listing, for good, and keeps what they hold.

        Returns where each lies now, by name. The others stay.
        """


class Warehouse(Protocol):
    """Tables, and statements run as one transaction."""

    def create_tables(self, tables: Sequence[Table]) -> None:
        """Creates what is missing; leaves what is there."""

    def live_columns(self, table: str) -> tuple[Column, ...]:
        """The table's columns as they are now, in order, with GoogleSQL types. Raises WarehouseError."""

    def add_columns(self, table: str, columns: Sequence[Column]) -> None:
        """Adds the columns that are missing, as NULL."""

    def check(self) -> None:
        """Reads once, so that what is missing or forbidden is found at start. Raises WarehouseError."""

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

        check: called before it is begun and again and again while it runs; what it raises ends the transaction, with
        nothing written.

        relations: data of ours that the statements can read, each under its name, in the types that it has; they are
        gone afterwards. Every column must have a type.

        With a manifest, the statements can read two relations: `staged`, the rows of its tables in the shape of the
        live player_prop_predictions (and staging_table_number, staging_row, misfit, original_row); and `manifest`,
        one row per table and date (staging_table_number, staging_table, batch_id, fingerprint, game_date, home_date,
        listed_rows).

        Raises StatementFailed; WarehouseBusy and WarehouseUnavailable where nothing was run; TableRefused for a
        manifest table that changed meanwhile or does not fit the live schema.
        """

    def query(self, statement: Statement) -> list[Row]:
        """The rows of one SELECT."""
