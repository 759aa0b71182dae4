"""The leases of one acquisition as the store last had them: read again by their nonce, renewed, released.

`acquire` acquires leases; `held_lease` decides when to renew them and what to do about a loss.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Self

from nba_consolidation.leases.errors import (
    EXPIRED_OR_TAKEN_OVER,
    AmbiguousReply,
    LeaseError,
    LeaseLost,
    LeaseUnavailable,
)
from nba_consolidation.leases.interface import LeaseRecord, LeaseStore
from nba_consolidation.leases.timing import TimeSource

_RELEASE_ATTEMPTS = 2
_unreleased: set[str] = set()
"""The nonces under which this process still holds leases that it could not release."""


@dataclass(frozen=True, slots=True)
class OwnLeases:
    """Own leases, sorted by key, and until when they are valid without asking the store again.

    `valid_until` is in seconds of the local monotonic clock.
    """

    records: tuple[LeaseRecord, ...] = ()
    valid_until: float = math.inf

    @classmethod
    def of(cls, records: tuple[LeaseRecord, ...], asked_at: float) -> Self:
        """Validity counts from the request, not from the reply, so that it can only end too early."""
        return cls(records, asked_at + min(record.remaining for record in records))

    def joined(self, other: Self) -> Self:
        """The leases of both, valid until the first of them expires."""
        records = sorted((*self.records, *other.records), key=attrgetter("key"))
        return type(self)(tuple(records), min(self.valid_until, other.valid_until))

    def before(self, key: str) -> Self:
        """The leases whose keys sort before this one."""
        records = tuple(record for record in self.records if record.key < key)
        return type(self)(records, self.valid_until if records else math.inf)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the leases."""
        return tuple(record.key for record in self.records)


def read_own_leases(store: LeaseStore, keys: Sequence[str], operation_id: str, time: TimeSource) -> OwnLeases:
    """Those leases of the keys that belong to this acquisition and have not expired, read from the store now."""
    asked_at = time.monotonic()
    records = _own_records(store, keys, operation_id)
    return OwnLeases.of(records, asked_at) if records else OwnLeases()


def renew_own_leases(store: LeaseStore, snapshot: OwnLeases, ttl: float, time: TimeSource) -> OwnLeases:
    """The same leases, lasting `ttl` seconds from now. Raises LeaseLost, LeaseDenied, LeaseUnavailable.

    If only the reply of a renewal was lost, the version has changed, and the next renewal fails because of that:
    therefore the nonce decides, not the version.
    """
    asked_at = time.monotonic()
    try:
        return OwnLeases.of(store.renew(snapshot.records, ttl), asked_at)
    except (AmbiguousReply, LeaseLost) as error:
        current = read_own_leases(store, snapshot.keys, snapshot.records[0].operation_id, time)
        if current.keys != snapshot.keys:
            raise LeaseLost(snapshot.keys, EXPIRED_OR_TAKEN_OVER) from error
        return current


def release_own_leases(
    store: LeaseStore, keys: Sequence[str], records: Sequence[LeaseRecord], operation_id: str
) -> tuple[str, ...]:
    """Release those of the keys that are still held, and return the keys that were not.

    `records` are the leases as far as they are known; a release without a reply is tried again. Raises LeaseError if
    leases could not be released: they expire by themselves, or `release_left_over` releases them earlier.
    """
    try:
        return _released(store, keys, records, operation_id)
    except LeaseError:
        _unreleased.add(operation_id)
        raise


def release_left_over(store: LeaseStore, record: LeaseRecord) -> bool:
    """Release a lease that this process could not release before, so that it does not wait for itself."""
    return record.operation_id in _unreleased and bool(store.release([record]))


def _released(
    store: LeaseStore, keys: Sequence[str], records: Sequence[LeaseRecord], operation_id: str
) -> tuple[str, ...]:
    missing, reply_lost = tuple(keys), False
    failure = LeaseUnavailable("the store gave no reason")
    for _ in range(_RELEASE_ATTEMPTS):
        released: tuple[str, ...] = ()
        try:
            released = store.release(records)
        except LeaseUnavailable as error:
            failure, reply_lost = error, reply_lost or isinstance(error, AmbiguousReply)
        missing = tuple(key for key in missing if key not in released)
        records = _own_records(store, missing, operation_id)
        if not records:
            return () if reply_lost else missing
    raise failure


def _own_records(store: LeaseStore, keys: Sequence[str], operation_id: str) -> tuple[LeaseRecord, ...]:
    records = store.inspect(keys) if keys else ()
    return tuple(record for record in records if record.operation_id == operation_id and not record.expired)
