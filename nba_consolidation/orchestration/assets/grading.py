"""Box scores, which are somebody else's, and the predictions graded against them."""

from collections.abc import Iterator

import dagster as dg

from nba_consolidation.fencing.errors import DatesPoisoned
from nba_consolidation.leases import Holder
from nba_consolidation.orchestration.assets.common import GRAIN, OWNERS, WRITERS, Kinds, dates_of, failure, record
from nba_consolidation.orchestration.checks import grading as checks
from nba_consolidation.orchestration.metadata import Metadata, column_schema, table_of, without
from nba_consolidation.pipeline.grading.result import GradedDate, GradingReport
from nba_consolidation.schema import ACCURACY, BOX_SCORES, VALIDATED
from nba_consolidation.wiring import Deployment

_GROUP = "accuracy"


def box_scores(partitions: dg.PartitionsDefinition, kinds: Kinds) -> dg.AssetSpec:
    """Box scores: an external table. `nba-consolidation box-scores` loads it on a laptop."""
    return dg.AssetSpec(
        BOX_SCORES.name,
        partitions_def=partitions,
        group_name=_GROUP,
        kinds={kinds.warehouse},
        owners=OWNERS,
        tags={GRAIN: "player_in_game"},
        description=BOX_SCORES.description,
        metadata={"dagster/column_schema": column_schema(BOX_SCORES)},
    )


def grading_asset(
    partitions: dg.PartitionsDefinition, single_run: dg.BackfillPolicy, kinds: Kinds
) -> dg.AssetsDefinition:
    """prediction_accuracy."""

    @dg.asset(
        name=ACCURACY.name,
        deps=[VALIDATED.name, BOX_SCORES.name],
        partitions_def=partitions,
        backfill_policy=single_run,
        group_name=_GROUP,
        pool=WRITERS,
        kinds={kinds.warehouse},
        owners=OWNERS,
        tags={GRAIN: "prediction"},
        description=ACCURACY.description,
        metadata={"dagster/column_schema": column_schema(ACCURACY)},
        check_specs=checks.specs_of_a_grading(ACCURACY.name),
    )
    def prediction_accuracy(
        context: dg.AssetExecutionContext, deployment: dg.ResourceParam[Deployment]
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        dates = dates_of(context)
        report = deployment.grader.grade(dates, Holder.here(context.run.run_id), context.log.debug)
        by_date = {date.game_date: _date_metadata(date, report) for date in report.dates}
        record(context, ACCURACY.name, by_date, run_will_fail=bool(report.poisoned))
        yield from checks.of_a_grading(report, deployment.warehouse, dates)
        if report.poisoned:
            raise failure(DatesPoisoned(report.poisoned, "graded"))
        yield dg.MaterializeResult()

    return prediction_accuracy


def _date_metadata(date: GradedDate, report: GradingReport) -> Metadata:
    return {
        "dagster/partition_row_count": date.total_rows,
        **without(vars(date), "game_date", "total_rows"),
        "bets": date.bets,
        "transaction_ms": report.transaction_ms,
        "lease_wait_ms": report.lease_wait_ms,
        "lease_hold_ms": report.lease_hold_ms,
        "findings": table_of([found for found in report.findings if found.game_date == date.game_date]),
        "box_score_problems": table_of([found for found in report.problems if found.game_date == date.game_date]),
        **report.cost,
    }
