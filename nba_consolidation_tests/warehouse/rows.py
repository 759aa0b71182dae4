"""Staged rows, and statements that stand in no file. What is tested with them stands in the tests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from nba_consolidation.sql import Statement
from nba_consolidation.sql import statement as statement_module
from nba_consolidation.tables import PREDICTIONS
from nba_consolidation.warehouse.arrow import arrow_type
from nba_consolidation.warehouse.contract import KnownDates

DATE = dt.date(2026, 1, 15)
NEXT_DATE = dt.date(2026, 1, 16)
NOON = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
KNOWN = KnownDates(dt.date(2025, 10, 1), dt.date(2026, 6, 30))
A = "_staging_20260115_120000_a"
B = "_staging_20260115_120000_b"


def row(**given: Any) -> dict[str, Any]:
    """A sound row, with what a test wants to be different."""
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
        **given,
    }


def rows_table(*rows: dict[str, Any], **types: pa.DataType) -> pa.Table:
    """The rows as Arrow, by the declared types, or by those that the test gives."""
    declared = {column.name: arrow_type(column.type) for column in PREDICTIONS.columns}
    names = list(dict.fromkeys(name for one in rows for name in one))
    columns = [pa.array([one.get(name) for one in rows], types.get(name, declared.get(name))) for name in names]
    return pa.table(columns, names=names)


def one_statement(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Statement]:
    """Makes statements of a test's own text, through the one door that all statements go through."""
    texts: dict[str, str] = {}
    from_file = statement_module._source
    monkeypatch.setattr(statement_module, "_source", lambda name: texts[name] if name in texts else from_file(name))

    def make(name: str, sql: str, **given: Any) -> Statement:
        texts[name] = sql
        return Statement(name, **given)

    return make
