"""What a lease is and what a store of leases promises: records and one Protocol, the same for every store.

No store is implemented here, nothing waits and nothing beats; the one suite of the contract runs against every store.
"""

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
    """Who holds a lease, in words with which an operator finds it: `run_id` is a Dagster run or a terminal session."""

    holder_id: str
    run_id: str
    host: str
    pid: int

    def __post_init__(self) -> None:
        if not self.holder_id.strip():
            raise LeaseMisuse("A holder without an id cannot be told from another. Use Holder.here(run_id).")

    @classmethod
    def here(cls, run_id: str) -> Self:
        """A new holder in this process, unlike any other."""
        host, pid = socket.gethostname(), os.getpid()
        return cls(f"{host}-{pid}-{uuid.uuid4().hex[:12]}", run_id, host, pid)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRecord:
    """One lease as its store had it at `read_at`; every time is the store's, never the client's."""

    key: str
    token: int
    """Fences the writes under this lease: grows with every acquisition of the key. Microseconds since 1970."""
    version: int
    """Of the last write, acquisition or renewal: what release and renew compare before they change anything."""
    operation_id: str
    """The nonce of the acquisition: tells our own write from another's after a lost reply."""
    holder: Holder
    acquired_at: datetime
    expires_at: datetime
    read_at: datetime = field(compare=False)

    @classmethod
    def granted(cls, key: str, holder: Holder, ttl: float, operation_id: str, *, version: int, now: datetime) -> Self:
        """A lease that begins now and lasts `ttl` seconds."""
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
        """The same lease, lasting `ttl` seconds from now; the token stays."""
        return replace(self, version=version, expires_at=now + timedelta(seconds=ttl), read_at=now)

    def seen_at(self, now: datetime) -> Self:
        """The same lease, read again."""
        return replace(self, read_at=now)

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
        """Seconds from `read_at` until it runs out; negative once it has."""
        return (self.expires_at - self.read_at).total_seconds()

    @property
    def expired(self) -> bool:
        """Whether it had run out by the store's clock, so that the next one may take it (incident 14)."""
        return self.read_at >= self.expires_at

    def describe(self) -> str:
        """For people: which lease, who has it, since when, until when."""
        holder = self.holder
        return (
            f"{self.key} is held by {holder.holder_id} (run {holder.run_id}, host {holder.host}, pid {holder.pid}) "
            f"since {self.acquired_at:%Y-%m-%d %H:%M:%S} UTC, until {self.expires_at:%Y-%m-%d %H:%M:%S} UTC"
        )


@dataclass(frozen=True, slots=True)
class ForcedRelease:
    """The trace that a forced release leaves: the lease as it was, who ended it, why and when (incidents 12, 16)."""

    lease: LeaseRecord
    by: str
    reason: str
    released_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseEvent:
    """What befell somebody at a lease, kept for a week: `holder` waited for `other`, or was fenced out by him.

    All times are the store's. A courtesy for people: no lease is given or refused because of it.
    """

    id: str
    """Repeating the event with this id replaces it: a wait is recorded when it begins, and again when it is over."""
    kind: str
    """`wait` or `fenced_out`."""
    key: str
    holder: Holder
    other: Holder
    began_at: datetime
    ends_at: datetime
    """Of a wait: when it ended, or else when it will be given up at the latest, so that nobody waits for ever dead."""
    outcome: str = ""
    """Of a wait: empty while it lasts, then `acquired`, `overtaken` (another one got it) or `given_up`."""
    read_at: datetime = field(default=_EPOCH, compare=False)

    @property
    def waiting(self) -> bool:
        """Whether somebody waits at this moment; a waiter that died does so no longer than he would have waited."""
        return self.kind == WAIT and not self.outcome and self.read_at < self.ends_at


WAIT, FENCED_OUT = "wait", "fenced_out"
EVENTS_KEPT = timedelta(days=7)


class LeaseStore(Protocol):
    """Where leases are kept: at most one unexpired lease per key, whoever asks at the same moment.

    Every method raises LeaseDenied or LeaseUnavailable when the store does not let it or cannot; a method that writes
    raises AmbiguousReply when it cannot tell whether the write happened. Durations are in seconds.
    """

    def try_acquire(
        self, keys: Iterable[str], holder: Holder, ttl: float, *, operation_id: str
    ) -> tuple[LeaseRecord, ...]:
        """Take all keys at once or none, without waiting; the records come sorted by key.

        A key is free if it has no lease or one that has run out. Each token is larger than every earlier one of its
        key, over releases and clock steps too. Raises LeaseHeld with the first held key's record, LeaseMisuse.
        """

    def renew(self, records: Sequence[LeaseRecord], ttl: float) -> tuple[LeaseRecord, ...]:
        """Let all of them last `ttl` seconds from now, or none; the tokens stay, the versions move.

        Compares and swaps: a record that is not the store's current one raises LeaseLost. One that ran out but that
        nobody took is renewed, since the comparison proves that nobody was in between.
        """

    def release(self, records: Sequence[LeaseRecord]) -> tuple[str, ...]:
        """Free those that are still as recorded, and return their keys; the others are somebody else's and stay."""

    def inspect(self, key: str) -> LeaseRecord | None:
        """The lease of a key, expired or not; None if there is none. Raises LeaseMisuse."""

    def inspect_all(self, keys: Iterable[str]) -> tuple[LeaseRecord, ...]:
        """Those of the keys' leases that there are, expired or not, sorted by key, read at once. Raises LeaseMisuse."""

    def list(self) -> tuple[LeaseRecord, ...]:
        """All leases, sorted by key, the expired ones included."""

    def force_release(self, key: str, holder_id: str, *, by: str, reason: str) -> ForcedRelease:
        """End another's lease, for an operator: needs the holder's id as shown, a name and a reason.

        The release and its audit record are one write. Raises LeaseHeld if another holder has it by now, LeaseMisuse
        if nobody has it or if `by` or `reason` is blank.
        """

    def forced_releases(self) -> tuple[ForcedRelease, ...]:
        """The audit of all forced releases, oldest first."""

    def record(self, event: LeaseEvent) -> None:
        """Keep an event for a week, in place of one with the same id."""

    def events(self) -> tuple[LeaseEvent, ...]:
        """The events of the last week, oldest first."""

    def check(self) -> None:
        """Use the store once and leave nothing behind: at start, not at the first batch (incident 9)."""

    def wait_for_change(self, seen: LeaseRecord, timeout: float) -> None:
        """Return once the lease that was seen is gone or has run out, after `timeout` seconds at the latest.

        A hint only: it may return early for no reason, or sleep through a change until the timeout.
        """


def check_forced_release(key: str, found: LeaseRecord | None, holder_id: str, *, by: str, reason: str) -> LeaseRecord:
    """What every store asks before a forced release; returns the lease to end. Raises LeaseHeld, LeaseMisuse."""
    if not by.strip() or not reason.strip():
        raise LeaseMisuse(f"A forced release of {key} leaves a trace: say who does it (`by`) and why (`reason`).")
    if found is None:
        raise LeaseMisuse(f"Nobody holds the lease {key}: there is nothing to release. List the leases again.")
    if found.holder.holder_id != holder_id:
        raise LeaseHeld(found)
    return found
