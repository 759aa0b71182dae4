"""What was set aside: how much of it by rule, and the rows themselves as they were staged.

A read model. Which rows break a rule is decided in `sql/candidates.sql` and `warehouse/alignment.py`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from nba_consolidation.sql import Statement
from nba_consolidation.sql.literals import Value
from nba_consolidation.warehouse.contract import Warehouse


@dataclass(frozen=True)
class BrokenRule:
    """One rule, and what broke it."""

    column_name: str
    rule: str
    reason: str
    quarantined: int
    staging_tables: int
    first_date: dt.date
    last_date: dt.date


@dataclass(frozen=True)
class QuarantinedRow:
    """One row that was set aside; `original_row` is the row as it was staged, as JSON."""

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
    """All rules that were broken, and as many of the rows as were asked for, the latest dates first."""

    rules: tuple[BrokenRule, ...]
    rows: tuple[QuarantinedRow, ...]

    @property
    def quarantined(self) -> int:
        """How many rows there are, shown or not."""
        return sum(rule.quarantined for rule in self.rules)


def quarantine(
    warehouse: Warehouse, first: dt.date = dt.date.min, last: dt.date = dt.date.max, limit: int = 20
) -> Quarantine:
    """What was set aside between the dates, both included; all history unless bounded."""
    parameters: dict[str, Value] = {"first_date": first, "last_date": last, "limit": limit}
    found = warehouse.run([Statement("quarantined_by_rule", parameters), Statement("quarantined_rows", parameters)])
    return Quarantine(
        rules=tuple(BrokenRule(**row) for row in found.rows["quarantined_by_rule"]),
        rows=tuple(QuarantinedRow(**row) for row in found.rows["quarantined_rows"]),
    )
