"""Quarantined rows: counts by rule, and the rows as they were staged. Read only."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from nba_consolidation.sql import Statement, Value
from nba_consolidation.warehouse.interface import Warehouse


@dataclass(frozen=True)
class BrokenRule:
    """One row rule, and how many rows broke it."""

    column_name: str
    rule: str
    reason: str
    quarantined: int
    staging_tables: int
    first_date: dt.date
    last_date: dt.date


@dataclass(frozen=True)
class QuarantinedRow:
    """One quarantined row; `original_row` is the row as it was staged, as JSON."""

    game_date: dt.date
    staging_table: str
    staging_row: int
    column_name: str
    rule: str
    reason: str
    original_row: str
    quarantined_at: dt.datetime
    run_id: str


@dataclass(frozen=True)
class Quarantine:
    """All rules that were broken, and up to `limit` of the rows, the latest dates first."""

    rules: tuple[BrokenRule, ...]
    rows: tuple[QuarantinedRow, ...]

    @property
    def quarantined(self) -> int:
        """Number of quarantined rows, listed or not."""
        return sum(rule.quarantined for rule in self.rules)


def quarantine(
    warehouse: Warehouse, first: dt.date = dt.date.min, last: dt.date = dt.date.max, limit: int = 20
) -> Quarantine:
    """Returns the quarantined rows between the dates, both included; all history unless bounded."""
    parameters: dict[str, Value] = {"first_date": first, "last_date": last, "limit": limit}
    result = warehouse.run([Statement("quarantined_by_rule", parameters), Statement("quarantined_rows", parameters)])
    return Quarantine(
        rules=tuple(BrokenRule(**row) for row in result.rows["quarantined_by_rule"]),
        rows=tuple(QuarantinedRow(**row) for row in result.rows["quarantined_rows"]),
    )
