"""The production warehouse: a BigQuery dataset. A transaction is one script, one job with an id that we give.

What the script says is rendered in `bigquery_script`; how it is sent and what its errors mean, in `bigquery_session`.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from nba_consolidation.schema import PREDICTIONS, Column, Table
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.bigquery import script
from nba_consolidation.warehouse.bigquery.relations import brought
from nba_consolidation.warehouse.bigquery.schema import columns_of, schema_field, table_resource
from nba_consolidation.warehouse.bigquery.session import Aborted, BigQuerySession, NotThere
from nba_consolidation.warehouse.errors import StatementFailed, TableMissing, WarehouseBusy
from nba_consolidation.warehouse.interface import NO_RELATIONS, ManifestEntry, Relations, Row, TransactionResult
from nba_consolidation.warehouse.staging.bigquery import BigQueryStaging


class BigQueryWarehouse:
    """A dataset (`project.dataset`, or `dataset` of the client's project) and the staging area that it reads.

    external: tables of somebody else's, `project.dataset.table` by the name that our statements have for them.
    attempts: how often a transaction is sent in all while others keep changing the same tables.
    """

    def __init__(
        self,
        session: BigQuerySession,
        dataset: str,
        staging: BigQueryStaging,
        *,
        external: Mapping[str, str] = MappingProxyType({}),
        attempts: int = 8,
    ) -> None:
        self.session = session
        self.dataset = dataset
        self.staging = staging
        self._external = external
        self._attempts = attempts
        self._known_tables: set[str] = set()

    def create_tables(self, tables: Sequence[Table]) -> None:
        """Creates what is missing, the datasets too; leaves what is there, and does not look for it again."""
        wanted = {table.name: table for table in tables if table.name not in self._known_tables}
        if not wanted:
            return
        for name in dict.fromkeys((self.dataset, self.staging.dataset)):
            self.session.ensure_dataset(name)
        dataset, client = self.session.dataset(self.dataset), self.session.client
        self._known_tables |= {item.table_id for item in self.session.call("tables", _listed, client, dataset)}
        for name in wanted.keys() - self._known_tables:
            self.session.call(name, client.create_table, table_resource(wanted[name], dataset), exists_ok=True)
        self._known_tables |= wanted.keys()

    def live_columns(self, table: str) -> tuple[Column, ...]:
        """The table's columns as they are now."""
        return columns_of(self._table(table).schema)

    def add_columns(self, table: str, columns: Sequence[Column]) -> None:
        """Adds the columns that are missing, unless somebody changed the table since it was looked at."""
        resource = self._table(table)
        there = {field.name.lower() for field in resource.schema}
        missing = [schema_field(column) for column in columns if column.name.lower() not in there]
        if missing:
            resource.schema = [*resource.schema, *missing]
            self.session.call(table, self.session.client.update_table, resource, ["schema"])

    def check(self) -> None:
        """Gets both datasets, and runs a job that reads nothing."""
        for name in dict.fromkeys((self.dataset, self.staging.dataset)):
            self.session.call(name, self.session.client.get_dataset, self.session.dataset(name))
        self.session.query("SELECT 1", self._job_id(uuid.uuid4().hex))

    def query(self, statement: Statement) -> list[Row]:
        """The rows of one SELECT."""
        text = script.select(statement, self._place)
        try:
            return self._rows(self.session.query(text, self._job_id(uuid.uuid4().hex)))
        except StatementFailed as error:
            raise StatementFailed(statement.name, error.message) from error

    def run(
        self,
        statements: Sequence[Statement],
        manifest: Sequence[ManifestEntry] = (),
        on_statement: Callable[[str], None] = lambda _: None,
        *,
        check: Callable[[], None] = lambda: None,
        relations: Relations = NO_RELATIONS,
    ) -> TransactionResult:
        """One script. It is sent anew, whole, while others change the same tables at the same moment.

        relations: loaded once, before, into tables beside the staging tables.

        check: called before each attempt, and while we wait for the job; what it raises cancels the job.
        """
        for statement in statements:
            on_statement(statement.name)
        staged = self._staged(manifest)
        with brought(self.session, self.staging.dataset, relations) as there:
            place = replace(self._place, elsewhere={**self._place.elsewhere, **there})
            transaction = script.transaction(statements, place, staged)
            started = time.monotonic()
            job = self._committed(transaction, _consolidation_id(statements), check)
        rows: dict[str, list[Row]] = {statement.name: [] for statement in statements}
        if transaction.selects:
            rows |= transaction.rows(self._rows(job))
        return TransactionResult(rows, time.monotonic() - started, _cost(job))

    def _committed(self, transaction: script.Script, key: str, check: Callable[[], None]) -> Any:
        """The job that ran the whole script, at whichever attempt; each attempt has an id of its own."""
        for attempt in range(1, self._attempts + 1):
            check()
            try:
                return self.session.query(transaction.text, self._job_id(f"{key}_{attempt}"), check)
            except StatementFailed as error:
                raise transaction.failure(error.message) from error
            except Aborted as error:
                reason = str(error)
            self.session.pause(attempt)
        raise WarehouseBusy(
            f"dataset {self.dataset}: {self._attempts} attempts were aborted, the last one because: {reason}; "
            "wait for the other writers, and try again"
        )

    @property
    def _place(self) -> script.Place:
        dataset = self.session.dataset(self.dataset)
        elsewhere = {name: script.path(path) for name, path in self._external.items()}
        return script.Place(dataset.project, dataset.dataset_id, elsewhere)

    def _job_id(self, key: str) -> str:
        return f"{self.session.job_prefix}{key}"

    def _staged(self, manifest: Sequence[ManifestEntry]) -> list[Any]:
        if not manifest:
            return []
        self.staging.ensure_unchanged([entry.table for entry in manifest])
        return script.staged_and_manifest(manifest, self.live_columns(PREDICTIONS.name), self.staging.place)

    def _table(self, name: str) -> Any:
        path = ".".join(self._place.path(name))
        try:
            return self.session.call(name, self.session.client.get_table, path)
        except NotThere as error:
            if name in self._external:
                raise TableMissing(
                    f"table {path} does not exist, or may not be read; it is somebody else's: give the right one as "
                    f"the setting for {name}, or the right to read it"
                ) from error
            raise TableMissing(
                f"table {name} does not exist in {self.dataset}; run `nba-consolidation bootstrap`, which creates the "
                "tables"
            ) from error

    def _rows(self, job: Any) -> list[Row]:
        return [dict(row) for row in self.session.call("rows", _fetched, job)]


def _listed(client: Any, reference: Any, **options: Any) -> list[Any]:
    return list(client.list_tables(reference, **options))


def _fetched(job: Any, **options: Any) -> list[Any]:
    return list(job.result(job_retry=None, **options))


def _consolidation_id(statements: Sequence[Statement]) -> str:
    """What the job's id is made of: the consolidation, so that not even another process can run it twice."""
    given = (statement.parameters.get("consolidation_id") for statement in statements)
    return next((str(one) for one in given if one), uuid.uuid4().hex)


def _cost(job: Any) -> dict[str, float]:
    return {
        "bytes_processed": float(job.total_bytes_processed or 0),
        "bytes_billed": float(job.total_bytes_billed or 0),
        "slot_seconds": (job.slot_millis or 0) / 1000,
    }
