"""A season in chunks of dates: each chunk is done, told, and done with. What is done to it is handed in.

Nothing is remembered between two backfills: what is done already is found out, cheaply, by whoever does the work.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.leases import LeaseHeld


@dataclass(frozen=True)
class ChunkDone:
    """What came of some dates: figures to be added up, the dates that could not be done, and what was refused, if any.

    `refused` has a reason by staging table; each chunk may tell of the same ones.
    """

    figures: Mapping[str, int] = field(default_factory=dict)
    failed: Mapping[dt.date, ConsolidationError] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)


Work = Callable[[Sequence[dt.date]], ChunkDone]


@dataclass(frozen=True)
class BackfillReport:
    """All chunks together."""

    first: dt.date
    last: dt.date
    dates: int = 0
    figures: Mapping[str, int] = field(default_factory=dict)
    failed: Mapping[dt.date, ConsolidationError] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)

    def plus(self, dates: Sequence[dt.date], done: ChunkDone) -> BackfillReport:
        """The report with one more chunk."""
        figures = dict(self.figures)
        for name, count in done.figures.items():
            figures[name] = figures.get(name, 0) + count
        failed, refused = {**self.failed, **done.failed}, {**self.refused, **done.refused}
        return BackfillReport(self.first, self.last, self.dates + len(dates), figures, failed, refused)


def backfill(
    first: dt.date, last: dt.date, days: int, work: Work, on_chunk: Callable[[BackfillReport], None] = lambda _: None
) -> BackfillReport:
    """Does the work on all dates of the range, both ends included, so many days at a time.

    A date that fails, or is held by somebody else, stops none of the others. What would only fail again (a warehouse or
    a lease store that cannot be used) is raised, with a note that says up to which date all is done.
    """
    report = BackfillReport(first, last)
    for chunk in _chunks(first, last, days):
        try:
            done = _done(work, chunk)
        except ConsolidationError as error:
            reached = f"everything before {chunk[0]} is done" if report.dates else "nothing is done yet"
            error.add_note(f"Of {first} to {last}, {reached}; the same command goes on from there.")
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
    # One of its dates is somebody else's just now; the others need not wait for it.
    alone = [_done(work, [date]) for date in chunk]
    report = BackfillReport(chunk[0], chunk[-1])
    for date, done in zip(chunk, alone, strict=True):
        report = report.plus([date], done)
    return ChunkDone(report.figures, report.failed, report.refused)


def _chunks(first: dt.date, last: dt.date, days: int) -> Iterator[list[dt.date]]:
    dates = [first + dt.timedelta(day) for day in range((last - first).days + 1)]
    return (dates[start : start + days] for start in range(0, len(dates), days))
