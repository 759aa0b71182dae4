"""The counts of a repair or its forecast: before and after, by date and system, and in total."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.fencing.errors import DatesPoisoned


@dataclass(frozen=True)
class AccuracyCounts:
    """Rows, how many of them are graded, and how many of their bets were won. A bet is neither voided nor a push."""

    rows: int = 0
    graded: int = 0
    bets: int = 0
    correct: int = 0

    @property
    def wrong(self) -> int:
        return self.bets - self.correct

    @property
    def hit_rate(self) -> float | None:
        """Correct bets divided by bets; None without bets. `bets` is the sample size."""
        return self.correct / self.bets if self.bets else None

    def __add__(self, other: AccuracyCounts) -> AccuracyCounts:
        return AccuracyCounts(
            self.rows + other.rows, self.graded + other.graded, self.bets + other.bets, self.correct + other.correct
        )


@dataclass(frozen=True)
class Repair:
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


@dataclass(frozen=True)
class SystemRepair:
    """The repair of one system's rows of one date."""

    game_date: dt.date
    system_id: str | None
    repair: Repair


@dataclass(frozen=True)
class RepairReport:
    """One repair or, without a run id, the forecast of one. Poisoned dates are unchanged, and are not counted."""

    run_id: str | None
    systems: tuple[SystemRepair, ...] = ()
    poisoned: Mapping[dt.date, ConsolidationError] = field(default_factory=dict)

    @property
    def total(self) -> Repair:
        return summed(entry.repair for entry in self.systems)

    @property
    def by_system(self) -> dict[str | None, Repair]:
        """All dates together, by system."""
        names = sorted({entry.system_id for entry in self.systems}, key=str)
        return {name: summed(entry.repair for entry in self.systems if entry.system_id == name) for name in names}

    @property
    def by_date(self) -> dict[dt.date, Repair]:
        """All systems together, by date; in order."""
        by_date: dict[dt.date, list[Repair]] = {}
        for entry in self.systems:
            by_date.setdefault(entry.game_date, []).append(entry.repair)
        return {date: summed(by_date[date]) for date in sorted(by_date)}

    @property
    def repaired_dates(self) -> tuple[dt.date, ...]:
        """The dates that were repaired, or would be."""
        return tuple(date for date, repair in self.by_date.items() if repair.needed)

    def raise_if_poisoned(self) -> None:
        """Raises DatesPoisoned if dates failed. Call it after the others were reported."""
        if self.poisoned:
            raise DatesPoisoned(self.poisoned, "repaired")


def summed(repairs: Iterable[Repair]) -> Repair:
    """All together."""
    total = Repair()
    for one in repairs:
        total = Repair(
            total.before + one.before,
            total.after + one.after,
            total.percent_scale_rows + one.percent_scale_rows,
            total.normalised + one.normalised,
        )
    return total
