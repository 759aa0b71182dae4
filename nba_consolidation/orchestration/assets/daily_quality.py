"""The daily quality of a finished game date: an asset of its own, so that no other run plans its checks."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.operations.daily_quality.results import CheckStatus
from nba_consolidation.orchestration.assets.asset_step import AssetResult, AssetRun, asset_step
from nba_consolidation.orchestration.assets.common import ANALYSIS_GROUP, AssetDeclaration
from nba_consolidation.orchestration.automation_conditions import finished_date_after_changes
from nba_consolidation.orchestration.checks.daily_quality import QualityOutcome, quality_metadata
from nba_consolidation.orchestration.checks.run_checks import DAILY_QUALITY
from nba_consolidation.schema import ACCURACY, BOX_SCORES, PREDICTIONS, VALIDATED
from nba_consolidation.settings import today

if TYPE_CHECKING:
    from nba_consolidation.operations.daily_quality.results import QualityReport


def _of_yesterday(run: AssetRun) -> AssetResult:
    return _examined(run, [today() - dt.timedelta(1)])


@asset_step(
    AssetDeclaration(
        DAILY_QUALITY,
        "The checks of a game date on what the stores hold now: tables, staging area and leases. Thresholds are "
        "settings.",
        ANALYSIS_GROUP,
        "game_date",
        (PREDICTIONS.name, VALIDATED.name, ACCURACY.name, BOX_SCORES.name),
        automation=finished_date_after_changes(PREDICTIONS.name, VALIDATED.name, BOX_SCORES.name),
    ),
    writes=False,
    examine=_of_yesterday,
)
def daily_quality(run: AssetRun) -> AssetResult:
    """Examines each date. Reads only, so it waits for no writer."""
    return _examined(replace(run, deployment=run.deployment.to_read()), run.dates)


def _examined(run: AssetRun, dates: Sequence[dt.date]) -> AssetResult:
    reports = [run.deployment.quality.examine(date) for date in dates]
    metadata = {report.game_date: quality_metadata(report) for report in reports}
    errors = {report.game_date: _error(report) for report in reports if report.status is CheckStatus.ERRORED}
    return AssetResult({DAILY_QUALITY: metadata}, outcome=QualityOutcome(reports), poisoned=errors, done="examined")


def _error(report: "QualityReport") -> ConsolidationError:
    """A check that could not run has no result, and fails the run (incident 48)."""
    errored = [f"{one.name} {one.message}" for one in report.results if one.status is CheckStatus.ERRORED]
    return ConsolidationError("; ".join(errored))
