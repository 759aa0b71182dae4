"""Builds staged rows, and statements whose text is in a test instead of a file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from nba_consolidation.schema import PREDICTIONS
from nba_consolidation.sql import Statement, rendering
from nba_consolidation.warehouse.arrow_types import arrow_type
from nba_consolidation.warehouse.staging.interface import KnownDates

DATE = dt.date(2026, 1, 15)
NEXT_DATE = dt.date(2026, 1, 16)
NOON = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
KNOWN = KnownDates(dt.date(2025, 10, 1), dt.date(2026, 6, 30))
A = "_staging_20260115_120000_a"
B = "_staging_20260115_120000_b"


def row(**changes: Any) -> dict[str, Any]:
    """A sound row with some changes."""
    return {
        "prediction_id": "p1",
        "system_id": "xgboost_v1",
        "player_lookup": "lebronjames",
        "game_date": DATE,
        "game_id": "20260115_LAL_BOS",
        "predicted_points": Decimal("24.5"),
        "confidence_score": Decimal("0.75"),
        "recommendation": "OVER",
        "current_points_line": Decimal("23.5"),
        "created_at": NOON,
        **changes,
    }


def rows_table(*rows: dict[str, Any], **types: pa.DataType) -> pa.Table:
    """The rows as an Arrow table with the declared types, or with the given ones."""
    declared = {column.name: arrow_type(column.type) for column in PREDICTIONS.columns}
    names = list(dict.fromkeys(name for one in rows for name in one))
    columns = [pa.array([one.get(name) for one in rows], types.get(name, declared.get(name))) for name in names]
    return pa.table(columns, names=names)


def statement_factory(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Statement]:
    """A function that makes statements from a test's own text, parsed like those from files."""
    texts: dict[str, str] = {}
    from_file = rendering._source
    monkeypatch.setattr(rendering, "_source", lambda name: texts[name] if name in texts else from_file(name))

    def make(name: str, sql: str, **options: Any) -> Statement:
        texts[name] = sql
        return Statement(name, **options)

    return make
