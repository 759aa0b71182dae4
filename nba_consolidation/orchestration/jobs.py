"""The jobs: which assets run together, for the sensors and for people."""

from __future__ import annotations

import dagster as dg

from nba_consolidation.orchestration.assets import STAGING
from nba_consolidation.orchestration.assets.daily_report import REPORT
from nba_consolidation.orchestration.assets.publication import PUBLISH, UPCOMING
from nba_consolidation.orchestration.checks.run_checks import DAILY_QUALITY
from nba_consolidation.orchestration.repair_jobs import repair_accuracy, repair_predictions
from nba_consolidation.schema import (
    ACCURACY,
    CALIBRATION_EVENTS,
    CALIBRATION_VERSIONS,
    CLEANUPS,
    CONFIDENCE_CALIBRATION,
    PLAYER_RELIABILITY,
    PREDICTIONS,
    PUBLISHED,
    STRATEGY_PERFORMANCE,
    SYSTEM_PERFORMANCE,
    VALIDATED,
)

_PUBLISHED = dg.AssetSelection.assets(PUBLISHED.name) - dg.AssetSelection.checks_for_assets(PUBLISHED.name)
_PUBLISH_UPCOMING = {PUBLISH: UPCOMING}
"""Jobs that change a calibration or a player's status publish the upcoming game dates, not their partitions."""

CONSOLIDATED = (STAGING, PREDICTIONS.name, VALIDATED.name, PUBLISHED.name)
GRADED = (ACCURACY.name, SYSTEM_PERFORMANCE.name, CONFIDENCE_CALIBRATION.name, STRATEGY_PERFORMANCE.name)
"""The assets of the jobs that sensors request."""

consolidate_job = dg.define_asset_job(
    "consolidate",
    selection=dg.AssetSelection.assets(*CONSOLIDATED),
    description="Consolidates the staged predictions of the date, checks, validates and publishes them.",
)

grade_job = dg.define_asset_job(
    "grade",
    selection=dg.AssetSelection.assets(*GRADED),
    description="Grades the validated predictions against box scores and checks them; then analyses systems and "
    "strategies.",
)

recalibrate_job = dg.define_asset_job(
    "recalibrate",
    selection=dg.AssetSelection.assets(CALIBRATION_VERSIONS.name, CALIBRATION_EVENTS.name) | _PUBLISHED,
    tags=_PUBLISH_UPCOMING,
    description="Compares confidences with the results before the date, recalibrates a system if that is better, "
    "and publishes the upcoming game dates.",
)

decide_calibration_job = dg.define_asset_job(
    "decide_calibration",
    selection=dg.AssetSelection.assets(CALIBRATION_EVENTS.name) | _PUBLISHED,
    tags=_PUBLISH_UPCOMING,
    description="Lists the calibrations that wait. With a version and an author in its config it approves, rejects or "
    "rolls back one, and publishes the upcoming game dates.",
)

reliability_job = dg.define_asset_job(
    "reliability",
    selection=dg.AssetSelection.assets(PLAYER_RELIABILITY.name) | _PUBLISHED,
    tags=_PUBLISH_UPCOMING,
    description="Reviews the players for the date, from the games before it, and publishes the upcoming game dates.",
)

report_job = dg.define_asset_job(
    "report",
    selection=dg.AssetSelection.assets(REPORT),
    description="Writes one page about a game date, or about many: the results, and what requires attention.",
)

clean_up_job = dg.define_asset_job(
    "clean_up",
    selection=dg.AssetSelection.assets(CLEANUPS.name),
    description="Lists old staging tables; with `dry_run` off, drops the consolidated ones.",
)

quality_job = dg.define_asset_job(
    "quality",
    selection=dg.AssetSelection.assets(DAILY_QUALITY),
    description="Checks the daily quality of a game date.",
)

JOBS = (
    consolidate_job,
    grade_job,
    recalibrate_job,
    decide_calibration_job,
    reliability_job,
    report_job,
    repair_predictions,
    repair_accuracy,
    clean_up_job,
    quality_job,
)
