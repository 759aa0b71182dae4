"""`bootstrap`: makes the tables that are missing, and says what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nba_consolidation.cli.output import Column, Grid, emit, json_option
from nba_consolidation.cli.session import Session, pass_session

if TYPE_CHECKING:
    from nba_consolidation.tables import Table
    from nba_consolidation.warehouse.contract import Warehouse


@click.command()
@json_option
@pass_session
def bootstrap(session: Session, as_json: bool) -> None:
    """Create the tables that are missing.

    Leaves what is there; safe to repeat.
    """
    from nba_consolidation.tables import ALL_TABLES

    warehouse = session.with_tables().warehouse
    tables = [_described(table, warehouse) for table in ALL_TABLES]
    columns = [Column("table"), Column("columns", right=True), Column("carried through", 1, right=True),
               Column("missing", 1, fold=True), Column("what it holds", 2, fold=True)]  # fmt: skip
    rows = [
        (
            table["name"], len(table["columns"]), len(table["carried_through"]),
            ", ".join(table["missing"]) or None, table["description"],
        )
        for table in tables
    ]  # fmt: skip
    emit(as_json, {"home": session.settings.home, "tables": tables}, Grid(columns, rows),
         f"{len(tables)} tables are there in {session.settings.home}.")  # fmt: skip


def _described(table: Table, warehouse: Warehouse) -> dict[str, Any]:
    live = [column.name for column in warehouse.live_columns(table.name)]
    return {
        "name": table.name,
        "description": table.description,
        "columns": live,
        "carried_through": [name for name in live if name not in table.column_names],
        "missing": [name for name in table.column_names if name not in live],
    }
