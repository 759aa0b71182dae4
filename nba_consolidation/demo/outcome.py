"""What came out of the demo, held against what was counted while staging. Reads the warehouse; runs nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from nba_consolidation.demo.expectation import Expectation, Figures
from nba_consolidation.demo.race import Race
from nba_consolidation.fencing.audits import AUDITS
from nba_consolidation.pipeline.analysis.performance.queries import performance
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.interface import Row, Warehouse


@dataclass(frozen=True)
class Racer:
    """What one of the two consolidators did: runs, and the staged rows that it was the one to consolidate."""

    name: str
    runs: int
    rows: int


@dataclass(frozen=True)
class Outcome:
    """What came out of the season beside what had to.

    expected_figures, actual_figures: rows; of the outcomes of predictions, those of the played dates.
    hit_rates: of every system the figures of the season, as in system_performance. report: the page of the last one.
    """

    expected: Expectation
    expected_figures: Figures
    actual_figures: Figures
    duplicates: int
    hit_rates: tuple[Row, ...]
    racers: tuple[Racer, ...]
    report: Path
    seconds: float

    @property
    def lost(self) -> int:
        """Business keys that were staged and do not stand."""
        return self.expected_figures.consolidated - self.actual_figures.consolidated

    @property
    def newest_everywhere(self) -> bool:
        """Whether the newest version of every key stands."""
        return self.actual_figures.newest_micros == self.expected_figures.newest_micros

    @property
    def as_expected(self) -> bool:
        """Whether every figure is the one that was counted while staging, without the product's SQL."""
        return self.actual_figures == self.expected_figures and self.duplicates == 0


def outcome_of(warehouse: Warehouse, raced: Race, played: Sequence[dt.date], report: Path, seconds: float) -> Outcome:
    """Reads the committed rows. played: the dates that have box scores."""
    dates = sorted(raced.expected.by_date)
    (totals,) = warehouse.query(Statement("totals", {"first_date": dates[0], "last_date": dates[-1]}))
    actual = Figures(**{field.name: int(totals[field.name]) for field in fields(Figures)})
    terminal = sum(raced.passes)
    return Outcome(
        expected=raced.expected,
        expected_figures=raced.expected.once_played(played),
        actual_figures=actual,
        duplicates=sum(len(audit.findings(warehouse, dates)) for audit in AUDITS if audit.blocking),
        hit_rates=tuple(performance(warehouse, played[-1], played[-1], window="season", by="all")),
        racers=(Racer("Dagster", raced.runs, actual.staged - terminal), Racer("terminal", len(raced.passes), terminal)),
        report=report,
        seconds=seconds,
    )
