"""The production staging area: tables `_staging_*` in a BigQuery dataset, that of the warehouse or another one.

Listing is free of charge except for the rows by date, which are counted once per state of a table.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from nba_consolidation.schema import BUSINESS_KEY, Column
from nba_consolidation.warehouse.bigquery.load import load
from nba_consolidation.warehouse.bigquery.schema import columns_of, loadable, schema_field
from nba_consolidation.warehouse.bigquery.script import TableLocations, counts_by_date
from nba_consolidation.warehouse.bigquery.session import BigQuerySession, ResourceChanged, ResourceMissing
from nba_consolidation.warehouse.errors import StatementFailed, TableRefused, WarehouseUnavailable
from nba_consolidation.warehouse.staging import table_names
from nba_consolidation.warehouse.staging.interface import (
    KnownDates,
    StagingTable,
    changed_since_listed,
    no_known_date,
    undeclared,
    without_type_where_empty,
)
from nba_consolidation.warehouse.staging.origin import Origin, ensure_replaceable

if TYPE_CHECKING:
    from google.cloud import bigquery

_DRAINED, _ARCHIVED = "drained", "archived"
_TABLES_PER_COUNT = 500
_PARALLEL_REQUESTS = 8


@dataclass(frozen=True)
class Counted:
    """Rows by game date (None: no date) of one state of a table, and its undeclared columns that have a value."""

    rows: Counter[dt.date | None] = field(default_factory=Counter)
    columns_with_values: set[str] = field(default_factory=set)

    def has_no_value(self, column: str) -> bool:
        """Whether an undeclared column is NULL in every row."""
        return column not in self.columns_with_values


class BigQueryStaging:
    """A dataset of staging tables.

    keep: how long a dropped table is kept as `drained_staging_*`, which nothing lists, until it expires. Without it the
    table is deleted at once (and can be restored within the dataset's time travel window).
    """

    def __init__(self, session: BigQuerySession, dataset: str, *, keep: dt.timedelta | None = None) -> None:
        self.session = session
        self.dataset = dataset
        self._keep = keep
        self._counted: dict[tuple[str, str], Counted] = {}

    @property
    def tables(self) -> TableLocations:
        reference = self.session.dataset(self.dataset)
        return TableLocations(reference.project, reference.dataset_id)

    def list_tables(self, known: KnownDates) -> list[StagingTable]:
        """Every staging table, by name. A table that is dropped during the listing is left out."""
        for attempt in range(1, self.session.attempts + 1):
            tables = [table for table in self._get_all(self._names()) if table is not None]
            try:
                self._count_new(tables)
                break
            except StatementFailed:  # a table was dropped before its rows were counted: list again
                if attempt == self.session.attempts:
                    raise
        return [self._described(table, known) for table in tables]

    def write(self, name: str, data: pa.Table, origin: Origin | None = None, *, replace: bool = True) -> StagingTable:
        """Loads the rows as one job: the table appears with all of them, or stays as it was.

        Raises TableRefused for an invalid name and for rows that BigQuery does not accept, WriteRefused for a table
        that must not be replaced, WarehouseUnavailable if nothing was written.
        """
        if not table_names.is_valid(name):
            raise TableRefused(name, "is not a valid name", "use _staging_{batch}_{worker}")
        try:
            rows, columns = loadable(data)
            if origin is not None:
                self._claim(name, columns, origin, None if replace else data)
            load(self.session, self._reference(name), rows, columns, "WRITE_TRUNCATE")
        except (ValueError, StatementFailed) as error:
            reason = f"BigQuery does not accept it ({error})"
            raise TableRefused(name, reason, "correct the rows and write them again") from error
        written = self._with_origin(name, origin)
        if written is None or written.num_rows != data.num_rows:
            raise WarehouseUnavailable(f"staging table {name} in {self.dataset} was replaced while it was written")
        columns = columns_of(written.schema)
        return StagingTable(name, _fingerprint(written), data.num_rows, written.modified, columns, origin=origin)

    def check_write(self) -> None:
        """Creates a table that nothing lists, and deletes it. Raises WarehouseUnavailable if that is not possible."""
        from google.cloud.bigquery import Table

        probe = Table(self._reference(f"probe_{uuid.uuid4().hex}"))
        probe.expires = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)  # should this process die before it deletes it
        self.session.call("staging dataset", self.session.client.create_table, probe)
        self.session.call("staging dataset", self.session.client.delete_table, probe)

    def unreadable(self, tables: Sequence[StagingTable]) -> Mapping[str, str]:
        """The tables that were changed or dropped since they were listed; BigQuery can read any other table."""
        errors = [changed_since_listed(name) for name in self._changed(tables)]
        return {error.table: f"{error.reason}; {error.next_step}" for error in errors}

    def ensure_unchanged(self, tables: Sequence[StagingTable]) -> None:
        """Raises TableRefused for the first table that was changed or dropped since it was listed."""
        for name in self._changed(tables):
            raise changed_since_listed(name)

    def drop(self, tables: Sequence[StagingTable]) -> list[str]:
        """Drops the tables that have not changed since they were listed, or keeps a copy of each until it expires."""
        return [name for name, table in self._unchanged(tables) if self._drop(table)]

    def archive(self, tables: Sequence[StagingTable]) -> Mapping[str, str]:
        """Copies the tables that have not changed since they were listed to `archived_staging_*`, which never expire.

        The new name contains the fingerprint, so that archiving a later state does not replace it.
        """
        paths = {name: self._archive(table) for name, table in self._unchanged(tables)}
        return {name: path for name, path in paths.items() if path is not None}

    def _claim(self, name: str, columns: Sequence[Column], origin: Origin, data: pa.Table | None) -> None:
        """Creates the table for this worker. If several try at once, only the first succeeds; raises WriteRefused."""
        from google.cloud.bigquery import Table

        table = Table(self._reference(name), schema=[schema_field(column) for column in columns])
        table.description = origin.to_text()
        existing = self.session.call(name, self.session.client.create_table, table, exists_ok=True)
        owner = Origin.from_text(existing.description)
        ensure_replaceable(name, owner, origin, lambda: self._business_keys(existing), data)

    def _business_keys(self, table: bigquery.Table) -> Iterable[tuple[Any, ...]]:
        if not table.num_rows:
            return ()
        fields = [field for field in table.schema if field.name in BUSINESS_KEY]
        rows = self.session.call(table.table_id, self.session.client.list_rows, table, selected_fields=fields)
        return [tuple(row.get(name) for name in BUSINESS_KEY) for row in rows]

    def _with_origin(self, name: str, origin: Origin | None) -> bigquery.Table | None:
        """The table that was just loaded. After a drop, the load created it without its description."""
        table = self._get(name)
        if table is None or origin is None or Origin.from_text(table.description) == origin:
            return table
        table.description = origin.to_text()
        self.session.call(name, self.session.client.update_table, table, ["description"])
        return self._get(name)

    def _names(self) -> list[str]:
        items = self.session.call("staging tables", self._list)
        return sorted(
            item.table_id for item in items if item.table_type == "TABLE" and table_names.is_valid(item.table_id)
        )

    def _list(self, **options: Any) -> list[Any]:
        return list(self.session.client.list_tables(self.session.dataset(self.dataset), **options))

    def _reference(self, name: str) -> bigquery.TableReference:
        return self.session.dataset(self.dataset).table(name)

    def _get(self, name: str) -> bigquery.Table | None:
        try:
            return self.session.call(name, self.session.client.get_table, self._reference(name))
        except ResourceMissing:
            return None

    def _get_all(self, names: Sequence[str]) -> list[bigquery.Table | None]:
        with ThreadPoolExecutor(_PARALLEL_REQUESTS) as pool:
            return list(pool.map(self._get, names))

    def _unchanged(self, tables: Sequence[StagingTable]) -> list[tuple[str, bigquery.Table]]:
        """Name and current metadata of the tables that are still in the listed state."""
        current = self._get_all([table.name for table in tables])
        return [
            (listed.name, table)
            for listed, table in zip(tables, current, strict=True)
            if table is not None and _fingerprint(table) == listed.fingerprint
        ]

    def _changed(self, tables: Sequence[StagingTable]) -> list[str]:
        unchanged = {name for name, _ in self._unchanged(tables)}
        return [table.name for table in tables if table.name not in unchanged]

    def _count_new(self, tables: Sequence[bigquery.Table]) -> None:
        """Counts the rows by date of tables in a new state; forgets the counts of states that no longer exist."""
        states = {(table.table_id, _fingerprint(table)): table for table in tables}
        self._counted = {state: rows for state, rows in self._counted.items() if state in states}
        new = [state for state, table in states.items() if state not in self._counted and _has_dates(table)]
        for start in range(0, len(new), _TABLES_PER_COUNT):
            chunk = new[start : start + _TABLES_PER_COUNT]
            self._count({state: undeclared(columns_of(states[state].schema)) for state in chunk})

    def _count(self, states: Mapping[tuple[str, str], Sequence[Column]]) -> None:
        text = counts_by_date({name: columns for (name, _), columns in states.items()}, self.tables)
        job = self.session.query(text, f"{self.session.job_prefix}{uuid.uuid4().hex}")
        counted = [(Counted(), columns) for columns in states.values()]
        for row in self.session.call("rows by date", job.result, job_retry=None):
            table, columns = counted[row["number"]]
            table.rows[row["game_date"]] = row["n"]
            table.columns_with_values.update(
                column.name for column, count in zip(columns, row["value_counts"], strict=True) if count
            )
        self._counted.update(zip(states, (table for table, _ in counted), strict=True))

    def _described(self, table: bigquery.Table, known: KnownDates) -> StagingTable:
        counted = self._counted.get((table.table_id, _fingerprint(table)))
        rows, columns, rows_by_date = table.num_rows or 0, columns_of(table.schema), Counter[dt.date | None]()
        if counted:
            columns, rows_by_date = without_type_where_empty(columns, counted.has_no_value), counted.rows
        dates = {date: count for date, count in rows_by_date.items() if date is not None and date in known}
        refusal = no_known_date(columns, list(rows_by_date)) if rows and not dates else None
        stray_rows = rows if refusal else sum(rows_by_date.values()) - sum(dates.values())
        return StagingTable(
            table.table_id, _fingerprint(table), rows, table.modified, columns,
            {} if refusal else dates, stray_rows, refusal, origin=Origin.from_text(table.description),
        )  # fmt: skip

    def _drop(self, table: bigquery.Table) -> bool:
        try:
            if self._keep:
                self._copy(table, f"{_DRAINED}{table.table_id}", dt.datetime.now(dt.UTC) + self._keep)
            self._delete_unchanged(table)
        except (ResourceChanged, ResourceMissing):
            return False
        return True

    def _archive(self, table: bigquery.Table) -> str | None:
        """The path of the copy; None if the table changed meanwhile. That copy is kept: it may be the only one left."""
        name = f"{_ARCHIVED}{table.table_id}__{_fingerprint(table)}".replace("-", "_")
        try:
            self._copy(table, name, None)
            self._delete_unchanged(table)
        except (ResourceChanged, ResourceMissing):
            return None
        return f"{self.tables.dataset}.{name}"

    def _delete_unchanged(self, table: bigquery.Table) -> None:
        """Deletes the table if it still has the etag that was just read."""
        self.session.call("drop", self._delete, table.path, {"If-Match": table.etag})

    def _delete(self, path: str, headers: Mapping[str, str], **options: Any) -> None:
        """Sends the request itself, because the client's delete_table has no condition."""
        send: Any = self.session.client._connection.api_request
        send(method="DELETE", path=path, headers=headers, timeout=options["timeout"])

    def _copy(self, table: bigquery.Table, name: str, expires: dt.datetime | None) -> None:
        """Copies the table to a name that is not listed. `expires` overrides the dataset's default expiration."""
        from google.cloud.bigquery import CopyJobConfig

        target = self._reference(name)
        client, config = self.session.client, CopyJobConfig(write_disposition="WRITE_TRUNCATE")

        def copy(job_id: str, **options: Any) -> Any:
            return client.copy_table(table.reference, target, job_id=job_id, job_config=config, **options)

        self.session.load(f"{self.session.job_prefix}{uuid.uuid4().hex}", copy)
        copied = self.session.call(target.table_id, client.get_table, target)
        copied.expires = expires
        self.session.call(target.table_id, client.update_table, copied, ["expires"])


def _fingerprint(table: bigquery.Table) -> str:
    """Identifies the state of the table. The etag is not used, because what else changes it is not documented."""
    created, modified = (round(moment.timestamp() * 1000) for moment in (table.created, table.modified))
    return f"{created}-{modified}-{table.num_rows}"


def _has_dates(table: bigquery.Table) -> bool:
    return any(column.name == "game_date" and column.type == "DATE" for column in columns_of(table.schema))
