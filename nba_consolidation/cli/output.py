"""How results are printed: one JSON document, or tables that fit the terminal. Knows no command and no domain.

At a terminal a table leaves out its least important columns, or turns into records, rather than wrap. In a pipe it is
as wide as it needs to be, one line per row, without colour.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nba_consolidation.schema.display import UNKNOWN, DisplayColumn, plain

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

_Command = TypeVar("_Command", bound=Callable[..., Any])
_PIPE_WIDTH = 10_000

_LATEST = 14  # rows of a long grid that are shown one by one

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of tables.")


def emit(as_json: bool, document: Mapping[str, Any], *shown: Shown) -> None:
    """Prints a result in the one way or the other."""
    if as_json:
        click.echo(json.dumps(_plain(document), indent=2))
        return
    console = _console()
    parts = [part.fit(console) if isinstance(part, Grid | Facts) else _line(part) for part in shown if part]
    if console.is_terminal:
        _print(console, parts)
        return
    with console.capture() as captured:
        _print(console, parts)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _print(console: Console, parts: Iterable[RenderableType]) -> None:
    """The parts with a blank line between them."""
    for number, part in enumerate(parts):
        if number:
            console.print()
        console.print(part)


def counted(number: int, noun: str) -> str:
    """`1 date`, `1,234 dates`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def print_error(message: str, prefix: str = "") -> None:
    """A line on stderr."""
    text = f"{prefix}: {message}" if prefix else message
    click.echo(_printable(text, sys.stderr.encoding, keep="\n"), err=True)


@dataclasses.dataclass(frozen=True)
class Column:
    """A column of a grid. `rank`: 0 always shows; of the others the highest goes first where it gets narrow.

    At a terminal `title` breaks where it has a new line, or, with a hyphen, where it has a soft one.
    """

    title: str
    rank: int = 0
    right: bool = False
    fold: bool = False


@dataclasses.dataclass(frozen=True)
class Grid:
    """Rows and columns; prints nothing without rows. `records`: one block per row where a line is too narrow."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[object]]
    title: str = ""
    footer: Sequence[object] | None = None
    records: bool = False

    def __bool__(self) -> bool:
        return bool(self.rows)

    def fit(self, console: Console) -> RenderableType:
        """The grid as wide as the console lets it be."""
        shown = list(range(len(self.columns)))
        while not self._fits(console, shown):
            optional = [index for index in shown if self.columns[index].rank]
            if not optional:
                return self._as_records() if self.records else self._table(shown, console)
            shown.remove(max(optional, key=lambda index: self.columns[index].rank))
        return self._table(shown, console)

    def _fits(self, console: Console, shown: Sequence[int]) -> bool:
        folding = sum(_FOLDED for index in shown if self.columns[index].fold)
        rigid = [index for index in shown if not self.columns[index].fold]
        unbounded = console.options.update(max_width=_PIPE_WIDTH)
        return console.measure(self._table(rigid, console), options=unbounded).maximum + folding <= console.width

    def _table(self, shown: Sequence[int], console: Console) -> Table:
        from rich import box
        from rich.table import Table

        table = Table(
            box=box.SIMPLE_HEAD if self.footer is None else box.SIMPLE,
            show_footer=self.footer is not None,
            padding=(0, 1),
            pad_edge=False,
            show_edge=False,
        )
        table.title, table.title_justify, table.title_style = self.title or None, "left", "bold"
        for index in shown:
            column = self.columns[index]
            title = _title(column.title, broken=console.is_terminal)
            footer = _cell(self.footer[index]) if self.footer is not None else ""
            table.add_column(
                title, footer, justify="right" if column.right else "left",
                overflow="fold", no_wrap=not column.fold, footer_style="bold",
            )  # fmt: skip
        for row in self.rows:
            table.add_row(*(_cell(row[index]) for index in shown))
        return table

    def _as_records(self) -> RenderableType:
        from rich.console import Group
        from rich.text import Text

        titles = [_title(column.title, broken=False) for column in self.columns]
        blocks: list[RenderableType] = [Text(self.title, style="bold")] if self.title else []
        for row in self.rows:
            blocks += [Text("")] * bool(blocks) + [_pairs(zip(titles, row, strict=True))]
        return Group(*blocks)


def table(
    columns: Sequence[DisplayColumn], rows: Iterable[Mapping[str, Any]], title: str = "", *, records: bool = False
) -> Grid:
    """A grid of rows by the description of their columns. Without rows it prints nothing, not even its title."""
    heads = [Column(column.title, column.rank, column.right, column.wide) for column in columns]
    return Grid(heads, [[column.cell(row) for column in columns] for row in rows], title, records=records)


@dataclasses.dataclass(frozen=True)
class Facts:
    """Names and values under a title, one below the other."""

    title: str
    pairs: Sequence[tuple[str, object]]

    def fit(self, console: Console) -> RenderableType:  # noqa: ARG002 (the way of a Grid; facts fold by themselves)
        """The facts, folded where they are too long."""
        from rich.console import Group
        from rich.text import Text

        return Group(Text(_shown(self.title), style="bold"), _pairs(self.pairs))


def _pairs(pairs: Iterable[tuple[str, object]]) -> Table:
    from rich.table import Table

    block = Table.grid(padding=(0, 2))
    block.add_column(style="dim", no_wrap=True)
    block.add_column(overflow="fold")
    for name, value in pairs:
        block.add_row(name, _cell(value))
    return block


def _title(title: str, broken: bool) -> str:
    return title.replace("\u00ad", "-\n") if broken else title.replace("\u00ad", "").replace("\n", " ")


def latest(grid: Grid) -> list[Shown]:
    """The grid of dates, or of a long one the last rows; the footer counts all."""
    hidden = len(grid.rows) - _LATEST
    if hidden <= 1:
        return [grid]
    cut = Grid(grid.columns, grid.rows[-_LATEST:], grid.title, grid.footer, grid.records)
    return [cut, f"The last {_LATEST} of {len(grid.rows):,} dates; the total counts all, --json lists all."]


_FOLDED = 32  # what a column that folds should have at least
Shown = str | Grid | Facts


def _console() -> Console:
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PIPE_WIDTH)


def _line(text: str) -> Text:
    from rich.text import Text

    return Text(_printable(text, sys.stdout.encoding, keep="\n"))


def _cell(value: object) -> Text:
    from rich.text import Text

    shown = _shown(value)
    return Text(shown, style="dim" if shown in (UNKNOWN, "0") else "")


def _shown(value: object) -> str:
    """A value for people, in characters that the terminal can print."""
    return _printable(plain(value), sys.stdout.encoding)


def _printable(text: str, encoding: str | None, keep: str = "") -> str:
    """What came from outside must not move the cursor, and must be writable in the terminal's encoding."""
    safe = "".join(letter if letter.isprintable() or letter in keep else repr(letter)[1:-1] for letter in text)
    name = encoding or "utf-8"
    return safe.encode(name, "backslashreplace").decode(name)


def _plain(value: Any) -> Any:
    """The value as JSON has it. A dataclass becomes an object of its fields, a key that is a date its ISO form."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    if isinstance(value, Decimal | Path | Exception):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    if isinstance(value, Iterable):
        return [_plain(entry) for entry in value]
    raise TypeError(f"no JSON for a value of type {type(value).__name__}")
