"""The asset graph, one partition per game date. Each module has the assets of one step of the data flow."""

import warnings

import dagster as dg

from nba_consolidation.orchestration.assets.common import KINDS, WRITERS
from nba_consolidation.orchestration.assets.consolidation import (
    STAGING,
    player_prop_predictions,
    staging_predictions,
    validated_predictions,
)
from nba_consolidation.orchestration.assets.daily_quality import daily_quality
from nba_consolidation.orchestration.assets.daily_report import daily_report
from nba_consolidation.orchestration.assets.grading import PLAYER_GAME_SUMMARY, prediction_accuracy
from nba_consolidation.orchestration.assets.performance import performance
from nba_consolidation.orchestration.assets.publication import published_predictions
from nba_consolidation.orchestration.assets.recalibration import recalibration
from nba_consolidation.orchestration.assets.reliability import player_reliability
from nba_consolidation.orchestration.assets.staging_cleanups import cleanup_asset
from nba_consolidation.orchestration.assets.strategies import strategy_performance
from nba_consolidation.orchestration.partitions import game_dates
from nba_consolidation.settings import Settings

__all__ = ["STAGING", "WRITERS", "build_assets"]

STEPS = (
    staging_predictions,
    player_prop_predictions,
    validated_predictions,
    published_predictions,
    prediction_accuracy,
    performance,
    recalibration,
    player_reliability,
    strategy_performance,
    daily_report,
    daily_quality,
)


def build_assets(settings: Settings) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """All assets; those of game dates from the first date of the settings on."""
    with warnings.catch_warnings():
        # Dagster calls `backfill_policy` beta at every load of the code location; it makes a range one run.
        warnings.simplefilter("ignore", dg.BetaWarning)
        partitions, kinds = game_dates(settings.first_date), KINDS[settings.deployment]
        box_scores = PLAYER_GAME_SUMMARY.spec(kinds, partitions_def=partitions)
        return [*(step.definition(partitions, kinds) for step in STEPS), box_scores, cleanup_asset(kinds)]
