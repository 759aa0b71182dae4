"""`new_staging_tables`: what arrived in the staging area is consolidated. Late tables are merged when they come.

No number of workers is waited for: one that never finishes would keep back the rows of all others (incident 17).
"""

from collections.abc import Mapping
from datetime import date
from functools import cached_property

import dagster as dg

from nba_consolidation.consolidation.waiting import fingerprints
from nba_consolidation.deployment import Deployment, deploy
from nba_consolidation.sensors.asking import default_status, result_of
from nba_consolidation.settings import Settings
from nba_consolidation.tables import PREDICTIONS

JOB = "consolidate"


class _Listing:
    """The staging area, opened when it is first looked at and then kept: it remembers what it read of each table."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _deployment(self) -> Deployment:
        return deploy(self._settings)

    def by_date(self) -> Mapping[date, str]:
        deployment = self._deployment
        return fingerprints(deployment.staging.list_tables(deployment.known_dates()))


def new_staging_tables(settings: Settings) -> dg.SensorDefinition:
    """The sensor. A listing that fails is raised, so the cursor stays as it was: it is no empty one (incident 41)."""
    listing = _Listing(settings)

    @dg.sensor(
        name="new_staging_tables",
        job_name=JOB,
        minimum_interval_seconds=max(1, round(settings.sensor_interval)),
        default_status=default_status(settings),
        description="Asks for a run once nothing more arrives for a date. Dates in a row are one run.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        return result_of(context, listing.by_date(), settings, job=JOB, asset=PREDICTIONS.name)

    return sensor
