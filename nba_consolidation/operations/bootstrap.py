"""The use case: creates missing tables and adopts existing ones. First a plan, then its application.

Adopting a table only adds columns, which are NULL in its rows, and writes the descriptions of declared ones. Rows that
a previous version published in validated_predictions are copied to published_predictions. The roles of accounts are
listed here too.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nba_consolidation.fencing.audits import NOT_PUBLISHED_ONCE
from nba_consolidation.fencing.errors import DatesPoisoned
from nba_consolidation.fencing.fenced_writer import FencedWriter, LeasedDates, Parameters
from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.consolidation.consolidate import LOCK_TYPE
from nba_consolidation.schema import ACCURACY_KEY, ALL_TABLES, BUSINESS_KEY, PUBLISHED, VALIDATED, Column, Table
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.errors import TableMissing
from nba_consolidation.warehouse.interface import Warehouse
from nba_consolidation.warehouse.table_reads import game_dates
from nba_consolidation.warehouse.views import views_over

_COPIED = tuple(name for name in PUBLISHED.column_names if name != "published_at")
_MOVED = frozenset(_COPIED) - frozenset(VALIDATED.column_names)
_ALL_DATES: Parameters = {"first_date": dt.date.min, "last_date": dt.date.max}


@dataclass(frozen=True)
class TableChange:
    """The changes of one table by bootstrap.

    live: the columns that it has now; none if it is missing. missing: declared columns that would be added. differing:
    declared and live column where the types differ; the live one stays. undescribed: columns whose description in the
    warehouse is another one than the declared one.
    """

    table: Table
    live: tuple[Column, ...] = ()
    missing: tuple[Column, ...] = ()
    differing: tuple[tuple[Column, Column], ...] = ()
    undescribed: tuple[str, ...] = ()

    @property
    def creates(self) -> bool:
        return not self.live

    @property
    def changes(self) -> bool:
        return self.creates or bool(self.missing or self.undescribed)

    @property
    def unfit(self) -> tuple[str, ...]:
        """Key columns whose live type is not exact, each with the required type. They block all consolidations."""
        return tuple(
            f"{self.table.name}.{declared.name} is {live.type} but must be {declared.type}, or keys are not exact"
            for declared, live in self.differing
            if declared.name in (*BUSINESS_KEY, *ACCURACY_KEY) and _family(declared.type) != _family(live.type)
        )

    @property
    def carried_through(self) -> tuple[str, ...]:
        """Live columns that are not declared. They are carried through by name."""
        return tuple(column.name for column in self.live if column.name not in self.table.column_names)


@dataclass(frozen=True)
class Plan:
    """The changes by bootstrap. carried_over: rows of published_predictions by game date, from a previous version.

    views: all that read only these tables. Each is made again, so that its SELECT is that of this version.
    """

    tables: Sequence[TableChange]
    views: Sequence[TableChange] = ()
    carried_over: Mapping[dt.date, int] = field(default_factory=dict)

    @property
    def changes(self) -> bool:
        return bool(self.carried_over) or any(change.changes for change in (*self.tables, *self.views))


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
    Role("consolidation", "roles/bigquery.dataViewer", "box score table", "reads box scores in another dataset"),
    Role("consolidation", "roles/datastore.user", "Firestore database", "takes and renews leases"),
    Role("worker", "roles/bigquery.jobUser", "project", "runs the load job of its staging table"),
    Role("worker", "roles/bigquery.dataEditor", "staging dataset", "writes its staging table"),
    Role("worker", "roles/bigquery.metadataViewer", "warehouse dataset", "reads which columns may be staged"),
    Role("bootstrap", "roles/bigquery.user", "project", "creates the datasets; not needed where they exist"),
)
"""The smallest set of roles for the production deployment."""


def plan(warehouse: Warehouse, tables: Sequence[Table] = ALL_TABLES) -> Plan:
    """The plan of what to create, add and carry over; changes nothing. Raises WarehouseError."""
    changes = [_table_change(warehouse, table) for table in tables]
    views = [_table_change(warehouse, view) for view in views_over(tables)]
    return Plan(changes, views, _rows_to_carry_over(warehouse, {change.table.name: change for change in changes}))


def apply(writer: FencedWriter, holder: Holder, planned: Plan) -> None:
    """Carries out the plan. Repeating it changes nothing.

    Tables and columns are added without a lease, because a lease belongs to a game date and no row is written: nobody
    can be writing to a table that does not exist, and a writer that does not know a new column leaves it NULL. Rows are
    carried over under the leases of their dates. Raises WarehouseError and LeaseError; DatesPoisoned names the dates
    that could not be carried over.
    """
    writer.warehouse.create_tables([change.table for change in planned.tables if change.creates])
    for change in planned.tables:
        if change.missing:
            writer.warehouse.add_columns(change.table.name, change.missing)
    writer.warehouse.describe([change.table for change in planned.tables if not change.creates])
    writer.warehouse.create_views([change.table for change in planned.views])
    _, poisoned = writer.write_each(LOCK_TYPE, sorted(planned.carried_over), holder, _carry_over)
    if poisoned:
        raise DatesPoisoned(poisoned, "carried over")


def _rows_to_carry_over(warehouse: Warehouse, changes: Mapping[str, TableChange]) -> dict[dt.date, int]:
    """Rows that a previous version published in validated_predictions, by date; none of dates published since."""
    validated, published = changes.get(VALIDATED.name), changes.get(PUBLISHED.name)
    if validated is None or published is None or not _MOVED.issubset(column.name for column in validated.live):
        return {}
    done = () if published.creates else game_dates(warehouse, PUBLISHED)
    rows = warehouse.query(Statement("previously_published_dates", _ALL_DATES))
    return {row["game_date"]: row["published_rows"] for row in rows if row["game_date"] not in done}


def _carry_over(leased: LeasedDates, dates: Sequence[dt.date]) -> None:
    def statements(parameters: Parameters) -> list[Statement]:
        return [
            Statement("carry_over_published", parameters, _COPIED),
            Statement("carry_over_worker_filters", parameters),
            NOT_PUBLISHED_ONCE.statement(parameters),
        ]

    leased.write(dates, statements)


def _family(kind: str) -> str:
    return kind.partition("(")[0]


def _table_change(warehouse: Warehouse, table: Table) -> TableChange:
    try:
        live = warehouse.live_columns(table.name)
    except TableMissing:
        return TableChange(table)
    by_name = {column.name: column for column in live}
    return TableChange(
        table,
        live,
        missing=tuple(column for column in table.columns if column.name not in by_name),
        differing=tuple(
            (column, by_name[column.name])
            for column in table.columns
            if column.name in by_name and by_name[column.name].type != column.type
        ),
        undescribed=tuple(
            column.name
            for column in table.columns
            if column.name in by_name and by_name[column.name].description != column.description
        ),
    )
