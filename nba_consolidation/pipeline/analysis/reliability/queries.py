"""Reads the tables of reliability. Nothing is computed here."""

from __future__ import annotations

import datetime as dt

from nba_consolidation.schema import PLAYER_RELIABILITY, PLAYER_STATUSES, POLICY_REVIEWS
from nba_consolidation.schema.canonical_keys import player_key
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.interface import Row, Warehouse
from nba_consolidation.warehouse.table_reads import table_rows


def players(
    warehouse: Warehouse, first: dt.date, last: dt.date, *, status: str | None = None, player: str | None = None
) -> list[Row]:
    """Rows of player_reliability by date, flagged players first; None selects every status or player."""
    lookup = player and player_key(player)
    rows = table_rows(warehouse, PLAYER_RELIABILITY, first, last, status=status, player_lookup=lookup)
    return sorted(rows, key=lambda row: (row["game_date"], *flagged_first(row)))


def flagged_first(row: Row) -> tuple[int, float, float, str]:
    """The order of the players of a date: by status, then the lowest margins, by how likely chance is."""
    unknown = 2.0
    worse = (unknown if row[name] is None else row[name] for name in ("worse_q", "worse_p"))
    return (PLAYER_STATUSES.index(row["status"]), *worse, row["player_lookup"])


def policies(warehouse: Warehouse, first: dt.date, last: dt.date) -> list[Row]:
    """Rows of policy_reviews, the policy in use first."""
    rows = table_rows(warehouse, POLICY_REVIEWS, first, last)
    return sorted(rows, key=lambda row: (row["game_date"], not row["acting"]))


def overrides(warehouse: Warehouse) -> list[Row]:
    """All overrides, in the order in which they were made."""
    return warehouse.query(Statement("overrides_in_order", {}))
