"""The daily quality in Dagster: a job of its own, severities, and that a check which cannot run is no pass."""

from __future__ import annotations

import datetime as dt

import dagster as dg
import pytest

from nba_consolidation.operations.daily_quality.examine import CHECK_NAMES
from nba_consolidation_tests.orchestration.conftest import Graph, checks
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, prediction
from nba_consolidation_tests.prepared import connect


@pytest.fixture
def played(graph: Graph) -> Graph:
    graph.stage("a", [prediction()])
    graph.consolidate(DATE)
    return graph


def quality(graph: Graph, date: dt.date | None = DATE) -> dg.ExecuteInProcessResult:
    config = {"ops": {"daily_quality": {"config": {"date": str(date)}}}} if date else {}
    job = graph.definitions.resolve_job_def("quality")
    return job.execute_in_process(instance=graph.instance, run_config=config, raise_on_error=False)


def test_the_job_records_every_check_with_its_severity_and_what_to_do(played: Graph) -> None:
    run = quality(played)
    assert run.success
    results = {evaluation.check_name: evaluation for evaluation in run.get_asset_check_evaluations()}
    assert set(results) == {f"daily_{name}" for name in CHECK_NAMES}
    volume = results["daily_volume"]
    assert (volume.passed, volume.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert (volume.metadata["value"].value, volume.metadata["game_date"].value) == (1.0, str(DATE))
    assert "1 active predictions" in str(volume.description)
    assert results["daily_duplicate_predictions"].passed


def test_without_a_config_the_job_examines_yesterday(played: Graph) -> None:
    run = quality(played, None)
    assert run.success
    assert checks(run)["daily_volume"]


def test_incident_48_a_check_that_cannot_run_has_no_result_and_fails_the_run(played: Graph) -> None:
    with connect(played.settings.home / "warehouse.duckdb") as connection:
        connection.execute("ALTER TABLE player_game_summary RENAME COLUMN game_id TO id")
        connection.execute("INSERT INTO player_prop_predictions SELECT * FROM player_prop_predictions")
    run = quality(played)
    assert not run.success
    results = checks(run)
    assert "daily_freshness" not in results
    assert results["daily_duplicate_predictions"] is False
    (failure,) = (event for event in run.all_events if event.event_type == dg.DagsterEventType.STEP_FAILURE)
    assert "game_id" in str(failure.step_failure_data.user_failure_data)
