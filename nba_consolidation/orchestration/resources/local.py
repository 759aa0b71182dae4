"""The resources of the local deployment: a DuckDB file, a folder of Parquet files, a SQLite file."""

from pathlib import Path

from pydantic import Field

from nba_consolidation.leases import LeaseStore
from nba_consolidation.orchestration.resources.contract import (
    LeaseResource,
    WarehouseResource,
    lease_fields,
    warehouse_fields,
)
from nba_consolidation.settings import Settings
from nba_consolidation.wiring import Engine, engine_of, leases_of


class SqliteLeaseResource(LeaseResource):
    """Leases in a file, for processes on one machine."""

    home: str = Field(description="Folder that holds leases.sqlite.")

    def store(self) -> LeaseStore:
        return leases_of(Settings(home=Path(self.home)))


class DuckDBWarehouseResource(WarehouseResource):
    """A DuckDB file over a folder of staged Parquet files."""

    home: str = Field(description="Folder that holds warehouse.duckdb, and staging/ unless that lies elsewhere.")
    staging: str | None = Field(default=None, description="The staging folder, if it lies elsewhere.")
    wait_seconds: float = Field(description="How long to wait for another process to let go of the file.")
    memory_limit: str = Field(description="Memory for one transaction, such as 1500MB; it spills to disk beyond.")

    def settings(self) -> Settings:
        return Settings(
            **self.common_settings(),
            home=Path(self.home),
            staging=Path(self.staging) if self.staging else None,
            warehouse_wait=self.wait_seconds,
            memory_limit=self.memory_limit,
        )

    def engine(self) -> Engine:
        return engine_of(self.settings())


def resources_of(settings: Settings) -> dict[str, LeaseResource | WarehouseResource]:
    """Both, as the settings have them."""
    return {
        "leases": SqliteLeaseResource(**lease_fields(settings), home=str(settings.home)),
        "warehouse": DuckDBWarehouseResource(
            **warehouse_fields(settings),
            home=str(settings.home),
            staging=str(settings.staging) if settings.staging else None,
            wait_seconds=settings.warehouse_wait,
            memory_limit=settings.memory_limit,
        ),
    }
