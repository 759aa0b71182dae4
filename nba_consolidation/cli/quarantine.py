"""`quarantine`: lists quarantined rows and the reasons. The rules are in `pipeline/consolidation/sql/row_rules.sql`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from nba_consolidation.cli.options import DateRange, date_options
from nba_consolidation.cli.output import counted, table
from nba_consolidation.cli.session import Session, session_command
from nba_consolidation.schema.display import DisplayColumn, Row, count_column, text_column
from nba_consolidation.schema.display_columns import QUARANTINE_RULES

if TYPE_CHECKING:
    from nba_consolidation.operations.quarantine import Quarantine


@click.command()
@date_options
@click.option("--limit", default=10, show_default=True, type=click.IntRange(0), help="How many rows to show.")
@session_command
def quarantine(session: Session, limit: int, dates: DateRange) -> None:
    """Show the quarantined rows.

    First their number by rule, then the latest rows as they were staged.
    """
    from nba_consolidation.operations.quarantine import quarantine as read

    warehouse = session.to_read().warehouse
    quarantine = read(warehouse, dates.first, dates.last, limit) if dates.is_limited else read(warehouse, limit=limit)
    document = {"quarantined": quarantine.quarantined, "rules": quarantine.rules, "rows": quarantine.rows}
    session.show(
        document,
        table(QUARANTINE_RULES, [vars(rule) for rule in quarantine.rules]),
        table(_ROWS, map(vars, quarantine.rows), records=True),
        _summary(quarantine),
    )


def _original_row(row: Row) -> str:
    """The row without its NULLs, except in the rejected column; --json has the whole row."""
    try:
        values = dict(json.loads(row["original_row"], parse_float=str))
    except (ValueError, TypeError):
        return str(row["original_row"])  # it is no JSON object
    named_values = {name: value for name, value in values.items() if value is not None or name == row["column_name"]}
    return "  ".join(f"{name}={'NULL' if value is None else value}" for name, value in named_values.items())


_ROWS = (
    text_column("date", "game_date"),
    text_column("column", "column_name"),
    text_column("rule", "rule"),
    text_column("staging table", "staging_table"),
    count_column("row", "staging_row"),
    text_column("reason", "reason", 1, wide=True),
    DisplayColumn("original row", _original_row, wide=True),
)


def _summary(quarantine: Quarantine) -> str:
    if not quarantine.quarantined:
        return "No row is quarantined."
    limited = f"; the {len(quarantine.rows):,} of the latest dates are listed (--limit)" if quarantine.rows else ""
    return (
        f"{counted(quarantine.quarantined, 'quarantined row')}{limited}. Correct the worker and stage the rows again."
    )
