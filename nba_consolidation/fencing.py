"""How anybody writes rows of game dates: under their leases, with the fence first, each date alone if need be.

What is written is not known here. Every writer (consolidation, validation, grading, repair) goes through this.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import TypeVar

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.locking import (
    HeldLease,
    Holder,
    LeaseError,
    LeaseLost,
    LeaseStore,
    LeaseTiming,
    WaitPolicy,
    hold,
    lease_key,
    parse_lease_key,
    record_fenced_out,
)
from nba_consolidation.logs import event
from nba_consolidation.sql import Statement, Value, over_dates
from nba_consolidation.sql.statement import Scalar
from nba_consolidation.warehouse.contract import NO_RELATIONS, Relations, TransactionResult, Warehouse
from nba_consolidation.warehouse.errors import StatementFailed, WarehouseBusy, WarehouseUnavailable

Written = TypeVar("Written")
DATES_AT_ONCE = 200
_log = logging.getLogger(__name__)
_FENCED = "fenced_out"
NONE_POISONED: Mapping[dt.date, ConsolidationError] = MappingProxyType({})


class FencedOut(ConsolidationError):
    """A newer lease has written the date: ours ran out meanwhile. Nothing of ours was committed."""


class AuditFailed(ConsolidationError):
    """An audit inside the transaction failed, so all of it was rolled back. `audit` names it."""

    def __init__(self, audit: str, message: str) -> None:
        super().__init__(message)
        self.audit = audit


class DatesPoisoned(ConsolidationError):
    """Some dates could not be written; all others were. `errors` says why, by date; `done` is what was to be done."""

    def __init__(self, errors: Mapping[dt.date, ConsolidationError], done: str = "consolidated") -> None:
        self.errors = dict(errors)
        dates_by_reason: dict[str, list[str]] = {}
        for date, error in sorted(self.errors.items()):
            dates_by_reason.setdefault(str(error), []).append(str(date))
        listed = "\n".join(f"  {', '.join(dates)}: {reason}" for reason, dates in dates_by_reason.items())
        super().__init__(f"{len(self.errors)} date(s) could not be {done}, all others of the run were:\n{listed}")


def utc_now() -> dt.datetime:
    """The machine's clock, in UTC."""
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class Guard:
    """The leases that guard a transaction, and who holds them: date and fencing token, in order of dates."""

    tokens: Sequence[tuple[dt.date, str, int]]
    holder_id: str
    run_id: str

    @classmethod
    def of(cls, lease: HeldLease, dates: Sequence[dt.date], holder: Holder) -> Guard:
        """What a transaction over these dates is fenced with."""
        tokens = {parse_lease_key(key)[1]: (key, token) for key, token in lease.tokens.items()}
        return cls([(date, *tokens[date]) for date in dates], holder.holder_id, holder.run_id)

    @property
    def dates(self) -> list[dt.date]:
        return [date for date, _, _ in self.tokens]

    def parameters(self, now: dt.datetime) -> dict[str, Value]:
        """What every guarded statement may ask for."""
        leases: list[Mapping[str, Scalar]] = [
            {"lease_key": key, "game_date": date, "token": token} for date, key, token in self.tokens
        ]
        ours: dict[str, Value] = {"holder_id": self.holder_id, "run_id": self.run_id, "now": now, "leases": leases}
        return over_dates(self.dates) | ours


def fence_rows(guard: Guard, now: dt.datetime) -> list[Statement]:
    """The fence rows of the dates, which must be there before the transaction that checks them."""
    parameters = guard.parameters(now)
    return [Statement("leases", parameters), Statement("fence_rows", parameters)]


def fence(guard: Guard, now: dt.datetime) -> list[Statement]:
    """What every writer of a date's rows begins with: its token goes into the fence, or it fails."""
    parameters = guard.parameters(now)
    return [
        Statement("leases", parameters),
        Statement("fence", parameters),
        Statement(_FENCED, parameters, audit=True),
    ]


