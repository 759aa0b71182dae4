"""The assets, checks and jobs of the graph, and their arguments. No job is run."""

import datetime as dt
import importlib
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import dagster as dg

from nba_consolidation.definitions import build_definitions
from nba_consolidation.operations.daily_quality.examine import CHECK_NAMES
from nba_consolidation.schema import PREDICTIONS
from nba_consolidation.settings import Settings, today

PERFORMANCE = ["confidence_calibration", "system_performance"]
PARTITIONED = [
    "confidence_recalibration",
    "confidence_recalibration_events",
    "daily_quality",
    "daily_report",
    "player_prop_predictions",
    "player_reliability",
    "prediction_accuracy",
    "published_predictions",
    "staging_predictions",
    "strategy_performance",
    "validated_predictions",
]
ASSETS = [*PARTITIONED, "staging_cleanups"]
EXTERNAL = ["player_game_summary"]
_SHARED_STEPS = {
    **dict.fromkeys(PERFORMANCE, ("performance",)),
    **dict.fromkeys(("confidence_recalibration", "confidence_recalibration_events"), ("recalibration",)),
    "staging_cleanups": ("cleanup_asset",),
}
CHECKS = {
    "confidence_calibration": ["calibration_error"],
    "confidence_recalibration": ["calibrations_rolled_back", "calibrations_waiting", "duplicate_calibrations"],
    "daily_quality": sorted(CHECK_NAMES),
    "system_performance": ["losing_systems"],
    "player_reliability": ["few_blacklisted", "policy_holds"],
    "strategy_performance": ["losing_picks", "misleading_thresholds"],
    "player_prop_predictions": [
        "active_twins",
        "conservation",
        "consolidation_duration",
        "duplicate_business_keys",
        "lease_overhead",
        "players_under_two_names",
        "quarantined_rows",
        "refused_tables",
    ],
    "prediction_accuracy": [
        "accuracy_out_of_scale",
        "duplicate_accuracy_keys",
        "grading_conservation",
        "inconsistent_errors",
        "missing_box_scores",
        "several_lines",
        "similar_names",
    ],
    "published_predictions": ["not_published_once", "outdated_calibrations"],
    "validated_predictions": ["duplicate_validated_predictions", "players_in_two_games", "withheld_by_group"],
}
MOST_CHECKS = 8
"""More on one asset hide the one that matters."""
BLOCKING = {
    "accuracy_out_of_scale",
    "duplicate_accuracy_keys",
    "grading_conservation",
    "inconsistent_errors",
}
"""Those of a consolidation hold back the dates with findings instead: test_publication.py."""


def assets() -> Any:
    return build_definitions(Settings()).resolve_asset_graph()


def test_the_assets_their_checks_and_the_jobs_are_these() -> None:
    graph = assets()
    by_asset: dict[str, list[str]] = {}
    for key in graph.asset_check_keys:
        by_asset.setdefault(key.asset_key.to_user_string(), []).append(key.name)
    assert sorted(key.to_user_string() for key in graph.get_all_asset_keys()) == sorted(ASSETS + EXTERNAL + PERFORMANCE)
    assert {asset: sorted(names) for asset, names in by_asset.items()} == CHECKS
    jobs = build_definitions(Settings()).resolve_all_job_defs()
    names = ("consolidate", "grade", "recalibrate", "decide_calibration", "reliability", "report",
              "repair_accuracy", "repair_predictions", "clean_up", "quality")  # fmt: skip
    assert set(names) <= {job.name for job in jobs}


def test_one_question_has_one_check_and_no_asset_has_many_of_them() -> None:
    names = [key.name for key in assets().asset_check_keys]
    assert len(names) == len(set(names))
    assert not [name for name in names if name.startswith(("audit_", "daily_"))]
    assert max(len(checks) for checks in CHECKS.values()) <= MOST_CHECKS


def test_only_the_job_of_the_daily_quality_plans_its_checks() -> None:
    definitions = build_definitions(Settings())
    planned = {
        job.name
        for job in definitions.resolve_all_job_defs()
        if not job.name.startswith("__")
        for key in job.asset_layer.asset_graph.asset_check_keys
        if key.asset_key == dg.AssetKey("daily_quality")
    }
    assert planned == {"quality"}


def test_every_check_can_be_executed_alone_and_says_what_it_is_about_then() -> None:
    graph = assets()
    for key in graph.asset_check_keys:
        assert graph.get_execution_set_asset_and_check_keys(key) == {key}
        assert "; executed alone: " in str(graph.get_check_spec(key).description)


def test_a_wrong_or_lost_grade_blocks_the_assets_downstream() -> None:
    graph = assets()
    blocking = {key.name for key in graph.asset_check_keys if graph.get_check_spec(key).blocking}
    assert blocking == BLOCKING


def test_every_asset_has_a_partition_per_game_date_from_the_start_to_today_and_backfills_in_one_run() -> None:
    graph = assets()
    for name in PARTITIONED + PERFORMANCE:
        node = graph.get(dg.AssetKey(name))
        partitions = node.partitions_def
        assert isinstance(partitions, dg.DailyPartitionsDefinition)
        assert partitions.timezone == "America/New_York"
        assert partitions.get_first_partition_key() == "2021-10-19"
        assert partitions.get_last_partition_key() == str(today())
        assert node.backfill_policy == dg.BackfillPolicy.single_run()


def test_the_first_partition_is_a_setting() -> None:
    graph = build_definitions(Settings(first_date=dt.date(2025, 10, 21))).resolve_asset_graph()
    partitions = graph.get(dg.AssetKey("player_prop_predictions")).partitions_def
    assert isinstance(partitions, dg.DailyPartitionsDefinition)
    assert partitions.get_first_partition_key() == "2025-10-21"


def test_the_columns_in_the_ui_are_the_declared_ones() -> None:
    metadata = assets().get(dg.AssetKey(PREDICTIONS.name)).metadata
    schema = metadata["dagster/column_schema"]
    columns = [(column.name, column.type, column.description) for column in schema.columns]
    assert columns == [(column.name, column.type, column.description) for column in PREDICTIONS.columns]


def test_the_page_of_an_asset_links_to_the_function_that_makes_it() -> None:
    graph = assets()
    for name in ASSETS:
        references = graph.get(dg.AssetKey(name)).metadata["dagster/code_references"]
        assert isinstance(references, dg.CodeReferencesMetadataValue)
        [place] = references.code_references
        assert isinstance(place, dg.LocalFileCodeReference)
        assert place.line_number
        lines = Path(place.file_path).read_text(encoding="utf-8").splitlines()[place.line_number - 1 :]
        function = next(line for line in lines if line.startswith("def "))
        assert function.split("(")[0].removeprefix("def ") in {name, *_SHARED_STEPS.get(name, ())}


def test_the_project_file_names_the_code_location_for_dagsters_project_tools() -> None:
    root = Path(__file__).parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["dg"]["project"]
    assert importlib.import_module(project["code_location_target_module"]).defs.resolve_asset_graph()
    assert project["code_location_name"] in (root / "workspace.yaml").read_text(encoding="utf-8")


def test_incident_09_loading_the_code_location_creates_no_file_and_needs_no_home(tmp_path: Path) -> None:
    code = "import nba_consolidation.definitions as d; assert d.defs is not None"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert list(tmp_path.iterdir()) == []
