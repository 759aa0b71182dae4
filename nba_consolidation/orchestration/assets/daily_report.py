"""The daily report: one HTML page about the results of the other assets."""

import dagster as dg

from nba_consolidation.orchestration.assets.common import GRAIN, INSIGHT, OWNERS, Kinds, dates_of
from nba_consolidation.orchestration.metadata import table_of
from nba_consolidation.pipeline.daily_report.page import page
from nba_consolidation.pipeline.daily_report.storage import file_name, save
from nba_consolidation.schema import (
    CALIBRATION_VERSIONS,
    CONFIDENCE_CALIBRATION,
    PLAYER_RELIABILITY,
    PUBLISHED,
    STRATEGY_PERFORMANCE,
    SYSTEM_PERFORMANCE,
)
from nba_consolidation.wiring import Deployment

REPORT = "daily_report"
_SHOWN = (
    *(PUBLISHED, SYSTEM_PERFORMANCE, CONFIDENCE_CALIBRATION),
    *(CALIBRATION_VERSIONS, PLAYER_RELIABILITY, STRATEGY_PERFORMANCE),
)


def report_asset(
    partitions: dg.PartitionsDefinition, single_run: dg.BackfillPolicy, kinds: Kinds
) -> dg.AssetsDefinition:
    """daily_report. Reads only, so it waits for no writer."""

    @dg.asset(
        name=REPORT,
        deps=[table.name for table in _SHOWN],
        partitions_def=partitions,
        backfill_policy=single_run,
        group_name=INSIGHT,
        kinds={kinds.warehouse, "html"},
        owners=OWNERS,
        tags={GRAIN: "game_date"},
        description="One HTML page of a game date: what was consolidated and graded, hit rates, calibration, players, "
        "strategies, leases, and the actions that people have to take. A run over many dates makes one page about all.",
    )
    def daily_report(
        context: dg.AssetExecutionContext, deployment: dg.ResourceParam[Deployment]
    ) -> dg.MaterializeResult[None]:
        dates = dates_of(context)
        made = deployment.reporter.report(dates[0], dates[-1], context.log.debug)
        html = page(made)
        place = save(html, deployment.settings.reports_place, file_name(made.first, made.last))
        actions = [
            {"urgency": action.urgency.name.lower(), "what": action.what, "to_do": action.to_do}
            for action in made.actions
        ]
        return dg.MaterializeResult(
            metadata={
                "report": dg.MetadataValue.path(place),
                "bytes": len(html.encode()),
                "actions_required": len(actions),
                "actions": table_of(actions),
            }
        )

    return daily_report
