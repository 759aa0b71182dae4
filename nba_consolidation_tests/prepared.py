"""A warehouse file with all tables, made once per process: what a test needs that is not about how tables come to be.

Each test has a copy of its own.
"""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from nba_consolidation.schema import ALL_TABLES, BOX_SCORES, Table
from nba_consolidation.warehouse.duckdb.warehouse import DuckDBWarehouse
from nba_consolidation.warehouse.staging.parquet import ParquetStaging

WITH_BOX_SCORES = (*ALL_TABLES, BOX_SCORES)


def prepare(path: Path, tables: tuple[Table, ...] = ALL_TABLES) -> None:
    """A new warehouse file with these tables, unless there is one."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_prepared(tables))


@cache
def _prepared(tables: tuple[Table, ...]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "warehouse.duckdb")
        DuckDBWarehouse(path, ParquetStaging(Path(folder, "staging"))).create_tables(tables)
        return path.read_bytes()
