"""The job `clean_up`: what it lists, and that it changes nothing in a dry run."""

from __future__ import annotations

import os
import time
from typing import Any

import dagster as dg

from nba_consolidation_tests.orchestration.conftest import Graph
from nba_consolidation_tests.pipeline.consolidation.workbench import prediction, staged

CLEANUPS = "staging_cleanups"


def clean_up(graph: Graph, **config: Any) -> dict[str, Any]:
    """The metadata of a run of the job."""
    job = graph.definitions.resolve_job_def("clean_up")
    run_config = {"ops": {CLEANUPS: {"config": config}}}
    run = job.execute_in_process(instance=graph.instance, run_config=run_config)
    (event,) = run.get_asset_materialization_events()
    return {name: entry.value for name, entry in event.materialization.metadata.items()}


def stage_old_tables(graph: Graph) -> None:
    """An empty table and one with rows, both ten days old."""
    staging = graph.deployment.staging
    staging.write("_staging_20260115_120000_empty", staged([]))
    staging.write("_staging_20260115_120000_w1", staged([prediction(), prediction("21.5")]))
    for path in (graph.settings.home / "staging").glob("*.parquet"):
        os.utime(path, (time.time() - 864_000,) * 2)


def tables(graph: Graph) -> list[str]:
    deployment = graph.deployment
    return [table.name for table in deployment.staging.list_tables(deployment.known_dates())]


def test_it_is_a_dry_run_by_default(graph: Graph) -> None:
    stage_old_tables(graph)
    metadata = clean_up(graph)
    assert (
        metadata["dry_run"],
        metadata["old_tables"],
        metadata["dropped"],
        metadata["never_consolidated_tables"],
    ) == (True, 2, 1, 1)
    assert len(tables(graph)) == 2


def test_age_rows_batch_and_kind_of_each_table_are_listed(graph: Graph) -> None:
    stage_old_tables(graph)
    tables = {record["staging_table"]: record for record in (r.data for r in clean_up(graph)["tables"].records)}
    waiting = tables["_staging_20260115_120000_w1"]
    assert (waiting["staged"], waiting["age_days"], waiting["batch_id"]) == (2, 10.0, "20260115_120000")
    assert (waiting["kind"], waiting["action"]) == ("never_consolidated", "stays")


def test_without_dry_run_it_drops_and_archives(graph: Graph) -> None:
    stage_old_tables(graph)
    metadata = clean_up(graph, dry_run=False, archive=["_staging_20260115_120000_w1"])
    assert (metadata["dropped"], metadata["archived"], tables(graph)) == (1, 1, [])


def test_the_age_is_in_the_config(graph: Graph) -> None:
    stage_old_tables(graph)
    assert clean_up(graph, older_than_days=11)["old_tables"] == 0


def test_every_field_of_its_config_is_described(graph: Graph) -> None:
    job = graph.definitions.resolve_job_def("clean_up")
    node = job.get_node_named(CLEANUPS).definition
    assert isinstance(node, dg.OpDefinition)
    assert node.config_schema is not None
    kind: Any = node.config_schema.config_type
    assert set(kind.fields) == {"dry_run", "older_than_days", "archive"}
    assert all(field.description for field in kind.fields.values())
