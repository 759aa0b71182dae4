"""Our own leases as the store last had them: found again by their nonce, renewed, given back.

How they are come by is in `acquire`; when they are renewed, and whom a loss is told, in `lease`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Self

from nba_consolidation.leases.errors import AmbiguousReply, LeaseLost, LeaseUnavailable
from nba_consolidation.leases.interface import LeaseRecord, LeaseStore
from nba_consolidation.leases.timing import TimeSource

_RELEASE_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Sighting:
    """Our leases as the store had them, and until when (seconds of our own clock) they are good without asking."""

    records: tuple[LeaseRecord, ...] = ()
    good_until: float = math.inf

    @classmethod
    def since(cls, asked_at: float, records: tuple[LeaseRecord, ...]) -> Self:
        """Counts from when we asked, not from when the answer came, so that it can only be too early."""
        return cls(records, asked_at + min(record.remaining for record in records))

    def joined(self, other: Self) -> Self:
        """Both, sorted by key, and good until the first of them is not."""
        records = sorted((*self.records, *other.records), key=attrgetter("key"))
        return type(self)(tuple(records), min(self.good_until, other.good_until))

    def in_front_of(self, key: str) -> Self:
        """Those that come before the key."""
        records = tuple(record for record in self.records if record.key < key)
        return type(self)(records, self.good_until if records else math.inf)

    @property
    def keys(self) -> tuple[str, ...]:
        """Of the leases."""
        return tuple(record.key for record in self.records)


def find_ours(store: LeaseStore, keys: Sequence[str], operation_id: str, time: TimeSource) -> Sighting:
    """Those leases of the keys that are of our acquisition and have not run out, as they are now."""
    asked_at = time.monotonic()
    ours = _own_records(store, keys, operation_id)
    return Sighting.since(asked_at, ours) if ours else Sighting()


def renewed(store: LeaseStore, ours: Sighting, ttl: float, time: TimeSource) -> Sighting:
    """The same leases, lasting a whole ttl from now; raises LeaseLost, LeaseDenied, LeaseUnavailable.

    An unanswered renewal that did happen has moved the version: then it is our own write that we lost to.
    """
    asked_at = time.monotonic()
    try:
        return Sighting.since(asked_at, store.renew(ours.records, ttl))
    except (AmbiguousReply, LeaseLost) as error:
        found = find_ours(store, ours.keys, ours.records[0].operation_id, time)
        if found.keys != ours.keys:
            raise LeaseLost(ours.keys, "the store says that it ran out or that somebody else has it") from error
        return found


def give_back(
    store: LeaseStore, keys: Sequence[str], records: Sequence[LeaseRecord], operation_id: str
) -> tuple[str, ...]:
    """Release whatever of the keys is ours, `records` as far as we know, and return the keys that were not.

    A release without an answer is tried again. Raises LeaseError: then they end by themselves.
    """
    missing, unanswered = tuple(keys), False
    failure = LeaseUnavailable("the store did not say why")
    for _ in range(_RELEASE_ATTEMPTS):
        released: tuple[str, ...] = ()
        try:
            released = store.release(records)
        except LeaseUnavailable as error:
            failure, unanswered = error, unanswered or isinstance(error, AmbiguousReply)
        missing = tuple(key for key in missing if key not in released)
        records = _own_records(store, missing, operation_id)
        if not records:
            return () if unanswered else missing
    raise failure


def _own_records(store: LeaseStore, keys: Sequence[str], operation_id: str) -> tuple[LeaseRecord, ...]:
    found = store.inspect_all(keys) if keys else ()
    return tuple(record for record in found if record.operation_id == operation_id and not record.expired)
