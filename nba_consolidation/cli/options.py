"""Options that several commands share: game dates, files, --apply."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from nba_consolidation.settings import last_known_date

_Command = TypeVar("_Command", bound=Callable[..., Any])

FILE_SUFFIXES = (".parquet", ".csv", ".jsonl", ".ndjson")
files_argument = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
apply_option = click.option(
    "--apply/--dry-run",
    "applied",
    default=False,
    help="Do it. The default is only to show what would be done.",
)


@dataclass(frozen=True)
class DateRange:
    """The game dates of --date, --from and --to. `since` and `until` are None where no option sets them."""

    since: dt.date | None
    until: dt.date | None
    first: dt.date
    last: dt.date

    @property
    def is_limited(self) -> bool:
        """Whether any of the options was used. If not, the range is all game dates."""
        return self.since is not None or self.until is not None

    @property
    def dates(self) -> list[dt.date]:
        """All of them, in order."""
        return [self.first + dt.timedelta(days) for days in range((self.last - self.first).days + 1)]

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"


def option_group(*options: Callable[[Any], Any]) -> Callable[[_Command], _Command]:
    """Several options as one decorator."""

    def decorate(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def date_options(command: _Command) -> _Command:
    """--date, --from and --to; the command gets them as `dates`, a DateRange."""

    @date_option("--date", "date", "One game date.")
    @date_option("--from", "since", "First game date of a range; without --to, up to the last game date.")
    @date_option("--to", "until", "Last game date of a range; without --from, from the first game date.")
    @functools.wraps(command)
    def with_dates(*arguments: Any, date: Any, since: Any, until: Any, **options: Any) -> Any:
        return command(*arguments, dates=_date_range(date, since, until), **options)

    return with_dates  # type: ignore[return-value]


def date_option(name: str, parameter: str, text: str, *, required: bool = False) -> Callable[[_Command], _Command]:
    """An option for a game date."""
    return click.option(name, parameter, callback=_game_date, metavar="DATE", required=required, help=text)


def _game_date(ctx: click.Context, param: click.Parameter, value: str | None) -> dt.date | None:
    """The date. Raises click.BadParameter for text that is no date, and for a date that no game can have."""
    if value is None:
        return None
    try:
        date = dt.datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007 (a date has no zone)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is not a date such as 2026-01-15.", ctx, param) from error
    first, last = _known_range(ctx)
    if not first <= date <= last:
        reason = f"{date} is outside the known game dates, {first} to {last}."
        raise click.BadParameter(f"{reason} Earlier dates need another --first-date.", ctx, param)
    return date


def _date_range(date: dt.date | None, since: dt.date | None, until: dt.date | None) -> DateRange:
    if date is not None and (since is not None or until is not None):
        raise click.UsageError("Use --date, or --from and --to, but not both.")
    first, last = _known_range(click.get_current_context())
    dates = DateRange(date or since, date or until, date or since or first, date or until or last)
    if dates.first > dates.last:
        raise click.UsageError(f"--from {dates.first} is after --to {dates.last}.")
    return dates


def _known_range(ctx: click.Context) -> tuple[dt.date, dt.date]:
    """The first and the last game date that can exist."""
    return ctx.find_root().obj.settings.first_date, last_known_date()


def expand_folders(files: Iterable[Path]) -> list[Path]:
    """The files, each once; in place of a folder, the files in it that can be read. Raises click.UsageError."""
    paths: list[Path] = []
    for path in files:
        if not path.is_dir():
            paths.append(path)
            continue
        # A broken link is named later as a file that does not exist; a pipe or a folder is none of the files.
        files_in_it = (file for file in path.iterdir() if file.is_file() or file.is_symlink())
        readable = sorted(file for file in files_in_it if file.suffix.lower() in FILE_SUFFIXES)
        if not readable:
            raise click.UsageError(f"{path} contains no file that can be read ({', '.join(FILE_SUFFIXES)}).")
        paths += readable
    return list(dict.fromkeys(paths))
