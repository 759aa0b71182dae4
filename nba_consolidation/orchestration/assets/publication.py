"""How a publication is recorded, and which runs publish the upcoming game dates."""

import datetime as dt
from collections.abc import Iterator, Sequence

import dagster as dg

from nba_consolidation.orchestration.metadata import Metadata, without
from nba_consolidation.pipeline.publication.publish import PublishedDate
from nba_consolidation.schema import CALIBRATION_EVENTS, CALIBRATION_VERSIONS, PLAYER_RELIABILITY, PUBLISHED
from nba_consolidation.settings import today

IN_FORCE = (CALIBRATION_VERSIONS.name, CALIBRATION_EVENTS.name, PLAYER_RELIABILITY.name)
"""The assets that decide with which calibration and filters a date is published."""

PUBLISH, UPCOMING = "nba_consolidation/publish", "upcoming_game_dates"
"""The tag of a run that publishes the upcoming game dates, and not those of its partitions.

Whatever changes a calibration or a player's status has it: past dates keep what was published.
"""


def metadata_by_date(published: Sequence[PublishedDate]) -> dict[dt.date, Metadata]:
    """What consumers read of each date, in rows."""
    return {
        date.game_date: {
            "dagster/partition_row_count": date.published_rows,
            **without(vars(date), "game_date", "published_rows"),
        }
        for date in published
    }


def of_upcoming_dates(published: Sequence[PublishedDate]) -> Iterator[dg.AssetMaterialization]:
    """An event for each date that has a partition already, which is today's; later dates get theirs in time."""
    for date, metadata in metadata_by_date(published).items():
        if date <= today():
            yield dg.AssetMaterialization(PUBLISHED.name, partition=str(date), metadata=metadata)
