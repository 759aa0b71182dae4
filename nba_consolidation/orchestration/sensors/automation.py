"""`automation`: requests the assets whose automation conditions hold."""

import dagster as dg

from nba_consolidation.orchestration.assets.publication import PUBLISH, UPCOMING
from nba_consolidation.orchestration.automation_conditions import AUTOMATED
from nba_consolidation.orchestration.sensors.run_requests import default_status
from nba_consolidation.settings import Settings


def automation(settings: Settings) -> dg.AutomationConditionSensorDefinition:
    """The sensor. What it publishes are the upcoming game dates: past dates keep what was published."""
    return dg.AutomationConditionSensorDefinition(
        "automation",
        target=dg.AssetSelection.all(),
        default_status=default_status(settings),
        minimum_interval_seconds=max(1, round(settings.sensor_interval)),
        run_tags={**AUTOMATED, PUBLISH: UPCOMING},
        description="Requests what follows from changed data: performance, players, strategies, publication, report.",
    )
