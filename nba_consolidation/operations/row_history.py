"""History of a consolidated row: staging table, batch, token and run of its values, and the versions that lost.

Reads the lineage columns and `lost_versions`. Which version wins is decided by the consolidation.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from nba_consolidation.schema import BUSINESS_KEY
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.interface import Row, Warehouse


@dataclass(frozen=True)
class RowQuery:
    """Which business keys to explain. None matches everything; `line` is ignored if `every_line`."""

    game_date: dt.date
    player_lookup: str
    system_id: str | None = None
    game_id: str | None = None
    line: Decimal | None = None
    every_line: bool = True


@dataclass(frozen=True)
class LostVersion:
    """A version whose values are not in the table: superseded, stale or replaced."""

    prediction_id: str
    created_at: dt.datetime
    staging_table: str | None
    outcome: str
    lost_at: dt.datetime
    lease_token: int
    run_id: str
    consolidation_id: str


@dataclass(frozen=True)
class RowHistory:
    """One business key: the committed row, the source of its values, and the versions that lost, oldest first.

    `prediction_id` and `created_at` are of the first consolidated version, `version_*` of the version whose values
    the row has. Lineage is None if a predecessor wrote the row.
    """

    game_date: dt.date
    game_id: str
    player_lookup: str
    system_id: str
    current_points_line: Decimal | None
    prediction_id: str
    prediction_version: int | None
    predicted_points: Decimal
    recommendation: str
    is_active: bool | None
    superseded_by: str | None
    invalidated_at: dt.datetime | None
    invalidation_reason: str | None
    created_at: dt.datetime
    updated_at: dt.datetime | None
    version_prediction_id: str | None
    version_created_at: dt.datetime | None
    staging_table: str | None
    batch_id: str | None
    lease_token: int | None
    run_id: str | None
    consolidation_id: str | None
    lost: tuple[LostVersion, ...] = ()


def explain(warehouse: Warehouse, query: RowQuery) -> tuple[RowHistory, ...]:
    """Returns the history of every matching business key, ordered by system, game and line."""
    result = warehouse.run([
        Statement("explained_rows", vars(query)),
        Statement("explained_losers", vars(query)),
    ])  # fmt: skip
    lost: dict[tuple[Any, ...], list[LostVersion]] = defaultdict(list)
    for row in result.rows["explained_losers"]:
        lost[_key(row)].append(LostVersion(**_without_key(row)))
    return tuple(RowHistory(**row, lost=tuple(lost[_key(row)])) for row in result.rows["explained_rows"])


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in BUSINESS_KEY)


def _without_key(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in BUSINESS_KEY}
