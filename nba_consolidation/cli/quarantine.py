"""`quarantine`: prints quarantined rows and their reasons, which `operations.quarantine` reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from nba_consolidation.cli.options import DateRange, date_options
from nba_consolidation.cli.output import Grid, GridColumn, counted, table
from nba_consolidation.cli.session import Session, session_command
from nba_consolidation.schema.display_columns import QUARANTINE_RULES

if TYPE_CHECKING:
    from nba_consolidation.operations.quarantine import Quarantine, QuarantinedRow


@click.command()
@date_options
@click.option("--limit", default=10, show_default=True, type=click.IntRange(0), help="How many rows to show.")
@session_command
def quarantine(session: Session, limit: int, dates: DateRange) -> None:
    """Show quarantined rows: how many by rule, and the latest ones as they were staged."""
    from nba_consolidation.operations.quarantine import quarantine as read

    warehouse = session.existing().warehouse
    quarantine = read(warehouse, dates.first, dates.last, limit) if dates.is_limited else read(warehouse, limit=limit)
    document = {"quarantined": quarantine.quarantined, "rules": quarantine.rules, "rows": quarantine.rows}
    session.show(
        document,
        table(QUARANTINE_RULES, [vars(rule) for rule in quarantine.rules]),
        _rows(quarantine),
        _summary(quarantine),
    )


def _rows(quarantine: Quarantine) -> Grid:
    columns = [
        GridColumn("date"),
        GridColumn("column"),
        GridColumn("rule"),
        GridColumn("staging table"),
        GridColumn("row", right=True),
        GridColumn("reason", 1, fold=True),
        GridColumn("original row", fold=True),
    ]
    rows = [
        (row.game_date, row.column_name, row.rule, row.staging_table, row.staging_row, row.reason, _readable(row))
        for row in quarantine.rows
    ]
    return Grid(columns, rows, records=True)


def _readable(row: QuarantinedRow) -> str:
    """The row without NULLs, except in the column that broke the rule; --json has the whole row."""
    try:
        values = dict(json.loads(row.original_row, parse_float=str))
    except (ValueError, TypeError):
        return row.original_row  # not JSON: as it was staged
    named_values = {name: value for name, value in values.items() if value is not None or name == row.column_name}
    return "  ".join(f"{name}={'NULL' if value is None else value}" for name, value in named_values.items())


def _summary(quarantine: Quarantine) -> str:
    if not quarantine.quarantined:
        return "No rows are in quarantine."
    limited = f"; shown are the {len(quarantine.rows):,} of the latest dates (--limit)" if quarantine.rows else ""
    return (
        f"{counted(quarantine.quarantined, 'row')} in quarantine{limited}. Correct the worker and stage the rows again."
    )
