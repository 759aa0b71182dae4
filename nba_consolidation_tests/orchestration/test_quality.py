"""The daily quality in Dagster: an asset of its own, severities, and that a check which cannot run is no pass."""

from __future__ import annotations

import datetime as dt

import dagster as dg
import pytest

from nba_consolidation.operations.daily_quality.examine import CHECK_NAMES
from nba_consolidation.settings import today
from nba_consolidation_tests.orchestration.conftest import Graph, checks, materialised
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NEXT_DATE, prediction
from nba_consolidation_tests.prepared import connect

QUALITY = "daily_quality"


@pytest.fixture
def played(graph: Graph) -> Graph:
    graph.stage("a", [prediction()])
    graph.consolidate(DATE)
    return graph


def evaluations(run: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {evaluation.check_name: evaluation for evaluation in run.get_asset_check_evaluations()}


def test_the_job_records_every_check_with_its_severity_and_what_to_do(played: Graph) -> None:
    run = played.run(DATE, job="quality")
    assert run.success
    results = evaluations(run)
    assert set(results) == set(CHECK_NAMES)
    volume = results["volume"]
    assert (volume.passed, volume.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert (volume.metadata["value"].value, volume.metadata["game_date"].value) == (1.0, str(DATE))
    assert str(volume.description).startswith(f"{DATE}: 1 active predictions; too few: check")
    assert results["systems"].passed
    recorded = materialised(run, QUALITY)[str(DATE)]
    assert (recorded["status"], recorded["warned"], recorded["failed"]) == ("warned", 1, 0)
    first = recorded["checks"].records[0].data
    assert (first["check"], first["status"]) == ("volume", "warned"), "the worst first"


def test_a_range_has_one_result_of_each_check_which_is_that_of_the_worst_date(played: Graph) -> None:
    run = played.run(DATE - dt.timedelta(1), NEXT_DATE, job="quality")
    volume = evaluations(run)["volume"]
    assert (volume.passed, volume.metadata["game_date"].value) == (False, str(DATE))
    statuses = {date: recorded["status"] for date, recorded in materialised(run, QUALITY).items()}
    assert statuses == {str(DATE - dt.timedelta(1)): "passed", str(DATE): "warned", str(NEXT_DATE): "passed"}


def test_a_check_that_is_executed_alone_examines_yesterday(played: Graph) -> None:
    volume = played.check_alone("volume")["volume"]
    assert volume.passed
    assert volume.metadata["game_date"].value == str(today() - dt.timedelta(1))


def test_incident_48_a_check_that_cannot_run_has_no_result_and_fails_the_run(played: Graph) -> None:
    with connect(played.settings.home / "warehouse.duckdb") as connection:
        connection.execute("ALTER TABLE player_game_summary RENAME COLUMN game_id TO id")
    run = played.run(DATE, job="quality")
    assert not run.success
    results = checks(run)
    assert "freshness" not in results
    assert results["systems"]
    assert materialised(run, QUALITY) == {}
    (failure,) = run.get_step_failure_events()
    assert "game_id" in str(failure.step_failure_data.user_failure_data)
    assert str(DATE) in str(failure.step_failure_data.user_failure_data)


def test_incident_48_a_check_that_is_executed_alone_and_cannot_run_fails_the_run_too(played: Graph) -> None:
    with connect(played.settings.home / "warehouse.duckdb") as connection:
        connection.execute("ALTER TABLE player_game_summary RENAME COLUMN game_id TO id")
    run = played.execute_alone("freshness")
    assert not run.success
    assert checks(run) == {}
