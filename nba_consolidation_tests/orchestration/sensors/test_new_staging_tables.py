"""The sensor `new_staging_tables` on a real instance: the runs that it requests, and failures to list the tables."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import dagster as dg
import pytest

from nba_consolidation.definitions import build_definitions
from nba_consolidation.orchestration.sensors import build_sensors
from nba_consolidation.orchestration.sensors.staging import new_staging_tables
from nba_consolidation.settings import PRODUCTION, Settings, today
from nba_consolidation.warehouse.errors import WarehouseUnavailable
from nba_consolidation.warehouse.staging.parquet_footer import Footer, read_footer
from nba_consolidation_tests.orchestration.sensors.conftest import Daemon, span
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NEXT_DATE, THIRD_DATE, prediction


@pytest.fixture
def daemon(settings: Settings, instance: dg.DagsterInstance) -> Daemon:
    return Daemon(new_staging_tables(settings), settings, instance)


def test_dates_that_arrived_are_requested_as_a_range_with_a_run_key(daemon: Daemon) -> None:
    daemon.stage("a", [prediction(), prediction(game_date=NEXT_DATE)])
    (request,) = daemon.tick().run_requests
    assert span(request) == (str(DATE), str(NEXT_DATE))
    assert request.run_key.startswith(f"consolidate:{DATE}..{NEXT_DATE}:")
    assert daemon.tick().run_requests == []


def test_a_late_table_is_requested_when_it_arrives(daemon: Daemon) -> None:
    daemon.stage("a", [prediction()])
    first = daemon.tick().run_requests[0].run_key
    daemon.stage("late", [prediction("21.5")])
    assert daemon.tick().run_requests[0].run_key != first


def test_a_tick_without_a_request_gives_the_reason(daemon: Daemon) -> None:
    assert "no dates have data" in daemon.tick().skip_message
    daemon.stage("a", [prediction()])
    daemon.tick()
    assert "1 up to date" in daemon.tick().skip_message


def test_nothing_is_requested_before_the_quiet_period_is_over(settings: Settings, instance: dg.DagsterInstance) -> None:
    patient = settings.replace(arrivals_quiet=3600, arrivals_wait=7200)
    slow = Daemon(new_staging_tables(patient), patient, instance)
    slow.stage("a", [prediction()])
    for _ in range(2):
        assert "1 still arriving" in slow.tick().skip_message


@pytest.mark.parametrize("job", ["consolidate", "__ASSET_JOB"])
def test_dates_of_a_run_in_progress_are_not_requested(daemon: Daemon, job: str) -> None:
    assets = {dg.AssetKey("player_prop_predictions")} if job != "consolidate" else None
    tags = {"dagster/asset_partition_range_start": str(DATE), "dagster/asset_partition_range_end": str(NEXT_DATE)}
    running = dg.DagsterRun(job, tags=tags, status=dg.DagsterRunStatus.STARTED, asset_selection=assets)
    daemon.instance.add_run(running)
    daemon.stage("a", [prediction(game_date=date) for date in (DATE, NEXT_DATE, THIRD_DATE)])
    (request,) = daemon.tick().run_requests
    assert span(request) == (str(THIRD_DATE), str(THIRD_DATE))
    daemon.instance.report_run_canceled(running)
    (request,) = daemon.tick().run_requests
    assert span(request) == (str(DATE), str(NEXT_DATE))


@pytest.mark.parametrize(
    ("first", "last"),
    [(NEXT_DATE, DATE), (DATE, "never"), ("", ""), ("2026-01-15|x", "2026-01-15|x"), ("0001-01-01", "9999-12-31")],
)
def test_incident_r33b_a_run_with_senseless_tags_stops_no_tick(daemon: Daemon, first: object, last: object) -> None:
    for tags in (
        {"dagster/asset_partition_range_start": str(first), "dagster/asset_partition_range_end": str(last)},
        {"dagster/asset_partition_range_start": str(first)},
        {"dagster/partition": str(last)},
    ):
        daemon.instance.add_run(dg.DagsterRun("consolidate", tags=tags, status=dg.DagsterRunStatus.STARTED))
    daemon.stage("a", [prediction(game_date=THIRD_DATE)])
    result = daemon.tick()
    whole = (str(first), str(last)) == ("0001-01-01", "9999-12-31")
    assert len(result.run_requests) == (0 if whole else 1), result.skip_message


def test_runs_of_other_jobs_and_ended_runs_hold_no_date_back(daemon: Daemon) -> None:
    tags = {"dagster/partition": str(DATE)}
    daemon.instance.add_run(dg.DagsterRun("grade", tags=tags, status=dg.DagsterRunStatus.STARTED))
    daemon.instance.add_run(dg.DagsterRun("consolidate", tags=tags, status=dg.DagsterRunStatus.FAILURE))
    daemon.instance.add_run(dg.DagsterRun("consolidate", status=dg.DagsterRunStatus.STARTED))
    daemon.stage("a", [prediction()])
    assert len(daemon.tick().run_requests) == 1


def test_incident_41_a_listing_that_fails_is_not_an_empty_one_and_the_cursor_is_kept(daemon: Daemon) -> None:
    daemon.stage("a", [prediction()])
    daemon.tick()
    before, folder = daemon.cursor, daemon.settings.home / "staging"
    folder.rename(folder.with_name("elsewhere"))
    folder.write_text("not a folder")
    with pytest.raises(WarehouseUnavailable, match="cannot be listed"):
        daemon.tick()
    assert daemon.cursor == before
    folder.unlink()
    folder.with_name("elsewhere").rename(folder)
    assert daemon.tick().run_requests == []


def test_incident_17_unreadable_tables_hold_no_date_back(daemon: Daemon) -> None:
    daemon.stage("a", [prediction()])
    (daemon.settings.home / "staging" / "_staging_20260115_120000_torn.parquet").write_bytes(b"PAR1")
    assert len(daemon.tick().run_requests) == 1


def test_a_date_without_a_partition_is_not_requested(daemon: Daemon) -> None:
    daemon.stage("a", [prediction(game_date=today() + dt.timedelta(days=1))])
    assert "1 later than today" in daemon.tick().skip_message


def test_a_cursor_of_another_version_is_replaced_by_an_empty_one(daemon: Daemon) -> None:
    daemon.stage("a", [prediction()])
    daemon.cursor = "run 1234"
    assert len(daemon.tick().run_requests) == 1


def test_the_listing_is_remembered_from_tick_to_tick(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []

    def recorded(path: Path) -> Footer:
        read.append(path)
        return read_footer(path)

    monkeypatch.setattr("nba_consolidation.warehouse.staging.parquet.read_footer", recorded)
    daemon.stage("a", [prediction()])
    daemon.tick()
    daemon.tick()
    assert len(read) == 1


def test_a_requested_run_consolidates_the_tables_that_arrived(daemon: Daemon) -> None:
    daemon.stage("a", [prediction(), prediction(game_date=NEXT_DATE)])
    (request,) = daemon.tick().run_requests
    job = build_definitions(daemon.settings).resolve_job_def("consolidate")
    assert job.execute_in_process(instance=daemon.instance, tags=request.tags).success
    assert daemon.deployment.staging.list_tables(daemon.deployment.known_dates()) == []
    assert "no dates have data" in daemon.tick().skip_message


def test_sensors_are_on_in_production_and_off_on_a_laptop(settings: Settings) -> None:
    production = Settings(deployment=PRODUCTION, project="nba-project")
    names = ["new_staging_tables", "new_box_scores", "automation", "failed_checks_and_runs"]
    assert [sensor.name for sensor in build_sensors(settings)] == names
    assert {s.default_status for s in build_sensors(settings)} == {dg.DefaultSensorStatus.STOPPED}
    assert {s.default_status for s in build_sensors(production)} == {dg.DefaultSensorStatus.RUNNING}
