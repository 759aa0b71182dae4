"""The StagingArea protocol, and what a listing of the staging tables returns.

Two implementations: Parquet files in a folder, and BigQuery tables.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from nba_consolidation.schema import PREDICTIONS, Column
from nba_consolidation.warehouse.errors import TableRefused
from nba_consolidation.warehouse.staging.origin import Origin
from nba_consolidation.warehouse.staging.table_names import batch_and_worker

if TYPE_CHECKING:
    import pyarrow as pa

_DECLARED = frozenset(PREDICTIONS.column_names)


@dataclass(frozen=True)
class KnownDates:
    """The game dates that can exist, both ends included. A staged row of any other date is a stray row."""

    first: dt.date
    last: dt.date

    def __contains__(self, date: object) -> bool:
        return isinstance(date, dt.date) and self.first <= date <= self.last


@dataclass(frozen=True)
class StagingTable:
    """One staging table as listed.

    fingerprint: identifies the state of the table; it changes with every write.
    dates: rows by known game date. stray_rows: rows of no known date, which are consolidated with the home date.
    columns: names and GoogleSQL types (an Arrow type's own name where GoogleSQL has none).
    refusal: why the table cannot be consolidated, if so. A table without rows is pending for no date and not refused.
    origin: the worker that wrote it, unless another program did.
    rounded: how many values the writer rounded to their column's scale, by column; a listing does not know it.
    """

    name: str
    fingerprint: str
    rows: int
    modified_at: dt.datetime
    columns: tuple[Column, ...] = ()
    dates: Mapping[dt.date, int] = field(default_factory=dict)
    stray_rows: int = 0
    refusal: str | None = None
    rounded: Mapping[str, int] = field(default_factory=dict, compare=False)
    origin: Origin | None = None

    @property
    def batch_id(self) -> str:
        """The batch in the table's name; its origin separates it from the worker."""
        return self.origin.batch.replace("-", "_") if self.origin else batch_and_worker(self.name)[0]

    @property
    def worker_id(self) -> str:
        """The worker in the table's name; empty if it cannot be separated from the batch."""
        return self.origin.worker.replace("-", "_") if self.origin else batch_and_worker(self.name)[1]

    @property
    def home_date(self) -> dt.date | None:
        """The table's first date, whose consolidation also reads the stray rows."""
        return min(self.dates, default=None)

    def rows_of(self, date: dt.date) -> int:
        """Rows that the consolidation of that date reads, stray rows included if it is the home date."""
        return self.dates.get(date, 0) + (self.stray_rows if date == self.home_date else 0)


class StagingArea(Protocol):
    """Where workers write their staging tables. Listing them needs no warehouse and no lock."""

    def list_tables(self, known: KnownDates) -> list[StagingTable]:
        """Every staging table, by name. A table that cannot be read has a refusal; it raises nothing."""

    def write(self, name: str, data: pa.Table, origin: Origin | None = None, *, replace: bool = True) -> StagingTable:
        """Writes a table of that name at once, replacing an existing one: readers see all of it or nothing.

        origin: kept in the table. Raises WriteRefused for an existing table of another origin and, without `replace`,
        for one with business keys that the new rows do not have.
        """

    def check_write(self) -> None:
        """Raises WarehouseUnavailable if no table can be written now. Leaves nothing behind."""

    def unreadable(self, tables: Sequence[StagingTable]) -> Mapping[str, str]:
        """Reads the tables completely; returns the reason for each that cannot be read, by name."""

    def drop(self, tables: Sequence[StagingTable]) -> list[str]:
        """Drops the tables that have not changed since they were listed, and returns their names."""

    def archive(self, tables: Sequence[StagingTable]) -> Mapping[str, str]:
        """Moves the tables that have not changed since they were listed to where they are kept but no longer listed.

        Returns the new location of each, by name.
        """


def undeclared(columns: Iterable[Column]) -> list[Column]:
    """The columns that are not declared for predictions."""
    return [column for column in columns if column.name not in _DECLARED]


def without_type_where_empty(columns: tuple[Column, ...], is_empty: Callable[[str], bool]) -> tuple[Column, ...]:
    """The columns. An undeclared one that is NULL in every row has the type NULL, regardless of its stored type.

    is_empty: whether the column of that name has no value; called for undeclared columns only.
    """
    empty = {column.name for column in undeclared(columns) if is_empty(column.name)}
    if not empty:
        return columns
    return tuple(replace(column, type="NULL") if column.name in empty else column for column in columns)


def changed_since_listed(table: str) -> TableRefused:
    """The error for a table that was changed or dropped since it was listed."""
    return TableRefused(table, "it changed since it was listed", "run the consolidation again")


def no_known_date(columns: Sequence[Column], dates: Sequence[dt.date | None]) -> str:
    """The refusal of a table whose rows all lack a known game date."""
    staged = [column.type for column in columns if column.name == "game_date"]
    if not staged:
        return "it has no column game_date"
    if staged != ["DATE"]:
        return f"column game_date is {staged[0]} but DATE in the live table"
    return f"none of its rows has a known game date; its dates are, for example, {', '.join(map(str, dates[:3]))}"
