"""Backfill of a range of dates in chunks. The work on a chunk is a parameter.

No state is kept between two backfills: the work itself skips finished dates.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.leases import LeaseHeld


@dataclass(frozen=True)
class ChunkDone:
    """The result of a chunk: counts to be added up, failed dates, and the reason of each refused staging table.

    The same refused table may be in the results of several chunks.
    """

    figures: Mapping[str, int] = field(default_factory=dict)
    failed: Mapping[dt.date, ConsolidationError] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)


Work = Callable[[Sequence[dt.date]], ChunkDone]


@dataclass(frozen=True)
class BackfillReport:
    """The sum of all chunks so far."""

    first: dt.date
    last: dt.date
    dates: int = 0
    figures: Mapping[str, int] = field(default_factory=dict)
    failed: Mapping[dt.date, ConsolidationError] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)

    def plus(self, dates: Sequence[dt.date], done: ChunkDone) -> BackfillReport:
        """Returns the report with one more chunk."""
        figures = dict(self.figures)
        for name, count in done.figures.items():
            figures[name] = figures.get(name, 0) + count
        failed, refused = {**self.failed, **done.failed}, {**self.refused, **done.refused}
        return BackfillReport(self.first, self.last, self.dates + len(dates), figures, failed, refused)


def backfill(
    first: dt.date, last: dt.date, days: int, work: Work, on_chunk: Callable[[BackfillReport], None] = lambda _: None
) -> BackfillReport:
    """Does the work on all dates of the range, both ends included, in chunks of `days` days.

    A date that fails, or whose lease somebody else holds, does not stop the others. An error that would recur (the
    warehouse or the lease store cannot be used) is raised with a note that names the dates that are done.
    """
    report = BackfillReport(first, last)
    for chunk in _chunks(first, last, days):
        try:
            done = _done(work, chunk)
        except ConsolidationError as error:
            progress = f"all dates before {chunk[0]} are done" if report.dates else "no date is done yet"
            error.add_note(f"{first} to {last}: {progress}. Run the same command again for the rest.")
            raise
        report = report.plus(chunk, done)
        on_chunk(report)
    return report


def _done(work: Work, chunk: Sequence[dt.date]) -> ChunkDone:
    try:
        return work(chunk)
    except LeaseHeld as error:
        if len(chunk) == 1:
            return ChunkDone(failed={chunk[0]: error})
    # Somebody else holds the lease of one date; the others need not wait for it.
    single_dates = [_done(work, [date]) for date in chunk]
    report = BackfillReport(chunk[0], chunk[-1])
    for date, done in zip(chunk, single_dates, strict=True):
        report = report.plus([date], done)
    return ChunkDone(report.figures, report.failed, report.refused)


def _chunks(first: dt.date, last: dt.date, days: int) -> Iterator[list[dt.date]]:
    dates = [first + dt.timedelta(day) for day in range((last - first).days + 1)]
    return (dates[start : start + days] for start in range(0, len(dates), days))
