"""Loads Arrow data into BigQuery: one load job per table, and temporary tables for a transaction's relations."""

from __future__ import annotations

import datetime as dt
import io
import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from nba_consolidation.schema import Column
from nba_consolidation.warehouse.bigquery.schema import loadable, schema_field
from nba_consolidation.warehouse.bigquery.script import TablePath
from nba_consolidation.warehouse.bigquery.session import BigQuerySession, JobAborted
from nba_consolidation.warehouse.errors import StatementFailed, WarehouseError, WarehouseUnavailable
from nba_consolidation.warehouse.interface import Relations

if TYPE_CHECKING:
    from google.cloud import bigquery

Disposition = Literal["WRITE_TRUNCATE", "WRITE_EMPTY"]
RELATION_PREFIX = "_relation_"
_RELATION_LIFETIME = dt.timedelta(hours=1)
_log = logging.getLogger(__name__)


def load(
    session: BigQuerySession,
    target: bigquery.TableReference,
    rows: pa.Table,
    columns: Sequence[Column],
    disposition: Disposition,
) -> None:
    """Loads the rows as one job, and again under a new job id if the service aborts it (incident 23).

    rows, columns: as returned by `loadable`. Raises StatementFailed for rows that BigQuery does not accept,
    WarehouseUnavailable if not all of them arrived.
    """
    send = _sender(session, target, rows, columns, disposition)
    for attempt in range(1, session.attempts + 1):
        try:
            job = session.load(f"{session.job_prefix}{uuid.uuid4().hex}", send)
        except JobAborted as error:
            failure = str(error)
            session.pause(attempt)
        else:
            if job.output_rows == rows.num_rows:
                return
            failure = f"{job.output_rows} of {rows.num_rows} rows arrived"
            break
    raise WarehouseUnavailable(f"table {target.table_id} was not written to {target.dataset_id}: {failure}")


def _sender(
    session: BigQuerySession,
    target: bigquery.TableReference,
    rows: pa.Table,
    columns: Sequence[Column],
    disposition: Disposition,
) -> Any:
    from google.cloud.bigquery import LoadJobConfig, ParquetOptions

    options = ParquetOptions()  # type: ignore[no-untyped-call]
    options.enable_list_inference = True
    config = LoadJobConfig(
        source_format="PARQUET",
        write_disposition=disposition,
        schema=[schema_field(column) for column in columns],
        parquet_options=options,
        labels=dict(session.labels),
    )
    content = io.BytesIO()
    pq.write_table(rows, content)

    def send(job_id: str, timeout: float, **_: Any) -> Any:
        return session.client.load_table_from_file(
            content, target, rewind=True, num_retries=0, timeout=timeout,
            job_id=job_id, location=session.location, job_config=config,
        )  # fmt: skip

    return send


@contextmanager
def relation_tables(session: BigQuerySession, dataset: str, relations: Relations) -> Iterator[Mapping[str, TablePath]]:
    """Tables with the data of the relations while the block runs, and their paths by relation name.

    No staging area lists them. They also expire, in case the process dies before it drops them. Raises StatementFailed
    with the relation's name for data that BigQuery does not accept.
    """
    reference, unique = session.dataset(dataset), uuid.uuid4().hex
    paths = {name: (reference.project, reference.dataset_id, f"{RELATION_PREFIX}{unique}_{name}") for name in relations}
    try:
        for name, data in relations.items():
            _create_relation(session, name, ".".join(paths[name]), data)
        yield paths
    finally:
        for path in paths.values():
            _drop_relation(session, ".".join(path))


def _create_relation(session: BigQuerySession, name: str, path: str, data: pa.Table) -> None:
    """Creates the table, which has its columns even without rows, and loads the rows."""
    from google.cloud.bigquery import Table

    try:
        rows, columns = loadable(data)
        table = Table(path, schema=[schema_field(column) for column in columns])
        table.expires = dt.datetime.now(dt.UTC) + _RELATION_LIFETIME
        session.call(name, session.client.create_table, table, exists_ok=True)
        if rows.num_rows:
            load(session, table.reference, rows, columns, "WRITE_EMPTY")
    except (ValueError, StatementFailed) as error:
        raise StatementFailed(name, f"BigQuery does not accept the relation ({error})") from error


def _drop_relation(session: BigQuerySession, path: str) -> None:
    """A failure must neither undo a commit nor hide an earlier error: the table expires by itself."""
    try:
        session.call("drop", session.client.delete_table, path, not_found_ok=True)
    except WarehouseError as error:
        _log.warning("table %s could not be dropped and will expire: %s", path, error)
