"""Records lease events (waits, writes that failed) for people: in the log at once, in the store if a wait lasts.

No lease depends on an event: a failure to record one is logged and changes nothing.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from nba_consolidation.leases.errors import LeaseError
from nba_consolidation.leases.interface import FAILED, FENCED_OUT, WAIT, Holder, LeaseEvent, LeaseRecord, LeaseStore
from nba_consolidation.leases.timing import TimeSource
from nba_consolidation.observability import log_event

_log = logging.getLogger(__name__)
_MAX_FENCED_OUT_EVENTS = 10  # per write: of a whole season that is fenced out, the first dates are enough


class WaitLog:
    """The waits of one acquisition, one after another, each for the lease of one other holder.

    Most leases are handed over within the first pause, and that costs no call of the store: a wait is recorded only
    when the first pause was not enough.
    """

    def __init__(self, store: LeaseStore, holder: Holder, operation_id: str, time: TimeSource) -> None:
        self._store = store
        self._holder = holder
        self._operation_id = operation_id
        self._time = time
        self._current: LeaseEvent | None = None
        self._began = 0.0
        self._recorded = False

    def waiting_for(self, held: LeaseRecord, seconds_left: float) -> None:
        """The acquisition is about to wait for this lease, or to go on waiting, for at most `seconds_left`."""
        event_id = f"{self._operation_id}-{held.operation_id}-{held.key}".replace("/", "_")
        if self._current is None or self._current.id != event_id:
            self.end("overtaken")
            self._begin(event_id, held, seconds_left)
        elif not self._recorded:
            self._recorded = True
            _record(self._store, self._current)

    def _begin(self, event_id: str, held: LeaseRecord, seconds_left: float) -> None:
        self._began, self._recorded = self._time.monotonic(), False
        self._current = LeaseEvent(
            id=event_id,
            kind=WAIT,
            key=held.key,
            holder=self._holder,
            other=held.holder,
            began_at=held.read_at,
            ends_at=held.read_at + timedelta(seconds=seconds_left),
        )
        log_event(
            _log, "lease_waiting", lease_key=held.key, run_id=self._holder.run_id, holder_id=self._holder.holder_id,
            for_holder_id=held.holder.holder_id, for_run_id=held.holder.run_id, at_most_ms=round(1000 * seconds_left),
        )  # fmt: skip

    def end(self, outcome: str) -> None:
        """End the current wait, if there is one."""
        if self._current is None:
            return
        waited = self._time.monotonic() - self._began
        ended, self._current = self._current, None
        log_event(
            _log, "lease_waited", lease_key=ended.key, run_id=ended.holder.run_id, holder_id=ended.holder.holder_id,
            for_holder_id=ended.other.holder_id, for_run_id=ended.other.run_id, outcome=outcome,
            waited_ms=round(1000 * waited),
        )  # fmt: skip
        if self._recorded:
            ends_at = ended.began_at + timedelta(seconds=waited)
            _record(self._store, replace(ended, outcome=outcome, ends_at=ends_at))


def record_fenced_out(store: LeaseStore, records: Sequence[LeaseRecord], newer_holder: str) -> None:
    """Record that a write under these leases was refused by the fence, and whose newer write had advanced it."""
    for lease in records[:_MAX_FENCED_OUT_EVENTS]:
        _record(
            store,
            LeaseEvent(
                id=f"fenced-{lease.operation_id}-{lease.key}",
                kind=FENCED_OUT,
                key=lease.key,
                holder=lease.holder,
                other=Holder(newer_holder, "unknown", "unknown", 0),
                began_at=lease.read_at,
                ends_at=lease.read_at,
            ),
        )


def record_failed(store: LeaseStore, lease: LeaseRecord, reason: str) -> None:
    """Record that a write under this lease was rolled back, and why. The failure before it is forgotten."""
    _record(
        store,
        LeaseEvent(
            id=f"failed-{lease.key}",
            kind=FAILED,
            key=lease.key,
            holder=lease.holder,
            other=lease.holder,
            began_at=lease.read_at,
            ends_at=lease.read_at,
            outcome=reason,
        ),
    )


def _record(store: LeaseStore, lease_event: LeaseEvent) -> None:
    try:
        store.record(lease_event)
    except LeaseError as error:
        message = "The %s event of lease %s could not be recorded; the lease itself is not affected: %s"
        _log.warning(message, lease_event.kind, lease_event.key, error)
