"""The partitions of every asset: game dates, as New York has them, and the tags that say which a run is of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import dagster as dg

from nba_consolidation.settings import GAME_TIME_ZONE

RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
_SINGLE = "dagster/partition"


def game_dates(first: dt.date) -> dg.DailyPartitionsDefinition:
    """One partition per game date from the first one on; today's is there, since its games are predicted today."""
    return dg.DailyPartitionsDefinition(start_date=first.isoformat(), timezone=GAME_TIME_ZONE.key, end_offset=1)


def span_of_run(tags: Mapping[str, str]) -> tuple[dt.date, dt.date] | None:
    """The first and the last game date of a run, by its tags; none where it is not about game dates."""
    if RANGE_START in tags:
        return dt.date.fromisoformat(tags[RANGE_START]), dt.date.fromisoformat(tags[RANGE_END])
    if _SINGLE in tags:
        return (dt.date.fromisoformat(tags[_SINGLE]),) * 2
    return None
