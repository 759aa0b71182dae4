"""The partitions of every asset: game dates, as New York has them. Nothing else."""

from __future__ import annotations

import datetime as dt

import dagster as dg

from nba_consolidation.settings import GAME_TIME_ZONE


def game_dates(first: dt.date) -> dg.DailyPartitionsDefinition:
    """One partition per game date from the first one on; today's is there, since its games are predicted today."""
    return dg.DailyPartitionsDefinition(start_date=first.isoformat(), timezone=GAME_TIME_ZONE.key, end_offset=1)
