"""`new_staging_tables`: requests a consolidation of the dates whose staging tables arrived. Late ones are merged later.

It does not wait for a number of workers: one that never finishes would hold back the rows of all others (incident 17).
"""

from functools import cache, partial

import dagster as dg

from nba_consolidation.orchestration.jobs import CONSOLIDATED
from nba_consolidation.orchestration.sensors.run_requests import default_status, result_of
from nba_consolidation.settings import Settings
from nba_consolidation.wiring import deploy

JOB = "consolidate"


def new_staging_tables(settings: Settings) -> dg.SensorDefinition:
    """The sensor. A failed listing raises: the cursor is kept, and no table counts as gone (incident 41).

    One deployment for all ticks, made in the first: the staging area remembers the tables that it has read.
    """
    deployed = cache(partial(deploy, settings))

    @dg.sensor(
        name="new_staging_tables",
        job_name=JOB,
        minimum_interval_seconds=max(1, round(settings.sensor_interval)),
        default_status=default_status(settings),
        description="Requests a run once no more tables arrive for a date. Adjacent dates are one run.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        from nba_consolidation.pipeline.consolidation.staging_manifest import fingerprints

        deployment = deployed()
        listing = fingerprints(deployment.staging.list_tables(deployment.known_dates()))
        return result_of(context, listing, settings, job=JOB, assets=CONSOLIDATED)

    return sensor
