"""The result of the demo, compared with the counts made while staging. Reads the warehouse only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from nba_consolidation.demo.expectation import Expectation, Figures
from nba_consolidation.demo.race import Race
from nba_consolidation.fencing.audits import AUDITS
from nba_consolidation.pipeline.analysis.performance.queries import performance
from nba_consolidation.sql import Statement, over_dates
from nba_consolidation.warehouse.interface import Row, Warehouse


@dataclass(frozen=True)
class Racer:
    """One of the two consolidators: its runs, and the staged rows that it consolidated."""

    name: str
    runs: int
    rows: int


@dataclass(frozen=True)
class DemoComparison:
    """The expected and the actual result of the season.

    expected_figures, actual_figures: numbers of rows; outcomes are those of the played dates. hit_rates: the rows of
    system_performance of the season. report: the file of the daily report. example: a prediction of the first date.
    """

    expected: Expectation
    expected_figures: Figures
    actual_figures: Figures
    duplicates: int
    hit_rates: tuple[Row, ...]
    racers: tuple[Racer, ...]
    report: Path
    seconds: float
    example: Row

    @property
    def lost(self) -> int:
        """Business keys that were staged and have no row."""
        return self.expected_figures.consolidated - self.actual_figures.consolidated

    @property
    def newest_everywhere(self) -> bool:
        """Whether the newest version of every key won."""
        return self.actual_figures.newest_micros == self.expected_figures.newest_micros

    @property
    def as_expected(self) -> bool:
        """Whether every figure equals the count made while staging, without the product's SQL."""
        return self.actual_figures == self.expected_figures and self.duplicates == 0


def compare_with_expectation(
    warehouse: Warehouse, raced: Race, played: Sequence[dt.date], report: Path, seconds: float
) -> DemoComparison:
    """Reads the actual result. played: the dates that have box scores."""
    dates = sorted(raced.expected.by_date)
    (totals,) = warehouse.query(Statement("totals_of_all_tables", {"first_date": dates[0], "last_date": dates[-1]}))
    actual = Figures(**{field.name: int(totals[field.name]) for field in fields(Figures)})
    terminal = sum(raced.passes)
    return DemoComparison(
        expected=raced.expected,
        expected_figures=raced.expected.once_played(played),
        actual_figures=actual,
        duplicates=sum(len(audit.findings(warehouse, dates)) for audit in AUDITS if audit.blocking),
        hit_rates=tuple(performance(warehouse, played[-1], played[-1], window="season", by="all")),
        racers=(Racer("Dagster", raced.runs, actual.staged - terminal), Racer("terminal", len(raced.passes), terminal)),
        report=report,
        seconds=seconds,
        example=_example(warehouse, dates[0]),
    )


def _example(warehouse: Warehouse, date: dt.date) -> Row:
    [example] = warehouse.query(Statement("sample_predictions", {**over_dates([date]), "rows": 1}))
    return example
