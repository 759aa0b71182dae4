"""How Arrow data becomes the rows of a BigQuery table: one load job, all of it or nothing. Decides no table's name."""

from __future__ import annotations

import io
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from nba_consolidation.schema import Column
from nba_consolidation.warehouse.bigquery.schema import schema_field
from nba_consolidation.warehouse.bigquery.session import Aborted, BigQuerySession
from nba_consolidation.warehouse.errors import WarehouseUnavailable

if TYPE_CHECKING:
    from google.cloud import bigquery

Disposition = Literal["WRITE_TRUNCATE", "WRITE_EMPTY"]


def load(
    session: BigQuerySession,
    target: bigquery.TableReference,
    rows: pa.Table,
    columns: Sequence[Column],
    disposition: Disposition,
) -> None:
    """Sends the rows, and once more under a new id where the service gives the job up (incident 23).

    rows, columns: as `loadable` makes them. Raises StatementFailed for rows that BigQuery does not take,
    WarehouseUnavailable where not all of them arrived.
    """
    send = _sender(session, target, rows, columns, disposition)
    for attempt in range(1, session.attempts + 1):
        try:
            job = session.load(f"{session.job_prefix}{uuid.uuid4().hex}", send)
        except Aborted as error:
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
