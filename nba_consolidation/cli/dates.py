"""Game dates as options: --date, --from and --to, checked against the dates that can exist. Reads no data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from nba_consolidation.settings import last_known_date

_Command = TypeVar("_Command", bound=Callable[..., Any])


def game_date(ctx: click.Context, param: click.Parameter, value: str | None) -> dt.date | None:
    """A game date, written 2026-01-15, that is one of those that can exist: the callback of an option."""
    if value is None:
        return None
    try:
        date = dt.datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007 (a date has no zone)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is not a date; write it like 2026-01-15.", ctx, param) from error
    first, last = known_range(ctx)
    if not first <= date <= last:
        reason = f"{date} is outside the game dates that can exist, {first} to {last}."
        raise click.BadParameter(f"{reason} Earlier ones need another --first-date.", ctx, param)
    return date


@dataclass(frozen=True)
class Span:
    """The dates that were asked for: one, a range with open ends, or none (`given` is false)."""

    first: dt.date
    last: dt.date
    given: bool

    @property
    def single(self) -> bool:
        return self.first == self.last

    @property
    def dates(self) -> list[dt.date]:
        """All of them, in order."""
        return [self.first + dt.timedelta(days) for days in range((self.last - self.first).days + 1)]

    def __str__(self) -> str:
        return str(self.first) if self.single else f"{self.first} to {self.last}"


def known_range(ctx: click.Context) -> tuple[dt.date, dt.date]:
    """The first and the last game date that can exist."""
    return ctx.find_root().obj.settings.first_date, last_known_date()


def date_options(command: _Command) -> _Command:
    """--date, --from and --to; the command gets them as `date`, `since` and `until`, for `span_of`."""
    options = (
        click.option("--date", callback=game_date, metavar="DATE", help="One game date."),
        click.option(
            "--from",
            "since",
            callback=game_date,
            metavar="DATE",
            help="First game date of a range; open end without --to.",
        ),
        click.option(
            "--to",
            "until",
            callback=game_date,
            metavar="DATE",
            help="Last game date of a range; open begin without --from.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def span_of(date: dt.date | None, since: dt.date | None, until: dt.date | None) -> Span:
    """The span that the three options mean. Raises click.UsageError where they contradict each other."""
    if date is not None and (since is not None or until is not None):
        raise click.UsageError("Give --date, or --from and --to, not both.")
    first, last = known_range(click.get_current_context())
    span = Span(date or since or first, date or until or last, any((date, since, until)))
    if span.first > span.last:
        raise click.UsageError(f"--from {span.first} comes after --to {span.last}.")
    return span
