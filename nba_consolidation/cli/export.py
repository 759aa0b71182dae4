"""`export`: writes a table as a file for another program."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nba_consolidation.cli.options import DateRange, date_options
from nba_consolidation.cli.output import counted, print_error
from nba_consolidation.cli.progress import tracked
from nba_consolidation.cli.session import Session, session_command

if TYPE_CHECKING:
    from nba_consolidation.operations.export.table_export import TableExport

_FORMATS = ("csv", "parquet", "xlsx")
_LISTED = 5


@click.command()
@click.argument("table")
@date_options
@click.option("--format", "kind", type=click.Choice(_FORMATS), help="The default is the ending of --output, else csv.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path, allow_dash=True), metavar="FILE",
              help="The file to write; - is stdout, for csv.  [default: stdout]")  # fmt: skip
@session_command
def export(session: Session, table: str, kind: str | None, output: Path | None, dates: DateRange) -> None:
    """Write a table or view as CSV, Parquet or Excel.

    TABLE is a name of docs/tables.md. Without dates: all rows. A file appears whole or not at all, and replaces one of
    that name. In csv and xlsx no text becomes a formula: in csv, one that begins with = + - @, a tab or a carriage
    return is written after a quotation mark ('), in xlsx its cell is marked as text. Numbers stay numbers. Excel files
    need the extra xlsx.
    """
    from nba_consolidation.operations.export.table_export import plan_export

    file = None if output is None or str(output) == "-" else output
    chosen = kind or (file.suffix[1:].lower() if file and file.suffix[1:].lower() in _FORMATS else "csv")
    if file is None and (chosen != "csv" or session.as_json):
        raise click.UsageError(f"{'--json' if chosen == 'csv' else chosen} needs a file: name it with --output.")
    warehouse = session.to_read().warehouse
    planned = plan_export(warehouse, table, dates.since, dates.until)
    steps = zip(tracked(planned.steps, table), planned.rows(warehouse), strict=True)
    rows = _write(file, chosen, planned, (batch for _, batch in steps))
    empty = sorted(set(dates.dates) - set(planned.dates or ())) if dates.is_limited else []
    summary = _summary(table, rows, file, empty)
    if file is None:
        print_error(summary)
    else:
        document = {"file": file.absolute(), "format": chosen, "table": table, "rows": rows}
        session.show({**document, "dates": planned.dates or (), "dates_without_rows": empty}, summary)


def _write(file: Path | None, kind: str, planned: TableExport, batches: Iterable[Sequence[Sequence[Any]]]) -> int:
    """Returns the number of rows."""
    from nba_consolidation.operations.export.csv_text import csv_rows
    from nba_consolidation.operations.export.files import rows_file

    total, names = 0, [column.name for column in planned.columns]
    with rows_file(file, kind, planned.columns) if file else nullcontext(csv_rows(sys.stdout, names)) as write:
        for batch in batches:
            write(batch)
            total += len(batch)
    return total


def _summary(table: str, rows: int, file: Path | None, empty: Sequence[dt.date]) -> str:
    place = f" to {file}" if file else ""
    summary = f"Wrote {counted(rows, 'row')} of {table}{place}."
    if not empty:
        return summary
    listed = ", ".join(map(str, empty[:_LISTED])) + (", ..." if len(empty) > _LISTED else "")
    return f"{summary}\n{table} has no rows of {counted(len(empty), 'requested date')}: {listed}."
