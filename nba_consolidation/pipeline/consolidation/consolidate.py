"""The use case: consolidates the staged predictions of game dates exactly once, even if other runs do the same.

Lease, manifest, one transaction, release, clean-up. What the transaction does is in `transaction.py` and its SQL.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.fencing.audits import as_options
from nba_consolidation.fencing.fenced_writer import FencedWriter, LeasedDates, log_outcome, total_cost
from nba_consolidation.leases import Holder
from nba_consolidation.observability import log_event
from nba_consolidation.operations.repair.repaired_table import REPAIRED_PREDICTIONS
from nba_consolidation.pipeline.consolidation import transaction
from nba_consolidation.pipeline.consolidation.result import ConsolidationReport, DateCounts
from nba_consolidation.pipeline.consolidation.staging_manifest import (
    LedgerKey,
    Manifest,
    finished,
    freeze,
    waiting_dates,
)
from nba_consolidation.schema import ALL_TABLES, PREDICTIONS, Column
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.column_alignment import columns_to_add, ensure_complete
from nba_consolidation.warehouse.errors import StatementFailed, TableRefused, WarehouseError
from nba_consolidation.warehouse.interface import TransactionResult
from nba_consolidation.warehouse.staging.interface import KnownDates, StagingArea, StagingTable

LOCK_TYPE = REPAIRED_PREDICTIONS.lock_type
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Consolidator:
    """Consolidates game dates.

    known: the game dates that can exist, evaluated at each consolidation. evolve: add columns that the live table lacks
    instead of refusing the staging table. monotonic: the clock, in seconds, that measures the overhead of leases.
    """

    writer: FencedWriter
    staging: StagingArea
    known: Callable[[], KnownDates]
    evolve: bool = False
    monotonic: Callable[[], float] = time.monotonic

    def consolidate(
        self,
        dates: Collection[dt.date],
        holder: Holder,
        on_step: Callable[[str], None] = lambda _: None,
    ) -> ConsolidationReport:
        """Consolidates the waiting staging tables of the dates. If none waits, reads no rows and acquires no lease.

        A range is one transaction; if it fails, each date is tried alone, and `poisoned` names those that fail.
        Raises LeaseError if the lease cannot be acquired or was lost before the commit, WarehouseError if the
        warehouse cannot be used.
        """
        self.writer.warehouse.create_tables(ALL_TABLES)
        on_step("list")
        listed = self.staging.list_tables(self.known())
        waiting = waiting_dates(listed, dates)
        log_event(_log, "staging_listed", run_id=holder.run_id, dates=waiting, tables=len(listed))
        if not waiting:
            refused = freeze(listed, (), (), ()).refused
            return _logged(ConsolidationReport(holder.run_id, untouched=tuple(sorted(dates)), refused=refused))
        on_step("lease")
        started = self.monotonic()
        with self.writer.holding(LOCK_TYPE, waiting, holder) as leased:
            attempt = _Attempt(self, leased, on_step)
            attempt.consolidate(waiting)
        leased_ms = round(1000 * (self.monotonic() - started))
        on_step("clean up")
        dropped = self._drop(attempt.finished())
        return _logged(attempt.report(dates, dropped, leased_ms - attempt.worked_ms))

    def _drop(self, tables: Sequence[StagingTable]) -> list[str]:
        """Drops the tables. A failure does not fail the run: the next one drops them (incident 44)."""
        try:
            return self.staging.drop(tables)
        except WarehouseError as error:
            _log.warning("the clean-up after the commit failed, and is left to the next consolidation: %s", error)
            return []


class _Attempt:
    """One consolidation under its leases: its manifest, its commits, and the dates that failed."""

    def __init__(self, use_case: Consolidator, leased: LeasedDates, on_step: Callable[[str], None]) -> None:
        self._use_case = use_case
        self._leased = leased
        self._on_step = on_step
        self._listed: Sequence[StagingTable] = ()
        self._in_ledger: set[LedgerKey] = set()
        self._live: Sequence[Column] = ()
        self._manifest = Manifest((), ())
        self._poisoned: dict[dt.date, ConsolidationError] = {}
        self._results: list[TransactionResult] = []
        self.worked_ms = 0

    def consolidate(self, dates: Sequence[dt.date]) -> None:
        """Freezes the manifest and merges it: all dates at once, or, if that fails, each alone."""
        began = self._use_case.monotonic()
        self._freeze(dates)
        if self._manifest.dates:
            _, self._poisoned = self._leased.write_each(self._manifest.dates, self._merge)
        self.worked_ms = round(1000 * (self._use_case.monotonic() - began))

    def finished(self) -> list[StagingTable]:
        """The listed tables that are merged completely."""
        return finished(self._listed, self._in_ledger)

    def report(self, dates: Iterable[dt.date], dropped: Sequence[str], overhead_ms: int) -> ConsolidationReport:
        counts = [DateCounts(**row) for result in self._results for row in result.rows["consolidation_counts"]]
        touched = {entry.game_date for entry in counts} | set(self._poisoned)
        return ConsolidationReport(
            run_id=self._leased.holder.run_id,
            dates=tuple(sorted(counts, key=lambda entry: entry.game_date)),
            untouched=tuple(sorted(set(dates) - touched)),
            refused=self._manifest.refused,
            poisoned=self._poisoned,
            dropped=tuple(dropped),
            lease_wait_ms=self._leased.lease.waited_ms,
            lease_hold_ms=self._leased.lease.held_ms,
            lease_overhead_ms=overhead_ms,
            transaction_ms=round(1000 * sum(result.seconds for result in self._results)),
            cost=total_cost(self._results),
        )

    def _freeze(self, dates: Sequence[dt.date]) -> None:
        staging, warehouse = self._use_case.staging, self._leased.warehouse
        self._listed = staging.list_tables(self._use_case.known())
        all_dates = {date for table in self._listed if waiting_dates([table], dates) for date in table.dates}
        bounds = {"first_date": min(all_dates, default=dates[0]), "last_date": max(all_dates, default=dates[-1])}
        rows = warehouse.query(Statement("consolidated_staging_tables", bounds))
        self._in_ledger = {(row["staging_table"], row["fingerprint"], row["game_date"]) for row in rows}
        self._live = warehouse.live_columns(PREDICTIONS.name)
        ensure_complete(PREDICTIONS, self._live)
        if self._use_case.evolve:
            self._evolve(dates)
        self._manifest = freeze(self._listed, dates, self._in_ledger, self._live)
        log_event(
            _log, "manifest_frozen", run_id=self._leased.holder.run_id, dates=self._manifest.dates,
            tables=len(self._manifest.entries), refused=len(self._manifest.refused),
        )  # fmt: skip

    def _evolve(self, dates: Sequence[dt.date]) -> None:
        """Adds the columns that the waiting tables have and the live table lacks. A damaged table adds none."""
        waiting = [table for table in self._listed if waiting_dates([table], dates)]
        adding = [table for table in waiting if columns_to_add([table.columns], self._live)]
        damaged = self._use_case.staging.unreadable(adding)
        columns = columns_to_add((table.columns for table in adding if table.name not in damaged), self._live)
        if columns:
            self._add_columns(dates, columns)
            self._live = self._leased.warehouse.live_columns(PREDICTIONS.name)

    def _add_columns(self, dates: Sequence[dt.date], columns: Sequence[Column]) -> None:
        """Adds the columns. A column that the warehouse refuses stops only the tables that have it."""
        try:
            self._leased.add_columns(dates, PREDICTIONS.name, columns)
        except WarehouseError as error:
            if len(columns) == 1:
                _log.warning("column %r was not added, so its staging tables are refused: %s", columns[0].name, error)
                return
            for column in columns:
                self._add_columns(dates, [column])

    def _merge(self, dates: Sequence[dt.date]) -> None:
        """One transaction. A table that turns out to be unreadable is refused, and the others are tried again."""
        manifest = self._manifest.only(dates)
        while manifest.dates:
            try:
                self._commit(manifest)
                return
            except TableRefused as error:
                unreadable = {error.table: f"{error.reason}; {error.next_step}"}
            except StatementFailed:
                unreadable = dict(self._use_case.staging.unreadable([entry.table for entry in manifest.entries]))
                if not unreadable:
                    raise
            for name, reason in unreadable.items():
                manifest = manifest.without(name, reason)
                self._manifest = self._manifest.without(name, reason)

    def _commit(self, manifest: Manifest) -> None:
        known, consolidation_id = self._use_case.known(), uuid.uuid4().hex
        result = self._leased.write(
            manifest.dates,
            partial(transaction.consolidation, consolidation_id=consolidation_id, known=known, live=self._live),
            next_step=f" in {PREDICTIONS.name}, and the staging tables stay. "
            f"Run: nba-consolidation repair predictions {as_options(manifest.dates)}, then consolidate again",
            manifest=manifest.entries,
            on_statement=self._on_step,
        )
        self._results.append(result)
        self._in_ledger |= {
            (entry.table.name, entry.table.fingerprint, date) for entry in manifest.entries for date in entry.dates
        }


def _logged(report: ConsolidationReport) -> ConsolidationReport:
    """Logs each date and the outcome of the report, and returns it."""
    for counts in report.dates:
        log_event(_log, "date_consolidated", run_id=report.run_id, **vars(counts))
    log_outcome(
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
