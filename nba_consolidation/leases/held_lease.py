"""The lease itself: `hold` takes it, keeps it alive with a heartbeat, tells when it is lost, and gives it back.

A lease keeps others out, but a process can sleep through its end: what makes a write safe is the fence, which the
warehouse checks against `tokens` inside the transaction. That is not here.
"""

import logging
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from random import Random
from threading import Event, Lock, RLock, Thread
from types import MappingProxyType
from typing import Any

from nba_consolidation.leases.acquire import Request, acquire
from nba_consolidation.leases.errors import LeaseError, LeaseLost
from nba_consolidation.leases.interface import Holder, LeaseRecord, LeaseStore
from nba_consolidation.leases.keys import parse_lease_key, sorted_keys
from nba_consolidation.leases.own_leases import Sighting, find_ours, give_back, renewed
from nba_consolidation.leases.timing import LeaseTiming, TimeSource, WaitPolicy
from nba_consolidation.observability import log_event

_log = logging.getLogger(__name__)
_DEFAULT_TIMING = LeaseTiming()
_DEFAULT_WAIT = WaitPolicy()
_REAL_TIME = TimeSource()


@contextmanager
def hold(
    store: LeaseStore,
    keys: Iterable[str],
    holder: Holder,
    *,
    timing: LeaseTiming = _DEFAULT_TIMING,
    wait: WaitPolicy = _DEFAULT_WAIT,
    on_lost: Callable[[LeaseLost], None] | None = None,
    time: TimeSource = _REAL_TIME,
    rng: Random | None = None,
) -> Iterator["HeldLease"]:
    """Hold the leases of all keys while the block runs; call `ensure_held()` before every write.

    All are taken in one go if nobody has any of them; else in the order of their keys, where those that are taken stay
    ours while we wait for the next, for `wait.limit` seconds in all. `on_lost` is called once, from the thread that
    notices. Raises LeaseHeld when the limit is over, LeaseDenied and LeaseUnavailable at once, LeaseMisuse; LeaseLost
    if a lease is lost while others are waited for, and at the end of the block if one was lost meanwhile. If the block
    fails by itself, its own error goes on, with the loss as a note.
    """
    request = Request(sorted_keys(keys), holder, timing, operation_id=uuid.uuid4().hex)
    began = time.monotonic()
    sighting = acquire(store, request, wait, time, rng or Random())  # noqa: S311  pauses are no secret
    lease = HeldLease(store, sighting, timing, time, waited=time.monotonic() - began, on_lost=on_lost)
    try:
        lease.start()
        log_event(_log, "lease_acquired", **lease.told, waited_ms=lease.waited_ms)
        yield lease
    except BaseException as error:
        if (loss := lease.close()) and loss is not error:
            error.add_note(str(loss))
        raise
    if loss := lease.close():
        raise loss


