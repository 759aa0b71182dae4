"""The result of a consolidation, for Dagster's metadata, the terminal and JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.fencing.errors import DatesPoisoned

if TYPE_CHECKING:
    from nba_consolidation.pipeline.consolidation.staging_manifest import RefusedTable


@dataclass(frozen=True)
class DateCounts:
    """The counts of one consolidated date, in rows, except staging_tables. The last three count its current rows.

    tied_players: players with several equally new lines, of which prediction_id alone decided the active one.
    """

    game_date: dt.date
    token: int
    staging_tables: int
    staged: int
    inserted: int
    updated: int
    stale: int
    superseded: int
    quarantined: int
    total_rows: int
    active_rows: int
    tied_players: int = 0

    @property
    def conserved(self) -> bool:
        """The conservation law: every staged row is accounted for."""
        return self.staged == self.inserted + self.updated + self.stale + self.superseded + self.quarantined


@dataclass(frozen=True)
class ConsolidationReport:
    """One consolidation. untouched: the dates with nothing new.

    Times are in milliseconds: lease_wait_ms until the leases were acquired, lease_hold_ms until their release,
    lease_overhead_ms for acquisition and release together.
    """

    run_id: str
    dates: tuple[DateCounts, ...] = ()
    untouched: tuple[dt.date, ...] = ()
    refused: tuple[RefusedTable, ...] = ()
    poisoned: Mapping[dt.date, ConsolidationError] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    lease_wait_ms: int = 0
    lease_hold_ms: int = 0
    lease_overhead_ms: int = 0
    transaction_ms: int = 0
    cost: Mapping[str, float] = field(default_factory=dict)

    def total(self, figure: str) -> int:
        """The sum of one figure of DateCounts over the dates."""
        return sum(getattr(counts, figure) for counts in self.dates)

    @property
    def rows_per_second(self) -> float:
        """Staged rows per second of transaction; 0 where nothing was staged."""
        return self.total("staged") / (self.transaction_ms / 1000) if self.transaction_ms else 0.0

    def raise_if_poisoned(self) -> None:
        """Raises DatesPoisoned if some dates failed. Call it after the other dates were reported."""
        if self.poisoned:
            raise DatesPoisoned(self.poisoned)
