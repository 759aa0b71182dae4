"""How figures are put into words: shares, intervals, moments, names."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from nba_consolidation.schema import ALL_SYSTEMS, TIME_WINDOWS
from nba_consolidation.warehouse.interface import Row

_NOTHING = "-"


def shown(value: object, form: str) -> str:
    """A figure or a word, in one of the forms that `columns` names; what is not known is a hyphen."""
    if value is None or value == "":
        return _NOTHING
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float | Decimal):
        return {"share": f"{value:.1%}", "points": f"{value:.2f}", "ratio": f"{value:g}"}.get(form, f"{value:,}")
    return str(value).replace("_", " ") if form == "flag" else str(value)


def interval(row: Mapping[str, Any]) -> str | None:
    """From where to where a hit rate may well be."""
    low, high = row["hit_rate_low"], row["hit_rate_high"]
    return None if low is None else f"{low:.1%} to {high:.1%}"


def named(system: str) -> str:
    """A system, or all of them."""
    return "all systems" if system == ALL_SYSTEMS else system


def by_system_and_window(row: Row) -> tuple[bool, str, int]:
    """The order of rows of system_performance: all systems together come last, the shortest window first."""
    return row["system_id"] == ALL_SYSTEMS, row["system_id"], TIME_WINDOWS.index(row["time_window"])
