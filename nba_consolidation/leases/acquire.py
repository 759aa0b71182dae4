"""How leases are come by: ask, wait for whoever has one, keep what is taken meanwhile, and give up at the limit.

What happens once they are all held is in `lease`; what tells our own lost reply from another's lease, in `own_leases`.
"""

import logging
from dataclasses import dataclass
from random import Random

from nba_consolidation.leases.errors import AmbiguousReply, LeaseError, LeaseHeld
from nba_consolidation.leases.interface import Holder, LeaseStore
from nba_consolidation.leases.own_leases import Sighting, find_ours, give_back, renewed
from nba_consolidation.leases.timing import LeaseTiming, TimeSource, WaitPolicy
from nba_consolidation.leases.waiting import Waits

_log = logging.getLogger(__name__)
_UNANSWERED_AT_MOST = 3  # in a row; each has waited for the store's own timeout already


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for, sorted; `operation_id` is the nonce that makes every repetition recognisable as ours."""

    keys: tuple[str, ...]
    holder: Holder
    timing: LeaseTiming
    operation_id: str


def acquire(store: LeaseStore, request: Request, wait: WaitPolicy, time: TimeSource, rng: Random) -> Sighting:
    """All leases of the request: in one go while nobody else has any of them, else in the order of their keys.

    Raises LeaseHeld at the wait limit; every other error at once, for waiting would not help (incident 10). Whatever
    ends it, an interruption too, what was taken by then is given back.
    """
    acquisition = _Acquisition(store, request, wait, time, rng)
    try:
        return acquisition.run()
    except BaseException as error:
        acquisition.give_up(error)
        raise


class _Acquisition:
    """Takes the free leases in front of the first held one and keeps them while it waits for that one.

    Nobody waits for a key while he holds a later one, so nobody can deadlock; and as what is taken stays taken, every
    release brings whoever wants many nearer, however many others come for one.

    It does so from the first held lease on. Waiting a while for all of them to be free at once would keep out fewer
    small runs, but then luck decides whether a backfill ever begins, and the small ones wait for all of it anyway.
    """

    def __init__(self, store: LeaseStore, request: Request, wait: WaitPolicy, time: TimeSource, rng: Random) -> None:
        self._store = store
        self._request = request
        self._wait = wait
        self._time = time
        self._rng = rng
        self._began = time.monotonic()
        self._unanswered = 0
        self._in_doubt = False
        self._taken = Sighting()
        self._waits = Waits(store, request.holder, request.operation_id, time)

    def run(self) -> Sighting:
        wanted = self._request.keys
        while wanted:
            self._renew_when_due()
            wanted = self._ask(wanted)
        return self._taken

    def _ask(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """Ask once, all or none; returns what to ask for next."""
        try:
            self._taken = self._taken.joined(self._try(wanted))
        except AmbiguousReply:
            self._unanswered += 1
            if self._unanswered == _UNANSWERED_AT_MOST:
                raise
            return wanted
        except LeaseHeld as held:
            self._unanswered = 0
            return self._go_around(held, wanted)
        self._unanswered = 0
        self._waits.over("acquired")
        return tuple(key for key in self._request.keys if key not in self._taken.keys)

    def _try(self, wanted: tuple[str, ...]) -> Sighting:
        """When no answer comes, look for our nonce, so that nobody waits for himself.

        A write without an answer may also arrive late; then the next attempt finds the lease held by our own nonce.
        """
        holder, ttl, nonce = self._request.holder, self._request.timing.ttl, self._request.operation_id
        asked_at = self._time.monotonic()
        try:
            return Sighting.since(asked_at, self._store.try_acquire(wanted, holder, ttl, operation_id=nonce))
        except (AmbiguousReply, LeaseHeld) as error:
            if isinstance(error, LeaseHeld) and error.record.operation_id != nonce:
                raise
            self._in_doubt = True
            ours = find_ours(self._store, wanted, nonce, self._time)
            if not ours.records:
                raise
            return ours

    def _go_around(self, held: LeaseHeld, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """What stands in front of the held key, if anything; else wait for it, and then ask for it alone.

        Alone, because whoever asks for more loses the race for it to those who ask for nothing else.
        """
        waited = self._time.monotonic() - self._began
        if waited >= self._wait.limit:
            raise LeaseHeld(held.record, waited) from None
        if in_front := tuple(key for key in wanted if key < held.record.key):
            return in_front
        self._give_back_behind(held.record.key)
        self._waits.for_lease(held.record, self._wait.limit - waited)
        pause = self._wait.pause(held.record.remaining, self._rng)
        until_renewal = self._request.timing.until_renewal(self._left())
        self._store.wait_for_change(held.record, min(pause, self._wait.limit - waited, until_renewal))
        return (held.record.key,)

    def _give_back_behind(self, key: str) -> None:
        """Of many that take several commits, an answer that was lost can leave us a later part without the first."""
        kept = self._taken.in_front_of(key)
        if behind := self._taken.records[len(kept.records) :]:
            give_back(self._store, [record.key for record in behind], behind, self._request.operation_id)
            self._taken = kept

    def _renew_when_due(self) -> None:
        """Raises LeaseLost when what was taken is somebody else's by now.

        Nothing was written under it yet, so one could begin again; but an operator who forced the release would find
        us back at once. One that ran out while we slept and that nobody took is renewed, as the store's word is good.
        """
        if self._request.timing.is_renewal_due(self._left()):
            self._taken = renewed(self._store, self._taken, self._request.timing.ttl, self._time)

    def _left(self) -> float:
        return self._taken.good_until - self._time.monotonic()

    def give_up(self, error: BaseException) -> None:
        """Give back what was taken, also by a question whose answer was lost or cut off."""
        self._waits.over("given_up")
        if isinstance(error, LeaseError) and not (self._taken.records or self._in_doubt):
            return
        try:
            give_back(self._store, self._request.keys, self._taken.records, self._request.operation_id)
        except LeaseError as failure:
            _log.warning("Of %s something may not be given back (%s); it ends by itself.", self._request.keys, failure)
