"""Counts of each system by day and bucket, and their sums over time windows. Whole numbers, exact in any order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.pipeline.analysis.performance.windows import DateSpan, window_start
from nba_consolidation.schema import ALL_SYSTEMS, OUTCOMES, TIME_WINDOWS
from nba_consolidation.warehouse.interface import Row

if TYPE_CHECKING:
    import pandas as pd

SCORES = ("brier_units", "log_loss_units")
EDGE_BOUNDS = (1, 2, 3, 5)
"""Points of |predicted - line| at which the second and each later bucket begins. graded_rows.sql has as many."""
_BINS = 10  # of confidence
_MILLI = 1000
_COUNTED = ("graded", *OUTCOMES, "compared", "absolute_error_tenths", "error_tenths", "confidence_micros")
CLUSTER_SUMS = ("dates", "bets_squared", "correct_bets", "correct_squared", "gap_bets", "gap_squared")
"""Sums over game dates for `game_date_clusters`: the number of dates with bets, and sums of squares and products of a
date's bets, bets won and gap (confidences - bets won, in thousandths)."""
_COUNTS = (*_COUNTED, *SCORES, *CLUSTER_SUMS)
_CELL = ["system_id", "sliced_by", "bucket"]


class Bucket(NamedTuple):
    """One bucket of a slice. Number 0 is the whole slice `all`; of the others, the rows that fit no bucket."""

    sliced_by: str
    bucket: int
    bucket_label: str
    lower_bound: float | None = None
    upper_bound: float | None = None


def _buckets() -> Iterator[Bucket]:
    yield Bucket("all", 0, "all")
    yield Bucket("confidence", 0, "none from 0 to 1")
    for number in range(1, _BINS + 1):
        lower, upper = (number - 1) / _BINS, number / _BINS
        yield Bucket("confidence", number, f"{lower:.1f} to {upper:.1f}", lower, upper)
    yield Bucket("edge", 0, "no line")
    bounds = (0.0, *map(float, EDGE_BOUNDS))
    for number, (lower, end) in enumerate(zip(bounds, (*bounds[1:], None), strict=True), start=1):
        label = f"from {lower:g}" if end is None else f"{lower:g} to {end:g}"
        yield Bucket("edge", number, f"{label} points", lower, end)


@dataclass(frozen=True)
class DailyCounts:
    """The counts of every day of a range, as running sums from its first day.

    cells: the system, slice and bucket of each cell. running[d, c, k]: count k of cell c over all days before the d-th.
    """

    days: DateSpan
    cells: pd.DataFrame
    running: npt.NDArray[np.int64]

    @classmethod
    def of(cls, days: DateSpan, counted: Sequence[Row], scores: pd.DataFrame) -> DailyCounts:
        """From the rows of daily_counts and the sums of scores. Raises ConsolidationError for a system named ALL."""
        import pandas as pd

        daily = pd.DataFrame(counted, columns=["game_date", *_CELL, *_COUNTED])
        if (daily["system_id"] == ALL_SYSTEMS).any():
            raise ConsolidationError(
                f"{days.first} to {days.last}: prediction_accuracy has a system named {ALL_SYSTEMS}, which in "
                "system_performance means all systems together; rename the system"
            )
        daily = _with_cluster_sums(_with_all_systems(_with_scores(daily, scores)))
        by_cell = daily.groupby(_CELL, sort=True)
        cells = pd.DataFrame(list(by_cell.groups), columns=_CELL)
        running = np.zeros(((days.last - days.first).days + 2, len(cells), len(_COUNTS)), np.int64)
        day = (pd.to_datetime(daily["game_date"]) - pd.Timestamp(days.first)).dt.days
        running[day.to_numpy(np.int64) + 1, by_cell.ngroup()] = daily[list(_COUNTS)].to_numpy(np.int64)
        return cls(days, cells, running.cumsum(axis=0))

    def in_windows(self, dates: Sequence[dt.date]) -> pd.DataFrame:
        """One row per window that ends with one of the dates, system and bucket that has graded rows.

        A system that was graded in any window of a date has a row for all windows of that date, even if it is empty.
        """
        import pandas as pd

        sums = {window: self._sums(window, dates) for window in TIME_WINDOWS}
        graded = np.stack([window_sums[:, :, 0] for window_sums in sums.values()])
        whole = (self.cells["sliced_by"] == "all").to_numpy()
        has_row = (graded > 0) | ((graded.max(axis=0) > 0) & whole)
        rows = pd.concat(list(self._rows(dates, sums, has_row)), ignore_index=True)
        rows = rows.merge(pd.DataFrame(_buckets()), on=["sliced_by", "bucket"])
        return rows.assign(bets=rows["correct"] + rows["wrong"])

    def _sums(self, window: str, dates: Sequence[dt.date]) -> npt.NDArray[np.int64]:
        firsts = [max(self._day(window_start(window, date)), 0) for date in dates]
        lasts = np.array([self._day(date) for date in dates])
        sums: npt.NDArray[np.int64] = self.running[lasts + 1] - self.running[firsts]
        return sums

    def _day(self, date: dt.date) -> int:
        return (date - self.days.first).days

    def _rows(
        self, dates: Sequence[dt.date], sums: dict[str, npt.NDArray[np.int64]], has_row: npt.NDArray[np.bool_]
    ) -> Iterator[pd.DataFrame]:
        import pandas as pd

        lasts = pd.Series(pd.to_datetime(list(dates)))
        for (window, window_sums), kept in zip(sums.items(), has_row, strict=True):
            firsts = pd.Series(pd.to_datetime([window_start(window, date) for date in dates]))
            date, cell = kept.nonzero()
            yield pd.DataFrame(window_sums[date, cell], columns=list(_COUNTS)).assign(
                game_date=lasts.iloc[date].to_numpy(),
                first_date=firsts.iloc[date].to_numpy(),
                time_window=window,
                **{name: self.cells[name].iloc[cell].to_numpy() for name in _CELL},
            )


def _with_scores(daily: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Adds the scores to the slice `all`. Every column stays a whole number: floats would round large sums."""
    import pandas as pd

    counts = (*_COUNTED, *SCORES)
    columns = ["game_date", *_CELL, *counts]
    whole = scores.assign(sliced_by="all", bucket=0)
    rows = pd.concat([part.reindex(columns=columns, fill_value=0) for part in (daily, whole)], ignore_index=True)
    rows = rows.astype(dict.fromkeys(("bucket", *counts), np.int64))
    return rows.groupby(["game_date", *_CELL], as_index=False).sum()


def _with_all_systems(daily: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    counts = [*_COUNTED, *SCORES]
    sums = daily.groupby(["game_date", "sliced_by", "bucket"], as_index=False)[counts].sum()
    return pd.concat([daily, sums.assign(system_id=ALL_SYSTEMS)], ignore_index=True)


def _with_cluster_sums(daily: pd.DataFrame) -> pd.DataFrame:
    bets, correct = daily["correct"] + daily["wrong"], daily["correct"]
    gap = (daily["confidence_micros"] / _MILLI).round().astype(np.int64) - _MILLI * correct
    return daily.assign(
        dates=(bets > 0).astype(np.int64),
        bets_squared=bets**2,
        correct_bets=correct * bets,
        correct_squared=correct**2,
        gap_bets=gap * bets,
        gap_squared=gap**2,
    )
