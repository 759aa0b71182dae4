"""The production staging area: tables `_staging_*` of a BigQuery dataset, the warehouse's own or another one.

Listing is free of charge but for the rows by date, which are counted once per state of a table. Which rows are sound
is none of its business.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from nba_consolidation.schema import Column
from nba_consolidation.warehouse.bigquery.load import load
from nba_consolidation.warehouse.bigquery.schema import columns_of, loadable
from nba_consolidation.warehouse.bigquery.script import Place, counts_by_date
from nba_consolidation.warehouse.bigquery.session import BigQuerySession, ChangedMeanwhile, NotThere
from nba_consolidation.warehouse.errors import StatementFailed, TableRefused, WarehouseUnavailable
from nba_consolidation.warehouse.interface import KnownDates, StagingTable
from nba_consolidation.warehouse.staging import naming

if TYPE_CHECKING:
    from google.cloud import bigquery

Dates = Mapping[dt.date | None, int]
_DRAINED, _ARCHIVED = "drained", "archived"
_TABLES_PER_COUNT = 500
_REQUESTS_AT_ONCE = 8
_CHANGED = "it changed since it was listed"


class BigQueryStaging:
    """A dataset of staging tables.

    keep: how long a merged table stays as `drained_staging_*`, out of everybody's sight, before it expires; without,
    it is dropped at once (and can be restored for the dataset's time travel window).
    """

    def __init__(self, session: BigQuerySession, dataset: str, *, keep: dt.timedelta | None = None) -> None:
        self.session = session
        self.dataset = dataset
        self._keep = keep
        self._dates: dict[tuple[str, str], Dates] = {}

    @property
    def place(self) -> Place:
        """Where the tables lie."""
        reference = self.session.dataset(self.dataset)
        return Place(reference.project, reference.dataset_id)

    def list_tables(self, known: KnownDates) -> list[StagingTable]:
        """Every staging table, by name. One that disappears meanwhile was dropped by somebody: it is not listed."""
        for attempt in range(1, self.session.attempts + 1):
            found = [table for table in self._get_all(self._names()) if table is not None]
            try:
                self._count_new(found)
                break
            except StatementFailed:  # one of them was dropped before it was counted: look again
                if attempt == self.session.attempts:
                    raise
        return [self._described(table, known) for table in found]

    def write(self, name: str, data: pa.Table) -> StagingTable:
        """Loads the rows as one job: the table appears with all of them, or stays as it was.

        Raises TableRefused for a name that is none and for rows that BigQuery does not take, WarehouseUnavailable
        where nothing was written.
        """
        if not naming.is_valid(name):
            raise TableRefused(name, "is not a staging table's name", "use _staging_{batch}_{worker}")
        try:
            rows, columns = loadable(data)
            load(self.session, self._reference(name), rows, columns, "WRITE_TRUNCATE")
        except (ValueError, StatementFailed) as error:
            raise TableRefused(
                name, f"BigQuery does not take it ({error})", "mend the rows, and write again"
            ) from error
        written = self._get(name)
        if written is None or written.num_rows != data.num_rows:
            raise WarehouseUnavailable(f"staging table {name} in {self.dataset} was replaced while it was written")
        return StagingTable(name, _fingerprint(written), data.num_rows, written.modified, columns_of(written.schema))

    def unreadable(self, tables: Sequence[StagingTable]) -> Mapping[str, str]:
        """Those that changed or went since they were listed; a table that BigQuery holds can be read."""
        return dict.fromkeys(self._changed(tables), f"{_CHANGED}; consolidate again")

    def ensure_unchanged(self, tables: Sequence[StagingTable]) -> None:
        """Raises TableRefused for the first table that is not in the listed state."""
        for name in self._changed(tables):
            raise TableRefused(name, _CHANGED, "consolidate again")

    def drop(self, tables: Sequence[StagingTable]) -> list[str]:
        """Drops, or sets aside until they expire, those that are still in the listed state."""
        current = self._get_all([table.name for table in tables])
        return [
            listed.name
            for listed, now in zip(tables, current, strict=True)
            if now is not None and _fingerprint(now) == listed.fingerprint and self._drop(now)
        ]

    def archive(self, tables: Sequence[StagingTable]) -> Mapping[str, str]:
        """Copies those that are still in the listed state to `archived_staging_*`, where they never expire.

        Its name there says which state of the table it is, so that a later one does not replace it.
        """
        current = self._get_all([table.name for table in tables])
        places = {
            listed.name: self._archive(now)
            for listed, now in zip(tables, current, strict=True)
            if now is not None and _fingerprint(now) == listed.fingerprint
        }
        return {name: place for name, place in places.items() if place is not None}

    def _names(self) -> list[str]:
        items = self.session.call("staging tables", self._list)
        return sorted(item.table_id for item in items if item.table_type == "TABLE" and naming.is_valid(item.table_id))

    def _list(self, **options: Any) -> list[Any]:
        return list(self.session.client.list_tables(self.session.dataset(self.dataset), **options))

    def _reference(self, name: str) -> bigquery.TableReference:
        return self.session.dataset(self.dataset).table(name)

    def _get(self, name: str) -> bigquery.Table | None:
        try:
            return self.session.call(name, self.session.client.get_table, self._reference(name))
        except NotThere:
            return None

    def _get_all(self, names: Sequence[str]) -> list[bigquery.Table | None]:
        with ThreadPoolExecutor(_REQUESTS_AT_ONCE) as pool:
            return list(pool.map(self._get, names))

    def _changed(self, tables: Sequence[StagingTable]) -> Iterator[str]:
        current = self._get_all([table.name for table in tables])
        for listed, now in zip(tables, current, strict=True):
            if now is None or _fingerprint(now) != listed.fingerprint:
                yield listed.name

    def _count_new(self, tables: Sequence[bigquery.Table]) -> None:
        """Counts the rows by date of the states that were not seen before; forgets those that are gone."""
        states = {(table.table_id, _fingerprint(table)): table for table in tables}
        self._dates = {state: dates for state, dates in self._dates.items() if state in states}
        new = [state for state, table in states.items() if state not in self._dates and _has_dates(table)]
        for start in range(0, len(new), _TABLES_PER_COUNT):
            self._count(new[start : start + _TABLES_PER_COUNT])

    def _count(self, states: Sequence[tuple[str, str]]) -> None:
        text = counts_by_date([name for name, _ in states], self.place)
        job = self.session.query(text, f"{self.session.job_prefix}{uuid.uuid4().hex}")
        counts: list[dict[dt.date | None, int]] = [{} for _ in states]
        for row in self.session.call("rows by date", job.result, job_retry=None):
            counts[row["number"]][row["game_date"]] = row["n"]
        self._dates.update(zip(states, counts, strict=True))

    def _described(self, table: bigquery.Table, known: KnownDates) -> StagingTable:
        rows, columns = table.num_rows or 0, columns_of(table.schema)
        every = self._dates.get((table.table_id, _fingerprint(table)), {})
        dates = {date: count for date, count in every.items() if date is not None and date in known}
        refusal = _no_date(columns, every) if rows and not dates else None
        return StagingTable(
            table.table_id, _fingerprint(table), rows, table.modified, columns,
            {} if refusal else dates, rows if refusal else sum(every.values()) - sum(dates.values()), refusal,
        )  # fmt: skip

    def _drop(self, table: bigquery.Table) -> bool:
        try:
            if self._keep:
                self._copy(table, f"{_DRAINED}{table.table_id}", dt.datetime.now(dt.UTC) + self._keep)
            self._delete_unchanged(table)
        except (ChangedMeanwhile, NotThere):
            return False
        return True

    def _archive(self, table: bigquery.Table) -> str | None:
        """Where the copy is. One of a table that changed meanwhile is kept: it may be all that is left."""
        name = f"{_ARCHIVED}{table.table_id}__{_fingerprint(table)}".replace("-", "_")
        try:
            self._copy(table, name, None)
            self._delete_unchanged(table)
        except (ChangedMeanwhile, NotThere):
            return None
        return f"{self.place.dataset}.{name}"

    def _delete_unchanged(self, table: bigquery.Table) -> None:
        """Deletes the table on the condition that its etag is the one that was just read."""
        self.session.call("drop", self._delete, table.path, {"If-Match": table.etag})

    def _delete(self, path: str, headers: Mapping[str, str], **options: Any) -> None:
        """The client's own delete_table takes no condition."""
        send: Any = self.session.client._connection.api_request
        send(method="DELETE", path=path, headers=headers, timeout=options["timeout"])

    def _copy(self, table: bigquery.Table, name: str, expires: dt.datetime | None) -> None:
        """Copies the table under a name that nobody lists; expires: when the copy goes, whatever the dataset's rule."""
        from google.cloud.bigquery import CopyJobConfig

        aside = self._reference(name)
        client, config = self.session.client, CopyJobConfig(write_disposition="WRITE_TRUNCATE")

        def copy(job_id: str, **options: Any) -> Any:
            return client.copy_table(table.reference, aside, job_id=job_id, job_config=config, **options)

        self.session.load(f"{self.session.job_prefix}{uuid.uuid4().hex}", copy)
        copied = self.session.call(aside.table_id, client.get_table, aside)
        copied.expires = expires
        self.session.call(aside.table_id, client.update_table, copied, ["expires"])


def _fingerprint(table: bigquery.Table) -> str:
    """Which state of the table it is. Its etag would do too, but nobody says what else that covers."""
    created, modified = (round(moment.timestamp() * 1000) for moment in (table.created, table.modified))
    return f"{created}-{modified}-{table.num_rows}"


def _has_dates(table: bigquery.Table) -> bool:
    return any(column.name == "game_date" and column.type == "DATE" for column in columns_of(table.schema))


def _no_date(columns: Sequence[Column], dates: Dates) -> str:
    staged = [column.type for column in columns if column.name == "game_date"]
    if not staged:
        return "it has no column game_date"
    if staged != ["DATE"]:
        return f"column game_date is {staged[0]} but DATE in the live table"
    some = ", ".join(str(date) for date in list(dates)[:3])
    return f"it holds no row of a known game date (but of {some})"
