"""Which rows of which table are exported, read some dates at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlglot import exp

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.schema import ALL_TABLES, BOX_SCORES, VIEWS, Column, Table
from nba_consolidation.sql.literals import literal
from nba_consolidation.sql.question import Question, nearest
from nba_consolidation.warehouse.interface import Warehouse
from nba_consolidation.warehouse.table_reads import game_dates

TABLES = {table.name: table for table in (*VIEWS, *ALL_TABLES, BOX_SCORES)}
_DATES_AT_ONCE = 5


class ExportRefused(ConsolidationError):
    """There is no such table, or it has no game dates."""


@dataclass(frozen=True)
class TableExport:
    """What is exported of a table: its current columns, and the requested dates that have rows.

    dates: None for a table without game dates, of which everything is exported.
    """

    table: Table
    columns: tuple[Column, ...]
    dates: tuple[dt.date, ...] | None

    @property
    def steps(self) -> list[tuple[dt.date, ...]]:
        """The dates that are read together; one empty step for a table without game dates."""
        if self.dates is None:
            return [()]
        return [self.dates[start : start + _DATES_AT_ONCE] for start in range(0, len(self.dates), _DATES_AT_ONCE)]

    def rows(self, warehouse: Warehouse) -> Iterator[list[tuple[object, ...]]]:
        """The rows of each step."""
        for dates in self.steps:
            yield warehouse.ask(self._question(dates)).rows

    def _question(self, dates: Sequence[dt.date]) -> Question:
        names = [exp.column(exp.to_identifier(column.name, quoted=True)) for column in self.columns]
        tree = exp.select(*names).from_(self.table.name)
        if dates:
            bounds = {"low": literal(dates[0]), "high": literal(dates[-1])}
            tree = tree.where(exp.Between(this=exp.column("game_date"), **bounds))
        ordered = self.table.primary_key or [one.name for one in self.columns if one.type in _ORDERED]
        return Question(tree.order_by(*map(exp.column, ordered)), (self.table.name,), frozenset())


_ORDERED = ("STRING", "DATE", "TIMESTAMP", "INT64")


def plan_export(warehouse: Warehouse, name: str, first: dt.date | None, last: dt.date | None) -> TableExport:
    """What to export. None: without a bound. Raises ExportRefused, WarehouseError."""
    table = TABLES.get(name)
    if table is None:
        raise ExportRefused(f"There is no table {name}{nearest(name, TABLES) or '. docs/tables.md lists all of them.'}")
    columns = warehouse.live_columns(name)
    if "game_date" not in table.column_names:
        if first or last:
            raise ExportRefused(f"{name} has no game dates: leave --date, --from and --to out.")
        return TableExport(table, columns, None)
    return TableExport(table, columns, game_dates(warehouse, table, first or dt.date.min, last or dt.date.max))
