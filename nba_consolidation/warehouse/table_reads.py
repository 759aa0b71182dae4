"""Reads of any table by game date: which dates it has, and its rows."""

from __future__ import annotations

import datetime as dt

from nba_consolidation.schema import Table
from nba_consolidation.sql import Statement, Value
from nba_consolidation.warehouse.interface import Row, Warehouse


def game_dates(
    warehouse: Warehouse, table: Table, first: dt.date = dt.date.min, last: dt.date = dt.date.max
) -> tuple[dt.date, ...]:
    """The dates of which the table has rows, in order; all history unless bounded."""
    rows = warehouse.query(game_dates_of(table, first, last))
    return tuple(row["game_date"] for row in rows)


def last_game_date(
    warehouse: Warehouse, table: Table, first: dt.date = dt.date.min, last: dt.date = dt.date.max
) -> dt.date | None:
    """The last date of which the table has rows; None if there is none."""
    return next(reversed(game_dates(warehouse, table, first, last)), None)


def game_dates_of(table: Table, first: dt.date, last: dt.date) -> Statement:
    """The SELECT `game_dates`, for a transaction with other reads."""
    return Statement("game_dates", {"first_date": first, "last_date": last}, names={"TABLE": table.name})


def table_rows(
    warehouse: Warehouse, table: Table, first: dt.date = dt.date.min, last: dt.date = dt.date.max, **values: str | None
) -> list[Row]:
    """The rows of the dates, in the order of the table's primary key.

    values: by column, the one value that it must have; None admits every value. A column that the table lacks, since
    it is of an earlier version, is None.
    """
    chosen = {column: value for column, value in values.items() if value is not None}
    parameters: dict[str, Value] = {"first_date": first, "last_date": last, **chosen}
    rows = warehouse.query(Statement("table_rows", parameters, tuple(chosen), names={"TABLE": table.name}))
    declared: Row = {column.name: None for column in table.columns if column.name != "lease_token"}
    return [{**declared, **row} for row in rows]
