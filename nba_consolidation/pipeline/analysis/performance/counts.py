"""What each system did, by day, and the sums of it over windows of time. Whole numbers: sums are exact in any order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.pipeline.analysis.performance.buckets import buckets
from nba_consolidation.pipeline.analysis.performance.windows import Span, first_date_of
from nba_consolidation.schema import ALL_SYSTEMS, TIME_WINDOWS
from nba_consolidation.warehouse.interface import Row

OUTCOMES = ("correct", "wrong", "push", "passed", "not_a_bet", "voided")
COUNTED = ("graded", *OUTCOMES, "compared", "absolute_error_tenths", "error_tenths", "confidence_micros")
SCORED = ("brier_units", "log_loss_units")
FIGURES = (*COUNTED, *SCORED)
_CELL = ["system_id", "sliced_by", "bucket"]


@dataclass(frozen=True)
class DailyCounts:
    """The counts of every day of a span, added up from its first one.

    cells: system, slice and bucket of each; running[d, c, f]: figure f of cell c on all days before the d-th.
    """

    span: Span
    cells: pd.DataFrame
    running: npt.NDArray[np.int64]

    @classmethod
    def of(cls, span: Span, counted: Sequence[Row], scored: pd.DataFrame) -> DailyCounts:
        """From the rows of daily_counts and the scores, by date and system. Raises ConsolidationError."""
        daily = pd.DataFrame(counted, columns=["game_date", *_CELL, *COUNTED])
        if (daily["system_id"] == ALL_SYSTEMS).any():
            raise ConsolidationError(
                f"prediction_accuracy has a system called {ALL_SYSTEMS}, which is what all systems together are "
                f"called in system_performance; give it another name ({span.first} to {span.last})"
            )
        daily = _with_all_systems(_with_scores(daily, scored))
        numbers = daily.groupby(_CELL, sort=True)
        cells = pd.DataFrame(list(numbers.groups), columns=_CELL)
        running = np.zeros(((span.last - span.first).days + 2, len(cells), len(FIGURES)), np.int64)
        days = (pd.to_datetime(daily["game_date"]) - pd.Timestamp(span.first)).dt.days
        running[days.to_numpy(np.int64) + 1, numbers.ngroup()] = daily[list(FIGURES)].to_numpy(np.int64)
        return cls(span, cells, running.cumsum(axis=0))

    def in_windows(self, dates: Sequence[dt.date]) -> pd.DataFrame:
        """The counts of all windows that end with the dates: one row each for every system and bucket that has any.

        A system that was graded at all in a date's windows has its row for all of them, of nothing too.
        """
        sums = {window: self._sums(window, dates) for window in TIME_WINDOWS}
        graded = np.stack([found[:, :, 0] for found in sums.values()])
        whole = (self.cells["sliced_by"] == "all").to_numpy()
        shown = (graded > 0) | ((graded.max(axis=0) > 0) & whole)
        parts = self._rows(dates, sums, shown)
        bounds = pd.DataFrame(buckets())
        rows = pd.concat(list(parts), ignore_index=True).merge(bounds, on=["sliced_by", "bucket"])
        return rows.assign(bets=rows["correct"] + rows["wrong"])

    def _sums(self, window: str, dates: Sequence[dt.date]) -> npt.NDArray[np.int64]:
        firsts = [max(self._day(first_date_of(window, date)), 0) for date in dates]
        lasts = [self._day(date) for date in dates]
        sums: npt.NDArray[np.int64] = self.running[np.array(lasts) + 1] - self.running[firsts]
        return sums

    def _day(self, date: dt.date) -> int:
        return (date - self.span.first).days

    def _rows(
        self, dates: Sequence[dt.date], sums: dict[str, npt.NDArray[np.int64]], shown: npt.NDArray[np.bool_]
    ) -> Iterator[pd.DataFrame]:
        lasts = pd.Series(pd.to_datetime(list(dates)))
        for (window, found), kept in zip(sums.items(), shown, strict=True):
            firsts = pd.Series(pd.to_datetime([first_date_of(window, date) for date in dates]))
            date, cell = kept.nonzero()
            yield pd.DataFrame(found[date, cell], columns=list(FIGURES)).assign(
                game_date=lasts.iloc[date].to_numpy(),
                first_date=firsts.iloc[date].to_numpy(),
                time_window=window,
                **{name: self.cells[name].iloc[cell].to_numpy() for name in _CELL},
            )


def _with_scores(daily: pd.DataFrame, scored: pd.DataFrame) -> pd.DataFrame:
    """Scores belong to a system's day as a whole. No column ever turns to floats: these would round large sums."""
    columns = ["game_date", *_CELL, *FIGURES]
    whole = scored.assign(sliced_by="all", bucket=0)
    rows = pd.concat([part.reindex(columns=columns, fill_value=0) for part in (daily, whole)], ignore_index=True)
    rows = rows.astype(dict.fromkeys(("bucket", *FIGURES), np.int64))
    return rows.groupby(["game_date", *_CELL], as_index=False).sum()


def _with_all_systems(daily: pd.DataFrame) -> pd.DataFrame:
    together = daily.groupby(["game_date", "sliced_by", "bucket"], as_index=False)[list(FIGURES)].sum()
    return pd.concat([daily, together.assign(system_id=ALL_SYSTEMS)], ignore_index=True)
