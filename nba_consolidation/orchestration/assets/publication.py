"""The asset that consumers read, and the tag of the runs that publish the upcoming game dates."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nba_consolidation.orchestration.assets.asset_step import AssetResult, AssetRun, asset_step
from nba_consolidation.orchestration.assets.common import table_asset
from nba_consolidation.orchestration.assets.consolidation import PREDICTIONS_GROUP
from nba_consolidation.orchestration.automation_conditions import today_after_changes
from nba_consolidation.orchestration.metadata import Metadata, without
from nba_consolidation.schema import CALIBRATION_EVENTS, CALIBRATION_VERSIONS, PLAYER_RELIABILITY, PUBLISHED, VALIDATED
from nba_consolidation.settings import today

if TYPE_CHECKING:
    from nba_consolidation.pipeline.publication.publish import PublishedDate

IN_FORCE = (CALIBRATION_VERSIONS.name, CALIBRATION_EVENTS.name, PLAYER_RELIABILITY.name)
"""The assets that decide with which calibration and filters a date is published."""

PUBLISH, UPCOMING = "nba_consolidation/publish", "upcoming_game_dates"
"""The tag of a run that publishes the upcoming game dates, and not those of its partitions.

Every run that changes a calibration or a player's status has it: past dates keep what was published.
"""


@asset_step(
    table_asset(
        *(PUBLISHED, PREDICTIONS_GROUP, "prediction", VALIDATED.name, *IN_FORCE),
        automation=today_after_changes(VALIDATED.name),  # a consolidation publishes its dates itself
    )
)
def published_predictions(run: AssetRun) -> AssetResult:
    """Publishes the dates of the run, or the upcoming game dates. Of these only today is recorded.

    Then publishes the dates that another run had validated, but not published before it died.
    """
    from nba_consolidation.operations.unfinished_dates import complete_others

    publisher = run.deployment.publisher
    if run.context.run.tags.get(PUBLISH) == UPCOMING:
        by_date = _metadata_by_date(publisher.publish_upcoming(run.holder))
        return AssetResult({PUBLISHED.name: {date: by_date[date] for date in by_date if date <= today()}})
    by_date = _metadata_by_date(publisher.publish(run.dates, run.holder))
    completed = complete_others(publisher.writer, run.holder, run.partitions, publisher=publisher)
    others = {date: one for date, one in _metadata_by_date(completed.published).items() if date <= today()}
    return AssetResult({PUBLISHED.name: {date: by_date.get(date, {}) for date in run.dates} | others})


def _metadata_by_date(published: "Sequence[PublishedDate]") -> dict[dt.date, Metadata]:
    """The published rows of each date."""
    return {
        date.game_date: {
            "dagster/partition_row_count": date.published_rows,
            **without(vars(date), "game_date", "published_rows"),
        }
        for date in published
    }
