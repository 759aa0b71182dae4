"""What the automation requests after a change, tick by tick; with a real daemon in `sensors/test_daemon`."""

from __future__ import annotations

import datetime as dt
import itertools
import zoneinfo
from collections.abc import Iterator

import dagster as dg
import pytest

from nba_consolidation.definitions import build_definitions
from nba_consolidation.orchestration.assets.publication import PUBLISH, UPCOMING
from nba_consolidation.orchestration.automation_conditions import AUTOMATED
from nba_consolidation.orchestration.sensors.automation import automation
from nba_consolidation.settings import PRODUCTION, Settings
from nba_consolidation_tests.orchestration.conftest import Graph

NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
SUNDAY_NIGHT = dt.datetime(2026, 1, 11, 23, 50, tzinfo=NEW_YORK)
FIRST_DATE = dt.date(2026, 1, 1)
Requests = dict[str, set[str]]


class Ticks:
    """Evaluates all conditions at chosen moments, as the daemon does."""

    def __init__(self) -> None:
        self.instance = dg.DagsterInstance.ephemeral()
        self._definitions = build_definitions(Settings(first_date=FIRST_DATE))
        self._cursor: dg.AssetDaemonCursor | None = None

    def tick(self, moment: dt.datetime) -> Requests:
        """The partitions that are requested, by asset."""
        result = dg.evaluate_automation_conditions(
            self._definitions, self.instance, evaluation_time=moment, cursor=self._cursor
        )
        self._cursor = result.cursor
        requested: Requests = {}
        for key in self._definitions.resolve_asset_graph().materializable_asset_keys:
            partitions = result.get_requested_partitions(key)
            if partitions:
                requested[key.to_user_string()] = {str(one) for one in partitions}
        return requested

    def change(self, partition: str, *assets: str) -> None:
        for asset in assets:
            self.instance.report_runless_asset_event(dg.AssetMaterialization(asset, partition=partition))


@pytest.fixture
def ticks() -> Iterator[Ticks]:
    ticks = Ticks()
    assert ticks.tick(SUNDAY_NIGHT) == {}
    yield ticks
    ticks.instance.dispose()


def test_recalibration_is_requested_on_mondays_at_ten_and_the_clean_up_every_night(ticks: Ticks) -> None:
    monday = SUNDAY_NIGHT.date() + dt.timedelta(1)
    at = [dt.datetime(2026, 1, 12, hour, 1, tzinfo=NEW_YORK) for hour in (2, 3, 4, 10, 11)]
    both = {one: {str(monday)} for one in ("confidence_recalibration", "confidence_recalibration_events")}
    requested = [ticks.tick(moment) for moment in at]
    assert requested == [{}, {"staging_cleanups": {"None"}}, {}, both, {}]


def test_after_an_outage_of_a_week_recalibration_is_requested_once_for_today(ticks: Ticks) -> None:
    requested = ticks.tick(dt.datetime(2026, 1, 20, 12, tzinfo=NEW_YORK))
    assert requested["confidence_recalibration"] == {"2026-01-20"}


def test_a_grading_requests_the_analysis_of_its_date_and_the_players_of_all_later_dates(ticks: Ticks) -> None:
    ticks.change("2026-01-08", "prediction_accuracy")
    assert ticks.tick(SUNDAY_NIGHT + dt.timedelta(seconds=30)) == {
        "system_performance": {"2026-01-08"},
        "confidence_calibration": {"2026-01-08"},
        "player_reliability": {"2026-01-09", "2026-01-10", "2026-01-11"},
        "strategy_performance": {"2026-01-08"},
        "daily_quality": {"2026-01-08"},
    }


def test_a_finished_date_is_examined_after_its_grading_and_after_every_later_change(ticks: Ticks) -> None:
    seconds = itertools.count(30, 30)

    def requested_after_change_of(asset: str, date: str) -> bool:
        ticks.change(date, asset)
        requested = ticks.tick(SUNDAY_NIGHT + dt.timedelta(seconds=next(seconds)))
        return date in requested.get("daily_quality", set())

    assert not requested_after_change_of("validated_predictions", "2026-01-08"), "it is not graded yet"
    assert requested_after_change_of("prediction_accuracy", "2026-01-08")
    assert ticks.tick(SUNDAY_NIGHT + dt.timedelta(seconds=next(seconds))) == {}, "once"
    assert requested_after_change_of("player_prop_predictions", "2026-01-08")
    assert not requested_after_change_of("prediction_accuracy", "2026-01-11"), "today is not over"


