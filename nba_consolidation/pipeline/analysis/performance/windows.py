"""The time windows that performance is summed up over: a day, 7 days, 30 days, a season."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from nba_consolidation.schema import TIME_WINDOWS

_DAYS = {"day": 1, "7d": 7, "30d": 30}
_SEASON_START = (7, 1)  # the games of a season end in June and begin in October


class DateSpan(NamedTuple):
    """The dates from first to last, both included."""

    first: dt.date
    last: dt.date


def season_of(date: dt.date) -> DateSpan:
    """The season of a date: 1 July to 30 June."""
    start = dt.date(date.year, *_SEASON_START)
    if date < start:
        start = start.replace(year=date.year - 1)
    return DateSpan(start, start.replace(year=start.year + 1) - dt.timedelta(1))


def window_start(window: str, date: dt.date) -> dt.date:
    """The first date of the window that ends with the date. No window begins before its season. Raises KeyError."""
    first_of_season = season_of(date).first
    if window == "season":
        return first_of_season
    return max(date - dt.timedelta(_DAYS[window] - 1), first_of_season)


def earliest_start(date: dt.date) -> dt.date:
    """The first date of the longest window that ends with the date."""
    return min(window_start(window, date) for window in TIME_WINDOWS)


def window_bounds(dates: Collection[dt.date]) -> list[dt.date]:
    """The first date of each window that ends with one of the dates, and the day after each of the dates; sorted."""
    starts = {window_start(window, date) for date in dates for window in TIME_WINDOWS}
    return sorted(starts | {date + dt.timedelta(1) for date in dates})


def dependent_dates(candidates: Iterable[dt.date], changed: Sequence[dt.date]) -> list[dt.date]:
    """Those candidates whose windows contain one of the changed dates, which must be sorted."""
    dependent = []
    for date in candidates:
        before = bisect_right(changed, date)
        if before and changed[before - 1] >= earliest_start(date):
            dependent.append(date)
    return dependent
