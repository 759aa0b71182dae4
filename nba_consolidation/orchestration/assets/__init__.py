"""The asset graph, one partition per game date. Checks of a run's own result are emitted where the result is.

Each module has the assets of one group; `checks` has what each check means, and the audits that need no run.
"""

import warnings

import dagster as dg

from nba_consolidation.orchestration.assets.common import KINDS, WRITERS
from nba_consolidation.orchestration.assets.consolidation import STAGING, prediction_assets
from nba_consolidation.orchestration.assets.daily_report import report_asset
from nba_consolidation.orchestration.assets.grading import box_scores, grading_asset
from nba_consolidation.orchestration.assets.operations import operation_assets
from nba_consolidation.orchestration.assets.performance import performance_assets
from nba_consolidation.orchestration.assets.recalibration import recalibration_assets
from nba_consolidation.orchestration.assets.reliability import reliability_asset
from nba_consolidation.orchestration.assets.strategies import betting_asset
from nba_consolidation.orchestration.partitions import game_dates
from nba_consolidation.settings import Settings

__all__ = ["STAGING", "WRITERS", "build_assets"]


def build_assets(settings: Settings) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """All assets; those of game dates from the first one on. A backfill of any range is a single run."""
    with warnings.catch_warnings():
        # Dagster calls `backfill_policy` beta, at every load of the code location; it is what makes a range one run.
        warnings.simplefilter("ignore", dg.BetaWarning)
        partitions, kinds = game_dates(settings.first_date), KINDS[settings.deployment]
        common = (partitions, dg.BackfillPolicy.single_run(), kinds)
        return [
            *prediction_assets(*common),
            box_scores(partitions, kinds),
            grading_asset(*common),
            *performance_assets(*common),
            *recalibration_assets(*common),
            reliability_asset(*common),
            betting_asset(*common),
            report_asset(*common),
            *operation_assets(kinds),
        ]
