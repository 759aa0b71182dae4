"""Data that is brought to a transaction on BigQuery: tables of its own, which are gone when it is over.

They expire too, so that one whose process died is not there for ever. No staging area lists them.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pyarrow as pa

from nba_consolidation.warehouse.bigquery.load import load
from nba_consolidation.warehouse.bigquery.schema import loadable, schema_field
from nba_consolidation.warehouse.bigquery.script import Path
from nba_consolidation.warehouse.bigquery.session import BigQuerySession
from nba_consolidation.warehouse.errors import StatementFailed, WarehouseError
from nba_consolidation.warehouse.interface import Relations

PREFIX = "_relation_"
_LIFETIME = dt.timedelta(hours=1)
_log = logging.getLogger(__name__)


@contextmanager
def brought(session: BigQuerySession, dataset: str, relations: Relations) -> Iterator[Mapping[str, Path]]:
    """Tables with that data while the block runs: where each relation lies, by its name.

    Raises StatementFailed with the relation's name for data that BigQuery does not take.
    """
    place, key = session.dataset(dataset), uuid.uuid4().hex
    paths = {name: (place.project, place.dataset_id, f"{PREFIX}{key}_{name}") for name in relations}
    try:
        for name, data in relations.items():
            _bring(session, name, ".".join(paths[name]), data)
        yield paths
    finally:
        for path in paths.values():
            _drop(session, ".".join(path))


def _bring(session: BigQuerySession, name: str, path: str, data: pa.Table) -> None:
    """Makes the table, which has its columns even without rows, and loads the rows."""
    from google.cloud.bigquery import Table

    try:
        rows, columns = loadable(data)
        table = Table(path, schema=[schema_field(column) for column in columns])
        table.expires = dt.datetime.now(dt.UTC) + _LIFETIME
        session.call(name, session.client.create_table, table, exists_ok=True)
        if rows.num_rows:
            load(session, table.reference, rows, columns, "WRITE_EMPTY")
    except (ValueError, StatementFailed) as error:
        raise StatementFailed(name, f"BigQuery does not take the relation ({error})") from error


def _drop(session: BigQuerySession, path: str) -> None:
    """A failure here must not undo a commit, or hide what went wrong: the table expires by itself."""
    try:
        session.call("drop", session.client.delete_table, path, not_found_ok=True)
    except WarehouseError as error:
        _log.warning("table %s could not be dropped and will expire: %s", path, error)
