"""How leases are acquired: try, wait for the current holder, keep what is acquired meanwhile, give up at the limit.

`held_lease` renews leases once they are all acquired; `own_leases` recognises an own write after a lost reply, by its
nonce.
"""

import logging
from dataclasses import dataclass
from random import Random

from nba_consolidation.leases.errors import AmbiguousReply, LeaseError, LeaseHeld
from nba_consolidation.leases.interface import Holder, LeaseStore
from nba_consolidation.leases.lease_events import WaitLog
from nba_consolidation.leases.own_leases import (
    OwnLeases,
    read_own_leases,
    release_left_over,
    release_own_leases,
    renew_own_leases,
)
from nba_consolidation.leases.timing import LeaseTiming, TimeSource, WaitPolicy

_log = logging.getLogger(__name__)
_MAX_LOST_REPLIES = 3  # in a row; each has already taken the store's own timeout


@dataclass(frozen=True, slots=True)
class LeaseRequest:
    """Sorted keys and who asks for them; `operation_id` is the nonce that identifies this acquisition's writes."""

    keys: tuple[str, ...]
    holder: Holder
    timing: LeaseTiming
    operation_id: str


def acquire(store: LeaseStore, request: LeaseRequest, wait: WaitPolicy, time: TimeSource, rng: Random) -> OwnLeases:
    """Acquire all leases of the request: at once if all are free, otherwise in the order of their keys.

    Raises LeaseHeld at the wait limit, and every other error at once, because waiting would not help (incident 10).
    On any error, an interruption included, the leases acquired by then are released.
    """
    acquisition = _Acquisition(store, request, wait, time, rng)
    try:
        return acquisition.run()
    except BaseException as error:
        acquisition.give_up(error)
        raise


class _Acquisition:
    """Acquires the free leases before the first held one and keeps them while waiting for it.

    Nobody waits for a key while holding a later one, so there is no deadlock. Acquired leases are kept, so a
    run that needs many leases gets further with every release, however many others compete for a single one.

    Waiting until all keys are free at once would block fewer small runs. But chance would then decide
    whether a backfill ever starts, and small runs have to wait for the whole backfill anyway.
    """

    def __init__(
        self, store: LeaseStore, request: LeaseRequest, wait: WaitPolicy, time: TimeSource, rng: Random
    ) -> None:
        self._store = store
        self._request = request
        self._wait = wait
        self._time = time
        self._rng = rng
        self._began = time.monotonic()
        self._lost_replies = 0
        self._in_doubt = False
        self._acquired = OwnLeases()
        self._wait_log = WaitLog(store, request.holder, request.operation_id, time)

    def run(self) -> OwnLeases:
        next_keys = self._request.keys
        while next_keys:
            self._renew_when_due()
            next_keys = self._attempt(next_keys)
        return self._acquired

    def _attempt(self, keys: tuple[str, ...]) -> tuple[str, ...]:
        """Try once to acquire all of the keys; returns the keys to try next."""
        try:
            self._acquired = self._acquired.joined(self._try_acquire(keys))
        except AmbiguousReply:
            self._lost_replies += 1
            if self._lost_replies == _MAX_LOST_REPLIES:
                raise
            return keys
        except LeaseHeld as held:
            self._lost_replies = 0
            return keys if release_left_over(self._store, held.record) else self._wait_or_go_around(held, keys)
        self._lost_replies = 0
        self._wait_log.end("acquired")
        return tuple(key for key in self._request.keys if key not in self._acquired.keys)

    def _try_acquire(self, keys: tuple[str, ...]) -> OwnLeases:
        """Acquire the keys, recognising own leases by their nonce, so that a run never waits for itself.

        A write without a reply may also arrive late; the next attempt then finds the lease held under the own nonce.
        """
        holder, ttl, nonce = self._request.holder, self._request.timing.ttl, self._request.operation_id
        asked_at = self._time.monotonic()
        try:
            return OwnLeases.of(self._store.try_acquire(keys, holder, ttl, operation_id=nonce), asked_at)
        except (AmbiguousReply, LeaseHeld) as error:
            if isinstance(error, LeaseHeld) and error.record.operation_id != nonce:
                raise
            self._in_doubt = True
            own = read_own_leases(self._store, keys, nonce, self._time)
            if not own.records:
                raise
            return own

    def _wait_or_go_around(self, held: LeaseHeld, keys: tuple[str, ...]) -> tuple[str, ...]:
        """Returns the keys before the held one, if any; otherwise waits for the held lease and returns its key alone.

        Alone, because a request for several keys would lose the race against requests for this key only.
        """
        waited = self._time.monotonic() - self._began
        if waited >= self._wait.limit:
            raise LeaseHeld(held.record, waited) from None
        if earlier_keys := tuple(key for key in keys if key < held.record.key):
            return earlier_keys
        self._release_from(held.record.key)
        self._wait_log.waiting_for(held.record, self._wait.limit - waited)
        pause = self._wait.pause(held.record.remaining, self._rng)
        until_renewal = self._request.timing.until_renewal(self._seconds_left())
        self._store.wait_for_change(held.record, min(pause, self._wait.limit - waited, until_renewal))
        return (held.record.key,)

    def _release_from(self, key: str) -> None:
        """Release leases that sort after a key that is still missing.

        They exist if many keys needed several commits, and the reply to a later one was lost.
        """
        kept = self._acquired.before(key)
        if later := self._acquired.records[len(kept.records) :]:
            release_own_leases(self._store, [record.key for record in later], later, self._request.operation_id)
            self._acquired = kept

    def _renew_when_due(self) -> None:
        """Raises LeaseLost if another holder has one of the acquired leases by now.

        Nothing was written under it yet, so starting again would be possible; but then an operator who released it by
        force would see this run take it back at once. An expired lease that nobody took is renewed.
        """
        if self._request.timing.is_renewal_due(self._seconds_left()):
            self._acquired = renew_own_leases(self._store, self._acquired, self._request.timing.ttl, self._time)

    def _seconds_left(self) -> float:
        return self._acquired.valid_until - self._time.monotonic()

    def give_up(self, error: BaseException) -> None:
        """Release what was acquired, also by a request whose reply was lost or interrupted."""
        self._wait_log.end("given_up")
        if isinstance(error, LeaseError) and not (self._acquired.records or self._in_doubt):
            return
        try:
            release_own_leases(self._store, self._request.keys, self._acquired.records, self._request.operation_id)
        except LeaseError as failure:
            keys = ", ".join(self._request.keys)
            _log.warning("Some of the leases %s may still be held and will expire by themselves: %s", keys, failure)
