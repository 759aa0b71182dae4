"""The rows that a consolidation must publish, computed from the staged rows alone, in plain Python without our SQL.

Where two rows of a key are equal in created_at and prediction_id, the design leaves open which one wins, as long as
it is always the same: then the oracle names every content that is possible.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from nba_consolidation.warehouse.staging.interface import KnownDates
from nba_consolidation_tests.pipeline.consolidation.workbench import Row

KEY = ("game_date", "game_id", "player_lookup", "system_id", "current_points_line")
RECOMMENDATIONS = {"OVER", "UNDER", "PASS", "HOLD", "NO_LINE", "NO_PREDICTION"}
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Expected:
    """One published row: its possible contents, and what follows from the other rows of its player."""

    contents: tuple[Row, ...]
    invalidated_at: dt.datetime | None
    is_active: bool
    superseded_by: Key | None


def key_of(row: Mapping[str, Any]) -> Key:
    return tuple(row[column] for column in KEY)


def is_sound(row: Mapping[str, Any], known: KnownDates, now: dt.datetime) -> bool:
    """Whether the row keeps every row rule."""
    numbers = [row["predicted_points"], row["confidence_score"]]
    if any(number is None or not math.isfinite(number) for number in numbers):
        return False
    line = row["current_points_line"]
    return (
        row["game_date"] in known
        and all((row[column] or "").strip() for column in ("game_id", "player_lookup", "system_id", "prediction_id"))
        and 0 <= row["predicted_points"] <= 80
        and (line is None or (0 < line < 100 and line * 2 == int(line * 2)))
        and row["recommendation"] in RECOMMENDATIONS
        and 0 <= row["confidence_score"] <= 100
        and row["created_at"] is not None
        and row["created_at"] <= now + dt.timedelta(minutes=5)
    )


def expected(sound: Iterable[Mapping[str, Any]], compared: Iterable[str]) -> dict[Key, Expected]:
    """The current rows once all these rows are consolidated, by business key. compared: the columns of a content."""
    by_key: defaultdict[Key, list[Mapping[str, Any]]] = defaultdict(list)
    for row in sound:
        by_key[key_of(row)].append(row)
    newest = {key: max(map(_age, rows)) for key, rows in by_key.items()}
    columns = list(compared)
    result = {}
    for key, rows in by_key.items():
        twins = [other for other in by_key if other[:4] == key[:4]]
        first = max(twins, key=lambda other: (newest[other], _line(other)))
        invalidations = [row["invalidated_at"] for row in rows if row["invalidated_at"] is not None]
        holding = [moment for moment in invalidations if moment >= newest[key][0]]
        result[key] = Expected(
            contents=tuple({name: row[name] for name in columns} for row in rows if _age(row) == newest[key]),
            invalidated_at=max(holding, default=None),
            is_active=key == first and not holding,
            superseded_by=None if key == first else first,
        )
    return result


def _age(row: Mapping[str, Any]) -> tuple[dt.datetime, str]:
    return row["created_at"], row["prediction_id"]


def _line(key: Key) -> Decimal:
    return Decimal(-1) if key[4] is None else Decimal(key[4])
