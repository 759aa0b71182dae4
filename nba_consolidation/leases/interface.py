"""Lease records and the LeaseStore protocol. One contract test suite runs against every store."""

import os
import socket
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Protocol, Self

from nba_consolidation.leases.errors import LeaseHeld, LeaseMisuse
from nba_consolidation.leases.keys import parse_lease_key

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_micros(moment: datetime) -> int:
    """Whole microseconds since 1970, without the rounding of a float."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    """The moment in UTC, the inverse of `to_micros`."""
    return _EPOCH + timedelta(microseconds=micros)


def machine_clock() -> datetime:
    """The clock of this machine, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Holder:
    """Identifies the holder of a lease to an operator; `run_id` is a Dagster run or a terminal session."""

    holder_id: str
    run_id: str
    host: str
    pid: int

    def __post_init__(self) -> None:
        if not self.holder_id.strip():
            raise LeaseMisuse("The holder of a lease has no id. Use Holder.here(run_id), which makes one.")

    @classmethod
    def here(cls, run_id: str) -> Self:
        """A new holder in this process, with a unique id."""
        host, pid = socket.gethostname(), os.getpid()
        return cls(f"{host}-{pid}-{uuid.uuid4().hex[:12]}", run_id, host, pid)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRecord:
    """One lease as its store had it at `read_at`. All times are by the store's clock, never by the client's."""

    key: str
    token: int
    """The fencing token: grows with every acquisition of the key. Microseconds since 1970."""
    version: int
    """Changes with every acquisition and renewal; renew and release compare it before they change anything."""
    operation_id: str
    """The nonce of the acquisition: it identifies an own write whose reply was lost."""
    holder: Holder
    acquired_at: datetime
    expires_at: datetime
    read_at: datetime = field(compare=False)

    @classmethod
    def granted(cls, key: str, holder: Holder, ttl: float, operation_id: str, *, version: int, now: datetime) -> Self:
        """A lease that starts now and lasts `ttl` seconds."""
        return cls(
            key=key,
            token=version,
            version=version,
            operation_id=operation_id,
            holder=holder,
            acquired_at=now,
            expires_at=now + timedelta(seconds=ttl),
            read_at=now,
        )

    def renewed(self, ttl: float, *, version: int, now: datetime) -> Self:
        """The same lease and token, lasting `ttl` seconds from now."""
        return replace(self, version=version, expires_at=now + timedelta(seconds=ttl), read_at=now)

    @property
    def lock_type(self) -> str:
        """The kind of work, from the key: `consolidation`, `grading`."""
        return parse_lease_key(self.key)[0]

    @property
    def game_date(self) -> date:
        """The game date, from the key."""
        return parse_lease_key(self.key)[1]

    @property
    def remaining(self) -> float:
        """Seconds from `read_at` until it expires; negative once it has."""
        return (self.expires_at - self.read_at).total_seconds()

    @property
    def expired(self) -> bool:
        """Whether it had expired by the store's clock, so that the next holder may take it (incident 14)."""
        return self.read_at >= self.expires_at

    def describe(self) -> str:
        """For messages: key, holder, since when and until when."""
        holder = self.holder
        return (
            f"{self.key} is held by {holder.holder_id} (run {holder.run_id}, host {holder.host}, pid {holder.pid}) "
            f"since {self.acquired_at:%Y-%m-%d %H:%M:%S} UTC, until {self.expires_at:%Y-%m-%d %H:%M:%S} UTC"
        )


@dataclass(frozen=True, slots=True)
class ForcedRelease:
    """The audit record of a forced release: the lease as it was, who released it, why and when (incidents 12, 16)."""

    lease: LeaseRecord
    by: str
    reason: str
    released_at: datetime


@dataclass(frozen=True, slots=True)
class Reseed:
    """The audit record of a reseeding: the newest token before, the token that all later ones exceed, who and why."""

    previous: int
    token: int
    by: str
    reason: str
    reseeded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseEvent:
    """A lease event, kept for a week: `holder` waited for `other`, was fenced out by a write of `other`, or failed.

    All times are by the store's clock. Events are for people: no lease is granted or refused because of one.
    """

    id: str
    """Recording the same id again replaces the event: a wait is recorded at its start, and again at its end."""
    kind: str
    """`wait`, `fenced_out`, `failed` (a transaction was rolled back: of each key, the last failure is kept), or
    `took_over`: the lease of `other` had expired, so that process died or stood still."""
    key: str
    holder: Holder
    other: Holder
    began_at: datetime
    ends_at: datetime
    """End of a wait; while it lasts, its time limit, so that the wait of a dead process ends too."""
    outcome: str = ""
    """Of a wait: empty while it lasts, then `acquired`, `overtaken` (another holder got the lease) or `given_up`.
    Of a failure: the reason. Of a take-over: when the lease had expired."""
    read_at: datetime = field(default=_EPOCH, compare=False)

    @property
    def waiting(self) -> bool:
        """Whether the wait was still going on at `read_at`; that of a dead process ends at its time limit."""
        return self.kind == WAIT and not self.outcome and self.read_at < self.ends_at


