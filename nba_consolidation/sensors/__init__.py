"""The sensors: what has come in asks for its run. `decision` decides, `asking` translates, each other module looks.

Whether there is anything to do is seen in the data, never told by whoever brought it.
"""

from collections.abc import Collection

import dagster as dg

from nba_consolidation.sensors import box_scores, staging
from nba_consolidation.settings import Settings

__all__ = ["build_sensors"]


def build_sensors(settings: Settings, jobs: Collection[str]) -> list[dg.SensorDefinition]:
    """The sensors of those jobs that there are, by name."""
    makers = {staging.JOB: staging.new_staging_tables, box_scores.JOB: box_scores.new_box_scores}
    return [make(settings) for job, make in makers.items() if job in jobs]
