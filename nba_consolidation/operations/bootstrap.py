"""The use case: our tables are made where they are missing, and tables that are there are adopted. Plan, then apply.

Adopting only adds columns, which are NULL in the rows that stand. What an account must be allowed to do is listed too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nba_consolidation.schema import ACCURACY_KEY, ALL_TABLES, BUSINESS_KEY, Column, Table
from nba_consolidation.warehouse.errors import TableMissing
from nba_consolidation.warehouse.interface import Warehouse


@dataclass(frozen=True)
class TableChange:
    """What bootstrap would do to one table.

    live: its columns as they are, none where it is missing. missing: declared columns to be added. differing: declared
    and live column where the types differ; the live one decides, and stays.
    """

    table: Table
    live: tuple[Column, ...] = ()
    missing: tuple[Column, ...] = ()
    differing: tuple[tuple[Column, Column], ...] = ()

    @property
    def creates(self) -> bool:
        return not self.live

    @property
    def changes(self) -> bool:
        return self.creates or bool(self.missing)

    @property
    def unfit(self) -> tuple[str, ...]:
        """Live columns with which nothing can be consolidated: a key that is not exact, in words."""
        return tuple(
            f"{self.table.name}.{ours.name} is {live.type} but must be {ours.type}, or keys are not exact"
            for ours, live in self.differing
            if ours.name in (*BUSINESS_KEY, *ACCURACY_KEY) and _family(ours.type) != _family(live.type)
        )

    @property
    def carried_through(self) -> tuple[str, ...]:
        """Live columns that we do not know: they are carried through by name."""
        return tuple(column.name for column in self.live if column.name not in self.table.column_names)


@dataclass(frozen=True)
class Role:
    """One role that an account needs, on what, and for what."""

    account: str
    role: str
    resource: str
    reason: str


ROLES = (
    Role("consolidation", "roles/bigquery.jobUser", "project", "runs the script of a consolidation"),
    Role("consolidation", "roles/bigquery.dataEditor", "warehouse dataset", "reads and writes our tables"),
    Role("consolidation", "roles/bigquery.dataEditor", "staging dataset", "reads and drops merged staging tables"),
    Role("consolidation", "roles/bigquery.dataViewer", "box score table", "reads box scores; where it lies elsewhere"),
    Role("consolidation", "roles/datastore.user", "Firestore database", "takes and renews leases"),
    Role("worker", "roles/bigquery.jobUser", "project", "runs the load job of its staging table"),
    Role("worker", "roles/bigquery.dataEditor", "staging dataset", "writes its staging table"),
    Role("worker", "roles/bigquery.metadataViewer", "warehouse dataset", "reads which columns may be staged"),
    Role("bootstrap", "roles/bigquery.user", "project", "creates the datasets; not needed where they exist"),
)
"""The least set for the production deployment."""


def plan(warehouse: Warehouse, tables: Sequence[Table] = ALL_TABLES) -> list[TableChange]:
    """What would be created and added; changes nothing. Raises WarehouseError where the warehouse cannot be used."""
    return [_change(warehouse, table) for table in tables]


def apply(warehouse: Warehouse, changes: Sequence[TableChange]) -> None:
    """Does what was planned, and no more. Done again, it changes nothing."""
    warehouse.create_tables([change.table for change in changes if change.creates])
    for change in changes:
        if change.missing:
            warehouse.add_columns(change.table.name, change.missing)


def _family(kind: str) -> str:
    return kind.partition("(")[0]


def _change(warehouse: Warehouse, table: Table) -> TableChange:
    try:
        live = warehouse.live_columns(table.name)
    except TableMissing:
        return TableChange(table)
    there = {column.name: column for column in live}
    return TableChange(
        table,
        live,
        missing=tuple(column for column in table.columns if column.name not in there),
        differing=tuple(
            (column, there[column.name])
            for column in table.columns
            if column.name in there and there[column.name].type != column.type
        ),
    )
