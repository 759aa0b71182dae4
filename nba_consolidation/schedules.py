"""The schedules: what happens every day, and when, in New York. On in production; at home a person switches them on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from nba_consolidation.partitions import RANGE_END, RANGE_START
from nba_consolidation.settings import GAME_TIME_ZONE, LOCAL, Settings
from nba_consolidation.tables import CLEANUPS

_CLEAN_UP_CONFIG = {"ops": {CLEANUPS.name: {"config": {"dry_run": False}}}}
"""It drops what is in the ledger and nothing else, so it needs nobody who has looked first."""


@dataclass(frozen=True)
class Daily:
    """A job, and when it runs. days_back: which game date it is about, if any: yesterday's is 1."""

    job: str
    cron: str
    why: str
    run_config: Mapping[str, Any] = field(default_factory=dict)
    days_back: int | None = None


DAILY = (
    Daily("clean_up", "0 3 * * *", "Drops staging tables that were consolidated and left lying.", _CLEAN_UP_CONFIG),
    Daily("quality", "0 8 * * *", "Looks at what was published, before anybody reads it."),
    Daily("grade", "0 12 * * *", "Grades yesterday's predictions: by noon the box scores are there.", days_back=1),
    Daily("reliability", "30 12 * * *", "Reviews players for today, once yesterday is graded.", days_back=0),
)


def build_schedules(settings: Settings, jobs: Collection[str]) -> list[dg.ScheduleDefinition]:
    """The schedules of those jobs that there are, by name."""
    status = dg.DefaultScheduleStatus.STOPPED if settings.deployment == LOCAL else dg.DefaultScheduleStatus.RUNNING
    return [_schedule(daily, status) for daily in DAILY if daily.job in jobs]


def _schedule(daily: Daily, status: dg.DefaultScheduleStatus) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=f"{daily.job}_daily",
        job_name=daily.job,
        cron_schedule=daily.cron,
        execution_timezone=GAME_TIME_ZONE.key,
        default_status=status,
        description=daily.why,
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        day = context.scheduled_execution_time.astimezone(GAME_TIME_ZONE).date()
        return dg.RunRequest(run_key=str(day), run_config=dict(daily.run_config), tags=_tags(daily, day))

    return schedule


def _tags(daily: Daily, day: dt.date) -> dict[str, str]:
    if daily.days_back is None:
        return {}
    game_date = str(day - dt.timedelta(days=daily.days_back))
    return {RANGE_START: game_date, RANGE_END: game_date}
