"""How every table is written: under the leases of the game dates, with the fence checked inside the transaction.

Every writer of rows goes through `FencedWriter`: consolidation, validation, publication, box scores, grading, repair,
recomputation. Creating a missing table, and adding columns in `bootstrap`, writes no row and needs no lease.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import TypeVar

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.fencing.errors import UNKNOWN, AuditFailed, FencedOut, NewerWrite
from nba_consolidation.leases import (
    HeldLease,
    Holder,
    LeaseError,
    LeaseLost,
    LeaseRecord,
    LeaseStore,
    LeaseTiming,
    WaitPolicy,
    hold,
    lease_key,
    record_failed,
    record_fenced_out,
)
from nba_consolidation.observability import log_event
from nba_consolidation.schema import Column
from nba_consolidation.sql import Scalar, Statement, Value, over_dates
from nba_consolidation.warehouse.errors import StatementFailed, WarehouseBusy, WarehouseError, WarehouseUnavailable
from nba_consolidation.warehouse.interface import NO_RELATIONS, ManifestEntry, Relations, TransactionResult, Warehouse

Result = TypeVar("Result")
Parameters = Mapping[str, Value]
DATES_AT_ONCE = 200
_log = logging.getLogger(__name__)
_FENCED_OUT = "fenced_out"
NONE_POISONED: Mapping[dt.date, ConsolidationError] = MappingProxyType({})


def utc_now() -> dt.datetime:
    """The machine's clock, in UTC."""
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class FencedWriter:
    """The warehouse, the lease store, the durations of leases and of waits, and a clock."""

    warehouse: Warehouse
    leases: LeaseStore
    timing: LeaseTiming = field(default_factory=LeaseTiming)
    wait: WaitPolicy = field(default_factory=WaitPolicy)
    clock: Callable[[], dt.datetime] = utc_now

    @contextmanager
    def holding(self, lock_type: str, dates: Collection[dt.date], holder: Holder) -> Iterator[LeasedDates]:
        """Holds the leases of that kind of work for the dates while the block runs. Raises LeaseError.

        A lease that is lost after the end of the block is only a warning: everything committed was fenced, so the run
        does not fail and keeps its report (incident 44).
        """
        keys = [lease_key(lock_type, date) for date in dates]
        done = False
        try:
            with hold(self.leases, keys, holder, timing=self.timing, wait=self.wait) as lease:
                yield LeasedDates(self, lease, holder)
                done = True
        except LeaseLost as error:
            if not done:
                raise
            _log.warning("the lease was lost after the last commit, so everything committed is safe: %s", error)

    def write_each(
        self,
        lock_type: str,
        dates: Sequence[dt.date],
        holder: Holder,
        write: Callable[[LeasedDates, Sequence[dt.date]], Result],
        on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> tuple[list[Result], dict[dt.date, ConsolidationError]]:
        """Writes many dates in chunks, each under its leases. Returns the results, and the errors of poisoned dates.

        on_progress: called with the number of finished dates and the number of all dates. If the first chunk
        fails as a whole, its error is raised; if a later chunk does, its error poisons the dates of that chunk.
        """
        results: list[Result] = []
        poisoned: dict[dt.date, ConsolidationError] = {}
        for chunk in in_chunks(dates):
            on_progress(dates.index(chunk[0]), len(dates))
            try:
                with self.holding(lock_type, chunk, holder) as leased:
                    written, failed = leased.write_each(chunk, partial(write, leased))
            except ConsolidationError as error:
                if not results and not poisoned:
                    raise
                written, failed = [], dict.fromkeys(chunk, error)
            results += written
            poisoned |= failed
        on_progress(len(dates), len(dates))
        return results, poisoned


@dataclass(frozen=True)
class LeasedDates:
    """Game dates whose leases are held. Made by `FencedWriter.holding`."""

    writer: FencedWriter
    lease: HeldLease
    holder: Holder

    @property
    def warehouse(self) -> Warehouse:
        return self.writer.warehouse

    def write(
        self,
        dates: Sequence[dt.date],
        statements: Callable[[Parameters], Sequence[Statement]] = lambda _: (),
        *,
        next_step: str = "",
        manifest: Sequence[ManifestEntry] = (),
        relations: Relations = NO_RELATIONS,
        on_statement: Callable[[str], None] = lambda _: None,
    ) -> TransactionResult:
        """Runs one transaction over some of the dates: the fence, then the statements; returns what they selected.

        statements: called with `fence_parameters`. next_step: what to do when an audit fails. Raises FencedOut,
        AuditFailed, LeaseError, WarehouseError; then nothing was written.
        """
        parameters = fence_parameters(self._records(dates), self.holder, self.writer.clock())
        leases = Statement("leases", parameters)
        script = [leases, Statement("fence", parameters), Statement(_FENCED_OUT, parameters, audit=True)]
        self.warehouse.run([leases, Statement("fence_rows", parameters)])
        # The predecessor's lock deletes a lease without a check, and does not know the fence.
        self.lease.ensure_held(ask_store=True)
        began = time.monotonic()
        script += statements(parameters)
        try:
            result = self.warehouse.run(
                script, manifest, on_statement, check=self.lease.ensure_held, relations=relations
            )
        except StatementFailed as error:
            audits = {statement.name for statement in script if statement.audit}
            translated = self._translated(error, audits, next_step, parameters)
            self._log(dates, began, translated)
            if translated is error:
                raise
            raise translated from error
        except ConsolidationError as error:
            self._log(dates, began, error)
            raise
        self._log(dates, began)
        return result

    def write_each(
        self, dates: Sequence[dt.date], write: Callable[[Sequence[dt.date]], Result]
    ) -> tuple[list[Result], dict[dt.date, ConsolidationError]]:
        """Writes all dates together or, if that fails, each alone. Returns the results, and the errors by date.

        LeaseError, WarehouseBusy and WarehouseUnavailable are not retried but raised: no single date causes them. While
        dates are tried alone, each error, these included, is returned as the error of its date.
        """
        try:
            return [write(dates)], {}
        except (LeaseError, WarehouseBusy, WarehouseUnavailable):
            raise
        except ConsolidationError as error:
            if len(dates) == 1:
                return [], {dates[0]: error}
        results: list[Result] = []
        poisoned: dict[dt.date, ConsolidationError] = {}
        for date in dates:
            try:
                results.append(write([date]))
            except ConsolidationError as error:
                poisoned[date] = error
        return results, poisoned

    def add_columns(self, dates: Sequence[dt.date], table: str, columns: Sequence[Column]) -> None:
        """Adds columns to a table, after a transaction that checks the fence of the dates. Raises as `write` does."""
        self.write(dates)
        self.warehouse.add_columns(table, columns)

    def _records(self, dates: Sequence[dt.date]) -> list[LeaseRecord]:
        """The leases of the dates, in their order. Raises KeyError for a date whose lease is not held."""
        by_date = {record.game_date: record for record in self.lease.records}
        return [by_date[date] for date in sorted(dates)]

    def _translated(
        self, error: StatementFailed, audits: Collection[str], next_step: str, parameters: Parameters
    ) -> ConsolidationError:
        """The error to raise for a failed statement."""
        if error.statement == _FENCED_OUT:
            newer = self._newer_writes(parameters)
            return FencedOut(newer, store_is_behind=self._is_held() and any(write.token for write in newer))
        if error.statement in audits:
            reason = f"the audit {error.statement} failed, so all was rolled back{next_step} ({error.message})"
            return AuditFailed(error.statement, reason)
        return error

    def _newer_writes(self, parameters: Parameters) -> list[NewerWrite]:
        """The fence rows that are newer than our leases, or missing."""
        own_tokens = {record.game_date: record.token for record in self.lease.records}
        statements = [Statement("leases", parameters), Statement(_FENCED_OUT, parameters)]
        try:
            rows = self.warehouse.run(statements).rows[_FENCED_OUT]
        except WarehouseError as error:
            _log.warning("the fence rows cannot be read, so the newer holder is unknown: %s", error)
            return []
        return [
            NewerWrite(row["game_date"], row["token"], row["holder_id"] or UNKNOWN, row["run_id"] or UNKNOWN)
            for row in sorted(rows, key=lambda row: row["game_date"])
            if row["token"] is None or row["token"] > own_tokens[row["game_date"]]
        ]

    def _is_held(self) -> bool:
        try:
            self.lease.ensure_held(ask_store=True)
        except LeaseError:
            return False
        return True

    def _log(self, dates: Sequence[dt.date], began: float, error: ConsolidationError | None = None) -> None:
        """Logs how a transaction ended. One that failed because of one date or the fence is recorded as a lease event.

        A range that fails is tried again date by date, so what matters is recorded then.
        """
        records = self._records(dates)
        fields: dict[str, object] = {
            "lock_type": records[0].lock_type,
            "dates": [record.game_date for record in records],
            "tokens": [record.token for record in records],
            "run_id": self.holder.run_id,
            "holder_id": self.holder.holder_id,
            "error": error,
        }
        level = logging.INFO if error is None else logging.WARNING
        outcome = "committed" if error is None else _FENCED_OUT if isinstance(error, FencedOut) else "failed"
        ms = round(1000 * (time.monotonic() - began))
        log_event(_log, "transaction", level, **fields, outcome=outcome, ms=ms)
        if isinstance(error, FencedOut):
            log_event(_log, _FENCED_OUT, level, **fields, by_holder_id=error.holder_id)
            holders = {write.game_date: write.holder_id for write in error.newer}
            for holder_id in sorted(set(holders.values())):
                refused = [record for record in records if holders.get(record.game_date) == holder_id]
                record_fenced_out(self.writer.leases, refused, holder_id)
        elif error is not None and len(records) == 1:
            record_failed(self.writer.leases, records[0], str(error))


def fence_parameters(leases: Sequence[LeaseRecord], holder: Holder, now: dt.datetime) -> Parameters:
    """The parameters of every fenced statement: the leases, their dates, the writer and the time."""
    rows: list[Mapping[str, Scalar]] = [
        {"lease_key": lease.key, "game_date": lease.game_date, "token": lease.token} for lease in leases
    ]
    writer: dict[str, Value] = {"holder_id": holder.holder_id, "run_id": holder.run_id}
    return {**over_dates([lease.game_date for lease in leases]), **writer, "now": now, "leases": rows}


def log_outcome(
    log: logging.Logger,
    name: str,
    run_id: str,
    dates: Collection[dt.date],
    poisoned: Mapping[dt.date, ConsolidationError] = NONE_POISONED,
    **figures: object,
) -> None:
    """Logs the outcome of a use case as the event of that name, and each poisoned date."""
    for date, error in sorted(poisoned.items()):
        log_event(log, "date_poisoned", logging.ERROR, run_id=run_id, game_date=date, error=error)
    outcome = "poisoned" if poisoned else "done" if dates else "nothing_new"
    log_event(
        log, name, logging.INFO, run_id=run_id, outcome=outcome, dates=list(dates), poisoned=len(poisoned), **figures
    )


def total_cost(results: Iterable[TransactionResult]) -> dict[str, float]:
    """The cost of the transactions together."""
    total: Counter[str] = Counter()
    for result in results:
        total.update(result.cost)
    return dict(total)


def in_chunks(dates: Sequence[dt.date]) -> Iterator[Sequence[dt.date]]:
    """The dates in chunks of about a season, so that no transaction blocks other writers for too long."""
    for start in range(0, len(dates), DATES_AT_ONCE):
        yield dates[start : start + DATES_AT_ONCE]
