"""The lease store of the production deployment: Firestore, for processes on any machine.

Only the server's clock counts: a lease starts at the update time of its document, which is also its token.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from operator import attrgetter
from random import random
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

import nba_consolidation.leases.firestore.documents as documents
from nba_consolidation.leases.errors import (
    TAKEN_OVER,
    AmbiguousReply,
    LeaseError,
    LeaseHeld,
    LeaseLost,
    LeaseMisuse,
    LeaseUnavailable,
)
from nba_consolidation.leases.firestore.rpc import FirestoreRpc, WriteConflict, connect
from nba_consolidation.leases.interface import (
    EVENTS_KEPT,
    ForcedRelease,
    Holder,
    LeaseEvent,
    LeaseRecord,
    Reseed,
    check_forced_release,
    check_reseed,
    from_micros,
    is_over,
    take_over,
    to_micros,
)
from nba_consolidation.leases.keys import parse_lease_key, sorted_keys
from nba_consolidation.leases.timing import monotonic_with_sleep
from nba_consolidation.observability import log_event

if TYPE_CHECKING:
    from nba_consolidation.leases.firestore.rpc import ClientFactory, StoredDocument, Write

_CHUNK = 250  # keys per commit: a server timestamp counts as a second write, and Firestore's limit used to be 500
_ATTEMPTS = 12  # each conflict means that somebody else's write succeeded
_FIRST_PAUSE, _MAX_PAUSE = 0.002, 0.5  # seconds
_COLLECTIONS = MappingProxyType({"grading": "grading_locks"})

Item = TypeVar("Item")
_log = logging.getLogger(__name__)


class FirestoreLeaseStore:
    """A LeaseStore in a Firestore database; nothing is imported or called before the first use.

    `collections` has the collection of each kind of work; `collection` is that of all others. Up to 250 leases are
    acquired, renewed or released in one atomic commit; if one of more is held, the others are released again.
    `emulator` is the `host:port` of an emulator; `timeout` is in seconds per call; `client`, `monotonic` and `sleep`
    are for tests.
    """

    def __init__(
        self,
        project: str,
        database: str = "(default)",
        *,
        collection: str = "consolidation_locks",
        collections: Mapping[str, str] = _COLLECTIONS,
        audit_collection: str = "lease_audit",
        event_collection: str = "lease_events",
        emulator: str | None = None,
        timeout: float = 5.0,
        client: "ClientFactory | None" = None,
        monotonic: Callable[[], float] = monotonic_with_sleep,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._collection = collection
        self._collections = dict(collections)
        self._audit = audit_collection
        self._events = event_collection
        self._monotonic = monotonic
        self._sleep = sleep
        self._rpc = FirestoreRpc(
            project, database, timeout=timeout, client=client or (lambda: connect(emulator)), monotonic=monotonic
        )

    def try_acquire(
        self, keys: Iterable[str], holder: Holder, ttl: float, *, operation_id: str
    ) -> tuple[LeaseRecord, ...]:
        acquired: tuple[LeaseRecord, ...] = ()
        for chunk in _chunks(sorted_keys(keys)):
            try:
                acquired += self._acquire_chunk(chunk, holder, ttl, operation_id)
            except LeaseError as error:
                self._undo(acquired, error)
                raise
        return acquired

    def _undo(self, acquired: Sequence[LeaseRecord], reason: LeaseError) -> None:
        """Release the chunks before the failed one; raises AmbiguousReply if they may still be held."""
        try:
            self.release(acquired)
        except LeaseError as failure:
            raise AmbiguousReply(f"{reason} Leases acquired before that were not released: {failure}") from failure

    def _acquire_chunk(
        self, keys: Sequence[str], holder: Holder, ttl: float, operation_id: str
    ) -> tuple[LeaseRecord, ...]:
        """Assumes that the keys have no leases, which takes one call, and reads them only after a conflict."""
        expired: dict[str, LeaseRecord] = {}
        for attempt in self._attempts():
            if attempt:
                expired = self._expired(keys)
            with suppress(WriteConflict):
                latest = self._rpc.latest_arrival()
                writes = [
                    documents.put(
                        self._name(key),
                        documents.lease_fields(key, holder, ttl, operation_id, latest),
                        replaces=expired[key].version if key in expired else None,
                        timestamp_field="acquired_at",
                    )
                    for key in keys
                ]
                events = [take_over(record, holder, operation_id) for record in expired.values()]
                times = self._rpc.commit([*writes, *map(self._event_write, events)])
                return tuple(
                    LeaseRecord.granted(key, holder, ttl, operation_id, version=to_micros(now), now=now)
                    for key, now in zip(keys, times[: len(keys)], strict=True)
                )
        raise _too_many_conflicts(keys)

    def _expired(self, keys: Sequence[str]) -> dict[str, LeaseRecord]:
        """The keys' leases, all expired; raises LeaseHeld if one is not."""
        records = self.inspect(keys)
        for record in records:
            if not record.expired:
                raise LeaseHeld(record)
        return {record.key: record for record in records}

    def renew(self, records: Sequence[LeaseRecord], ttl: float) -> tuple[LeaseRecord, ...]:
        return tuple(renewed for chunk in _chunks(records) for renewed in self._renew_chunk(chunk, ttl))

    def _renew_chunk(self, records: Sequence[LeaseRecord], ttl: float) -> tuple[LeaseRecord, ...]:
        for attempt in self._attempts():
            if attempt:
                self._raise_if_lost(records)
            with suppress(WriteConflict):
                latest = self._rpc.latest_arrival()
                writes = [
                    documents.change(
                        self._name(record.key),
                        documents.renewal_fields(record, ttl, latest),
                        version=record.version,
                    )
                    for record in records
                ]
                return tuple(
                    record.renewed(ttl, version=to_micros(now), now=now)
                    for record, now in zip(records, self._rpc.commit(writes), strict=True)
                )
        raise _too_many_conflicts([record.key for record in records])

    def _raise_if_lost(self, records: Sequence[LeaseRecord]) -> None:
        current = self._still_current(records)
        if lost := [record.key for record in records if record not in current]:
            raise LeaseLost(lost, TAKEN_OVER)

    def release(self, records: Sequence[LeaseRecord]) -> tuple[str, ...]:
        return tuple(key for chunk in _chunks(records) for key in self._release_chunk(chunk))

    def _release_chunk(self, records: Sequence[LeaseRecord]) -> tuple[str, ...]:
        current = records
        for attempt in self._attempts():
            if attempt:
                current = self._still_current(records)
            if not current:
                return ()
            with suppress(WriteConflict):
                self._rpc.commit([documents.delete(self._name(lease.key), version=lease.version) for lease in current])
                return tuple(lease.key for lease in current)
        raise _too_many_conflicts([record.key for record in records])

    def _still_current(self, records: Sequence[LeaseRecord]) -> Sequence[LeaseRecord]:
        """Those of the records whose version is still the current one."""
        versions = {record.key: record.version for record in self.inspect(record.key for record in records)}
        return [record for record in records if versions.get(record.key) == record.version]

    def inspect(self, keys: Iterable[str]) -> tuple[LeaseRecord, ...]:
        stored = self._rpc.read([self._name(key) for key in sorted_keys(keys)])
        return tuple(sorted(map(documents.lease_of, stored), key=attrgetter("key")))

    def list(self) -> tuple[LeaseRecord, ...]:
        collections = {self._collection, *self._collections.values()}
        leases = (lease for name in collections for lease in self._read(name, documents.lease_of, attrgetter("key")))
        return tuple(sorted(leases, key=attrgetter("key")))

    def force_release(self, key: str, holder_id: str, *, by: str, reason: str) -> ForcedRelease:
        for _ in self._attempts():
            with suppress(WriteConflict):
                lease = check_forced_release(key, self.inspect([key]), holder_id, by=by, reason=reason)
                audit = documents.put(
                    self._rpc.name(self._audit, f"{key}_{lease.version}"),
                    documents.audit_fields(lease, by, reason),
                    replaces=None,
                    timestamp_field="released_at",
                )
                released_at, _ = self._rpc.commit([audit, documents.delete(self._name(key), version=lease.version)])
                return ForcedRelease(lease, by, reason, released_at)
        raise _too_many_conflicts([key])

    def forced_releases(self) -> tuple[ForcedRelease, ...]:
        releases = self._read(self._audit, documents.forced_release_of, attrgetter("lease.key"))
        return tuple(sorted(releases, key=attrgetter("released_at")))

    def reseed(self, token: int, *, by: str, reason: str) -> Reseed:
        """Always raises LeaseMisuse: a token is the server's time, which nobody can move."""
        check_reseed(by, reason)
        raise LeaseMisuse(
            f"Firestore's tokens are its server's time. They pass {token} by themselves at "
            f"{from_micros(token):%Y-%m-%d %H:%M:%S} UTC; until then these fences keep out every run of this store. "
            "Use the lease store that wrote them, or wait."
        )

    def reseeds(self) -> tuple[Reseed, ...]:
        return ()

    def record(self, event: LeaseEvent) -> None:
        self._rpc.commit([self._event_write(event)])

    def _event_write(self, event: LeaseEvent) -> "Write":
        return documents.write(self._rpc.name(self._events, event.id), documents.event_fields(event))

    def events(self) -> tuple[LeaseEvent, ...]:
        """Leaves out the old events that Firestore's TTL policy has not deleted yet, which can take a day."""
        events = self._read(self._events, documents.event_of, attrgetter("key"))
        recent = [event for event in events if event.began_at > event.read_at - EVENTS_KEPT]
        return tuple(sorted(recent, key=lambda event: (event.began_at, event.id)))

    def _read(
        self, collection: str, decode: "Callable[[StoredDocument], Item]", key_of: Callable[[Item], str]
    ) -> Iterator[Item]:
        """The decoded documents of a collection. One that somebody else left there is left out, and logged."""
        for stored in self._rpc.query(collection):
            try:
                item = decode(stored)
                parse_lease_key(key_of(item))
            except (KeyError, ValueError, OverflowError, LeaseMisuse) as error:
                log_event(_log, "odd_lease_document", logging.WARNING, collection=collection, document=stored.id,
                          error=repr(error))  # fmt: skip
            else:
                yield item

    def check(self) -> None:
        self.list()
        with suppress(WriteConflict):  # with the probe of another check, which proves the permission just as well
            self._rpc.commit(documents.probe(self._rpc.name(self._audit, "probe")))

    def wait_for_change(self, record: LeaseRecord, timeout: float) -> None:
        until = self._monotonic() + timeout
        states = self._rpc.watch(self._name(record.key), timeout)
        with suppress(LeaseError), closing(states):  # the listener is only a hint: if it fails, the caller polls
            for stored in states:
                if is_over(record, [] if stored is None else [documents.lease_of(stored)]):
                    return
        self._sleep(max(0.0, until - self._monotonic()))

    def _attempts(self) -> Iterator[int]:
        """Attempt numbers, after random pauses, so that one of many competing writers succeeds."""
        for attempt in range(_ATTEMPTS):
            if attempt > 1:
                self._sleep(random() * min(_FIRST_PAUSE * 2**attempt, _MAX_PAUSE))  # noqa: S311  not used for secrets
            yield attempt

    def _name(self, key: str) -> str:
        return self._rpc.name(self._collections.get(parse_lease_key(key)[0], self._collection), key)


def _chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return (items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK))


def _too_many_conflicts(keys: Sequence[str]) -> LeaseUnavailable:
    return LeaseUnavailable(
        f"Lease {', '.join(keys)}: other writers changed it {_ATTEMPTS} times in a row between read and write. Nothing "
        "was changed. Find out what uses it so often (nba-consolidation locks list), and run the command again."
    )
