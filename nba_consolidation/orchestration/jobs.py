"""The jobs: which assets run together. Nothing is decided about when."""

from __future__ import annotations

import dagster as dg

from nba_consolidation.orchestration.assets import STAGING
from nba_consolidation.orchestration.assets.daily_report import REPORT
from nba_consolidation.orchestration.checks.daily_quality import daily_keys
from nba_consolidation.schema import (
    ACCURACY,
    CALIBRATION_EVENTS,
    CALIBRATION_VERSIONS,
    CLEANUPS,
    CONFIDENCE_CALIBRATION,
    PLAYER_RELIABILITY,
    PREDICTIONS,
    REMOVED,
    STRATEGY_PERFORMANCE,
    SYSTEM_PERFORMANCE,
    VALIDATED,
)

DAILY_QUALITY = dg.AssetSelection.checks(*daily_keys())
"""What looks at a whole date, and is no part of a run that writes."""

consolidate_job = dg.define_asset_job(
    "consolidate",
    selection=dg.AssetSelection.assets(STAGING, PREDICTIONS.name, VALIDATED.name) - DAILY_QUALITY,
    description="What waits for the date is consolidated, checked and validated.",
)

grade_job = dg.define_asset_job(
    "grade",
    selection=dg.AssetSelection.assets(
        ACCURACY.name, SYSTEM_PERFORMANCE.name, CONFIDENCE_CALIBRATION.name, STRATEGY_PERFORMANCE.name
    )
    - DAILY_QUALITY,
    description="What consumers read is graded against box scores and checked; then how good each system and strategy "
    "is.",
)

recalibrate_job = dg.define_asset_job(
    "recalibrate",
    selection=dg.AssetSelection.assets(CALIBRATION_VERSIONS.name),
    description="Confidences held against what came, before the date; a new calibration where one is better.",
)

decide_calibration_job = dg.define_asset_job(
    "decide_calibration",
    selection=dg.AssetSelection.assets(CALIBRATION_EVENTS.name),
    description="Shows the calibrations that wait; with a version and an author, approves, rejects or takes one back.",
)

reliability_job = dg.define_asset_job(
    "reliability",
    selection=dg.AssetSelection.assets(PLAYER_RELIABILITY.name),
    description="Players are reviewed for the date, from the games before it; what consumers read of it follows.",
)

report_job = dg.define_asset_job(
    "report",
    selection=dg.AssetSelection.assets(REPORT),
    description="The page of a game date, or one page of many: what came of it, and what needs a person.",
)

clean_up_job = dg.define_asset_job(
    "clean_up",
    selection=dg.AssetSelection.assets(CLEANUPS.name),
    description="Old staging tables: shows what they are; drops those that are consolidated once `dry_run` is off.",
)

repair_job = dg.define_asset_job(
    "repair",
    selection=dg.AssetSelection.assets(REMOVED.name),
    description="What unfenced graders left doubled or in percent: shows it; repairs it once `dry_run` is off.",
)

quality_job = dg.define_asset_job(
    "quality",
    selection=DAILY_QUALITY,
    description="The daily quality of a game date: of yesterday, unless the config names another one.",
)

JOBS = (
    consolidate_job,
    grade_job,
    recalibrate_job,
    decide_calibration_job,
    reliability_job,
    report_job,
    repair_job,
    clean_up_job,
    quality_job,
)
