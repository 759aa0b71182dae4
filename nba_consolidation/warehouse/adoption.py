"""Whether a live table has all columns of ours: one that somebody else made is adopted first. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from nba_consolidation.schema import Column, Table
from nba_consolidation.warehouse.errors import TableIncomplete


def ensure_adopted(table: Table, live: Sequence[Column]) -> None:
    """Raises TableIncomplete where declared columns are missing: a table of somebody else's, not adopted yet."""
    there = {column.name for column in live}
    missing = [name for name in table.column_names if name not in there]
    if missing:
        raise TableIncomplete(
            f"table {table.name} lacks the columns {', '.join(missing)}; `nba-consolidation bootstrap` shows what "
            "would be added, and `nba-consolidation bootstrap --apply` adopts it"
        )
