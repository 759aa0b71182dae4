"""dbt-duckdb: an incremental model with the business key as unique_key, then a unique test, as `dbt build` does it."""

from __future__ import annotations

import os

import yaml
from dbt.cli.main import dbtRunner

from benchmarks.job import MEMORY_LIMIT, Job, fresh_warehouse, newest_per_key
from nba_consolidation.schema import BUSINESS_KEY

_MODEL = "player_prop_predictions"


def setup(job: Job) -> None:
    """A project on a copy of the DuckDB file, already parsed: only the build is measured."""
    fresh_warehouse(job)
    project = job.work / "project"
    (project / "models").mkdir(parents=True, exist_ok=True)
    for name, content in _files(job).items():
        (project / name).write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    _dbt(job, "parse")


def run(job: Job) -> dict[str, object]:
    """The model, then the test."""
    outcome = _dbt(job, "build")
    steps = {result.node.resource_type.value: result for result in outcome.result.results}
    if steps["model"].status.value != "success":
        raise RuntimeError(steps["model"].message)
    return {
        "its_own_check_finds": steps["test"].failures,
        "model_seconds": steps["model"].execution_time,
        "test_seconds": steps["test"].execution_time,
    }


def _dbt(job: Job, command: str):
    folder = str(job.work / "project")
    outcome = dbtRunner().invoke([command, "--project-dir", folder, "--profiles-dir", folder, "--quiet"])
    if outcome.exception:
        raise outcome.exception
    return outcome


def _files(job: Job) -> dict[str, object]:
    key = "concat_ws('|', game_date, game_id, player_lookup, system_id, coalesce(current_points_line::VARCHAR, ''))"
    config = f"{{{{ config(materialized='incremental', unique_key={list(BUSINESS_KEY)!r}) }}}}"
    output = {
        "type": "duckdb",
        "path": str(job.warehouse),
        "threads": 1,
        "settings": {"memory_limit": MEMORY_LIMIT, "preserve_insertion_order": False},
    }
    return {
        "dbt_project.yml": {"name": "bench", "version": "1.0", "profile": "bench", "model-paths": ["models"]},
        "profiles.yml": {"bench": {"target": "dev", "outputs": {"dev": output}}},
        "models/schema.yml": {
            "version": 2,
            "models": [{"name": _MODEL, "data_tests": [{"unique": {"arguments": {"column_name": key}}}]}],
        },
        f"models/{_MODEL}.sql": f"{config}\n{newest_per_key(job, ', '.join(BUSINESS_KEY))}\n",
    }


def result(job: Job) -> str:
    """Where to read the result."""
    return f"duckdb:{job.warehouse}"
