"""How results are printed: as one JSON document, or as tables and sentences. Knows no command.

Where a terminal is too narrow for a table, the table leaves out its least important columns or becomes one block per
row. In a pipe it is as wide as it needs to be: one line per row, without colour.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nba_consolidation.errors import ensure_known
from nba_consolidation.schema.display import UNKNOWN, DisplayColumn, plain

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

    from nba_consolidation.fencing.computed_tables import RecomputationReport
    from nba_consolidation.warehouse.interface import Row

_PIPE_WIDTH = 10_000
_WIDTH_OF_LONG_TEXT = 32
"""The minimum of a column of long text."""
_MAX_DATES = 14


def print_result(as_json: bool, document: Mapping[str, Any], *parts: OutputPart) -> None:
    """Prints the document, or the parts that are not empty with a blank line between them."""
    if as_json:
        click.echo(json.dumps(_json_value(document), indent=2))
        return
    from rich.console import Console

    console = Console(highlight=False)
    if console.is_terminal:
        _print(console, parts)
        return
    console = Console(highlight=False, width=_PIPE_WIDTH)
    with console.capture() as captured:
        _print(console, parts)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _print(console: Console, parts: Iterable[OutputPart]) -> None:
    printed = False
    for part in parts:
        if not part:
            continue
        if printed:
            console.print()
        console.print(_text(part, keep="\n") if isinstance(part, str) else part.fit(console))
        printed = True


def print_error(message: str, prefix: str = "") -> None:
    """Prints to stderr."""
    text = f"{prefix}: {message}" if prefix else message
    click.echo(_printable(text, sys.stderr.encoding, keep="\n"), err=True)


def rows_of_system(rows: Sequence[Row], system: str | None) -> list[Row]:
    """The rows of one system, or all. Raises UnknownName if it has none while others have."""
    ensure_known("system", system, {row["system_id"] for row in rows})
    return [row for row in rows if system in (None, row["system_id"])]


def counted(number: int, noun: str) -> str:
    """`1 date`, `1,234 dates`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def counted_by_kind(kinds: Iterable[str]) -> str:
    """How many there are of each kind, the most frequent first: `12 no box score, 1 tie`."""
    return ", ".join(f"{number:,} {kind.replace('_', ' ')}" for kind, number in Counter(kinds).most_common())


@dataclasses.dataclass(frozen=True)
class GridColumn:
    """A column of a grid.

    title: at a terminal it breaks at a line feed, and with a hyphen at a soft hyphen. rank: where the terminal is too
    narrow, the columns with the highest rank are left out first; those with 0 stay. fold: long text, which may wrap.
    """

    title: str
    rank: int = 0
    right: bool = False
    fold: bool = False


@dataclasses.dataclass(frozen=True)
class Grid:
    """A table, which prints nothing without rows. records: where it is too wide, print one block per row."""

    columns: Sequence[GridColumn]
    rows: Sequence[Sequence[object]]
    title: str = ""
    footer: Sequence[object] | None = None
    records: bool = False

    def __bool__(self) -> bool:
        return bool(self.rows)

    def fit(self, console: Console) -> RenderableType:
        """The table with as many columns as fit the console."""
        indexes = list(range(len(self.columns)))
        while not self._fits(console, indexes):
            optional = [index for index in indexes if self.columns[index].rank]
            if not optional:
                return self._as_records() if self.records else self._table(indexes, console)
            indexes.remove(max(optional, key=lambda index: self.columns[index].rank))
        return self._table(indexes, console)

    def _fits(self, console: Console, indexes: Sequence[int]) -> bool:
        folding = sum(_WIDTH_OF_LONG_TEXT for index in indexes if self.columns[index].fold)
        rigid = [index for index in indexes if not self.columns[index].fold]
        unbounded = console.options.update(max_width=_PIPE_WIDTH)
        return console.measure(self._table(rigid, console), options=unbounded).maximum + folding <= console.width

    def _table(self, indexes: Sequence[int], console: Console) -> Table:
        from rich import box
        from rich.table import Table

        table = Table(
            box=box.SIMPLE_HEAD if self.footer is None else box.SIMPLE,
            show_footer=self.footer is not None,
            padding=(0, 1),
            pad_edge=False,
            show_edge=False,
        )
        table.title, table.title_justify, table.title_style = self.title and _text(self.title), "left", "bold"
        for index in indexes:
            column = self.columns[index]
            table.add_column(
                _text(_title(column.title, broken=console.is_terminal), keep="\n"),
                _cell(self.footer[index]) if self.footer is not None else "",
                justify="right" if column.right else "left",
                overflow="fold",
                no_wrap=not column.fold,
                footer_style="bold",
            )
        for row in self.rows:
            table.add_row(*(_cell(row[index]) for index in indexes))
        return table

    def _as_records(self) -> RenderableType:
        from rich.console import Group
        from rich.text import Text

        titles = [_title(column.title, broken=False) for column in self.columns]
        blocks: list[RenderableType] = [_text(self.title, style="bold")] if self.title else []
        for row in self.rows:
            blocks += [Text("")] * bool(blocks) + [_pairs(zip(titles, row, strict=True))]
        return Group(*blocks)


