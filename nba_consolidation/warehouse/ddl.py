"""CREATE and ALTER statements from the declared tables, on sqlglot's tree. Nothing is run here."""

from __future__ import annotations

from functools import cache

from sqlglot import exp

from nba_consolidation.schema import Column, Table
from nba_consolidation.sql.statement import Dialect


def _definition(column: Column) -> exp.ColumnDef:
    kind = exp.DataType.build(column.type, dialect="bigquery")
    return exp.ColumnDef(this=exp.to_identifier(column.name, quoted=True), kind=kind)


@cache  # whoever writes makes sure of all tables first
def create_table(table: Table, dialect: Dialect) -> str:
    """CREATE TABLE IF NOT EXISTS with all declared columns."""
    schema = exp.Schema(this=exp.to_table(table.name), expressions=[_definition(c) for c in table.columns])
    return exp.Create(this=schema, kind="TABLE", exists=True).sql(dialect=dialect)


def add_column(table: str, column: Column, dialect: Dialect) -> str:
    """ALTER TABLE ADD COLUMN IF NOT EXISTS."""
    definition = _definition(column)
    definition.set("exists", True)
    return exp.Alter(this=exp.to_table(table), kind="TABLE", actions=[definition]).sql(dialect=dialect)
