"""How a lease is come by: ask, wait for whoever has it, give up at the limit, and recognise one's own lost reply.

What happens once it is held is not here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Self

from nba_consolidation.locking.contract import Holder, LeaseRecord, LeaseStore
from nba_consolidation.locking.errors import AmbiguousReply, LeaseHeld
from nba_consolidation.locking.timing import TimeSource, WaitPolicy

_UNANSWERED_AT_MOST = 3  # each has waited for the store's own timeout already


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for; `operation_id` is the nonce that makes every repetition recognisable as ours."""

    keys: tuple[str, ...]
    holder: Holder
    ttl: float
    operation_id: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """Our leases as the store had them, and until when (seconds of our own clock) they are good without asking."""

    records: tuple[LeaseRecord, ...]
    good_until: float

    @classmethod
    def since(cls, asked_at: float, records: tuple[LeaseRecord, ...]) -> Self:
        """Counts from when we asked, not from when the answer came, so that it can only be too early."""
        return cls(records, asked_at + min(record.remaining for record in records))


def acquire(store: LeaseStore, request: Request, wait: WaitPolicy, time: TimeSource, rng: Random) -> Sighting:
    """All leases of the request at once; while another holds one, none is taken, so that nobody can deadlock.

    Raises LeaseHeld at the wait limit; every other error at once, for waiting would not help (incident 10).
    """
    began, unanswered = time.monotonic(), 0
    while True:
        try:
            return _ask(store, request, time)
        except AmbiguousReply:
            unanswered += 1
            if unanswered == _UNANSWERED_AT_MOST:
                raise
        except LeaseHeld as held:
            waited = time.monotonic() - began
            if waited >= wait.limit:
                raise LeaseHeld(held.record, waited) from None
            store.wait_for_change(held.record, min(wait.pause(held.record.remaining, rng), wait.limit - waited))


def _ask(store: LeaseStore, request: Request, time: TimeSource) -> Sighting:
    """Ask once. When no answer comes, look for our nonce, so that nobody waits for himself.

    A write without an answer may also arrive late; then the next attempt finds the lease held by our own nonce.
    """
    asked_at = time.monotonic()
    try:
        records = store.try_acquire(request.keys, request.holder, request.ttl, operation_id=request.operation_id)
        return Sighting.since(asked_at, records)
    except (AmbiguousReply, LeaseHeld) as error:
        if isinstance(error, LeaseHeld) and error.record.operation_id != request.operation_id:
            raise
        ours = find_ours(store, request.keys, request.operation_id, time)
        if ours is None:
            raise
        return ours


def find_ours(store: LeaseStore, keys: Sequence[str], operation_id: str, time: TimeSource) -> Sighting | None:
    """The leases of all keys as they are now, if each is still the one of our acquisition and has not run out."""
    asked_at = time.monotonic()
    ours = own_records(store, keys, operation_id)
    return Sighting.since(asked_at, ours) if len(ours) == len(keys) else None


def own_records(store: LeaseStore, keys: Sequence[str], operation_id: str) -> tuple[LeaseRecord, ...]:
    """Those leases that are ours and have not run out, with the versions that they have now."""
    found = store.inspect_all(keys) if keys else ()
    return tuple(record for record in found if record.operation_id == operation_id and not record.expired)
