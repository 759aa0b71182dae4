"""`hold` acquires leases, renews them in a background thread while the block runs, and releases them.

A process can sleep through the end of its lease. The warehouse therefore checks the fence against `tokens`
inside its transaction, which makes a write safe; this module does not do it.
"""

import logging
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from random import Random
from threading import Event, Lock, Thread
from types import MappingProxyType
from typing import Any

from nba_consolidation.leases.acquire import LeaseRequest, acquire
from nba_consolidation.leases.errors import EXPIRED_OR_TAKEN_OVER, LeaseError, LeaseLost
from nba_consolidation.leases.interface import Holder, LeaseRecord, LeaseStore
from nba_consolidation.leases.keys import parse_lease_key, sorted_keys
from nba_consolidation.leases.own_leases import OwnLeases, read_own_leases, release_own_leases, renew_own_leases
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
    time: TimeSource = _REAL_TIME,
    rng: Random | None = None,
) -> Iterator["HeldLease"]:
    """Hold the leases of all keys while the block runs; call `ensure_held()` before every write.

    All keys are acquired at once if they are free; otherwise in sorted order, keeping those already acquired while
    waiting for the next, for at most `wait.limit` seconds in total.

    Raises LeaseHeld at the wait limit; LeaseDenied, LeaseUnavailable and LeaseMisuse at once; LeaseLost if a lease is
    lost while waiting for others, and at the end of the block if one was lost meanwhile. If the block itself raises,
    its own error is kept and the loss is added to it as a note.
    """
    request = LeaseRequest(sorted_keys(keys), holder, timing, operation_id=uuid.uuid4().hex)
    began = time.monotonic()
    snapshot = acquire(store, request, wait, time, rng or Random())  # noqa: S311  not used for secrets
    lease = HeldLease(store, snapshot, timing, time, waited=time.monotonic() - began)
    try:
        lease.start()
        log_event(_log, "lease_acquired", **lease.log_fields, waited_ms=lease.waited_ms)
        yield lease
    except BaseException as error:
        if (loss := lease.close()) and loss is not error:
            error.add_note(str(loss))
        raise
    if loss := lease.close():
        raise loss


class HeldLease:
    """Leases that this process holds until the block of `hold` ends, or until they are lost."""

    def __init__(
        self, store: LeaseStore, snapshot: OwnLeases, timing: LeaseTiming, time: TimeSource, *, waited: float
    ) -> None:
        self._store = store
        self._snapshot = snapshot
        self._timing = timing
        self._time = time
        self._keys = snapshot.keys
        self._operation_id = snapshot.records[0].operation_id
        self._waited = waited
        self._held_since = time.monotonic()
        self._released_at: float | None = None
        self._loss: LeaseLost | None = None
        self._losing = Lock()
        self._renewing = Lock()
        self._stop = Event()
        self._renewal_thread = Thread(target=self._renew_until_stopped, name=f"lease {self._keys[0]}", daemon=True)

    def start(self) -> None:
        """Start the background renewal; called by `hold`."""
        self._renewal_thread.start()

    @property
    def records(self) -> tuple[LeaseRecord, ...]:
        """The leases as of the last acquisition or renewal, sorted by key."""
        return self._snapshot.records

    @property
    def tokens(self) -> Mapping[str, int]:
        """The fencing token of each key."""
        return MappingProxyType({record.key: record.token for record in self.records})

    @property
    def waited_ms(self) -> int:
        """Milliseconds from the request to the acquisition."""
        return round(self._waited * 1000)

    @property
    def held_ms(self) -> int:
        """Milliseconds from the acquisition to the release, or until now."""
        until = self._time.monotonic() if self._released_at is None else self._released_at
        return round((until - self._held_since) * 1000)

    @property
    def log_fields(self) -> Mapping[str, Any]:
        """The fields that every log event about this lease carries."""
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
        """Raise LeaseLost unless the lease is still held; call it before every write.

        By default only the local clock decides: a lease that was not renewed for a whole ttl counts as lost, whether
        the store was down or this process slept. With `ask_store` the store is asked too, which can also raise
        LeaseDenied and LeaseUnavailable.
        """
        if self._loss is not None:
            raise self._loss
        if self._released_at is not None:
            raise LeaseLost(self._keys, "already released")
        if self._time.monotonic() >= self._snapshot.valid_until:
            raise self._lose(f"not renewed for {self._timing.ttl:g} s and expired")
        if ask_store and read_own_leases(self._store, self._keys, self._operation_id, self._time).keys != self._keys:
            raise self._lose(EXPIRED_OR_TAKEN_OVER)

    def renew(self) -> None:
        """Extend the lease to a whole ttl from now. Raises LeaseLost, LeaseDenied, LeaseUnavailable."""
        with self._renewing:
            self.ensure_held()
            try:
                self._snapshot = renew_own_leases(self._store, self._snapshot, self._timing.ttl, self._time)
            except LeaseLost as loss:
                raise self._lose(loss.reason) from loss
            self.ensure_held()  # the reply can take longer than the time it grants

    def close(self) -> LeaseLost | None:
        """Stop renewing, release what is still held, and return the loss if there was one; called by `hold`."""
        self._stop.set()
        if self._renewal_thread.is_alive():  # it is not if the machine could not start another thread
            self._renewal_thread.join()
        with self._renewing:
            self._released_at = self._time.monotonic()
        try:
            if taken_over := release_own_leases(self._store, self._keys, self.records, self._operation_id):
                self._lose("taken over before it was released", taken_over)
        except LeaseError as error:
            # The work is done and its writes were fenced: a failed release must not mark it as failed (incident 44).
            _log.warning("Lease %s was not released and will expire by itself: %s", self.records[0].describe(), error)
        log_event(_log, "lease_released", **self.log_fields, held_ms=self.held_ms, lost=self._loss is not None)
        return self._loss

    def _renew_until_stopped(self) -> None:
        """Runs in the background thread. After a failed renewal the next attempt comes sooner."""
        while not self._time.pause(self._stop, self._timing.until_renewal(self._seconds_left())):
            try:
                self.renew()
            except LeaseLost:
                return
            except Exception as error:  # noqa: BLE001  if this thread ended for any other reason, the lease would expire
                left = self._seconds_left()
                _log.warning("Lease %s was not renewed; %.1f s are left: %s", ", ".join(self._keys), left, error)

    def _seconds_left(self) -> float:
        return max(0.0, self._snapshot.valid_until - self._time.monotonic())

    def _lose(self, reason: str, keys: tuple[str, ...] = ()) -> LeaseLost:
        """Record the loss, unless one is recorded already, and return the recorded one: a lost lease stays lost."""
        with self._losing:
            if self._loss is None:
                self._loss = LeaseLost(keys or self._keys, reason)
                log_event(_log, "lease_lost", logging.WARNING, **self.log_fields, reason=reason)
            return self._loss
