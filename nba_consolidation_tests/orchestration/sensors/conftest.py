"""A home, a real ephemeral instance, and a sensor that is evaluated as the daemon does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from nba_consolidation.settings import Settings
from nba_consolidation.wiring import Deployment, deploy
from nba_consolidation_tests.pipeline.consolidation.workbench import staged


class Daemon:
    """Evaluates a sensor over one home, and keeps its cursor."""

    def __init__(self, sensor: dg.SensorDefinition, settings: Settings, instance: dg.DagsterInstance) -> None:
        self.sensor = sensor
        self.settings = settings
        self.instance = instance
        self.cursor: str | None = None

    @property
    def deployment(self) -> Deployment:
        return deploy(self.settings)

    def stage(self, worker: str, rows: Iterable[dict[str, Any]]) -> None:
        self.deployment.staging.write(f"_staging_20260115_120000_000001_{worker}", staged(rows))

    def tick(self) -> Any:
        """One evaluation; where it raises, the cursor stays."""
        context = dg.build_sensor_context(instance=self.instance, cursor=self.cursor, sensor_name=self.sensor.name)
        result = self.sensor.evaluate_tick(context)
        self.cursor = result.cursor
        return result


def span(request: Any) -> tuple[str, str]:
    tags = request.tags
    return tags["dagster/asset_partition_range_start"], tags["dagster/asset_partition_range_end"]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """No quiet period: every table is requested in the next tick."""
    return Settings(home=tmp_path / "home", arrivals_quiet=0, arrivals_wait=0, warehouse_wait=0)
