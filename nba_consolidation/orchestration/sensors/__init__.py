"""The sensors: they request runs for data that arrived, and report failed runs and checks.

Each is a thin shell. `decision` decides which dates are requested, `run_requests` translates it; `operations.alerts`
decides which alerts are sent. These sensors look at the data itself, never at events; `automation`
requests what follows from it.
"""

import dagster as dg

from nba_consolidation.orchestration.sensors.alerts import failed_checks_and_runs
from nba_consolidation.orchestration.sensors.automation import automation
from nba_consolidation.orchestration.sensors.box_scores import new_box_scores
from nba_consolidation.orchestration.sensors.staging import new_staging_tables
from nba_consolidation.settings import Settings

__all__ = ["build_sensors"]


def build_sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """All sensors for these settings."""
    return [
        new_staging_tables(settings),
        new_box_scores(settings),
        automation(settings),
        failed_checks_and_runs(settings),
    ]
