"""Reads the tables of reliability. Nothing is computed here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from operator import neg

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


def selected(
    rows: Sequence[Row],
    *,
    variance: str | None = None,
    biased: bool = False,
    min_bets: int = 0,
    sort: str | None = None,
) -> list[Row]:
    """The players of a date who meet all of the conditions. variance `high` includes `high_for_volume`.

    sort: one of PLAYER_ORDERS; by default bias or variance if one of them is asked for, else status.
    """
    flags = ("high", "high_for_volume") if variance == "high" else (variance,)
    kept = [
        row
        for row in rows
        if row["bets"] >= min_bets
        and (variance is None or row["variance_flag"] in flags)
        and (not biased or row["bias_flag"] not in ("normal", "not_enough"))
    ]
    key = _ORDERS[sort or ("bias" if biased else "variance" if variance else "status")]
    return sorted(kept, key=lambda row: (*key(row), *flagged_first(row)))


def _by(name: str, rank: Callable[[float], float]) -> Callable[[Row], tuple[float, ...]]:
    """Orders players by a figure; those without it come last."""
    return lambda row: (1.0, 0.0) if row[name] is None else (0.0, rank(row[name]))


_ORDERS: Mapping[str, Callable[[Row], tuple[float, ...]]] = {
    "status": lambda _: (),
    "margin": _by("margin", float),
    "hit-rate": _by("hit_rate", float),
    "bets": _by("bets", neg),
    "bias": _by("bias", lambda bias: -abs(bias)),
    "variance": _by("variance_ratio", neg),
}
"""Players in the order of concern: the lowest margin, the largest bias, the most variance for his volume first."""


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
