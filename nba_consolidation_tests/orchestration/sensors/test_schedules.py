"""The schedules: which job runs when, and for which game date."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import dagster as dg
import pytest

from nba_consolidation.definitions import build_definitions
from nba_consolidation.orchestration.schedules import build_schedules
from nba_consolidation.settings import PRODUCTION, Settings

NEW_YORK = zoneinfo.ZoneInfo("America/New_York")


def request(job: str, moment: dt.datetime) -> dg.RunRequest:
    (schedule,) = (one for one in build_schedules(Settings()) if one.job_name == job)
    data = schedule.evaluate_tick(dg.build_schedule_context(scheduled_execution_time=moment))
    assert data.run_requests is not None
    (run_request,) = data.run_requests
    return run_request


def test_the_schedules_are_these_in_new_york() -> None:
    schedules = {s.job_name: (s.cron_schedule, s.execution_timezone) for s in build_schedules(Settings())}
    assert schedules == {
        "clean_up": ("0 3 * * *", "America/New_York"),
        "quality": ("0 8 * * *", "America/New_York"),
        "grade": ("0 12 * * *", "America/New_York"),
        "recalibrate": ("0 10 * * 1", "America/New_York"),
        "reliability": ("30 12 * * *", "America/New_York"),
        "report": ("0 13 * * *", "America/New_York"),
    }


def test_they_are_on_in_production_and_off_on_a_laptop() -> None:
    production = Settings(deployment=PRODUCTION, project="nba-project")
    assert {s.default_status for s in build_schedules(Settings())} == {dg.DefaultScheduleStatus.STOPPED}
    assert {s.default_status for s in build_schedules(production)} == {dg.DefaultScheduleStatus.RUNNING}


@pytest.mark.parametrize(
    ("moment", "game_date"),
    [
        (dt.datetime(2026, 1, 15, 12, tzinfo=NEW_YORK), "2026-01-14"),
        (dt.datetime(2026, 1, 15, 17, tzinfo=dt.UTC), "2026-01-14"),
        (dt.datetime(2026, 3, 8, 12, tzinfo=NEW_YORK), "2026-03-07"),  # the clocks go forward
    ],
)
def test_the_grading_is_for_yesterday_in_new_york(moment: dt.datetime, game_date: str) -> None:
    tags = request("grade", moment).tags
    assert tags["dagster/asset_partition_range_start"] == tags["dagster/asset_partition_range_end"] == game_date


def test_the_recalibration_is_for_the_monday_itself_before_its_games() -> None:
    tags = request("recalibrate", dt.datetime(2026, 1, 12, 10, tzinfo=NEW_YORK)).tags
    assert tags["dagster/asset_partition_range_start"] == tags["dagster/asset_partition_range_end"] == "2026-01-12"
    assert "recalibrate_weekly" in {schedule.name for schedule in build_schedules(Settings())}


def test_the_scheduled_clean_up_is_no_dry_run_and_the_job_accepts_its_config() -> None:
    config = request("clean_up", dt.datetime(2026, 1, 15, 3, tzinfo=NEW_YORK)).run_config
    assert config["ops"]["staging_cleanups"]["config"] == {"dry_run": False}
    job = build_definitions(Settings()).resolve_job_def("clean_up")
    assert dg.validate_run_config(job, config)["ops"]["staging_cleanups"]["config"]["dry_run"] is False


def test_a_day_is_requested_once() -> None:
    morning = dt.datetime(2026, 1, 15, 8, tzinfo=NEW_YORK)
    assert request("quality", morning).run_key == request("quality", morning).run_key == "2026-01-15"
