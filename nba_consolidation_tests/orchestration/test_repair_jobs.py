"""The jobs of repairs: what it lists, that it changes nothing in a dry run, and which dates it repairs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import dagster as dg
import pytest

from nba_consolidation.leases import Holder, LeaseTiming, hold, lease_key
from nba_consolidation_tests.operations.repair.legacy import LegacyBench, graded
from nba_consolidation_tests.operations.repair.legacy_predictions import LegacyPredictions, merged
from nba_consolidation_tests.orchestration.conftest import Graph
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NEXT_DATE
from nba_consolidation_tests.prepared import connect

ACCURACY, OP = "prediction_accuracy", "repair_prediction_accuracy"


@pytest.fixture
def legacy(graph: Graph) -> Graph:
    """Two dates with copies, of which the first has a confidence in percent too."""
    LegacyBench(graph.settings.home).fill(
        *[graded()] * 3,
        graded(confidence_score=Decimal("62.5"), player_lookup="lukadoncic", system_id="ensemble_v1"),
        *[graded(game_date=NEXT_DATE, prediction_correct=False)] * 2,
    )
    return graph


def run(graph: Graph, job_name: str = "repair_accuracy", op: str = OP, **config: Any) -> dg.ExecuteInProcessResult:
    job = graph.definitions.resolve_job_def(job_name)
    run_config = {"ops": {op: {"config": config}}} if config else {}
    return job.execute_in_process(instance=graph.instance, run_config=run_config, raise_on_error=False)


def repaired(graph: Graph, **config: Any) -> dict[str, Any]:
    (event,) = (event for event in run(graph, **config).all_events if event.is_successful_output)
    return {name: entry.value for name, entry in event.step_output_data.metadata.items()}


def graded_rows(graph: Graph) -> int:
    with connect(graph.settings.home / "warehouse.duckdb") as connection:
        row = connection.execute("SELECT COUNT(*) FROM prediction_accuracy").fetchone()
    assert row is not None
    return int(row[0])


def test_by_default_it_is_a_dry_run_over_all_graded_dates(legacy: Graph) -> None:
    metadata = repaired(legacy)
    assert (metadata["dry_run"], metadata["dates_looked_at"], metadata["dates_repaired"]) == (True, 2, 2)
    assert (
        metadata["duplicates"],
        metadata["percent_scale_rows"],
        metadata["rows_before"],
        metadata["rows_after"],
    ) == (3, 1, 6, 3)
    assert graded_rows(legacy) == 6


def test_without_dry_run_it_repairs_and_a_second_run_has_nothing_to_repair(legacy: Graph) -> None:
    metadata = repaired(legacy, dry_run=False)
    assert (metadata["dry_run"], metadata["duplicates"], graded_rows(legacy)) == (False, 3, 3)
    assert [record.data["game_date"] for record in metadata["dates"].records] == [str(DATE), str(NEXT_DATE)]
    assert repaired(legacy, dry_run=False)["dates_repaired"] == 0


def test_only_the_dates_of_its_config_are_repaired(legacy: Graph) -> None:
    assert repaired(legacy, first_date=str(NEXT_DATE))["duplicates"] == 1
    assert repaired(legacy, last_date=str(DATE))["duplicates"] == 2
    repaired(legacy, dry_run=False, first_date=str(NEXT_DATE), last_date=str(NEXT_DATE))
    assert graded_rows(legacy) == 5


@pytest.mark.parametrize(
    "dates", [{"first_date": "yesterday"}, {"first_date": "2026-02-01", "last_date": "2026-01-01"}]
)
def test_invalid_dates_fail_the_run_and_change_nothing(legacy: Graph, dates: dict[str, str]) -> None:
    assert not run(legacy, dry_run=False, **dates).success
    assert graded_rows(legacy) == 6


def test_a_held_lease_fails_the_run_which_names_the_holder(legacy: Graph) -> None:
    with hold(legacy.deployment.leases, [lease_key("grading", DATE)], Holder.here("grader"), timing=LeaseTiming(30)):
        failed = run(legacy, dry_run=False)
    assert not failed.success
    (event,) = (event for event in failed.all_events if event.event_type == dg.DagsterEventType.STEP_FAILURE)
    assert "is held by" in str(event.step_failure_data)
    assert graded_rows(legacy) == 6


def test_every_field_of_its_config_is_described(graph: Graph) -> None:
    node = graph.definitions.resolve_job_def("repair_accuracy").get_node_named(OP).definition
    assert isinstance(node, dg.OpDefinition)
    assert node.config_schema is not None
    kind: Any = node.config_schema.config_type
    assert set(kind.fields) == {"first_date", "last_date", "dry_run"}
    assert all(field.description for field in kind.fields.values())


def test_predictions_are_repaired_validated_and_published_and_the_dates_recorded(graph: Graph) -> None:
    bench = LegacyPredictions(graph.settings.home)
    bench.fill(merged(0), merged(1), merged(game_date=NEXT_DATE))
    job = {"job_name": "repair_predictions", "op": "repair_player_prop_predictions"}
    assert run(graph, **job).success
    assert len(bench.published()) == 3
    result = run(graph, **job, dry_run=False)
    assert result.success
    recorded = [
        (event.asset_key.to_user_string(), event.partition)
        for event in result.all_events
        if event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION and event.asset_key is not None
    ]
    tables = ("player_prop_predictions", "validated_predictions", "published_predictions")
    assert recorded == [(table, str(DATE)) for table in tables]
    assert len(bench.execute("FROM published_predictions")) == 1
