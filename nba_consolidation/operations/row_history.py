"""Why a row stands as it does: the staging table, batch, token and run of its values, and the versions that lost.

A read model over the lineage columns and `lost_versions`. Who wins is decided in the SQL of the transaction.
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
class Question:
    """Which business keys are to be explained; what is not given narrows nothing. `line` counts unless `every_line`."""

    game_date: dt.date
    player_lookup: str
    system_id: str | None = None
    game_id: str | None = None
    line: Decimal | None = None
    every_line: bool = True


@dataclass(frozen=True)
class LostVersion:
    """A version that does not stand: superseded, stale or replaced."""

    prediction_id: str
    created_at: dt.datetime
    staging_table: str | None
    outcome: str
    lost_at: dt.datetime
    lease_token: int
    run_id: str
    consolidation_id: str


@dataclass(frozen=True)
class Explanation:
    """One business key: the row that stands, where its values came from, and the versions that lost, oldest first.

    `prediction_id` and `created_at` are those of the version consolidated first, `version_*` those of the version
    whose values stand. Lineage is None where a predecessor wrote the row.
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


def explain(warehouse: Warehouse, question: Question) -> tuple[Explanation, ...]:
    """Every business key that the question means, by system, game and line."""
    found = warehouse.run([
        Statement("explained_rows", vars(question)),
        Statement("explained_losers", vars(question)),
    ])  # fmt: skip
    lost: dict[tuple[Any, ...], list[LostVersion]] = defaultdict(list)
    for row in found.rows["explained_losers"]:
        lost[_key(row)].append(LostVersion(**_without_key(row)))
    return tuple(Explanation(**row, lost=tuple(lost[_key(row)])) for row in found.rows["explained_rows"])


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in BUSINESS_KEY)


def _without_key(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in BUSINESS_KEY}
