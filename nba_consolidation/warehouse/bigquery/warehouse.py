"""The production warehouse: a BigQuery dataset. A transaction is one script, sent as one job with an id of its own.

The script is rendered in `script`; how it is sent, and what its errors mean, is in `session`.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from nba_consolidation.schema import PREDICTIONS, Column, Table
from nba_consolidation.sql import Statement
from nba_consolidation.sql.question import Question
from nba_consolidation.warehouse.bigquery import script
from nba_consolidation.warehouse.bigquery.load import relation_tables
from nba_consolidation.warehouse.bigquery.schema import columns_of, described, schema_field, table_resource
from nba_consolidation.warehouse.bigquery.session import BigQuerySession, JobAborted, ResourceChanged, ResourceMissing
from nba_consolidation.warehouse.errors import StatementFailed, TableMissing, WarehouseBusy
from nba_consolidation.warehouse.interface import NO_RELATIONS, Answer, ManifestEntry, Relations, Row, TransactionResult
from nba_consolidation.warehouse.staging.bigquery import BigQueryStaging
from nba_consolidation.warehouse.views import views_over


class BigQueryWarehouse:
    """A dataset (`project.dataset`, or `dataset` in the client's project) and the staging area that it reads.

    external: tables that another system owns, as `project.dataset.table` by the name that the statements use.
    attempts: how often a transaction is sent in total while other transactions change the same tables.
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

    def reader(self) -> BigQueryWarehouse:
        """Itself: readers block nobody here."""
        return self

    def create_tables(self, tables: Sequence[Table]) -> None:
        """Creates the tables that do not exist, and the datasets; asks for each table once per instance."""
        unknown = {table.name: table for table in tables if table.name not in self._known_tables}
        if not unknown:
            return
        for name in dict.fromkeys((self.dataset, self.staging.dataset)):
            self.session.ensure_dataset(name)
        dataset, client = self.session.dataset(self.dataset), self.session.client
        self._known_tables |= {item.table_id for item in self.session.call("tables", _listed, client, dataset)}
        missing = [table for name, table in unknown.items() if name not in self._known_tables]
        for table in missing:
            self.session.call(table.name, client.create_table, table_resource(table, dataset), exists_ok=True)
        self._known_tables |= unknown.keys()
        self.create_views(views_over(missing))

    def create_views(self, views: Sequence[Table]) -> None:
        """Runs one script for all of them, then describes them and their columns."""
        if views:
            self.session.query(script.create_views(views, self._tables), self._job_id(uuid.uuid4().hex))
            with contextlib.suppress(ResourceChanged):  # another process, which creates them too, describes them
                self.describe(views)

    def live_columns(self, table: str) -> tuple[Column, ...]:
        return columns_of(self._table(table).schema)

    def add_columns(self, table: str, columns: Sequence[Column]) -> None:
        """Adds the columns that do not exist. Raises ResourceChanged if the table was changed since it was read."""
        resource = self._table(table)
        existing = {field.name.lower() for field in resource.schema}
        missing = [schema_field(column) for column in columns if column.name.lower() not in existing]
        if missing:
            resource.schema = [*resource.schema, *missing]
            self.session.call(table, self.session.client.update_table, resource, ["schema"])

    def describe(self, tables: Sequence[Table]) -> None:
        """Raises ResourceChanged if a table was changed since it was read."""
        for table in tables:
            resource = self._table(table.name)
            schema = described(resource.schema, table)
            if (resource.description, list(resource.schema)) != (table.description, schema):
                resource.description, resource.schema = table.description, schema
                self.session.call(table.name, self.session.client.update_table, resource, ["description", "schema"])

    def check(self) -> None:
        """Reads the metadata of both datasets, and runs a job that reads no table."""
        for name in dict.fromkeys((self.dataset, self.staging.dataset)):
            self.session.call(name, self.session.client.get_dataset, self.session.dataset(name))
        self.session.query("SELECT 1", self._job_id(uuid.uuid4().hex))

    def query(self, statement: Statement) -> list[Row]:
        text = script.select(statement, self._tables)
        try:
            return self._rows(self.session.query(text, self._job_id(uuid.uuid4().hex)))
        except StatementFailed as error:
            raise StatementFailed(statement.name, error.message) from error

    def ask(self, question: Question, limit: int | None = None) -> Answer:
        """Rendered from the tree of a SELECT, which no BigQuery statement that writes is."""
        job = self.session.query(script.question(question, self._tables), self._job_id(uuid.uuid4().hex))
        most = {} if limit is None else {"max_results": limit + 1}
        columns, rows = self.session.call("rows", _read, job, **most)
        return Answer.of(columns, rows, limit)

    def run(
        self,
        statements: Sequence[Statement],
        manifest: Sequence[ManifestEntry] = (),
        on_statement: Callable[[str], None] = lambda _: None,
        *,
        check: Callable[[], None] = lambda: None,
        relations: Relations = NO_RELATIONS,
    ) -> TransactionResult:
        """Runs one script. All of it is sent again if another transaction changed the same tables at the same time.

        relations: loaded once, before the script, into tables beside the staging tables.

        check: called before each attempt and while the job runs; an error that it raises cancels the job.
        """
        for statement in statements:
            on_statement(statement.name)
        staged = self._staged(manifest)
        with relation_tables(self.session, self.staging.dataset, relations) as paths:
            tables = replace(self._tables, elsewhere={**self._tables.elsewhere, **paths})
            transaction = script.transaction(statements, tables, staged)
            started = time.monotonic()
            job = self._commit(transaction, _consolidation_id(statements), check)
        rows: dict[str, list[Row]] = {statement.name: [] for statement in statements}
        if transaction.selects:
            rows |= transaction.rows(self._rows(job))
        return TransactionResult(rows, time.monotonic() - started, _cost(job))

    def _commit(self, transaction: script.Script, key: str, check: Callable[[], None]) -> Any:
        """The job of the first attempt that succeeded; each attempt has its own job id."""
        for attempt in range(1, self._attempts + 1):
            check()
            try:
                return self.session.query(transaction.text, self._job_id(f"{key}_{attempt}"), check)
            except StatementFailed as error:
                raise transaction.failure(error.message) from error
            except JobAborted as error:
                reason = str(error)
            self.session.pause(attempt)
        raise WarehouseBusy(
            f"dataset {self.dataset}: {self._attempts} attempts were aborted, the last one because: {reason}; "
            "wait for the other writers to finish, and run the command again"
        )

    @property
    def _tables(self) -> script.TableLocations:
        dataset = self.session.dataset(self.dataset)
        elsewhere = {name: script.table_path(path) for name, path in self._external.items()}
        return script.TableLocations(dataset.project, dataset.dataset_id, elsewhere)

    def _job_id(self, key: str) -> str:
        return f"{self.session.job_prefix}{key}"

    def _staged(self, manifest: Sequence[ManifestEntry]) -> list[Any]:
        if not manifest:
            return []
        self.staging.ensure_unchanged([entry.table for entry in manifest])
        return script.staged_and_manifest(manifest, self.live_columns(PREDICTIONS.name), self.staging.tables)

    def _table(self, name: str) -> Any:
        path = ".".join(self._tables.path(name))
        try:
            return self.session.call(name, self.session.client.get_table, path)
        except ResourceMissing as error:
            if name in self._external:
                raise TableMissing(
                    f"table {path} does not exist or may not be read. Another system owns it: correct the setting for "
                    f"{name}, or grant this account the right to read it"
                ) from error
            raise TableMissing(
                f"table {name} does not exist in {self.dataset}. To create it, run: nba-consolidation bootstrap --apply"
            ) from error

    def _rows(self, job: Any) -> list[Row]:
        return [dict(row) for row in self.session.call("rows", _fetched, job)]


def _listed(client: Any, reference: Any, **options: Any) -> list[Any]:
    return list(client.list_tables(reference, **options))


def _fetched(job: Any, **options: Any) -> list[Any]:
    return list(job.result(job_retry=None, **options))


def _read(job: Any, **options: Any) -> tuple[list[str], list[tuple[Any, ...]]]:
    iterator = job.result(job_retry=None, **options)
    return [field.name for field in iterator.schema], [row.values() for row in iterator]


def _consolidation_id(statements: Sequence[Statement]) -> str:
    """The basis of the job id: the consolidation's id if it has one, so that no process can run it twice."""
    ids = (statement.parameters.get("consolidation_id") for statement in statements)
    return next((str(consolidation_id) for consolidation_id in ids if consolidation_id), uuid.uuid4().hex)


def _cost(job: Any) -> dict[str, float]:
    return {
        "bytes_processed": float(job.total_bytes_processed or 0),
        "bytes_billed": float(job.total_bytes_billed or 0),
        "slot_seconds": (job.slot_millis or 0) / 1000,
    }
