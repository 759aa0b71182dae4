"""Box scores, which are loaded by others, and the predictions graded against them."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from nba_consolidation.orchestration.assets.asset_step import AssetResult, AssetRun, asset_step
from nba_consolidation.orchestration.assets.common import ACCURACY_GROUP, table_asset
from nba_consolidation.orchestration.automation_conditions import after_changes_of_present
from nba_consolidation.orchestration.metadata import Metadata, table_of, without
from nba_consolidation.pipeline.grading.result import SIMILAR_NAME, GradedDate, GradingFinding, GradingReport
from nba_consolidation.schema import ACCURACY, BOX_SCORES, VALIDATED

PLAYER_GAME_SUMMARY = table_asset(BOX_SCORES, ACCURACY_GROUP, "player_in_game")
"""An external table; `nba-consolidation box-scores` loads it on a laptop."""


def _committed(run: AssetRun) -> AssetResult:
    """The last recorded grading of each date, and the names that wait for a decision."""
    from nba_consolidation.pipeline.grading.aliases import unsettled_names

    gradings = {date: one for date, one in run.recorded(ACCURACY.name).items() if "active" in one}  # not repairs
    dates = tuple(_graded_date(date, metadata) for date, metadata in sorted(gradings.items()))
    names = tuple(
        GradingFinding(row["game_date"], SIMILAR_NAME, row["game_id"], row["player_lookup"], row["predictions"],
                       row["box_score_player"])
        for row in unsettled_names(run.deployment.warehouse)
    )  # fmt: skip
    return AssetResult(outcome=GradingReport("", dates, names))


@asset_step(
    table_asset(
        *(ACCURACY, ACCURACY_GROUP, "prediction", VALIDATED.name, BOX_SCORES.name),
        automation=after_changes_of_present(),
    ),
    examine=_committed,
)
def prediction_accuracy(run: AssetRun) -> AssetResult:
    """Grades the dates. A poisoned date fails the run, once the others are recorded."""
    report = run.deployment.grader.grade(run.dates, run.holder, run.log_step)
    metadata = {date.game_date: _date_metadata(date, report) for date in report.dates}
    return AssetResult({ACCURACY.name: metadata}, outcome=report, poisoned=report.poisoned, done="graded")


def _graded_date(date: dt.date, metadata: Mapping[str, Any]) -> GradedDate:
    """The counts that `_date_metadata` recorded."""
    counts = {one.name: metadata[one.name] for one in fields(GradedDate) if one.name in metadata}
    return GradedDate(**counts, game_date=date, total_rows=metadata["dagster/partition_row_count"])


def _date_metadata(date: GradedDate, report: GradingReport) -> Metadata:
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
