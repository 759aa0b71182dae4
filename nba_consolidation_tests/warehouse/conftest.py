"""All engines by name: a test with the fixture `engine` runs against each of them. Add a new engine here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nba_consolidation.schema import ALL_TABLES
from nba_consolidation.warehouse.duckdb.warehouse import DuckDBWarehouse
from nba_consolidation.warehouse.interface import ManifestEntry, Row, Warehouse
from nba_consolidation.warehouse.staging.interface import StagingArea
from nba_consolidation.warehouse.staging.parquet import ParquetStaging
from nba_consolidation_tests.bigquery.service import Service, gap_of
from nba_consolidation_tests.bigquery.service import service as bigquery_service_of_a_test
from nba_consolidation_tests.prepared import prepare
from nba_consolidation_tests.warehouse.rows import KNOWN, rows_table, statement_factory


@dataclass(frozen=True)
class Engine:
    """A warehouse with its staging area, and helpers that most tests need."""

    warehouse: Warehouse
    staging: StagingArea
    make_statement: Callable[..., Any]

    def stage(self, name: str, *rows: dict[str, Any], **types: Any) -> None:
        self.staging.write(name, rows_table(*rows, **types))

    def manifest(self) -> list[ManifestEntry]:
        return [ManifestEntry(table, tuple(table.dates)) for table in self.staging.list_tables(KNOWN)]

    def select(self, sql: str, manifest: list[ManifestEntry] | None = None) -> list[Row]:
        """The rows of one SELECT over the staged rows."""
        manifest = self.manifest() if manifest is None else manifest
        return self.warehouse.run([self.make_statement("probe", sql)], manifest).rows["probe"]


def _duckdb(request: pytest.FixtureRequest) -> tuple[Warehouse, StagingArea]:
    folder: Path = request.getfixturevalue("tmp_path")
    staging = ParquetStaging(folder / "staging")
    prepare(folder / "warehouse.duckdb")
    return DuckDBWarehouse(folder / "warehouse.duckdb", staging), staging


def _bigquery(request: pytest.FixtureRequest) -> tuple[Warehouse, StagingArea]:
    service: Service = request.getfixturevalue("bigquery_service")
    gap = gap_of(request.node.name)
    if gap:
        request.applymarker(pytest.mark.xfail(reason=gap, strict=True))
    return service.engine()


ENGINES = {"bigquery": _bigquery, "duckdb": _duckdb}
EACH_ENGINE = (pytest.param("bigquery", marks=pytest.mark.slow), "duckdb")
"""The BigQuery emulator is slow. `make test` executes every statement on it once: see `bigquery/executed.py`."""
bigquery_service = pytest.fixture(bigquery_service_of_a_test)


@pytest.fixture(params=EACH_ENGINE)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Engine:
    warehouse, staging = ENGINES[request.param](request)
    warehouse.create_tables(ALL_TABLES)
    return Engine(warehouse, staging, statement_factory(monkeypatch))
