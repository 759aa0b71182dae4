"""`new_box_scores`: requests a grading of the dates whose box scores arrived or were corrected."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache, partial

import dagster as dg

from nba_consolidation.orchestration.automation_conditions import DAYS_BACK
from nba_consolidation.orchestration.jobs import GRADED
from nba_consolidation.orchestration.sensors.decision import Cursor
from nba_consolidation.orchestration.sensors.run_requests import default_status, result_of
from nba_consolidation.schema import BOX_SCORES
from nba_consolidation.settings import Settings, today
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.errors import StatementFailed, TableMissing, WarehouseBusy
from nba_consolidation.wiring import Deployment, deploy

JOB = "grade"
_WAIT = 5.0
"""Seconds to wait for the warehouse's file: Dagster gives a sensor one minute, and there is a next tick."""


def new_box_scores(settings: Settings) -> dg.SensorDefinition:
    """The sensor. Raises WarehouseError for unreadable box scores; a busy warehouse is read in the next tick."""
    deployed = cache(partial(deploy, settings.replace(warehouse_wait=min(settings.warehouse_wait, _WAIT))))

    @dg.sensor(
        name="new_box_scores",
        job_name=JOB,
        minimum_interval_seconds=max(1, round(settings.sensor_interval)),
        default_status=default_status(settings),
        description=f"Requests a grading once no more box scores of a date arrive; looks {DAYS_BACK} days back.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        if not settings.exists:
            return dg.SensorResult(skip_reason=dg.SkipReason("there is no warehouse yet"), cursor=context.cursor)
        try:
            fingerprints = box_score_dates(deployed(), today())
        except WarehouseBusy as error:
            return dg.SensorResult(skip_reason=dg.SkipReason(str(error)), cursor=context.cursor)
        except TableMissing:
            if Cursor.load(context.cursor).dates:
                raise  # the table is gone
            return dg.SensorResult(skip_reason=dg.SkipReason("no box scores yet"), cursor=context.cursor)
        # If a correction is undone, the date has its earlier fingerprint again.
        return result_of(context, fingerprints, settings, job=JOB, assets=GRADED, recurs=True)

    return sensor


def box_score_dates(deployment: Deployment, last: date) -> Mapping[date, str]:
    """The fingerprint of each date's box scores. Raises TableMissing before the first load."""
    bounds = {"first_date": last - timedelta(days=DAYS_BACK), "last_date": last}
    warehouse = deployment.warehouse.reader()
    try:
        rows = warehouse.query(Statement("box_score_dates", bounds))
    except StatementFailed:
        warehouse.live_columns(BOX_SCORES.name)
        raise
    return {row["game_date"]: row["fingerprint"] for row in rows}
