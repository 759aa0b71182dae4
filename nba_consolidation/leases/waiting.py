"""Who waits for whom, told where others can see it: to the log at once, to the store once a wait is a real one.

A courtesy: whatever fails here is logged and changes nothing about the lease.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from nba_consolidation.leases.errors import LeaseError
from nba_consolidation.leases.interface import FENCED_OUT, WAIT, Holder, LeaseEvent, LeaseRecord, LeaseStore
from nba_consolidation.leases.timing import TimeSource
from nba_consolidation.observability import log_event

_log = logging.getLogger(__name__)
_TRACES = 10  # of a season that is fenced out, the first dates say enough


class Waits:
    """The waits of one acquisition, one after another: each is for the lease of one other holder.

    A hand-over within the first pause, which is most of them, costs no call of the store: a wait is recorded when the
    first pause was not enough.
    """

    def __init__(self, store: LeaseStore, holder: Holder, operation_id: str, time: TimeSource) -> None:
        self._store = store
        self._holder = holder
        self._operation_id = operation_id
        self._time = time
        self._current: LeaseEvent | None = None
        self._began = 0.0
        self._recorded = False

    def for_lease(self, held: LeaseRecord, left: float) -> None:
        """We are about to wait for it, for `left` seconds at most."""
        name = f"{self._operation_id}-{held.operation_id}-{held.key}".replace("/", "_")
        if self._current is None or self._current.id != name:
            self.over("overtaken")
            self._begin(name, held, left)
        elif not self._recorded:
            self._recorded = True
            self._record(self._current)

    def _begin(self, name: str, held: LeaseRecord, left: float) -> None:
        self._began, self._recorded = self._time.monotonic(), False
        self._current = LeaseEvent(
            id=name,
            kind=WAIT,
            key=held.key,
            holder=self._holder,
            other=held.holder,
            began_at=held.read_at,
            ends_at=held.read_at + timedelta(seconds=left),
        )
        log_event(
            _log, "lease_waiting", lease_key=held.key, run_id=self._holder.run_id, holder_id=self._holder.holder_id,
            for_holder_id=held.holder.holder_id, for_run_id=held.holder.run_id, at_most_ms=round(1000 * left),
        )  # fmt: skip

    def over(self, outcome: str) -> None:
        """The wait is over, if there is one."""
        if self._current is None:
            return
        waited = self._time.monotonic() - self._began
        done, self._current = self._current, None
        log_event(
            _log, "lease_waited", lease_key=done.key, run_id=done.holder.run_id, holder_id=done.holder.holder_id,
            for_holder_id=done.other.holder_id, for_run_id=done.other.run_id, outcome=outcome,
            waited_ms=round(1000 * waited),
        )  # fmt: skip
        if self._recorded:
            self._record(replace(done, outcome=outcome, ends_at=done.began_at + timedelta(seconds=waited)))

    def _record(self, wait: LeaseEvent) -> None:
        _recorded(self._store, wait)


def record_fenced_out(store: LeaseStore, ours: Sequence[LeaseRecord], newer_holder: str) -> None:
    """Keeps the trace of a write that the fence kept out: whose leases these were, and who has written since."""
    for lease in ours[:_TRACES]:
        _recorded(
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


def _recorded(store: LeaseStore, happened: LeaseEvent) -> None:
    try:
        store.record(happened)
    except LeaseError as error:
        _log.warning(
            "the %s of %s could not be recorded, which changes nothing: %s", happened.kind, happened.key, error
        )
