"""The jobs: which assets run together. Nothing is decided about when."""

from __future__ import annotations

import dagster as dg

from nba_consolidation.assets import STAGING
from nba_consolidation.tables import (
    ACCURACY,
    CLEANUPS,
    CONFIDENCE_CALIBRATION,
    PLAYER_RELIABILITY,
    PREDICTIONS,
    SYSTEM_PERFORMANCE,
    VALIDATED,
)

consolidate_job = dg.define_asset_job(
    "consolidate",
    selection=dg.AssetSelection.assets(STAGING, PREDICTIONS.name, VALIDATED.name),
    description="What waits for the date is consolidated, checked and validated.",
)

grade_job = dg.define_asset_job(
    "grade",
    selection=dg.AssetSelection.assets(ACCURACY.name, SYSTEM_PERFORMANCE.name, CONFIDENCE_CALIBRATION.name),
    description="What consumers read is graded against box scores and checked; then how good each system is.",
)

reliability_job = dg.define_asset_job(
    "reliability",
    selection=dg.AssetSelection.assets(PLAYER_RELIABILITY.name),
    description="Players are reviewed for the date, from the games before it; what consumers read of it follows.",
)

clean_up_job = dg.define_asset_job(
    "clean_up",
    selection=dg.AssetSelection.assets(CLEANUPS.name),
    description="Old staging tables: shows what they are; drops those that are consolidated once `dry_run` is off.",
)
