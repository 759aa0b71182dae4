"""Warehouse files for tests that are not about files: all tables are there, and opening one again is quick."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nba_consolidation.schema import ALL_TABLES, BOX_SCORES, Table
from nba_consolidation.warehouse.duckdb.warehouse import DuckDBWarehouse
from nba_consolidation.warehouse.staging.parquet import ParquetStaging

if TYPE_CHECKING:
    import duckdb

WITH_BOX_SCORES = (*ALL_TABLES, BOX_SCORES)


def prepare(path: Path, tables: tuple[Table, ...] = ALL_TABLES) -> None:
    """A new warehouse file with these tables, unless there is one: a copy of one that is made once per process."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_prepared(tables))


@cache
def _prepared(tables: tuple[Table, ...]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "warehouse.duckdb")
        DuckDBWarehouse(path, ParquetStaging(Path(folder, "staging"))).create_tables(tables)
        with connect(path) as connection:
            connection.execute("CHECKPOINT")  # an open connection keeps its changes beside the file
        return path.read_bytes()


def connect(path: Path) -> duckdb.DuckDBPyConnection:
    """A connection past every check, with the product's configuration: DuckDB allows no two configurations at once."""
    return DuckDBWarehouse(path, ParquetStaging(path.parent / "staging"))._open()


@contextmanager
def warehouses_kept_open() -> Iterator[None]:
    """Keeps each warehouse file open from its first use on: DuckDB takes 20 ms of processor time to open one.

    No other process can open the file meanwhile. Readers share the connection for writing: DuckDB allows no other.
    """
    open_file = DuckDBWarehouse._open
    kept: set[Path] = set()
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:

        def open_and_keep(warehouse: DuckDBWarehouse) -> duckdb.DuckDBPyConnection:
            if warehouse.path in kept:
                warehouse = copy.copy(warehouse)
                warehouse._read_only = False
            connection = open_file(warehouse)
            if warehouse.path not in kept and not warehouse._read_only:
                kept.add(warehouse.path)
                stack.enter_context(open_file(warehouse)).execute("PRAGMA disable_checkpoint_on_shutdown")
            return connection

        patch.setattr(DuckDBWarehouse, "_open", open_and_keep)
        yield