def test_a_date_of_which_nothing_changed_is_examined_on_the_next_day_at_13(ticks: Ticks) -> None:
    at = [dt.datetime(2026, 1, 12, hour, 1, tzinfo=NEW_YORK) for hour in (12, 13, 14)]
    examined = [ticks.tick(moment).get("daily_quality") for moment in at]
    assert examined == [None, {"2026-01-11"}, None]


def test_a_grading_of_a_date_that_is_too_old_requests_nothing_of_that_date(ticks: Ticks) -> None:
    later = dt.datetime(2026, 1, 25, 12, 1, tzinfo=NEW_YORK)
    ticks.tick(later - dt.timedelta(seconds=30))
    ticks.change("2026-01-10", "prediction_accuracy")
    requested = ticks.tick(later)
    assert "system_performance" not in requested
    assert "2026-01-25" not in requested.get("player_reliability", set())


def test_a_report_waits_for_everything_that_it_shows(ticks: Ticks) -> None:
    shown = ("published_predictions", "system_performance", "confidence_calibration", "strategy_performance")
    for number, asset in enumerate(shown):
        ticks.change("2026-01-10", asset)
        requested = ticks.tick(SUNDAY_NIGHT + dt.timedelta(seconds=30 * (number + 1)))
        assert ("daily_report" in requested) == (asset == shown[-1])
    assert "daily_report" not in ticks.tick(SUNDAY_NIGHT + dt.timedelta(minutes=4)), "once"


@pytest.mark.parametrize("asset", ["player_reliability", "confidence_recalibration_events"])
def test_what_is_in_force_today_changes_what_is_published_for_today_only(ticks: Ticks, asset: str) -> None:
    ticks.change("2026-01-11", asset)
    ticks.change("2026-01-10", asset)
    requested = ticks.tick(SUNDAY_NIGHT + dt.timedelta(seconds=30))
    assert requested["published_predictions"] == {"2026-01-11"}


def test_predictions_that_come_after_the_grading_are_graded_and_others_are_not(ticks: Ticks) -> None:
    ticks.change("2026-01-10", "prediction_accuracy")
    ticks.tick(SUNDAY_NIGHT + dt.timedelta(seconds=30))
    ticks.change("2026-01-10", "validated_predictions")
    ticks.change("2026-01-11", "validated_predictions")
    assert ticks.tick(SUNDAY_NIGHT + dt.timedelta(seconds=60))["prediction_accuracy"] == {"2026-01-10"}
    ticks.change("2026-01-11", "prediction_accuracy")
    requested = ticks.tick(SUNDAY_NIGHT + dt.timedelta(seconds=90))
    assert "prediction_accuracy" not in requested, "the first grading has read them"


def test_the_sensor_covers_every_condition_and_its_runs_publish_upcoming_dates() -> None:
    sensor = automation(Settings())
    production = automation(Settings(deployment=PRODUCTION, project="nba-project"))
    assert (sensor.name, sensor.run_tags) == ("automation", {**AUTOMATED, PUBLISH: UPCOMING})
    assert sensor.default_status is dg.DefaultSensorStatus.STOPPED
    assert production.default_status is dg.DefaultSensorStatus.RUNNING
    names = {one.name for one in build_definitions(Settings()).get_repository_def().sensor_defs}
    assert "default_automation_condition_sensor" not in names


def test_the_nightly_clean_up_is_no_dry_run(graph: Graph) -> None:
    job = graph.definitions.resolve_job_def("clean_up")
    for tags, dry_run in ((AUTOMATED, False), ({}, True)):
        run = job.execute_in_process(instance=graph.instance, tags=tags)
        (event,) = run.get_asset_materialization_events()
        assert event.materialization.metadata["dry_run"].value is dry_run
