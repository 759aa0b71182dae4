"""The schedules: which job runs every day or week, and when. On in production; off on a laptop."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from nba_consolidation.orchestration.partitions import RANGE_END, RANGE_START
from nba_consolidation.schema import CLEANUPS
from nba_consolidation.settings import GAME_TIME_ZONE, LOCAL, Settings

_CLEAN_UP_CONFIG = {"ops": {CLEANUPS.name: {"config": {"dry_run": False}}}}
"""It drops only tables whose dates are all in the ledger, so nobody has to review them first."""


@dataclass(frozen=True)
class Regular:
    """A job and when it runs, in New York's time. days_back: the age of its game date in days; None: it has none."""

    job: str
    cron: str
    why: str
    run_config: Mapping[str, Any] = field(default_factory=dict)
    days_back: int | None = None
    every: str = "daily"


REGULAR = (
    Regular("clean_up", "0 3 * * *", "Drops staging tables that were consolidated and left over.", _CLEAN_UP_CONFIG),
    Regular("quality", "0 8 * * *", "Checks yesterday's predictions before people read them."),
    Regular("grade", "0 12 * * *", "Grades yesterday's predictions: by noon the box scores have arrived.", days_back=1),
    Regular("recalibrate", "0 10 * * 1", "Recalibrates for today and the week.", days_back=0, every="weekly"),
    Regular("report", "0 13 * * *", "Writes yesterday's report, after the grading.", days_back=1),
    Regular("reliability", "30 12 * * *", "Reviews players for today, after yesterday's grading.", days_back=0),
)


def build_schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """All schedules for these settings."""
    status = dg.DefaultScheduleStatus.STOPPED if settings.deployment == LOCAL else dg.DefaultScheduleStatus.RUNNING
    return [_schedule(regular, status) for regular in REGULAR]


def _schedule(regular: Regular, status: dg.DefaultScheduleStatus) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=f"{regular.job}_{regular.every}",
        job_name=regular.job,
        cron_schedule=regular.cron,
        execution_timezone=GAME_TIME_ZONE.key,
        default_status=status,
        description=regular.why,
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        day = context.scheduled_execution_time.astimezone(GAME_TIME_ZONE).date()
        return dg.RunRequest(run_key=str(day), run_config=dict(regular.run_config), tags=_tags(regular, day))

    return schedule


def _tags(regular: Regular, day: dt.date) -> dict[str, str]:
    if regular.days_back is None:
        return {}
    game_date = str(day - dt.timedelta(days=regular.days_back))
    return {RANGE_START: game_date, RANGE_END: game_date}
