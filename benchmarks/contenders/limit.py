"""The limit: one INSERT of the newest staged row per key, with the product's settings. Nothing is checked."""

from __future__ import annotations

import duckdb

from benchmarks.job import Job, fresh_warehouse, newest_per_key
from nba_consolidation.schema import BUSINESS_KEY
from nba_consolidation.settings import Settings
from nba_consolidation.warehouse.duckdb.warehouse import DuckDBWarehouse
from nba_consolidation.wiring import deploy


def setup(job: Job) -> None:
    """A copy of the DuckDB file."""
    fresh_warehouse(job)


def run(job: Job) -> dict[str, object]:
    """Opens the file, inserts, closes it."""
    with connection(job) as connected:
        connected.execute(f"INSERT INTO player_prop_predictions {newest_per_key(job, ', '.join(BUSINESS_KEY))}")
    return {}


def connection(job: Job) -> duckdb.DuckDBPyConnection:
    """A connection with the product's current settings."""
    warehouse = deploy(Settings(home=job.work)).warehouse
    assert isinstance(warehouse, DuckDBWarehouse)
    return duckdb.connect(job.warehouse, config=warehouse._config)


def result(job: Job) -> str:
    """Where to read the result."""
    return f"duckdb:{job.warehouse}"