class HeldLease:
    """Leases that are ours until the block of `hold` ends, or until they are lost."""

    def __init__(
        self,
        store: LeaseStore,
        sighting: Sighting,
        timing: LeaseTiming,
        time: TimeSource,
        *,
        waited: float,
        on_lost: Callable[[LeaseLost], None] | None,
    ) -> None:
        self._store = store
        self._sighting = sighting
        self._timing = timing
        self._time = time
        self._keys = sighting.keys
        self._operation_id = sighting.records[0].operation_id
        self._waited = waited
        self._on_lost = on_lost
        self._held_since = time.monotonic()
        self._released_at: float | None = None
        self._loss: LeaseLost | None = None
        self._losing = Lock()
        self._renewing = RLock()  # `on_lost` may come back to us from inside of a renewal
        self._stop = Event()
        self._heart = Thread(target=self._beat, name=f"lease {self._keys[0]}", daemon=True)

    def start(self) -> None:
        """Let the heart beat; `hold` calls it."""
        self._heart.start()

    @property
    def records(self) -> tuple[LeaseRecord, ...]:
        """As the store had them at the last acquisition or renewal, sorted by key."""
        return self._sighting.records

    @property
    def tokens(self) -> Mapping[str, int]:
        """The fencing token of each key."""
        return MappingProxyType({record.key: record.token for record in self.records})

    @property
    def waited_ms(self) -> int:
        """Milliseconds from asking for the lease to having it."""
        return round(self._waited * 1000)

    @property
    def held_ms(self) -> int:
        """Milliseconds from having the lease to its release, or to now."""
        until = self._time.monotonic() if self._released_at is None else self._released_at
        return round((until - self._held_since) * 1000)

    @property
    def told(self) -> Mapping[str, Any]:
        """Of every log event of this lease: which, under which tokens, whose."""
        holder = self.records[0].holder
        return {
            "lease_key": self._keys[0] if len(self._keys) == 1 else None,
            "dates": [parse_lease_key(key)[1].isoformat() for key in self._keys],
            "lock_type": self.records[0].lock_type,
            "tokens": list(self.tokens.values()),
            "run_id": holder.run_id,
            "holder_id": holder.holder_id,
        }

    def ensure_held(self, *, ask_store: bool = False) -> None:
        """Raise LeaseLost unless the lease is still ours; to be called before every write.

        Asks nobody: a ttl without a renewal, by our own clock, is a loss, be the reason a dead store or a sleeping
        process. With `ask_store` the store is asked too, which can also raise LeaseDenied and LeaseUnavailable.
        """
        if self._loss is not None:
            raise self._loss
        if self._released_at is not None:
            raise LeaseLost(self._keys, "it was released, and used after that")
        if self._time.monotonic() >= self._sighting.good_until:
            raise self._lose(f"its {self._timing.ttl:g} s ran out without a renewal")
        if ask_store and find_ours(self._store, self._keys, self._operation_id, self._time).keys != self._keys:
            raise self._lose("the store says that it ran out or that somebody else has it")

    def renew(self) -> None:
        """Let it last a whole ttl from now, as the heartbeat does; raises LeaseLost, LeaseDenied, LeaseUnavailable."""
        with self._renewing:
            self.ensure_held()
            try:
                self._sighting = renewed(self._store, self._sighting, self._timing.ttl, self._time)
            except LeaseLost as loss:
                raise self._lose(loss.why) from loss
            self.ensure_held()  # an answer can take longer than the time it grants

    def close(self) -> LeaseLost | None:
        """Stop the heartbeat, give back what is still ours, and return the loss if there was one; `hold` calls it."""
        self._stop.set()
        if self._heart.is_alive():  # a machine that is out of threads could not start it
            self._heart.join()
        with self._renewing:
            self._released_at = self._time.monotonic()
        try:
            if taken := give_back(self._store, self._keys, self.records, self._operation_id):
                self._lose(f"{', '.join(taken)} was not ours any more when it was to be released")
        except LeaseError as error:
            # The work is done and its writes were fenced: a release that fails must not mark it failed (incident 44).
            _log.warning("%s; its release failed (%s), so it will end by itself.", self.records[0].describe(), error)
        log_event(_log, "lease_released", **self.told, held_ms=self.held_ms, lost=self._loss is not None)
        return self._loss

    def _beat(self) -> None:
        """The heartbeat's thread: renew until told to stop or lost; after a failure, try again sooner."""
        while not self._time.pause(self._stop, self._timing.until_renewal(self._left())):
            try:
                self.renew()
            except LeaseLost:
                return
            except Exception as error:  # noqa: BLE001  a heart that stops, for whatever reason, costs the lease
                _log.warning("%s; its renewal failed, %.1f s are left: %s", self._keys, self._left(), error)

    def _left(self) -> float:
        return max(0.0, self._sighting.good_until - self._time.monotonic())

    def _lose(self, why: str) -> LeaseLost:
        """Lost once is lost for good; the first to notice says why and tells `on_lost`."""
        loss = LeaseLost(self._keys, why)
        with self._losing:
            first = self._loss is None
            self._loss = self._loss or loss
        if first:
            log_event(_log, "lease_lost", logging.WARNING, **self.told, why=why)
        if first and self._on_lost is not None:
            self._on_lost(loss)
        return self._loss