def _newer_holder(error: ConsolidationError) -> str:
    """Who wrote under the newer lease, from the row that `fenced_out` shows of one date."""
    found = re.search(r'newer_holder\W+"([\w.-]+)', str(error))  # NULL is not quoted
    return found[1] if found else "unknown"


@contextmanager
def told(guard: Guard, lease: HeldLease, leases: LeaseStore) -> Iterator[None]:
    """Logs how a guarded transaction ended; of one that was fenced out, by whom, which the lease store keeps."""
    began = time.monotonic()
    tokens = [token for _, _, token in guard.tokens]
    fields: dict[str, object] = {
        "lock_type": lease.records[0].lock_type, "dates": guard.dates, "tokens": tokens,
        "run_id": guard.run_id, "holder_id": guard.holder_id,
    }  # fmt: skip

    def tell(outcome: str, level: int = logging.INFO, error: object = None) -> None:
        ms = round(1000 * (time.monotonic() - began))
        event(_log, "transaction", level, **fields, outcome=outcome, ms=ms, error=error)

    try:
        yield
    except ConsolidationError as error:
        fenced = isinstance(error, FencedOut) or (isinstance(error, StatementFailed) and error.statement == _FENCED)
        tell(_FENCED if fenced else "failed", logging.WARNING, error)
        if fenced:
            newer = _newer_holder(error)
            event(_log, _FENCED, logging.WARNING, **fields, by_holder_id=newer, error=error)
            ours = [record for record in lease.records if parse_lease_key(record.key)[1] in guard.dates]
            record_fenced_out(leases, ours, newer)
        raise
    tell("committed")


def tell(
    log: logging.Logger,
    name: str,
    run_id: str,
    dates: Collection[dt.date],
    poisoned: Mapping[dt.date, ConsolidationError] = NONE_POISONED,
    **figures: object,
) -> None:
    """Logs what a use case came to, as the event of that name, and each date that it could not write."""
    for date, error in sorted(poisoned.items()):
        event(log, "date_poisoned", logging.ERROR, run_id=run_id, game_date=date, error=error)
    outcome = "poisoned" if poisoned else "done" if dates else "nothing_new"
    event(log, name, logging.INFO, run_id=run_id, outcome=outcome, dates=list(dates), poisoned=len(poisoned), **figures)


def translated(error: StatementFailed, audits: Collection[str] = (), next_step: str = "") -> ConsolidationError:
    """What a failed statement of a guarded transaction means. The date is named by whoever reports it."""
    if error.statement == _FENCED:
        return FencedOut(f"a newer lease has written here, so nothing was committed; run it again ({error.message})")
    if error.statement in audits:
        return AuditFailed(
            error.statement, f"the audit {error.statement} failed, so all was rolled back{next_step} ({error.message})"
        )
    return error


def together_or_each(
    dates: Sequence[dt.date], write: Callable[[Sequence[dt.date]], Written]
) -> tuple[list[Written], dict[dt.date, ConsolidationError]]:
    """All dates in one go, or, where that fails, each alone: what was written, and why a date could not be.

    Raises at once what is no date's fault and would only fail, or wait, again: LeaseError, WarehouseBusy,
    WarehouseUnavailable. After the first go such an error belongs to the date that it met, so that the others are told.
    """
    try:
        return [write(dates)], {}
    except (LeaseError, WarehouseBusy, WarehouseUnavailable):
        raise
    except ConsolidationError as error:
        if len(dates) == 1:
            return [], {dates[0]: error}
    written: list[Written] = []
    poisoned: dict[dt.date, ConsolidationError] = {}
    for date in dates:
        try:
            written.append(write([date]))
        except ConsolidationError as error:
            poisoned[date] = error
    return written, poisoned


def summed(results: Iterable[TransactionResult]) -> dict[str, float]:
    """What transactions cost together."""
    total: Counter[str] = Counter()
    for result in results:
        total.update(result.cost)
    return dict(total)


