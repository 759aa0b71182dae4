"""The Dagster resources: what can be set in the launchpad, and the use cases over it. Nothing is opened before use.

A lease is not taken here: under the multiprocess executor a resource lives once per step, the lease once per use case.
"""

import dataclasses
import datetime as dt
from pathlib import Path

import dagster as dg
from pydantic import Field

from nba_consolidation.deployment import Deployment, leases_of, staging_of, warehouse_of
from nba_consolidation.locking import LeaseStore
from nba_consolidation.settings import Settings


class LeaseResource(dg.ConfigurableResource["LeaseResource"]):
    """The leases that guard every materialisation: one holder per game date at a time."""

    home: str = Field(description="Folder that holds leases.sqlite.")
    ttl_seconds: float = Field(description="How long a lease lasts without a heartbeat; a dead holder's ends then.")
    wait_seconds: float = Field(description="How long to wait for another holder before giving up, and naming it.")

    def store(self) -> LeaseStore:
        """The lease store."""
        return leases_of(Settings(home=Path(self.home)))


class WarehouseResource(dg.ConfigurableResource["WarehouseResource"]):
    """The warehouse and the staging area that it reads."""

    home: str = Field(description="Folder that holds warehouse.duckdb, and staging/ unless that lies elsewhere.")
    staging: str | None = Field(default=None, description="The staging folder, if it lies elsewhere.")
    first_date: str = Field(description="The first game date that a staged row may name.")
    confidence_scales: dict[str, str] = Field(description="Per system: percent or fraction. Others are judged.")
    schema_evolution: bool = Field(description="Add unknown columns instead of refusing the staging table.")
    wait_seconds: float = Field(description="How long to wait for another process to let go of the file.")
    memory_limit: str = Field(description="Memory for one transaction, such as 1500MB; it spills to disk beyond.")

    def settings(self) -> Settings:
        """The same, as the rest of the project has it."""
        return Settings(
            home=Path(self.home),
            staging=Path(self.staging) if self.staging else None,
            first_date=dt.date.fromisoformat(self.first_date),
            confidence_scales=self.confidence_scales,
            schema_evolution=self.schema_evolution,
            warehouse_wait=self.wait_seconds,
            memory_limit=self.memory_limit,
        )

    def deployment(self, leases: LeaseResource) -> Deployment:
        """The use cases over this warehouse, guarded by those leases."""
        settings = self.settings()
        timed = dataclasses.replace(settings, lease_ttl=leases.ttl_seconds, lease_wait=leases.wait_seconds)
        return Deployment(timed, warehouse_of(settings), staging_of(settings), leases.store())


def resources_of(settings: Settings) -> dict[str, LeaseResource | WarehouseResource]:
    """The resources as the settings have them; each field can be changed in the launchpad."""
    return {
        "leases": LeaseResource(
            home=str(settings.home), ttl_seconds=settings.lease_ttl, wait_seconds=settings.lease_wait
        ),
        "warehouse": WarehouseResource(
            home=str(settings.home),
            staging=str(settings.staging) if settings.staging else None,
            first_date=settings.first_date.isoformat(),
            confidence_scales=dict(settings.confidence_scales),
            schema_evolution=settings.schema_evolution,
            wait_seconds=settings.warehouse_wait,
            memory_limit=settings.memory_limit,
        ),
    }
