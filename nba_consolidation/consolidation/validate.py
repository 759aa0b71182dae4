"""The use case: what stands for some game dates becomes what consumers read. Written anew per date, under its fence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from nba_consolidation.consolidation import transaction
from nba_consolidation.consolidation.consolidate import LOCK_TYPE, guard, utc_now
from nba_consolidation.locking import Holder, LeaseStore, LeaseTiming, WaitPolicy, hold, lease_key
from nba_consolidation.tables import ALL_TABLES
from nba_consolidation.warehouse.contract import Warehouse


@dataclass(frozen=True)
class ValidatedDate:
    """What consumers now read of one date, in rows; players and systems are distinct ones."""

    game_date: dt.date
    validated_rows: int
    percent_scale_rows: int
    without_line: int
    players: int
    systems: int


@dataclass(frozen=True)
class Validator:
    """Everything a validation needs. scales: `percent` or `fraction`, for systems whose scale is known."""

    warehouse: Warehouse
    leases: LeaseStore
    scales: Mapping[str, str] = field(default_factory=dict)
    timing: LeaseTiming = field(default_factory=LeaseTiming)
    wait: WaitPolicy = field(default_factory=WaitPolicy)
    clock: Callable[[], dt.datetime] = utc_now

    def validate(self, dates: Collection[dt.date], holder: Holder) -> list[ValidatedDate]:
        """Rewrites the validated rows of the dates in one transaction, under the leases that guard them.

        Raises LeaseError and WarehouseError as the consolidation does; StatementFailed names the audit that failed.
        """
        ordered = sorted(dates)
        keys = [lease_key(LOCK_TYPE, date) for date in ordered]
        self.warehouse.create_tables(ALL_TABLES)
        with hold(self.leases, keys, holder, timing=self.timing, wait=self.wait) as lease:
            guarded, now = guard(lease, ordered, holder), self.clock()
            self.warehouse.run(transaction.fence_rows(guarded, now))
            lease.ensure_held(ask_store=True)
            result = self.warehouse.run(
                transaction.validation(guarded, now, self._systems("percent"), self._systems("fraction")),
                check=lease.ensure_held,
            )
        return [ValidatedDate(**row) for row in result.rows["validated_counts"]]

    def _systems(self, scale: str) -> list[str]:
        return [system for system, declared in self.scales.items() if declared == scale]
