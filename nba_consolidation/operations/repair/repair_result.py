"""The figures of a repair or its forecast: before and after, by date and system, and in total."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from functools import cached_property
from typing import Generic, Protocol, Self, TypeVar

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.fencing.errors import DatesPoisoned


class RepairFigures(Protocol):
    """What a report adds up, for any table."""

    @property
    def needed(self) -> bool:
        """Whether any row has to be repaired."""

    @property
    def summary(self) -> Mapping[str, int | float | None]:
        """By name, for the log and for Dagster."""

    def __add__(self, other: Self) -> Self: ...


Figures = TypeVar("Figures", bound=RepairFigures)


@dataclass(frozen=True)
class AccuracyCounts:
    """Rows, how many of them are graded, and how many of their bets were won. A bet is neither voided nor a push.

    by_date: the bets won and all bets of each date, for the interval of the hit rate.
    """

    rows: int = 0
    graded: int = 0
    bets: int = 0
    correct: int = 0
    by_date: Mapping[dt.date, tuple[int, int]] = field(default_factory=dict)

    @property
    def wrong(self) -> int:
        return self.bets - self.correct

    @property
    def hit_rate(self) -> float | None:
        """Correct bets divided by bets; None without bets. `bets` is the sample size."""
        return self.correct / self.bets if self.bets else None

    def __add__(self, other: AccuracyCounts) -> AccuracyCounts:
        by_date = dict(self.by_date)
        for date, (correct, bets) in other.by_date.items():
            correct_before, bets_before = by_date.get(date, (0, 0))
            by_date[date] = correct_before + correct, bets_before + bets
        return AccuracyCounts(
            self.rows + other.rows,
            self.graded + other.graded,
            self.bets + other.bets,
            self.correct + other.correct,
            by_date,
        )


@dataclass(frozen=True)
class AccuracyRepair:
    """Counts before and after. percent_scale_rows: in percent before. normalised: of these, kept and converted."""

    before: AccuracyCounts = AccuracyCounts()
    after: AccuracyCounts = AccuracyCounts()
    percent_scale_rows: int = 0
    normalised: int = 0

    @property
    def duplicates(self) -> int:
        """Rows to remove, because their key has another row."""
        return self.before.rows - self.after.rows

    @property
    def duplicates_share(self) -> float:
        """The share of duplicates among the rows before, between 0 and 1."""
        return self.duplicates / self.before.rows if self.before.rows else 0.0

    @property
    def needed(self) -> bool:
        """Whether any row has to be repaired."""
        return bool(self.duplicates or self.percent_scale_rows)

    @property
    def hit_rate_off(self) -> float | None:
        """The error of the hit rate in percentage points: before - after. None without a bet before or after."""
        before, after = self.before.hit_rate, self.after.hit_rate
        return None if before is None or after is None else 100 * (before - after)

    @property
    def summary(self) -> Mapping[str, int | float | None]:
        return {
            "rows_before": self.before.rows,
            "rows_after": self.after.rows,
            "duplicates": self.duplicates,
            "percent_scale_rows": self.percent_scale_rows,
            "normalised": self.normalised,
            "hit_rate_before": self.before.hit_rate,
            "hit_rate_after": self.after.hit_rate,
            "bets_after": self.after.bets,
        }

    def __add__(self, other: AccuracyRepair) -> AccuracyRepair:
        return AccuracyRepair(
            self.before + other.before,
            self.after + other.after,
            self.percent_scale_rows + other.percent_scale_rows,
            self.normalised + other.normalised,
        )


@dataclass(frozen=True)
class PredictionsRepair:
    """Counts of player_prop_predictions before and after.

    duplicates: rows to remove. active_twins: active rows beyond the first of a game, player and system. misspelt: rows
    whose key is not in its canonical spelling. changed: rows that stay and are changed.
    """

    rows_before: int = 0
    rows_after: int = 0
    active_before: int = 0
    active_after: int = 0
    duplicates: int = 0
    active_twins: int = 0
    misspelt: int = 0
    changed: int = 0

    @property
    def needed(self) -> bool:
        """Whether any row has to be repaired."""
        return bool(self.duplicates or self.active_twins or self.misspelt)

    @property
    def summary(self) -> Mapping[str, int | float | None]:
        return vars(self)

    def __add__(self, other: PredictionsRepair) -> PredictionsRepair:
        return PredictionsRepair(*(one + another for one, another in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True)
class SystemRepair(Generic[Figures]):
    """The repair of one system's rows of one date."""

    game_date: dt.date
    system_id: str | None
    repair: Figures


@dataclass(frozen=True)
class RepairReport(Generic[Figures]):
    """One repair or, without a run id, the forecast of one. Poisoned dates are unchanged, and are not counted.

    no_figures: the figures of no row, to which the others are added.
    """

    run_id: str | None
    no_figures: Figures
    systems: tuple[SystemRepair[Figures], ...] = ()
    poisoned: Mapping[dt.date, ConsolidationError] = field(default_factory=dict)

    @cached_property
    def total(self) -> Figures:
        return sum((entry.repair for entry in self.systems), start=self.no_figures)

    @cached_property
    def by_system(self) -> dict[str | None, Figures]:
        """All dates together, by system."""
        by_system: dict[str | None, Figures] = {}
        for entry in sorted(self.systems, key=lambda entry: str(entry.system_id)):
            by_system[entry.system_id] = by_system.get(entry.system_id, self.no_figures) + entry.repair
        return by_system

    @cached_property
    def by_date(self) -> dict[dt.date, Figures]:
        """All systems together, by date; in order."""
        by_date: dict[dt.date, Figures] = {}
        for entry in sorted(self.systems, key=lambda entry: entry.game_date):
            by_date[entry.game_date] = by_date.get(entry.game_date, self.no_figures) + entry.repair
        return by_date

    @property
    def repaired_dates(self) -> tuple[dt.date, ...]:
        """The dates that were repaired, or would be."""
        return tuple(date for date, repair in self.by_date.items() if repair.needed)

    def raise_if_poisoned(self) -> None:
        """Raises DatesPoisoned if dates failed. Call it after the others were reported."""
        if self.poisoned:
            raise DatesPoisoned(self.poisoned, "repaired")