def in_chunks(dates: Sequence[dt.date]) -> Iterator[Sequence[dt.date]]:
    """The dates, a season's worth at a time: a longer transaction keeps others out for longer, and gains nothing."""
    for start in range(0, len(dates), DATES_AT_ONCE):
        yield dates[start : start + DATES_AT_ONCE]


@dataclass(frozen=True)
class Guarding:
    """What writing under leases takes: the stores, how long a lease lasts and is waited for, and a clock."""

    warehouse: Warehouse
    leases: LeaseStore
    timing: LeaseTiming = field(default_factory=LeaseTiming)
    wait: WaitPolicy = field(default_factory=WaitPolicy)
    clock: Callable[[], dt.datetime] = utc_now

    @contextmanager
    def writer(self, lock_type: str, dates: Collection[dt.date], holder: Holder) -> Iterator[Writer]:
        """Holds the leases of that kind of work over the dates while the block runs. Raises LeaseError.

        A lease that turns out lost once the block has run to its end is no error: what was committed was fenced, so it
        is right, and a good run is not marked failed (incident 44).
        """
        keys = [lease_key(lock_type, date) for date in dates]
        done = False
        try:
            with hold(self.leases, keys, holder, timing=self.timing, wait=self.wait) as lease:
                yield Writer(self.warehouse, lease, holder, self.clock, self.leases)
                done = True
        except LeaseLost as error:
            if not done:
                raise
            _log.warning("the lease was lost after the commit, which the fence had checked: %s", error)

    def write_each(
        self,
        lock_type: str,
        dates: Sequence[dt.date],
        holder: Holder,
        write: Callable[[Writer, Sequence[dt.date]], Written],
        on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> tuple[list[Written], dict[dt.date, ConsolidationError]]:
        """Writes many dates, so many of them at once, under their leases: what was written, and the poisoned dates.

        on_progress: called with how many dates are done, of how many. Raises what `together_or_each` and the leases
        raise while nothing was written yet; later on, it is told as the reason of the dates that it met.
        """
        written: list[Written] = []
        poisoned: dict[dt.date, ConsolidationError] = {}
        for chunk in in_chunks(dates):
            on_progress(dates.index(chunk[0]), len(dates))
            try:
                with self.writer(lock_type, chunk, holder) as writer:
                    some, failed = together_or_each(chunk, partial(write, writer))
            except ConsolidationError as error:
                if not written and not poisoned:
                    raise
                some, failed = [], dict.fromkeys(chunk, error)
            written += some
            poisoned |= failed
        on_progress(len(dates), len(dates))
        return written, poisoned


@dataclass(frozen=True)
class Writer:
    """Runs transactions over dates whose leases are held."""

    warehouse: Warehouse
    lease: HeldLease
    holder: Holder
    clock: Callable[[], dt.datetime]
    leases: LeaseStore

    def run(
        self,
        dates: Sequence[dt.date],
        statements: Callable[[Mapping[str, Value]], Sequence[Statement]],
        *,
        audits: Collection[str] = (),
        next_step: str = "",
        relations: Relations = NO_RELATIONS,
        on_statement: Callable[[str], None] = lambda _: None,
    ) -> TransactionResult:
        """One transaction: the fence, then the statements, which are made from the guard's parameters.

        Raises FencedOut, AuditFailed for one of the named audits, LeaseLost, WarehouseError; then nothing was written.
        """
        guard, now = Guard.of(self.lease, dates, self.holder), self.clock()
        self.warehouse.run(fence_rows(guard, now))
        # No fence keeps out what the predecessor writes once it deleted our document.
        self.lease.ensure_held(ask_store=True)
        guarded = [*fence(guard, now), *statements(guard.parameters(now))]
        with told(guard, self.lease, self.leases):
            try:
                return self.warehouse.run(
                    guarded, on_statement=on_statement, check=self.lease.ensure_held, relations=relations
                )
            except StatementFailed as error:
                raise translated(error, audits, next_step) from error
