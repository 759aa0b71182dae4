"""Reads which tables, columns and comments a DuckDB file has."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlglot import exp

from nba_consolidation.schema import Column, Table
from nba_consolidation.warehouse.errors import TableMissing

if TYPE_CHECKING:
    import duckdb


def missing_tables(connection: duckdb.DuckDBPyConnection, tables: Sequence[Table]) -> list[Table]:
    """Those of the tables that do not exist."""
    existing = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    return [table for table in tables if table.name not in existing]


def live_columns(connection: duckdb.DuckDBPyConnection, table: str, path: Path) -> tuple[Column, ...]:
    """The columns of the table or view, with GoogleSQL types. Raises TableMissing."""
    import duckdb

    try:
        relation = connection.table(table)
    except (duckdb.CatalogException, duckdb.BinderException) as error:  # or a view, one of whose tables lacks a column
        raise TableMissing(
            f"table {table} does not exist in {path}. To create it, run: nba-consolidation bootstrap --apply"
        ) from error
    pairs = zip(relation.columns, relation.types, strict=True)
    return tuple(Column(name, _googlesql_type(str(kind)), "") for name, kind in pairs)


@cache
def _googlesql_type(kind: str) -> str:
    return exp.DataType.build(kind, dialect="duckdb").sql(dialect="bigquery")


def comments(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> dict[tuple[str, str], str | None]:
    """The comments of these tables and views, and of their columns; that of a table is under the column `""`."""
    rows = connection.execute(
        "SELECT * FROM (SELECT table_name, '', comment FROM duckdb_tables() UNION ALL "
        "SELECT view_name, '', comment FROM duckdb_views() UNION ALL "
        "SELECT table_name, column_name, comment FROM duckdb_columns()) WHERE list_contains($names, table_name)",
        {"names": list(names)},
    ).fetchall()
    return {(table, column): comment for table, column, comment in rows}