WAIT, FENCED_OUT, FAILED, TOOK_OVER = "wait", "fenced_out", "failed", "took_over"
EVENTS_KEPT = timedelta(days=7)


def take_over(expired: LeaseRecord, holder: Holder, operation_id: str) -> LeaseEvent:
    """The event that this holder acquires an expired lease. A store records it together with the acquisition."""
    return LeaseEvent(
        id=f"took-over-{operation_id}-{expired.key}".replace("/", "_"),
        kind=TOOK_OVER,
        key=expired.key,
        holder=holder,
        other=expired.holder,
        began_at=expired.read_at,
        ends_at=expired.read_at,
        outcome=f"expired at {expired.expires_at:%Y-%m-%d %H:%M:%S} UTC",
    )


class LeaseStore(Protocol):
    """Keeps leases: at most one unexpired lease per key, however many processes ask at the same moment.

    Every method raises LeaseDenied if access is refused and LeaseUnavailable if the store does not work; a method that
    writes raises AmbiguousReply if it is unknown whether the write happened. Durations are in seconds.
    """

    def try_acquire(
        self, keys: Iterable[str], holder: Holder, ttl: float, *, operation_id: str
    ) -> tuple[LeaseRecord, ...]:
        """Acquire all keys or none, without waiting; returns the records sorted by key.

        A key is free if it has no lease or an expired one, whose take-over is an event. Each token is larger than every
        earlier one of its key, across releases and clock steps. Raises LeaseHeld with the record of the first held key,
        and LeaseMisuse.
        """

    def renew(self, records: Sequence[LeaseRecord], ttl: float) -> tuple[LeaseRecord, ...]:
        """Extend all of them to `ttl` seconds from now, or none; tokens stay, versions change.

        A compare-and-swap: raises LeaseLost for a record that is not the store's current one. An expired lease that
        nobody took is renewed, because the comparison proves that nobody held it in between.
        """

    def release(self, records: Sequence[LeaseRecord]) -> tuple[str, ...]:
        """Release those whose version is still current and return their keys; the others belong to somebody else."""

    def inspect(self, keys: Iterable[str]) -> tuple[LeaseRecord, ...]:
        """The existing leases of these keys, expired or not, sorted by key, read at one moment. Raises LeaseMisuse."""

    def list(self) -> tuple[LeaseRecord, ...]:
        """All leases, sorted by key, expired ones included."""

    def force_release(self, key: str, holder_id: str, *, by: str, reason: str) -> ForcedRelease:
        """Release the lease of another holder, for an operator who names the holder's id.

        The release and its audit record are one write. Raises LeaseHeld if another holder has the lease by now,
        LeaseMisuse if nobody has it or if `by` or `reason` is blank.
        """

    def forced_releases(self) -> tuple[ForcedRelease, ...]:
        """The audit records of all forced releases, oldest first."""

    def reseed(self, token: int, *, by: str, reason: str) -> Reseed:
        """Give out only tokens above this one from now on, for good. The change and its audit record are one write.

        For a store that was lost or restored. Raises LeaseMisuse if `by` or `reason` is blank, or if this store's
        tokens cannot be moved: then the message says when they pass the token by themselves.
        """

    def reseeds(self) -> tuple[Reseed, ...]:
        """The audit records of all reseedings, oldest first."""

    def record(self, event: LeaseEvent) -> None:
        """Keep an event for a week; it replaces one with the same id."""

    def events(self) -> tuple[LeaseEvent, ...]:
        """The events of the last week, oldest first."""

    def check(self) -> None:
        """Use the store once and leave nothing behind, so that problems show at start-up (incident 9)."""

    def wait_for_change(self, record: LeaseRecord, timeout: float) -> None:
        """Return once this lease is released or has expired, after `timeout` seconds at the latest.

        A hint only: it may return early for no reason, or miss a change until the timeout.
        """


def is_over(record: LeaseRecord, current: Sequence[LeaseRecord]) -> bool:
    """Whether a lease that was read earlier has ended; `current` is the lease of its key now, if there is one."""
    return all(lease.expired or lease.operation_id != record.operation_id for lease in current)


def check_reseed(by: str, reason: str) -> None:
    """Raises LeaseMisuse unless a reseeding says who does it and why."""
    if not by.strip() or not reason.strip():
        raise LeaseMisuse("The lease store was not reseeded: a reseeding requires `by` (who does it) and `reason`.")


def check_forced_release(
    key: str, current: Sequence[LeaseRecord], holder_id: str, *, by: str, reason: str
) -> LeaseRecord:
    """The preconditions of a forced release; returns the lease to release. Raises LeaseHeld, LeaseMisuse.

    `current` is the lease of the key now, if there is one.
    """
    if not by.strip() or not reason.strip():
        raise LeaseMisuse(f"Lease {key} was not released: a forced release requires `by` (who does it) and `reason`.")
    if not current:
        raise LeaseMisuse(f"Lease {key} was not released: nobody holds it. Run: nba-consolidation locks list")
    if current[0].holder.holder_id != holder_id:
        raise LeaseHeld(current[0])
    return current[0]
