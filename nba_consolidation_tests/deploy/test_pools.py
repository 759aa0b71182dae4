"""The limits of pools are real: Dagster's own queue holds a second writer back until the first is done."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml  # type: ignore[import-untyped]
from dagster._core.op_concurrency_limits_counter import GlobalOpConcurrencyLimitsCounter

from nba_consolidation.definitions import build_definitions
from nba_consolidation.settings import Settings
from nba_consolidation_tests.deploy.files import document


def _demo() -> dict[str, Any]:
    text = resources.files("nba_consolidation.demo").joinpath("dagster.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


@pytest.fixture(params=["demo", "deploy"])
def instance(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """An instance with the limits of that file, and a database of its own."""
    config = _demo() if request.param == "demo" else document("dagster.yaml")
    limits = {key: config[key] for key in ("concurrency", "run_monitoring")}
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(limits), encoding="utf-8")
    with dg.DagsterInstance.from_config(str(tmp_path)) as opened:
        yield opened


def is_held_back(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """As the queue of the daemon sees it. The first look at a pool of a new instance gives it its limit."""
    storage, pools = instance.event_log_storage, instance.get_concurrency_config().pool_config
    records = instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    looks = [
        GlobalOpConcurrencyLimitsCounter(
            instance,
            [run],
            records,
            storage.get_concurrency_keys(),
            storage.get_pool_limits(),
            pool_granularity=pools.pool_granularity,
        )
        for _ in range(2)
    ]
    return looks[-1].is_blocked(run)


def test_a_second_writer_waits_in_the_queue_until_the_first_is_done(instance: dg.DagsterInstance) -> None:
    definitions = build_definitions(Settings())
    first, second, cleaning = (
        instance.create_run_for_job(definitions.resolve_job_def(job), status=status)
        for job, status in (
            ("consolidate", dg.DagsterRunStatus.STARTED),
            ("consolidate", dg.DagsterRunStatus.NOT_STARTED),
            ("clean_up", dg.DagsterRunStatus.NOT_STARTED),
        )
    )
    assert is_held_back(instance, second)
    assert is_held_back(instance, cleaning)
    instance.report_run_canceled(first)
    assert not is_held_back(instance, second)


def test_a_run_that_was_cancelled_gives_its_slots_back(instance: dg.DagsterInstance) -> None:
    assert instance.run_monitoring_settings["free_slots_after_run_end_seconds"] > 0
    assert str(instance.get_concurrency_config().pool_config.pool_granularity) == "PoolGranularity.RUN"
