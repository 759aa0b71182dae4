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
from nba_consolidation.operations.daily_quality.daily_checks import CHECKS as DAILY_CHECKS
from nba_consolidation.schema import ACCURACY, PREDICTIONS
from nba_consolidation.settings import Settings, today

PERFORMANCE = ["confidence_calibration", "system_performance"]
PARTITIONED = [
    "confidence_recalibration",
    "confidence_recalibration_events",
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
DAILY = {
    table: sorted(f"daily_{check.name}" for check in DAILY_CHECKS if check.table == table)
    for table in (PREDICTIONS.name, ACCURACY.name)
}
CHECKS = {
    "confidence_calibration": ["calibration_error"],
    "confidence_recalibration": [
        "audit_duplicate_calibrations",
        "calibrations_rolled_back",
        "calibrations_waiting",
    ],
    "system_performance": ["losing_systems"],
    "player_reliability": ["few_blacklisted", "policy_holds"],
    "strategy_performance": ["losing_picks", "misleading_thresholds"],
    "player_prop_predictions": [
        "active_twins",
        "audit_active_twins",
        "audit_duplicate_business_keys",
        "audit_players_in_two_games",
        "audit_players_under_two_names",
        "conservation",
        "consolidation_duration",
        *DAILY[PREDICTIONS.name],
        "duplicate_business_keys",
        "lease_overhead",
        "quarantined_rows",
        "refused_tables",
    ],
    "prediction_accuracy": [
        "accuracy_out_of_scale",
        "audit_accuracy_out_of_scale",
        "audit_duplicate_accuracy_keys",
        "audit_inconsistent_errors",
        "audit_several_lines",
        *DAILY[ACCURACY.name],
        "duplicate_accuracy_keys",
        "grading_conservation",
        "inconsistent_errors",
        "missing_box_scores",
        "several_lines",
        "similar_names",
        "ungraded",
    ],
    "published_predictions": ["audit_not_published_once", "audit_outdated_calibrations"],
    "validated_predictions": ["audit_duplicate_validated_predictions", "audit_withheld_by_group"],
}
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
