"""A home with staged predictions, and the graph over it, run on an ephemeral instance."""

import datetime as dt
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from nba_consolidation.definitions import build_definitions
from nba_consolidation.leases import Holder
from nba_consolidation.settings import Settings
from nba_consolidation.wiring import Deployment, deploy
from nba_consolidation_tests.pipeline.consolidation.workbench import staged
from nba_consolidation_tests.prepared import WITH_BOX_SCORES, prepare

FIRST_DATE = dt.date(2025, 7, 1)  # a run asks Dagster for all partitions several times: few are quicker
TIMED_CHECKS = frozenset({"lease_overhead", "consolidation_duration"})
"""The checks that measure time, which a busy machine fails. `pipeline/consolidation/test_times.py` injects a clock."""


class Graph:
    """The definitions over one home, and the events of the last run."""

    def __init__(self, home: Path, **settings: Any) -> None:
        self.settings = Settings(home=home, **{"lease_wait": 0, "first_date": FIRST_DATE, **settings})
        self.definitions = build_definitions(self.settings)
        self.instance = dg.DagsterInstance.ephemeral()

    @property
    def deployment(self) -> Deployment:
        return deploy(self.settings)

    def stage(self, worker: str, rows: Iterable[dict[str, Any]]) -> None:
        self.deployment.staging.write(f"_staging_20260115_120000_000001_{worker}", staged(rows))

    def consolidate(self, *dates: dt.date) -> None:
        """Consolidates, validates and publishes the dates without Dagster, which takes a tenth of the time of a run."""
        deployment, holder = self.deployment, Holder.here("terminal")
        deployment.consolidator.consolidate(dates, holder).raise_if_poisoned()
        deployment.validator.validate(dates, holder)
        deployment.publisher.publish(dates, holder)

    def run(
        self, first: dt.date, last: dt.date | None = None, job: str = "consolidate", **options: Any
    ) -> dg.ExecuteInProcessResult:
        """A job over the dates, as a single-run backfill has it."""
        tags = {
            "dagster/asset_partition_range_start": str(first),
            "dagster/asset_partition_range_end": str(last or first),
        }
        resolved = self.definitions.resolve_job_def(job)
        return resolved.execute_in_process(instance=self.instance, tags=tags, raise_on_error=False, **options)

    def execute_alone(self, *names: str) -> dg.ExecuteInProcessResult:
        """A run of checks, by default all, without an asset, as *Execute* starts it in the UI."""
        keys = self.definitions.resolve_asset_graph().asset_check_keys
        chosen = {key for key in keys if key.name in names or not names}
        job = self.definitions.resolve_implicit_global_asset_job_def()
        subset = job.get_subset(asset_selection=set(), asset_check_selection=chosen)
        return subset.execute_in_process(instance=self.instance, raise_on_error=False)

    def check_alone(self, *names: str) -> dict[str, dg.AssetCheckEvaluation]:
        """The results of checks, by default all, that are executed without an asset."""
        run = self.execute_alone(*names)
        assert run.success
        assert run.get_asset_materialization_events() == []
        return {evaluation.check_name: evaluation for evaluation in run.get_asset_check_evaluations()}


def checks(run: dg.ExecuteInProcessResult) -> dict[str, bool]:
    """By name, whether each check of the run passed."""
    return {evaluation.check_name: evaluation.passed for evaluation in run.get_asset_check_evaluations()}


def failed_checks(run: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckSeverity]:
    """The severity of each failed check, without those that measure time."""
    evaluations = run.get_asset_check_evaluations()
    failed = {evaluation.check_name: evaluation.severity for evaluation in evaluations if not evaluation.passed}
    return {name: severity for name, severity in failed.items() if name not in TIMED_CHECKS}


def materialised(run: dg.ExecuteInProcessResult, asset: str) -> dict[str, dict[str, Any]]:
    """By partition, the metadata of each materialisation of an asset."""
    return {
        str(event.partition): {name: entry.value for name, entry in event.materialization.metadata.items()}
        for event in run.get_asset_materialization_events()
        if event.asset_key == dg.AssetKey(asset)
    }


@pytest.fixture
def graph(tmp_path: Path) -> Iterator[Graph]:
    graph = Graph(tmp_path / "home")
    prepare(graph.settings.home / "warehouse.duckdb", WITH_BOX_SCORES)
    yield graph
    graph.instance.dispose()
