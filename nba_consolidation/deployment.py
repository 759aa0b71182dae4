"""From settings to the warehouse, the staging area and the leases that they name. The only place that chooses."""

from __future__ import annotations

from dataclasses import dataclass

from nba_consolidation.consolidation.consolidate import Consolidator
from nba_consolidation.consolidation.validate import Validator
from nba_consolidation.locking import LeaseStore, LeaseTiming, SqliteLeaseStore, WaitPolicy
from nba_consolidation.settings import Settings, last_known_date
from nba_consolidation.tables import ALL_TABLES
from nba_consolidation.warehouse.contract import KnownDates, StagingArea, Warehouse
from nba_consolidation.warehouse.duckdb_warehouse import DuckDBWarehouse
from nba_consolidation.warehouse.parquet_staging import ParquetStaging


@dataclass(frozen=True)
class Deployment:
    """Everything that the use cases stand on, and the use cases themselves."""

    settings: Settings
    warehouse: Warehouse
    staging: StagingArea
    leases: LeaseStore

    def known_dates(self) -> KnownDates:
        """The game dates that can exist, as of now."""
        return KnownDates(self.settings.first_date, last_known_date())

    def prepare(self) -> None:
        """Creates the tables that are missing, so that whoever reads first finds them."""
        self.warehouse.create_tables(ALL_TABLES)

    @property
    def consolidator(self) -> Consolidator:
        return Consolidator(
            self.warehouse,
            self.staging,
            self.leases,
            self.known_dates,
            evolve=self.settings.schema_evolution,
            timing=LeaseTiming(self.settings.lease_ttl),
            wait=WaitPolicy(self.settings.lease_wait),
        )

    @property
    def validator(self) -> Validator:
        return Validator(
            self.warehouse,
            self.leases,
            scales=self.settings.confidence_scales,
            timing=LeaseTiming(self.settings.lease_ttl),
            wait=WaitPolicy(self.settings.lease_wait),
        )


def staging_of(settings: Settings) -> ParquetStaging:
    """The staging area: listing it needs neither the warehouse nor a lease."""
    return ParquetStaging(settings.staging or settings.home / "staging")


def warehouse_of(settings: Settings) -> DuckDBWarehouse:
    """The warehouse, reading that staging area. Nothing is opened yet."""
    return DuckDBWarehouse(
        settings.home / "warehouse.duckdb",
        staging_of(settings),
        open_limit=settings.warehouse_wait,
        memory_limit=settings.memory_limit,
    )


def leases_of(settings: Settings) -> SqliteLeaseStore:
    """The lease store. Nothing is opened yet."""
    return SqliteLeaseStore(settings.home / "leases.sqlite")


def deploy(settings: Settings) -> Deployment:
    """The deployment that the settings describe."""
    return Deployment(settings, warehouse_of(settings), staging_of(settings), leases_of(settings))
