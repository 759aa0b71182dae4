"""Health checks of the Dagster instance that DAGSTER_HOME names: its database, its pools, its daemon."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from nba_consolidation.operations.doctor.health_checks import Health, HealthCheck

if TYPE_CHECKING:
    from dagster import DagsterInstance

_HOME_NOT_SET = "DagsterHomeNotSetError"  # the class is not public
_LONGEST_SILENCE = 300.0
"""Seconds; the daemon sends a heartbeat about every 30."""


def dagster_checks(open_instance: Callable[[], DagsterInstance], pool: str) -> Sequence[HealthCheck]:
    """open_instance: opens the instance, which each check closes again. pool: that of all assets that write."""
    return (
        ("Dagster instance", lambda: _check(open_instance, _instance)),
        ("Dagster pools", lambda: _check(open_instance, partial(_pool, pool=pool))),
        ("Dagster daemon", lambda: _check(open_instance, _daemon)),
    )


def _check(
    open_instance: Callable[[], DagsterInstance], check: Callable[[DagsterInstance], tuple[Health, str]]
) -> tuple[Health, str]:
    try:
        with open_instance() as instance:
            return check(instance)
    except Exception as error:  # noqa: BLE001  whatever Dagster or its database raises is the result
        if type(error).__name__ == _HOME_NOT_SET:
            return Health.UNKNOWN, "DAGSTER_HOME is not set. Set it to the daemon's to have Dagster checked"
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return Health.FAILED, f"{reason}. Check dagster.yaml in DAGSTER_HOME, and that its database can be reached"


def _instance(instance: DagsterInstance) -> tuple[Health, str]:
    return Health.OK, f"{instance.get_runs_count():,} runs in {type(instance.run_storage).__name__}"


def _pool(instance: DagsterInstance, pool: str) -> tuple[Health, str]:
    """Whether the pool has a limit, and whether a cancelled run gives its slot back."""
    config = instance.get_concurrency_config().pool_config
    limits = {limit.name: limit.limit for limit in instance.event_log_storage.get_pool_limits()}
    limit = limits.get(pool, config.default_pool_limit)
    if limit is None:
        to_do = f"`dagster instance concurrency set {pool} 1`, or concurrency.pools.default_limit: 1 in dagster.yaml"
        return Health.WARNING, f"the pool {pool} has no limit, so its runs do not wait for each other. Set one: {to_do}"
    granularity = "op" if config.pool_granularity is None else config.pool_granularity.value
    detail = f"{pool}: {limit} at a time, by {granularity}"
    if granularity == "op" and not instance.run_monitoring_settings.get("free_slots_after_run_end_seconds"):
        to_do = "concurrency.pools.granularity: run, or run_monitoring.free_slots_after_run_end_seconds"
        return Health.WARNING, f"{detail}; a cancelled run keeps its slot for ever. Set {to_do}"
    return Health.OK, detail


def _daemon(instance: DagsterInstance) -> tuple[Health, str]:
    """Without the daemon no sensor, no schedule and no queue works."""
    heartbeats = [status.timestamp for status in instance.get_daemon_heartbeats().values()]
    if not heartbeats:
        return Health.WARNING, "it has never run. Start `dagster-daemon run`, or `dagster dev`"
    age = max(0.0, time.time() - max(heartbeats))
    if age > _LONGEST_SILENCE:
        return Health.WARNING, f"last heartbeat {age / 60:,.0f} min ago. Start it, or find out why it stopped"
    return Health.OK, f"last heartbeat {age:,.0f} s ago"
