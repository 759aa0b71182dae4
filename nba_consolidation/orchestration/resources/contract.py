"""What assets and checks ask for: leases, and a warehouse with its staging area. Nothing is opened before use.

A lease is not taken here: under the multiprocess executor a resource lives once per step, the lease once per use case.
"""

import dataclasses
import datetime as dt
from abc import abstractmethod
from typing import Any

import dagster as dg
from pydantic import Field, PrivateAttr

from nba_consolidation.leases import LeaseStore
from nba_consolidation.settings import Settings
from nba_consolidation.wiring import Deployment, Engine


class LeaseResource(dg.ConfigurableResource["LeaseResource"]):
    """The leases that guard every materialisation: one holder per game date at a time."""

    ttl_seconds: float = Field(description="How long a lease lasts without a heartbeat; a dead holder's ends then.")
    wait_seconds: float = Field(description="How long to wait for another holder before giving up, and naming it.")

    @abstractmethod
    def store(self) -> LeaseStore:
        """The lease store."""


class WarehouseResource(dg.ConfigurableResource["WarehouseResource"]):
    """The warehouse and the staging area that it reads."""

    first_date: str = Field(description="The first game date that a staged row may name.")
    confidence_scales: dict[str, str] = Field(description="Per system: percent or fraction. Others are judged.")
    schema_evolution: bool = Field(description="Add unknown columns instead of refusing the staging table.")
    odds: int = Field(description="American odds at which returns are computed, beside those at -110.")
    calibration_window_days: int = Field(gt=0, description="Days of graded bets that a calibration is fitted on.")
    calibration_major_shift: float = Field(
        ge=0, le=1, description="A new calibration that moves confidences by more, on average, waits for approval."
    )
    player_policy: str = Field(description="By which policy players are blacklisted.")
    reports: str | None = Field(description="Where the daily report goes: a folder or gs://bucket/path.")
    disabled_systems: list[str] = Field(description="Systems whose bets do not count when players are judged.")

    staging_retention_days: float = Field(description="A staging table that lies longer is one for the clean-up.")
    quality_thresholds: dict[str, float] = Field(
        default_factory=dict, description="Thresholds of the daily quality, by name; the others are the defaults."
    )

    _engine: Engine | None = PrivateAttr(default=None)

    @abstractmethod
    def settings(self) -> Settings:
        """The same, as the rest of the project has it."""

    @abstractmethod
    def engine(self) -> Engine:
        """The warehouse and the staging area."""

    def deployment(self, leases: LeaseResource) -> Deployment:
        """The use cases over this warehouse, guarded by those leases. What the engine learns, it keeps for the run."""
        self._engine = self._engine or self.engine()
        timed = dataclasses.replace(self.settings(), lease_ttl=leases.ttl_seconds, lease_wait=leases.wait_seconds)
        return Deployment(timed, *self._engine, leases.store())

    def common_settings(self) -> dict[str, Any]:
        """Of the settings, those that both deployments have."""
        return {
            "first_date": dt.date.fromisoformat(self.first_date),
            "confidence_scales": self.confidence_scales,
            "schema_evolution": self.schema_evolution,
            "odds": self.odds,
            "calibration_window_days": self.calibration_window_days,
            "calibration_major_shift": self.calibration_major_shift,
            "player_policy": self.player_policy,
            "disabled_systems": tuple(self.disabled_systems),
            "reports": self.reports,
            "staging_retention_days": self.staging_retention_days,
            "quality_thresholds": self.quality_thresholds,
        }


def lease_fields(settings: Settings) -> dict[str, Any]:
    """The fields of every LeaseResource."""
    return {"ttl_seconds": settings.lease_ttl, "wait_seconds": settings.lease_wait}


def warehouse_fields(settings: Settings) -> dict[str, Any]:
    """The fields of every WarehouseResource."""
    return {
        "first_date": settings.first_date.isoformat(),
        "confidence_scales": dict(settings.confidence_scales),
        "schema_evolution": settings.schema_evolution,
        "odds": settings.odds,
        "calibration_window_days": settings.calibration_window_days,
        "calibration_major_shift": settings.calibration_major_shift,
        "player_policy": settings.player_policy,
        "disabled_systems": list(settings.disabled_systems),
        "reports": settings.reports,
        "staging_retention_days": settings.staging_retention_days,
        "quality_thresholds": dict(settings.quality_thresholds),
    }
