"""The sensors: what has come in asks for its run, and what failed is told. Each is a thin shell around what decides.

`decision` decides about arrivals and `run_requests` translates; `operations.alerts` decides about alerts. Sensors look
at the data itself, never at events.
"""

import dagster as dg

from nba_consolidation.orchestration.sensors.alerts import failed_checks_and_runs
from nba_consolidation.orchestration.sensors.box_scores import new_box_scores
from nba_consolidation.orchestration.sensors.staging import new_staging_tables
from nba_consolidation.settings import Settings

__all__ = ["build_sensors"]


def build_sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """All of them."""
    return [new_staging_tables(settings), new_box_scores(settings), failed_checks_and_runs(settings)]
