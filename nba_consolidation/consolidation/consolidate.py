"""The use case: staged predictions of some game dates become consolidated ones, exactly once, whoever else tries.

Lease, manifest, one transaction, release, clean-up. What the transaction does stands in `transaction.py` and the SQL.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from nba_consolidation.consolidation import transaction
from nba_consolidation.consolidation.manifest import LedgerKey, Manifest, finished, freeze, waiting_dates
from nba_consolidation.consolidation.report import ConsolidationReport, DateCounts
from nba_consolidation.errors import ConsolidationError
from nba_consolidation.fencing import (
    Guard,
    fence,
    fence_rows,
    summed,
    tell,
    together_or_each,
    told,
    translated,
    utc_now,
)
from nba_consolidation.locking import (
    HeldLease,
    Holder,
    LeaseLost,
    LeaseStore,
    LeaseTiming,
    WaitPolicy,
    hold,
    lease_key,
)
from nba_consolidation.logs import event
from nba_consolidation.sql import Statement
from nba_consolidation.tables import ALL_TABLES, PREDICTIONS, Column
from nba_consolidation.warehouse import alignment
from nba_consolidation.warehouse.adoption import ensure_adopted
from nba_consolidation.warehouse.contract import KnownDates, StagingArea, StagingTable, TransactionResult, Warehouse
from nba_consolidation.warehouse.errors import (
    StatementFailed,
    TableRefused,
    WarehouseError,
)

LOCK_TYPE = "consolidation"
_log = logging.getLogger(__name__)
_AUDITS = ("duplicate_business_keys", "active_twins", "unconserved_dates")


@dataclass(frozen=True)
class Consolidator:
    """Everything a consolidation needs; `consolidate` is the one thing it does.

    known: the game dates that can exist, asked anew at each consolidation. evolve: add columns that the live table
    lacks instead of refusing the staging table. monotonic: the clock, in seconds, that measures the overhead of leases.
    """

    warehouse: Warehouse
    staging: StagingArea
    leases: LeaseStore
    known: Callable[[], KnownDates]
    evolve: bool = False
    timing: LeaseTiming = field(default_factory=LeaseTiming)
    wait: WaitPolicy = field(default_factory=WaitPolicy)
    clock: Callable[[], dt.datetime] = utc_now
    monotonic: Callable[[], float] = time.monotonic

    def consolidate(
        self,
        dates: Collection[dt.date],
        holder: Holder,
        on_step: Callable[[str], None] = lambda _: None,
    ) -> ConsolidationReport:
        """Consolidates whatever waits for the dates; where nothing does, reads nothing and takes no lease.

        A range is one transaction; when it fails, each date is tried alone, and `poisoned` names those that fail.
        Raises LeaseError where the lease cannot be had or was lost before the commit, WarehouseError where the
        warehouse cannot be used.
        """
        self.warehouse.create_tables(ALL_TABLES)
        on_step("list")
        listed = self.staging.list_tables(self.known())
        waiting = waiting_dates(listed, dates)
        event(_log, "staging_listed", run_id=holder.run_id, dates=waiting, tables=len(listed))
        if not waiting:
            refused = freeze(listed, (), (), ()).refused
            return _told(ConsolidationReport(holder.run_id, untouched=tuple(sorted(dates)), refused=refused))
        on_step("lease")
        attempt = _Attempt(self, holder, on_step)
        asked = self.monotonic()
        try:
            with hold(self.leases, map(_key, waiting), holder, timing=self.timing, wait=self.wait) as lease:
                attempt.consolidate(waiting, lease)
        except LeaseLost as error:
            if not attempt.committed:
                raise
            # What was committed was fenced, so it is right: a good run is not marked failed (incident 44).
            _log.warning("the lease was lost after the commit, which the fence had checked: %s", error)
        guarded_ms = round(1000 * (self.monotonic() - asked))
        on_step("clean up")
        dropped = self._drop(attempt.finished())
        return _told(attempt.report(lease, dates, dropped, guarded_ms - attempt.worked_ms))

    def _drop(self, tables: Sequence[StagingTable]) -> list[str]:
        """What cannot be dropped now goes next time: the ledger keeps it out, and the run was good (incident 44)."""
        try:
            return self.staging.drop(tables)
        except WarehouseError as error:
            _log.warning("the clean-up after the commit failed, and is left to the next consolidation: %s", error)
            return []


class _Attempt:
    """One consolidation under its lease: what it found, what it committed, what failed."""

    def __init__(self, use_case: Consolidator, holder: Holder, on_step: Callable[[str], None]) -> None:
        self._use_case = use_case
        self._holder = holder
        self._on_step = on_step
        self._listed: Sequence[StagingTable] = ()
        self._in_ledger: set[LedgerKey] = set()
        self._live: Sequence[Column] = ()
        self._manifest = Manifest((), ())
        self._poisoned: dict[dt.date, ConsolidationError] = {}
        self._results: list[TransactionResult] = []
        self.worked_ms = 0

    @property
    def committed(self) -> bool:
        return bool(self._results)

    def consolidate(self, dates: Sequence[dt.date], lease: HeldLease) -> None:
        """Freezes the manifest and merges it: all dates at once, or, if that fails, each alone."""
        began = self._use_case.monotonic()
        try:
            self._consolidate(dates, lease)
        finally:
            self.worked_ms = round(1000 * (self._use_case.monotonic() - began))

    def _consolidate(self, dates: Sequence[dt.date], lease: HeldLease) -> None:
        self._freeze(dates, lease)
        new = self._manifest.dates
        if not new:
            return
        self._make_fence_rows(new, lease)
        _, self._poisoned = together_or_each(new, lambda some: self._merge(self._manifest.only(some), lease))

    def finished(self) -> list[StagingTable]:
        """The listed tables that nobody needs any more."""
        return finished(self._listed, self._in_ledger)

    def report(
        self, lease: HeldLease, dates: Iterable[dt.date], dropped: Sequence[str], overhead_ms: int
    ) -> ConsolidationReport:
        counts = [DateCounts(**row) for result in self._results for row in result.rows["consolidation_counts"]]
        touched = {entry.game_date for entry in counts} | set(self._poisoned)
        return ConsolidationReport(
            run_id=self._holder.run_id,
            dates=tuple(sorted(counts, key=lambda entry: entry.game_date)),
            untouched=tuple(sorted(set(dates) - touched)),
            refused=self._manifest.refused,
            poisoned=self._poisoned,
            dropped=tuple(dropped),
            lease_wait_ms=lease.waited_ms,
            lease_hold_ms=lease.held_ms,
            lease_overhead_ms=overhead_ms,
            transaction_ms=round(1000 * sum(result.seconds for result in self._results)),
            cost=summed(self._results),
        )

    def _make_fence_rows(self, dates: Sequence[dt.date], lease: HeldLease) -> None:
        self._use_case.warehouse.run(fence_rows(self._guard(dates, lease), self._use_case.clock()))

    def _freeze(self, dates: Sequence[dt.date], lease: HeldLease) -> None:
        use_case = self._use_case
        self._listed = use_case.staging.list_tables(use_case.known())
        everywhere = {date for table in self._listed if waiting_dates([table], dates) for date in table.dates}
        bounds = {"first_date": min(everywhere, default=dates[0]), "last_date": max(everywhere, default=dates[-1])}
        rows = use_case.warehouse.query(Statement("consolidated_staging_tables", bounds))
        self._in_ledger = {(row["staging_table"], row["fingerprint"], row["game_date"]) for row in rows}
        self._live = use_case.warehouse.live_columns(PREDICTIONS.name)
        ensure_adopted(PREDICTIONS, self._live)
        if use_case.evolve:
            self._evolve(dates, lease)
        self._manifest = freeze(self._listed, dates, self._in_ledger, self._live)
        event(
            _log, "manifest_frozen", run_id=self._holder.run_id, dates=self._manifest.dates,
            tables=len(self._manifest.entries), refused=len(self._manifest.refused),
        )  # fmt: skip

    def _evolve(self, dates: Sequence[dt.date], lease: HeldLease) -> None:
        """Adds what the live table lacks; behind the fence, as everything that writes."""
        use_case, warehouse = self._use_case, self._use_case.warehouse
        tables = [table for table in self._listed if waiting_dates([table], dates)]
        drifts = [alignment.drift(table.columns, self._live) for table in tables]
        unknown = {column.name: column for drift in drifts for column in drift.unknown}
        if unknown:
            self._make_fence_rows(dates, lease)
            try:
                warehouse.run(fence(self._guard(dates, lease), use_case.clock()))
            except StatementFailed as error:
                raise _translated(error) from error
            warehouse.add_columns(PREDICTIONS.name, list(unknown.values()))
            self._live = warehouse.live_columns(PREDICTIONS.name)

    def _merge(self, manifest: Manifest, lease: HeldLease) -> None:
        """One transaction; a table that turns out unreadable is refused, and the others tried again."""
        while manifest.dates:
            try:
                self._commit(manifest, lease)
                return
            except TableRefused as error:
                unreadable = {error.table: f"{error.reason}; {error.next_step}"}
            except StatementFailed as error:
                unreadable = dict(self._use_case.staging.unreadable([entry.table for entry in manifest.entries]))
                if not unreadable:
                    raise _translated(error) from error
            for name, reason in unreadable.items():
                manifest = manifest.without(name, reason)
                self._manifest = self._manifest.without(name, reason)

    def _commit(self, manifest: Manifest, lease: HeldLease) -> None:
        use_case, now = self._use_case, self._use_case.clock()
        guard = self._guard(manifest.dates, lease)
        statements = transaction.consolidation(guard, uuid.uuid4().hex, now, use_case.known(), self._live)
        lease.ensure_held(ask_store=True)  # no fence keeps out what the predecessor writes once it deleted our document
        with told(guard, lease, use_case.leases):
            result = use_case.warehouse.run(statements, manifest.entries, self._on_step, check=lease.ensure_held)
        self._results.append(result)
        self._in_ledger |= {
            (entry.table.name, entry.table.fingerprint, date) for entry in manifest.entries for date in entry.dates
        }

    def _guard(self, dates: Sequence[dt.date], lease: HeldLease) -> Guard:
        return Guard.of(lease, dates, self._holder)


def _key(date: dt.date) -> str:
    return lease_key(LOCK_TYPE, date)


def _translated(error: StatementFailed) -> ConsolidationError:
    return translated(
        error,
        _AUDITS,
        f" and the staging tables stay; run `nba-consolidation duplicates` on {PREDICTIONS.name} and repair the date "
        "first",
    )


def _told(report: ConsolidationReport) -> ConsolidationReport:
    """The same report, told to the log: each date, and all of it."""
    for counts in report.dates:
        event(_log, "date_consolidated", run_id=report.run_id, **vars(counts))
    tell(
        _log,
        "consolidated",
        report.run_id,
        [counts.game_date for counts in report.dates],
        report.poisoned,
        staged=report.total("staged"),
        quarantined=report.total("quarantined"),
        refused=len(report.refused),
        dropped=len(report.dropped),
        lease_wait_ms=report.lease_wait_ms,
        lease_hold_ms=report.lease_hold_ms,
        transaction_ms=report.transaction_ms,
    )
    return report