def table(
    columns: Sequence[DisplayColumn], rows: Iterable[Mapping[str, Any]], title: str = "", *, records: bool = False
) -> Grid:
    """A grid of rows by the description of their columns. Without rows it prints nothing, not even its title."""
    heads = [GridColumn(column.title, column.rank, column.right, column.wide) for column in columns]
    return Grid(heads, [[column.cell(row) for column in columns] for row in rows], title, records=records)


@dataclasses.dataclass(frozen=True)
class Facts:
    """Names and values under a title, one below the other."""

    title: str
    pairs: Sequence[tuple[str, object]]

    def fit(self, console: Console) -> RenderableType:  # noqa: ARG002 (as a Grid does; rich folds the values)
        """The facts as a block."""
        from rich.console import Group

        return Group(_text(self.title, style="bold"), _pairs(self.pairs))


def _pairs(pairs: Iterable[tuple[str, object]]) -> Table:
    from rich.table import Table

    block = Table.grid(padding=(0, 2))
    block.add_column(style="dim", no_wrap=True)
    block.add_column(overflow="fold")
    for name, value in pairs:
        block.add_row(_text(name), _cell(value))
    return block


def _title(title: str, broken: bool) -> str:
    return title.replace("\u00ad", "-\n") if broken else title.replace("\u00ad", "").replace("\n", " ")


OutputPart = str | Grid | Facts


def dates_table(
    columns: Sequence[DisplayColumn], dates: Sequence[Any], totals: Mapping[str, object] | None = None
) -> list[OutputPart]:
    """A row per date, an object with an attribute for each column. Of several dates, also the totals by attribute."""
    grid = table(columns, map(vars, dates))
    return latest(with_totals(columns, grid, totals) if totals and len(dates) > 1 else grid)


def with_totals(columns: Sequence[DisplayColumn], grid: Grid, totals: Mapping[str, object]) -> Grid:
    """The grid with the totals of its columns as its last row."""
    return dataclasses.replace(grid, footer=("total", *(totals.get(column.counts) for column in columns[1:])))


def totals_of(columns: Iterable[DisplayColumn], total: Callable[[str], int]) -> dict[str, int]:
    """The total of each column that counts, by the name of its attribute."""
    return {column.counts: total(column.counts) for column in columns if column.counts}


def latest(grid: Grid) -> list[OutputPart]:
    """The grid of dates; of a long one the last rows only, and a note."""
    if len(grid.rows) <= _MAX_DATES + 1:
        return [grid]
    end = dataclasses.replace(grid, rows=grid.rows[-_MAX_DATES:])
    return [end, f"The last {_MAX_DATES} of {len(grid.rows):,} dates; the total counts all, --json lists all."]


def reasons_table(title: str, reasons: Iterable[tuple[object, object]]) -> Grid:
    """Failures and their reasons."""
    return Grid([GridColumn(title, fold=True), GridColumn("reason", fold=True)], list(reasons))


def poisoned_table(errors: Mapping[dt.date, Exception]) -> Grid:
    """The dates that could not be written, and why."""
    return reasons_table("poisoned date", sorted(errors.items()))


def poisoned_document(errors: Mapping[dt.date, Exception]) -> list[dict[str, Any]]:
    """The same for JSON."""
    return [{"game_date": date, "error": error} for date, error in sorted(errors.items())]


def recomputation_document(report: RecomputationReport[Any], counts: Sequence[str]) -> dict[str, Any]:
    """A recomputation as JSON. counts: those of its dates that are added up."""
    return {
        "run_id": report.run_id,
        "dates": report.dates,
        "followed": report.followed,
        "totals": {name: report.total(name) for name in counts},
        "seconds": report.seconds,
    }


def _cell(value: object) -> Text:
    text = plain(value)
    return _text(text, style="dim" if text in (UNKNOWN, "0") else "")


def _text(text: str, *, keep: str = "", style: str = "") -> Text:
    """For rich, which takes the square brackets of a `str` for its own markup, and never those of a Text."""
    from rich.text import Text

    return Text(_printable(text, sys.stdout.encoding, keep), style=style)


def _printable(text: str, encoding: str | None, keep: str = "") -> str:
    """The text without control characters, which could move the cursor, in characters that the encoding has."""
    safe = "".join(letter if letter.isprintable() or letter in keep else repr(letter)[1:-1] for letter in text)
    name = encoding or "utf-8"
    return safe.encode(name, "backslashreplace").decode(name)


def _json_value(value: Any) -> Any:
    """The value in types that JSON has: a dataclass is an object of its fields, a date its ISO form."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _json_value(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _json_value(entry) for key, entry in value.items()}
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    if isinstance(value, Decimal | Path | Exception):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    if isinstance(value, Iterable):
        return [_json_value(entry) for entry in value]
    raise TypeError(f"no JSON for a value of type {type(value).__name__}")
