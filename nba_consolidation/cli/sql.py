"""`sql`: answers one SELECT, and can write nothing."""

from __future__ import annotations

import sys
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from nba_consolidation.cli.output import Grid, GridColumn, counted, print_error
from nba_consolidation.cli.session import Session, session_command

if TYPE_CHECKING:
    from nba_consolidation.warehouse.interface import Answer

_FORMATS = ("table", "csv", "json")
_NUMBERS = (int, float, Decimal, type(None))


@click.command()
@click.argument("select")
@click.option(
    "--format",
    "kind",
    default="table",
    show_default=True,
    type=click.Choice(_FORMATS),
    help="How to print the rows; --json is the same as json.",
)
@click.option("--limit", default=100, show_default=True, type=click.IntRange(0), help="At most so many rows; 0: all.")
@session_command
def sql(session: Session, select: str, kind: str, limit: int) -> None:
    """Answer one SELECT over the tables and views. Nothing can be written.

    GoogleSQL on both deployments; WITH is allowed, names have no dataset: "SELECT * FROM hit_rates_by_system". Start
    from the views bets, hit_rates_by_system and calibration_latest; docs/ask-the-data.md has examples, docs/tables.md
    every column. In csv, a text that a spreadsheet would take for a formula begins with a quotation mark (').
    """
    from nba_consolidation.operations.ask import ask

    answer = ask(session.to_read().warehouse, select, limit or None)
    if session.as_json or kind == "json":
        replace(session, as_json=True).show({"columns": answer.columns, "rows": answer.records})
    elif kind == "csv":
        from nba_consolidation.operations.export.csv_text import csv_rows

        csv_rows(sys.stdout, answer.columns)(answer.rows)
    else:
        session.show({}, _grid(answer) or "No rows.")
    if answer.more:
        print_error(f"Only the first {counted(limit, 'row')}. For all of them: --limit 0", prefix="Note")


def _grid(answer: Answer) -> Grid:
    numbers = [all(isinstance(value, _NUMBERS) for value in values) for values in zip(*answer.rows, strict=True)]
    columns = [GridColumn(name, right=right) for name, right in zip(answer.columns, numbers, strict=False)]
    return Grid(columns, [[_cell(value) for value in row] for row in answer.rows], records=True)


def _cell(value: object) -> object:
    """A number without separators: it can be a year, or an id."""
    if isinstance(value, bool | None):
        return value
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value) if isinstance(value, int) else value
