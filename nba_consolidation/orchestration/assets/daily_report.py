"""The daily report: one HTML page about the results of the other assets."""

import dagster as dg

from nba_consolidation.orchestration.assets.asset_step import AssetResult, AssetRun, asset_step
from nba_consolidation.orchestration.assets.common import ANALYSIS_GROUP, AssetDeclaration
from nba_consolidation.orchestration.automation_conditions import after_changes
from nba_consolidation.orchestration.metadata import table_of
from nba_consolidation.schema import (
    CALIBRATION_VERSIONS,
    CONFIDENCE_CALIBRATION,
    PLAYER_RELIABILITY,
    PUBLISHED,
    STRATEGY_PERFORMANCE,
    SYSTEM_PERFORMANCE,
)

REPORT = "daily_report"
_TABLES = (
    *(PUBLISHED, SYSTEM_PERFORMANCE, CONFIDENCE_CALIBRATION),
    *(CALIBRATION_VERSIONS, PLAYER_RELIABILITY, STRATEGY_PERFORMANCE),
)


@asset_step(
    AssetDeclaration(
        REPORT,
        "One HTML page of a game date: what was consolidated and graded, hit rates, calibration, players, strategies, "
        "leases, and the actions required. A run over many dates makes one page about all.",
        ANALYSIS_GROUP,
        "game_date",
        tuple(table.name for table in _TABLES),
        ("warehouse", "html"),
        automation=after_changes(CALIBRATION_VERSIONS.name, PLAYER_RELIABILITY.name),
    ),
    writes=False,
)
def daily_report(run: AssetRun) -> AssetResult:
    """Saves the page. Reads tables only, so it waits for no writer."""
    from nba_consolidation.operations.alerts.grouping import run_address
    from nba_consolidation.pipeline.daily_report.page import page
    from nba_consolidation.pipeline.daily_report.storage import file_name, save

    report = run.deployment.to_read().reporter.report(run.first, run.last, run.log_step)
    settings, run_id = run.deployment.settings, run.context.run.run_id
    html = page(report, run_id, run_address(settings.webserver_url, run_id))
    place = save(html, settings.reports_place, file_name(report.first, report.last))
    actions = [
        {"urgency": action.urgency.name.lower(), "what": action.what, "to_do": action.to_do}
        for action in report.actions
    ]
    metadata = {
        "report": dg.MetadataValue.path(place),
        "bytes": len(html.encode()),
        "actions_required": len(actions),
        "actions": table_of(actions),
        "unread_sections": ", ".join(report.unread) or "none",
    }
    return AssetResult({REPORT: dict.fromkeys(run.dates, metadata)})
