"""`new_staging_tables`: what arrived in the staging area is consolidated. Late tables are merged when they come.

No number of workers is waited for: one that never finishes would keep back the rows of all others (incident 17).
"""

import dagster as dg

from nba_consolidation.orchestration.sensors.run_requests import default_status, result_of
from nba_consolidation.pipeline.consolidation.staging_manifest import fingerprints
from nba_consolidation.schema import PREDICTIONS
from nba_consolidation.settings import Settings
from nba_consolidation.wiring import deploy

JOB = "consolidate"


def new_staging_tables(settings: Settings) -> dg.SensorDefinition:
    """The sensor. A listing that fails is raised, so the cursor stays as it was: it is no empty one (incident 41).

    One deployment for all looks: the staging area remembers what it read of each table.
    """
    deployment = deploy(settings)

    @dg.sensor(
        name="new_staging_tables",
        job_name=JOB,
        minimum_interval_seconds=max(1, round(settings.sensor_interval)),
        default_status=default_status(settings),
        description="Asks for a run once nothing more arrives for a date. Dates in a row are one run.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        listing = fingerprints(deployment.staging.list_tables(deployment.known_dates()))
        return result_of(context, listing, settings, job=JOB, asset=PREDICTIONS.name)

    return sensor
