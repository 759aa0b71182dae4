"""The windows of time: which dates each of them sums up."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from nba_consolidation.schema import TIME_WINDOWS

_DAYS = {"day": 1, "7d": 7, "30d": 30}
_SEASON_BEGINS = (7, 1)  # the games of a season end in June and begin in October


class Span(NamedTuple):
    """Dates from the first to the last, both included."""

    first: dt.date
    last: dt.date


def season_of(date: dt.date) -> Span:
    """The season that a date is in: 1 July to 30 June."""
    begins = dt.date(date.year, *_SEASON_BEGINS)
    if date < begins:
        begins = begins.replace(year=date.year - 1)
    return Span(begins, begins.replace(year=begins.year + 1) - dt.timedelta(1))


def first_date_of(window: str, date: dt.date) -> dt.date:
    """Where a window that ends with the date begins; raises KeyError for one that there is not."""
    if window == "season":
        return season_of(date).first
    return date - dt.timedelta(_DAYS[window] - 1)


def first_date_read(date: dt.date) -> dt.date:
    """Where the longest of the windows begins; early in a season that is not the season."""
    return min(first_date_of(window, date) for window in TIME_WINDOWS)


def bounds(dates: Collection[dt.date]) -> list[dt.date]:
    """In order, where the windows that end with the dates begin, and the days after their ends."""
    begin = {first_date_of(window, date) for date in dates for window in TIME_WINDOWS}
    return sorted(begin | {date + dt.timedelta(1) for date in dates})


def reach(date: dt.date) -> dt.date:
    """The last date that some window with this date in it can end with."""
    return max(season_of(date).last, date + dt.timedelta(max(_DAYS.values()) - 1))


def touched(candidates: Iterable[dt.date], changed: Sequence[dt.date]) -> list[dt.date]:
    """Of the candidates, those whose windows hold one of the changed dates, which are in order."""
    found = []
    for date in candidates:
        before = bisect_right(changed, date)
        if before and changed[before - 1] >= first_date_read(date):
            found.append(date)
    return found
