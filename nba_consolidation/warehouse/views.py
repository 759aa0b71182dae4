"""Which views can be made over which tables."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from nba_consolidation.schema import VIEWS, Table
from nba_consolidation.sql import Statement


def views_over(tables: Iterable[Table]) -> list[Table]:
    """The views that read none but these tables."""
    names = {table.name for table in tables}
    return [view for view in VIEWS if _tables_of(view) <= names]


def _tables_of(view: Table) -> set[str]:
    return {table.name for table in Statement(view.name).tree().find_all(exp.Table)}
