"""What a consolidation did, for whoever shows it: Dagster's metadata, the terminal's table, a script's JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.fencing.errors import DatesPoisoned
from nba_consolidation.pipeline.consolidation.staging_manifest import RefusedTable


@dataclass(frozen=True)
class DateCounts:
    """One consolidated date: what went in, what became of it, what stands now. All in rows but staging_tables."""

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

    @property
    def conserved(self) -> bool:
        """The conservation law: every staged row is accounted for."""
        return self.staged == self.inserted + self.updated + self.stale + self.superseded + self.quarantined


@dataclass(frozen=True)
class ConsolidationReport:
    """One consolidation: of which dates, what came of each, what it cost.

    `untouched` are the dates with nothing new. Times are in milliseconds: `lease_wait_ms` from asking for the leases to
    having them, `lease_overhead_ms` that and the release together, `lease_hold_ms` what lay between.
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
        """Raises DatesPoisoned, once everything else is done and told."""
        if self.poisoned:
            raise DatesPoisoned(self.poisoned)
