"""`export`: writes a table as a file for another program."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from nba_consolidation.cli.options import DateRange, date_options
from nba_consolidation.cli.output import counted, print_error
from nba_consolidation.cli.progress import steps, tracked
from nba_consolidation.cli.report import first_and_last
from nba_consolidation.cli.session import Session, session_command

if TYPE_CHECKING:
    from nba_consolidation.schema import Column

    _Export: TypeAlias = tuple[Sequence[Column], Sequence[dt.date], Iterable[Sequence[Sequence[Any]]]]
    """The columns, the dates that have rows, and the rows in batches."""

_FORMATS = ("csv", "parquet", "xlsx")
_LISTED = 5
_REPORT_DATA = "report-data"


@click.command()
@click.argument("table")
@date_options
@click.option("--format", "kind", type=click.Choice(_FORMATS), help="The default is the ending of --output, else csv.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path, allow_dash=True), metavar="FILE",
              help="The file to write; - is stdout, for csv.  [default: stdout]")  # fmt: skip
@session_command
def export(session: Session, table: str, kind: str | None, output: Path | None, dates: DateRange) -> None:
    """Write a table or view as CSV, Parquet or Excel.

    TABLE is a name of docs/tables.md, or report-data: what the charts of the daily report draw. Without dates: all
    rows; for report-data, the report of the last game date before today. A file appears whole or not at all, and
    replaces one of that name. In csv and xlsx no text becomes a formula: in csv, one that begins with = + - @, a tab or
    a carriage return is written after a quotation mark ('), in xlsx its cell is marked as text. Numbers stay numbers.
    Excel files need the extra xlsx.
    """
    file = None if output is None or str(output) == "-" else output
    chosen = kind or (file.suffix[1:].lower() if file and file.suffix[1:].lower() in _FORMATS else "csv")
    if file is None and (chosen != "csv" or session.as_json):
        raise click.UsageError(f"{'--json' if chosen == 'csv' else chosen} needs a file: name it with --output.")
    columns, with_rows, batches = (
        _report_data(session, dates) if table == _REPORT_DATA else _rows_of(session, table, dates)
    )
    rows = _write(file, chosen, columns, batches)
    empty = sorted(set(dates.dates) - set(with_rows)) if dates.is_limited and table != _REPORT_DATA else []
    summary = _summary(table, rows, file, empty)
    if file is None:
        print_error(summary)
    else:
        document = {"file": file.absolute(), "format": chosen, "table": table, "rows": rows}
        session.show({**document, "dates": with_rows, "dates_without_rows": empty}, summary)


def _rows_of(session: Session, table: str, dates: DateRange) -> _Export:
    from nba_consolidation.operations.export.table_export import plan_export

    warehouse = session.to_read().warehouse
    planned = plan_export(warehouse, table, dates.since, dates.until)
    batches = zip(tracked(planned.steps, table), planned.rows(warehouse), strict=True)
    return planned.columns, planned.dates or (), (batch for _, batch in batches)


def _report_data(session: Session, dates: DateRange) -> _Export:
    """What the charts of the daily report draw."""
    from nba_consolidation.pipeline.daily_report.chart_data import DATA_COLUMNS, charts_of

    reporter = session.to_read().reporter
    with steps() as on_step:
        made = reporter.report(*first_and_last(reporter, dates), on_step)
    for section, reason in made.unread.items():
        print_error(f"{section} could not be read: {reason}", prefix="Warning")
    return DATA_COLUMNS, sorted({made.first, made.last}), [charts_of(made).rows()]


def _write(file: Path | None, kind: str, columns: Sequence[Column], batches: Iterable[Sequence[Sequence[Any]]]) -> int:
    """Returns the number of rows."""
    from nba_consolidation.operations.export.csv_text import csv_rows
    from nba_consolidation.operations.export.files import rows_file

    total, names = 0, [column.name for column in columns]
    with rows_file(file, kind, columns) if file else nullcontext(csv_rows(sys.stdout, names)) as write:
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
