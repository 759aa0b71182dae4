"""A season in chunks: nothing done twice, nothing left out, nothing that one date keeps from the others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pytest

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.leases import LeaseHeld
from nba_consolidation.operations.backfill import BackfillReport, ChunkDone, backfill
from nba_consolidation.warehouse.errors import WarehouseUnavailable

FIRST, LAST = dt.date(2026, 1, 1), dt.date(2026, 1, 10)


def day(number: int) -> dt.date:
    return FIRST + dt.timedelta(number - 1)


class Season:
    """Work that notes its chunks; some dates are held, some poisoned, on one the warehouse goes away."""

    def __init__(self, held: Sequence[int] = (), poisoned: Sequence[int] = (), gone: int = 0) -> None:
        self.chunks: list[list[int]] = []
        self._held, self._poisoned, self._gone = held, poisoned, gone

    def work(self, dates: Sequence[dt.date]) -> ChunkDone:
        days = [date.day for date in dates]
        self.chunks.append(days)
        if self._gone in days:
            raise WarehouseUnavailable("gone")
        if set(days) & set(self._held):
            raise LeaseHeld.__new__(LeaseHeld)
        poisoned = {date: ConsolidationError("poisoned") for date in dates if date.day in self._poisoned}
        return ChunkDone({"done": len(days) - len(poisoned)}, poisoned)


def test_every_date_is_done_once_in_chunks_with_both_ends() -> None:
    season, progress = Season(), list[int]()
    report = backfill(FIRST, LAST, 4, season.work, lambda so_far: progress.append(so_far.dates))
    assert season.chunks == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]
    assert progress == [4, 8, 10]
    assert report == BackfillReport(FIRST, LAST, 10, {"done": 10}, {})


def test_poisoned_dates_are_named_and_stop_no_other() -> None:
    season = Season(poisoned=(2, 9))
    report = backfill(FIRST, LAST, 4, season.work)
    assert sorted(report.failed) == [day(2), day(9)]
    assert report.figures == {"done": 8}


def test_a_date_that_somebody_else_holds_keeps_only_itself_back() -> None:
    season = Season(held=(6,))
    report = backfill(FIRST, LAST, 4, season.work)
    assert season.chunks[1:6] == [[5, 6, 7, 8], [5], [6], [7], [8]]
    assert list(report.failed) == [day(6)]
    assert (report.dates, report.figures) == (10, {"done": 9})


def test_a_warehouse_that_goes_away_ends_it_and_the_error_says_how_far_it_came() -> None:
    with pytest.raises(WarehouseUnavailable) as caught:
        backfill(FIRST, LAST, 4, Season(gone=5).work)
    assert "all dates before 2026-01-05 are done" in str(caught.value.__notes__)
    with pytest.raises(WarehouseUnavailable) as caught:
        backfill(FIRST, LAST, 4, Season(gone=1).work)
    assert "no date is done yet" in str(caught.value.__notes__)
