"""What `doctor` looks at of Dagster: the instance that DAGSTER_HOME names, its pools, its daemon. Changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import dagster as dg

from nba_consolidation.operations.doctor.health_checks import Look, Verdict
from nba_consolidation.orchestration.assets import WRITERS

_NOT_SET = "DagsterHomeNotSetError"  # its class is not public
_SILENT = 300.0
"""Seconds: the daemon's beat every half a minute or so."""
_LIMIT = f"`dagster instance concurrency set {WRITERS} 1`, or concurrency.pools.default_limit: 1 in dagster.yaml"


def looks(get_instance: Callable[[], dg.DagsterInstance] = dg.DagsterInstance.get) -> Sequence[Look]:
    """get_instance: opens the instance; it is closed again each time."""
    return (
        ("Dagster instance", lambda: _look(get_instance, _instance)),
        ("Dagster pools", lambda: _look(get_instance, pools)),
        ("Dagster daemon", lambda: _look(get_instance, daemon)),
    )


def _look(
    get_instance: Callable[[], dg.DagsterInstance], look: Callable[[dg.DagsterInstance], tuple[Verdict, str]]
) -> tuple[Verdict, str]:
    """The one place where whatever Dagster or its database raise is a finding."""
    try:
        with get_instance() as instance:
            return look(instance)
    except Exception as error:  # noqa: BLE001  a doctor tells what is wrong
        if type(error).__name__ == _NOT_SET:
            return Verdict.UNKNOWN, "DAGSTER_HOME is not set; set it to that of the daemon to have Dagster looked at"
        told = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return Verdict.FAILED, f"{told}: see dagster.yaml in DAGSTER_HOME, and whether its database answers"


def _instance(instance: dg.DagsterInstance) -> tuple[Verdict, str]:
    runs = instance.get_runs_count()
    return Verdict.FINE, f"{runs:,} runs in {type(instance.run_storage).__name__}"


def pools(instance: dg.DagsterInstance) -> tuple[Verdict, str]:
    """Whether the pool of the writers has a limit, and whether a cancelled run gives its slot back."""
    config = instance.get_concurrency_config().pool_config
    limits = {pool.name: pool.limit for pool in instance.event_log_storage.get_pool_limits()}
    limit = limits.get(WRITERS, config.default_pool_limit)
    if limit is None:
        return Verdict.WARNING, f"the pool {WRITERS} has no limit, so it limits nothing: {_LIMIT}"
    granularity = "op" if config.pool_granularity is None else config.pool_granularity.value
    told = f"{WRITERS}: {limit} at a time, by {granularity}"
    if granularity == "op" and not instance.run_monitoring_settings.get("free_slots_after_run_end_seconds"):
        to_do = "set concurrency.pools.granularity: run, or run_monitoring.free_slots_after_run_end_seconds"
        return Verdict.WARNING, f"{told}; a run that is cancelled keeps its slot for ever: {to_do}"
    return Verdict.FINE, told


def daemon(instance: dg.DagsterInstance) -> tuple[Verdict, str]:
    """Whether the daemon was heard of lately: without it no sensor, no schedule and no queue works."""
    beats = {kind: beat.timestamp for kind, beat in instance.get_daemon_heartbeats().items()}
    if not beats:
        return Verdict.WARNING, "it never ran here; start `dagster-daemon run`, or `dagster dev`"
    silent = time.time() - max(beats.values())
    if silent > _SILENT:
        return Verdict.WARNING, f"not heard of for {silent / 60:,.0f} min; start it, or see why it stopped"
    return Verdict.FINE, f"heard of {max(0.0, silent):,.0f} s ago"
