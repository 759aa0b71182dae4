"""A lease store in memory, for tests: it keeps the whole contract for the threads of one process."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from threading import Condition

from nba_consolidation.leases.errors import TAKEN_OVER, LeaseHeld, LeaseLost
from nba_consolidation.leases.interface import (
    EVENTS_KEPT,
    ForcedRelease,
    Holder,
    LeaseEvent,
    LeaseRecord,
    Reseed,
    check_forced_release,
    check_reseed,
    is_over,
    machine_clock,
    take_over,
    to_micros,
)
from nba_consolidation.leases.keys import parse_lease_key, sorted_keys


class MemoryLeaseStore:
    """A LeaseStore that starts with the given leases; `clock` is the store's clock."""

    def __init__(self, leases: Iterable[LeaseRecord] = (), *, clock: Callable[[], datetime] = machine_clock) -> None:
        self._leases = {lease.key: lease for lease in leases}
        self._last_version = max((lease.version for lease in self._leases.values()), default=0)
        self._forced: tuple[ForcedRelease, ...] = ()
        self._reseeds: tuple[Reseed, ...] = ()
        self._events: dict[str, LeaseEvent] = {}
        self._clock = clock
        self._changed = Condition()

    def try_acquire(
        self, keys: Iterable[str], holder: Holder, ttl: float, *, operation_id: str
    ) -> tuple[LeaseRecord, ...]:
        keys = sorted_keys(keys)
        with self._changed:
            now = self._clock()
            for current in self._read(keys, now):
                if not current.expired:
                    raise LeaseHeld(current)
                event = take_over(current, holder, operation_id)
                self._events[event.id] = event
            version = self._next_version(now)
            granted = tuple(
                LeaseRecord.granted(key, holder, ttl, operation_id, version=version, now=now) for key in keys
            )
            self._leases.update({record.key: record for record in granted})
            return granted

    def renew(self, records: Sequence[LeaseRecord], ttl: float) -> tuple[LeaseRecord, ...]:
        with self._changed:
            lost = [record.key for record in records if not self._is_current(record)]
            if lost:
                raise LeaseLost(lost, TAKEN_OVER)
            now = self._clock()
            version = self._next_version(now)
            renewed = tuple(record.renewed(ttl, version=version, now=now) for record in records)
            self._leases.update({record.key: record for record in renewed})
            return renewed

    def release(self, records: Sequence[LeaseRecord]) -> tuple[str, ...]:
        with self._changed:
            released = tuple(record.key for record in records if self._is_current(record))
            for key in released:
                del self._leases[key]
            self._changed.notify_all()
            return released

    def inspect(self, keys: Iterable[str]) -> tuple[LeaseRecord, ...]:
        keys = sorted_keys(keys)
        with self._changed:
            return self._read(keys, self._clock())

    def list(self) -> tuple[LeaseRecord, ...]:
        with self._changed:
            return self._read(sorted(self._leases), self._clock())

    def force_release(self, key: str, holder_id: str, *, by: str, reason: str) -> ForcedRelease:
        parse_lease_key(key)
        with self._changed:
            now = self._clock()
            lease = check_forced_release(key, self._read([key], now), holder_id, by=by, reason=reason)
            forced = ForcedRelease(lease, by, reason, now)
            del self._leases[key]
            self._forced += (forced,)
            self._changed.notify_all()
            return forced

    def forced_releases(self) -> tuple[ForcedRelease, ...]:
        return self._forced

    def reseed(self, token: int, *, by: str, reason: str) -> Reseed:
        check_reseed(by, reason)
        with self._changed:
            done = Reseed(self._last_version, token, by, reason, self._clock())
            self._last_version = max(self._last_version, token)
            self._reseeds += (done,)
            return done

    def reseeds(self) -> tuple[Reseed, ...]:
        return self._reseeds

    def record(self, event: LeaseEvent) -> None:
        with self._changed:
            self._events[event.id] = event

    def events(self) -> tuple[LeaseEvent, ...]:
        with self._changed:
            now = self._clock()
            recent = [
                replace(event, read_at=now) for event in self._events.values() if event.began_at > now - EVENTS_KEPT
            ]
            return tuple(sorted(recent, key=lambda event: (event.began_at, event.id)))

    def check(self) -> None:
        """Memory is always there."""

    def wait_for_change(self, record: LeaseRecord, timeout: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: is_over(record, self._read([record.key], self._clock())), timeout)

    def _is_current(self, record: LeaseRecord) -> bool:
        current = self._leases.get(record.key)
        return current is not None and current.version == record.version

    def _read(self, keys: Sequence[str], now: datetime) -> tuple[LeaseRecord, ...]:
        return tuple(replace(self._leases[key], read_at=now) for key in keys if key in self._leases)

    def _next_version(self, now: datetime) -> int:
        self._last_version = max(self._last_version + 1, to_micros(now))
        return self._last_version
