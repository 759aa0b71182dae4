"""The health checks of Dagster: an instance that is missing, pools without a limit, a daemon without a heartbeat."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
import yaml  # type: ignore[import-untyped]
from dagster._daemon.types import DaemonHeartbeat

from nba_consolidation.operations.doctor.dagster_checks import dagster_checks
from nba_consolidation.operations.doctor.health_checks import Health, HealthResult, run_checks

POOL = "warehouse_writers"


def opened(folder: Path, config: dict[str, object]) -> Callable[[], dg.DagsterInstance]:
    folder.mkdir(exist_ok=True)
    (folder / "dagster.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return lambda: dg.DagsterInstance.from_config(str(folder))


def results_of(open_instance: Callable[[], dg.DagsterInstance]) -> dict[str, HealthResult]:
    return {result.subject: result for result in run_checks(dagster_checks(open_instance, POOL))}


def test_without_dagster_home_the_health_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    results = results_of(dg.DagsterInstance.get)
    assert {result.health for result in results.values()} == {Health.UNKNOWN}
    assert "DAGSTER_HOME" in results["Dagster instance"].detail


def test_a_dagster_home_that_does_not_exist_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "nowhere"))
    assert {result.health for result in results_of(dg.DagsterInstance.get).values()} == {Health.FAILED}


@pytest.mark.parametrize(
    ("config", "health", "detail"),
    [
        ({}, Health.WARNING, "has no limit"),
        ({"concurrency": {"pools": {"default_limit": 1}}}, Health.WARNING, "keeps its slot"),
        ({"concurrency": {"pools": {"default_limit": 1, "granularity": "run"}}}, Health.OK, "1 at a time, by run"),
        (
            {"concurrency": {"pools": {"default_limit": 2}},
             "run_monitoring": {"enabled": True, "free_slots_after_run_end_seconds": 60}},
            Health.OK,
            "2 at a time, by op",
        ),
    ],
)  # fmt: skip
def test_a_pool_must_have_a_limit_and_get_its_slots_back(
    tmp_path: Path, config: dict[str, object], health: Health, detail: str
) -> None:
    result = results_of(opened(tmp_path, config))["Dagster pools"]
    assert (result.health, detail in result.detail) == (health, True), result.detail


def test_a_limit_that_was_set_by_hand_counts(tmp_path: Path) -> None:
    open_instance = opened(tmp_path, {"concurrency": {"pools": {"granularity": "run"}}})
    with open_instance() as made:
        made.event_log_storage.set_concurrency_slots(POOL, 3)
    assert "3 at a time" in results_of(open_instance)["Dagster pools"].detail


@pytest.mark.parametrize(("ago", "health"), [(None, Health.WARNING), (10, Health.OK), (3600, Health.WARNING)])
def test_a_daemon_that_never_ran_or_sends_no_heartbeat_warns(tmp_path: Path, ago: float | None, health: Health) -> None:
    open_instance = opened(tmp_path, {})
    if ago is not None:
        with open_instance() as made:
            made.add_daemon_heartbeat(DaemonHeartbeat(time.time() - ago, "SENSOR", "a-daemon"))
    assert results_of(open_instance)["Dagster daemon"].health is health
