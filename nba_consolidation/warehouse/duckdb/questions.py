"""Answers a question of a person on a connection that can neither write nor see any other file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nba_consolidation.warehouse.errors import StatementFailed, first_line
from nba_consolidation.warehouse.interface import Answer

if TYPE_CHECKING:
    import duckdb


def lock(connection: duckdb.DuckDBPyConnection) -> None:
    """From now on, nothing that is sent to the connection reads or writes another file, or undoes this.

    DuckDB keeps these settings per file and process: other connections to the file share them until all are closed.
    """
    for setting in ("enable_external_access = false", "lock_configuration = true"):
        connection.execute(f"SET {setting}")


def answer(connection: duckdb.DuckDBPyConnection, text: str, limit: int | None) -> Answer:
    """The rows of the SELECT. Raises StatementFailed."""
    import duckdb

    try:
        cursor = connection.execute(text)
        rows = cursor.fetchall() if limit is None else cursor.fetchmany(limit + 1)
    except duckdb.Error as error:
        raise StatementFailed("sql", first_line(error)) from error
    return Answer.of([column[0] for column in cursor.description or ()], rows, limit)
