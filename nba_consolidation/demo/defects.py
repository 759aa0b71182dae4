"""The defects of staging tables: bad rows, tables with other columns or types, and tables that must be refused.

Good rows are made in `rows`; which delivery has which defect is decided in `season`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pyarrow as pa

_FAR_FUTURE = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


class Shape(StrEnum):
    """How a worker's table differs from the schema."""

    CURRENT = "current"
    OLDER = "older"
    FLOATS = "floats"
    WHOLE_POINTS = "whole_points"


_SHAPE_SHARES = (0.82, 0.08, 0.06, 0.04)
_OLDER_LACKS = (
    "injury_reason_at_prediction",
    "injury_checked_at",
    "similar_games_count",
    "universal_player_id",
    "was_line_fallback",
)
_STORED_AS_FLOAT = ("predicted_points", "confidence_score", "current_points_line", "line_margin")


class Refusal(StrEnum):
    """Why a delivery must be refused as a whole."""

    CORRUPT = "corrupt"
    UNKNOWN_COLUMN = "unknown_column"


@dataclass(frozen=True)
class Defect:
    """One kind of bad row: the value that is wrong, and the rule (`column|rule`) that must catch it."""

    column: str
    value: object
    broken_rule: str
    needs_floats: bool = False


DEFECTS = (
    Defect("predicted_points", float("nan"), "predicted_points|fits", needs_floats=True),
    Defect("current_points_line", 20.25, "current_points_line|exact", needs_floats=True),
    Defect("created_at", _FAR_FUTURE, "created_at|not_in_future"),
    Defect("player_lookup", None, "player_lookup|present"),
    Defect("predicted_points", 99.0, "predicted_points|range"),
    Defect("game_date", dt.date(1900, 1, 1), "game_date|known"),
    Defect("current_points_line", 20.3, "current_points_line|half_point"),
    Defect("recommendation", "MAYBE", "recommendation|known"),
)
"""Bad row number i of a season has defect i modulo their number."""


def shape_for(bad_rows: Iterable[int], random: np.random.Generator) -> Shape:
    """Mostly the current shape; one that can hold the bad rows' values."""
    shape = list(Shape)[random.choice(len(Shape), p=_SHAPE_SHARES)]
    defects = [_defect(number) for number in bad_rows]
    if any(defect.needs_floats for defect in defects):
        return Shape.FLOATS
    return Shape.CURRENT if defects and shape is Shape.WHOLE_POINTS else shape


def reshaped(table: pa.Table, shape: Shape) -> pa.Table:
    """The rows, in a table of that shape."""
    if shape is Shape.OLDER:
        return table.drop_columns(list(_OLDER_LACKS))
    kinds = {
        Shape.FLOATS: dict.fromkeys(_STORED_AS_FLOAT, pa.float64()),
        Shape.WHOLE_POINTS: {"predicted_points": pa.int64()},
    }.get(shape, {})
    fields = [field.with_type(kinds.get(field.name, field.type)) for field in table.schema]
    return table.cast(pa.schema(fields))


def bad_row(table: pa.Table, number: int) -> pa.Table:
    """A copy of a good row, with an id of its own and one wrong value."""
    row = table.slice(number % table.num_rows, 1)
    defect = _defect(number)
    row = _with_value(row, "prediction_id", f"bad-{number:04d}{row['prediction_id'][0].as_py()[8:]}")
    return _with_value(row, defect.column, defect.value)


def _defect(number: int) -> Defect:
    return DEFECTS[number % len(DEFECTS)]


def _with_value(row: pa.Table, column: str, value: object) -> pa.Table:
    index = row.schema.get_field_index(column)
    field = row.schema.field(index)
    return row.set_column(index, field, pa.array([value]).cast(field.type))
