"""The partitions of every asset, which are game dates in New York's time, and the dates in the tags of a run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import dagster as dg

from nba_consolidation.settings import GAME_TIME_ZONE, SettingsError

RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
_SINGLE = "dagster/partition"


def game_dates(first: dt.date) -> dg.DailyPartitionsDefinition:
    """One partition per game date from the first one to today, since today's games are predicted today."""
    return dg.DailyPartitionsDefinition(start_date=first.isoformat(), timezone=GAME_TIME_ZONE.key, end_offset=1)


def span_of_run(tags: Mapping[str, str]) -> tuple[dt.date, dt.date] | None:
    """The first and the last game date in the tags of a run; None for a run without game dates.

    Anybody can start a run with any tags. Invalid ones count as no game dates, so that a list of runs can be read.
    """
    single = tags.get(_SINGLE, "")
    try:
        first = dt.date.fromisoformat(tags.get(RANGE_START, single))
        last = dt.date.fromisoformat(tags.get(RANGE_END, single))
    except ValueError:
        return None
    return (first, last) if first <= last else None


def ensure_in_order(tags: Mapping[str, str]) -> None:
    """Raises SettingsError for a run whose range of partitions ends before it starts: Dagster takes it for no dates."""
    first, last = tags.get(RANGE_START, ""), tags.get(RANGE_END, "")
    if first > last:
        raise SettingsError(
            f"the run's range of partitions starts at {first!r} and ends before, at {last!r}; nothing was done. "
            "Start a run with the dates in order"
        )
