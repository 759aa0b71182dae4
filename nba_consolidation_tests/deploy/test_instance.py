"""dagster.yaml, for those without Helm: Dagster accepts it, and it says what the chart's instance says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nba_consolidation_tests.deploy import chart, instances
from nba_consolidation_tests.deploy.files import document, values

VARIABLES = {f"DAGSTER_POSTGRES_{name}" for name in ("HOST", "PORT", "DB", "USER", "PASSWORD")}
TOO_SHORT_FOR_A_SEASON = 3600


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    for variable in VARIABLES:
        monkeypatch.setenv(variable, "5432")
    return instances.accepted(document("dagster.yaml"), tmp_path)


def test_dagster_accepts_the_file_and_every_class_in_it(instance: dict[str, Any]) -> None:
    assert instance["run_coordinator"]["class"].__name__ == "QueuedRunCoordinator"
    assert instance["run_launcher"]["class"].__name__ == "DefaultRunLauncher"


def test_postgresql_accepts_its_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dagster turns `storage` into three classes of dagster-postgres."""
    storage = pytest.importorskip("dagster_postgres", reason=instances.WITHOUT_THEM).DagsterPostgresStorage
    for variable in VARIABLES:
        monkeypatch.setenv(variable, "5432")
    config = document("dagster.yaml")
    postgres = config.pop("storage")["postgres"]
    config["run_storage"] = {
        "module": storage.__module__,
        "class": storage.__name__,
        "config": postgres,
    }
    accepted = instances.accepted(config, tmp_path)["run_storage"]["config"]["postgres_db"]
    assert (accepted["hostname"], accepted["port"]) == ("5432", 5432)
    assert instances.connects_with(accepted) == "psycopg2"


def test_where_the_database_is_and_its_password_come_from_the_environment(instance: dict[str, Any]) -> None:
    database = document("dagster.yaml")["storage"]["postgres"]["postgres_db"]
    assert {value["env"] for value in database.values() if "env" in value} == VARIABLES
    assert instance["telemetry"] == {"enabled": False}


def test_a_run_whose_machine_has_gone_comes_to_an_end(instance: dict[str, Any]) -> None:
    """The launcher cannot ask a run whether it lives, so nothing but the longest run time ends it."""
    assert not instance["run_launcher"]["class"]().supports_check_run_worker_health
    assert instance["run_monitoring"]["max_runtime_seconds"] > TOO_SHORT_FOR_A_SEASON


def test_it_says_what_the_instance_of_the_chart_says() -> None:
    template = document("dagster.yaml")
    charts = chart.instance(chart.Chart.model_validate(values()), "nba", "dagster")
    for part in ("concurrency", "run_retries", "retention", "telemetry", "run_coordinator", "python_logs"):
        assert template[part] == charts[part], part
    for setting in ("enabled", "poll_interval_seconds", "max_resume_run_attempts", "free_slots_after_run_end_seconds"):
        assert template["run_monitoring"][setting] == charts["run_monitoring"][setting], setting
