"""What `doctor` says of Dagster: an instance that is not there, pools without a limit, a daemon that is silent."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
import yaml  # type: ignore[import-untyped]
from dagster._daemon.types import DaemonHeartbeat

from nba_consolidation.operations.doctor.health_checks import Finding, Verdict, examine
from nba_consolidation.orchestration import dagster_instance as instance
from nba_consolidation.orchestration.assets import WRITERS


def opened(folder: Path, config: dict[str, object]) -> Callable[[], dg.DagsterInstance]:
    folder.mkdir(exist_ok=True)
    (folder / "dagster.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return lambda: dg.DagsterInstance.from_config(str(folder))


def found(get_instance: Callable[[], dg.DagsterInstance]) -> dict[str, Finding]:
    return {finding.subject: finding for finding in examine(instance.looks(get_instance))}


def test_without_a_home_of_dagster_nothing_is_said_to_be_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    seen = found(dg.DagsterInstance.get)
    assert {finding.verdict for finding in seen.values()} == {Verdict.UNKNOWN}
    assert "DAGSTER_HOME" in seen["Dagster instance"].told


def test_a_home_that_is_not_there_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "nowhere"))
    assert {finding.verdict for finding in found(dg.DagsterInstance.get).values()} == {Verdict.FAILED}


@pytest.mark.parametrize(
    ("config", "verdict", "told"),
    [
        ({}, Verdict.WARNING, "has no limit"),
        ({"concurrency": {"pools": {"default_limit": 1}}}, Verdict.WARNING, "keeps its slot"),
        ({"concurrency": {"pools": {"default_limit": 1, "granularity": "run"}}}, Verdict.FINE, "1 at a time, by run"),
        (
            {"concurrency": {"pools": {"default_limit": 2}},
             "run_monitoring": {"enabled": True, "free_slots_after_run_end_seconds": 60}},
            Verdict.FINE,
            "2 at a time, by op",
        ),
    ],
)  # fmt: skip
def test_a_pool_must_have_a_limit_and_give_its_slots_back(
    tmp_path: Path, config: dict[str, object], verdict: Verdict, told: str
) -> None:
    seen = found(opened(tmp_path, config))["Dagster pools"]
    assert (seen.verdict, told in seen.told) == (verdict, True), seen.told


def test_a_limit_that_was_set_by_hand_counts(tmp_path: Path) -> None:
    get_instance = opened(tmp_path, {"concurrency": {"pools": {"granularity": "run"}}})
    with get_instance() as made:
        made.event_log_storage.set_concurrency_slots(WRITERS, 3)
    assert "3 at a time" in found(get_instance)["Dagster pools"].told


@pytest.mark.parametrize(("ago", "verdict"), [(None, Verdict.WARNING), (10, Verdict.FINE), (3600, Verdict.WARNING)])
def test_a_daemon_that_never_ran_or_is_silent_is_told(tmp_path: Path, ago: float | None, verdict: Verdict) -> None:
    get_instance = opened(tmp_path, {})
    if ago is not None:
        with get_instance() as made:
            made.add_daemon_heartbeat(DaemonHeartbeat(time.time() - ago, "SENSOR", "a-daemon"))
    assert found(get_instance)["Dagster daemon"].verdict is verdict
