"""Box scores, which are loaded by others, and the predictions graded against them."""

from typing import TYPE_CHECKING

from nba_consolidation.orchestration.assets.asset_step import AssetResult, AssetRun, HeldBack, asset_step
from nba_consolidation.orchestration.assets.common import ACCURACY_GROUP, table_asset
from nba_consolidation.orchestration.automation_conditions import after_changes_of_present
from nba_consolidation.orchestration.checks.grading import GradingOutcome
from nba_consolidation.orchestration.metadata import Metadata, table_of, without
from nba_consolidation.schema import ACCURACY, BOX_SCORES, VALIDATED

if TYPE_CHECKING:
    from nba_consolidation.pipeline.grading.result import GradedDate, GradingReport

PLAYER_GAME_SUMMARY = table_asset(BOX_SCORES, ACCURACY_GROUP, "player_in_game")
"""An external table; `nba-consolidation box-scores` loads it on a laptop."""


@asset_step(
    table_asset(
        *(ACCURACY, ACCURACY_GROUP, "prediction", VALIDATED.name, BOX_SCORES.name),
        automation=after_changes_of_present(),
    )
)
def prediction_accuracy(run: AssetRun) -> AssetResult:
    """Grades the dates. A poisoned date fails the run, once the others are recorded."""
    report = run.deployment.grader.grade(run.dates, run.holder, run.log_step)
    return AssetResult(
        {ACCURACY.name: {date.game_date: _date_metadata(date, report) for date in report.dates}},
        outcome=GradingOutcome.of(report, run.deployment.warehouse.reader(), run.dates),
        held_back={date: HeldBack(str(error), True) for date, error in report.poisoned.items()},
        done="graded",
    )


def _date_metadata(date: "GradedDate", report: "GradingReport") -> Metadata:
    return {
        "dagster/partition_row_count": date.total_rows,
        **without(vars(date), "game_date", "total_rows"),
        "bets": date.bets,
        "transaction_ms": report.transaction_ms,
        "lease_wait_ms": report.lease_wait_ms,
        "lease_hold_ms": report.lease_hold_ms,
        "findings": table_of([finding for finding in report.findings if finding.game_date == date.game_date]),
        "box_score_problems": table_of([one for one in report.problems if one.game_date == date.game_date]),
        **report.cost,
    }
