"""The sensors: what has come in asks for its run, and what failed is told. Each is a thin shell around what decides.

Of arrivals `decision` decides and `asking` translates; of alerts `nba_consolidation.alerts` decides. Whether there is
anything to do is seen in the data, never told by whoever brought it.
"""

import dagster as dg

from nba_consolidation.sensors.alerts import failed_checks_and_runs
from nba_consolidation.sensors.box_scores import new_box_scores
from nba_consolidation.sensors.staging import new_staging_tables
from nba_consolidation.settings import Settings

__all__ = ["build_sensors"]


def build_sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """All of them."""
    return [new_staging_tables(settings), new_box_scores(settings), failed_checks_and_runs(settings)]
