"""Reads the tables of reliability. Nothing is computed here."""

from __future__ import annotations

import datetime as dt

from nba_consolidation.schema import POLICY_REVIEWS
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.interface import Row, Warehouse
from nba_consolidation.warehouse.table_reads import table_rows


def players(
    warehouse: Warehouse, first: dt.date, last: dt.date, *, status: str | None = None, player: str | None = None
) -> list[Row]:
    """Rows of player_reliability, flagged players first; None selects every status or player."""
    parameters = {"first_date": first, "last_date": last, "status": status, "player": player}
    return warehouse.query(Statement("reliability_figures", parameters))


def policies(warehouse: Warehouse, first: dt.date, last: dt.date) -> list[Row]:
    """Rows of policy_reviews, the policy in use first."""
    rows = table_rows(warehouse, POLICY_REVIEWS, first, last)
    return sorted(rows, key=lambda row: (row["game_date"], not row["acting"]))


def overrides(warehouse: Warehouse) -> list[Row]:
    """All overrides, in the order in which they were made."""
    return warehouse.query(Statement("overrides_in_order", {}))
