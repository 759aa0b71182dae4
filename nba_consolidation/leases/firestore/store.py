"""Leases in Firestore, for processes on any machine: the store of the production deployment.

Nobody's clock counts but the server's: a lease begins with the update time of its document, which is its token too.
What a document looks like is in `firestore_documents`, how the server is called in `firestore_rpc`.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from operator import attrgetter
from random import random
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

import nba_consolidation.leases.firestore.documents as documents
from nba_consolidation.leases.errors import AmbiguousReply, LeaseError, LeaseHeld, LeaseLost, LeaseUnavailable
from nba_consolidation.leases.firestore.rpc import FirestoreRpc, Outrun, connect
from nba_consolidation.leases.interface import (
    EVENTS_KEPT,
    ForcedRelease,
    Holder,
    LeaseEvent,
    LeaseRecord,
    check_forced_release,
    to_micros,
)
from nba_consolidation.leases.keys import parse_lease_key, sorted_keys
from nba_consolidation.leases.timing import awake_or_asleep

if TYPE_CHECKING:
    from nba_consolidation.leases.firestore.rpc import ClientFactory

_CHUNK = 250  # keys per commit: a server's time counts as a second write, and 500 is Firestore's old limit
_ATTEMPTS = 12  # each was outrun by somebody else's success
_FIRST_PAUSE, _LONGEST_PAUSE = 0.002, 0.5  # seconds
_COLLECTIONS = MappingProxyType({"grading": "grading_locks"})

Item = TypeVar("Item")


class FirestoreLeaseStore:
    """A LeaseStore in a Firestore database; nothing is loaded or called before the first use.

    `collections` says where the leases of a kind of work lie, `collection` where all others do. Up to 250 leases are
    taken, renewed and released in one atomic commit; of more, none is kept when one of them is held. `emulator` is the
    `host:port` of one, `timeout` (seconds) how long one call may take; `client`, `monotonic` and `sleep` are for tests.
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
        monotonic: Callable[[], float] = awake_or_asleep,
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
        taken: tuple[LeaseRecord, ...] = ()
        for chunk in _chunks(sorted_keys(keys)):
            try:
                taken += self._take(chunk, holder, ttl, operation_id)
            except LeaseError as error:
                self._undo(taken, error)
                raise
        return taken

    def _undo(self, taken: Sequence[LeaseRecord], reason: LeaseError) -> None:
        """Give back the chunks before the one that could not be taken, or say that we may have them still."""
        try:
            self.release(taken)
        except LeaseError as failure:
            raise AmbiguousReply(f"{reason} What was taken before it could not be given back: {failure}") from failure

    def _take(self, keys: Sequence[str], holder: Holder, ttl: float, operation_id: str) -> tuple[LeaseRecord, ...]:
        """Hopes that nobody has any of them, which is one call; looks only when that was wrong."""
        ended: dict[str, int] = {}
        for again in self._attempts():
            if again:
                ended = self._ended(keys)
            with suppress(Outrun):
                latest = self._rpc.latest_arrival()
                writes = [
                    documents.put(
                        self._name(key),
                        documents.lease_fields(key, holder, ttl, operation_id, latest),
                        replaces=ended.get(key),
                        stamped="acquired_at",
                    )
                    for key in keys
                ]
                return tuple(
                    LeaseRecord.granted(key, holder, ttl, operation_id, version=to_micros(moment), now=moment)
                    for key, moment in zip(keys, self._rpc.commit(writes), strict=True)
                )
        raise _outrun_by_all(keys)

    def _ended(self, keys: Sequence[str]) -> dict[str, int]:
        """The versions of those leases that have run out; raises LeaseHeld if one has not."""
        found = self.inspect_all(keys)
        for record in found:
            if not record.expired:
                raise LeaseHeld(record)
        return {record.key: record.version for record in found}

    def renew(self, records: Sequence[LeaseRecord], ttl: float) -> tuple[LeaseRecord, ...]:
        return tuple(renewed for chunk in _chunks(records) for renewed in self._renew(chunk, ttl))

    def _renew(self, records: Sequence[LeaseRecord], ttl: float) -> tuple[LeaseRecord, ...]:
        for again in self._attempts():
            if again:
                self._refuse_lost(records)
            with suppress(Outrun):
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
                    record.renewed(ttl, version=to_micros(moment), now=moment)
                    for record, moment in zip(records, self._rpc.commit(writes), strict=True)
                )
        raise _outrun_by_all([record.key for record in records])

    def _refuse_lost(self, records: Sequence[LeaseRecord]) -> None:
        current = self._current(records)
        if lost := [record.key for record in records if record not in current]:
            raise LeaseLost(lost, "another run took it after its end, or it was released by force")

    def release(self, records: Sequence[LeaseRecord]) -> tuple[str, ...]:
        return tuple(key for chunk in _chunks(records) for key in self._release(chunk))

    def _release(self, records: Sequence[LeaseRecord]) -> tuple[str, ...]:
        ours = records
        for again in self._attempts():
            if again:
                ours = self._current(records)
            if not ours:
                return ()
            with suppress(Outrun):
                self._rpc.commit([documents.delete(self._name(lease.key), version=lease.version) for lease in ours])
                return tuple(lease.key for lease in ours)
        raise _outrun_by_all([record.key for record in records])

    def _current(self, records: Sequence[LeaseRecord]) -> list[LeaseRecord]:
        """Those that are as recorded still."""
        versions = {record.key: record.version for record in self.inspect_all(record.key for record in records)}
        return [record for record in records if versions.get(record.key) == record.version]

    def inspect(self, key: str) -> LeaseRecord | None:
        return next(iter(self.inspect_all([key])), None)

    def inspect_all(self, keys: Iterable[str]) -> tuple[LeaseRecord, ...]:
        found = self._rpc.read([self._name(key) for key in sorted_keys(keys)])
        return tuple(sorted(map(documents.lease_of, found), key=attrgetter("key")))

    def list(self) -> tuple[LeaseRecord, ...]:
        collections = {self._collection, *self._collections.values()}
        found = (stored for collection in collections for stored in self._rpc.query(collection))
        return tuple(sorted((documents.lease_of(stored) for stored in found), key=attrgetter("key")))

    def force_release(self, key: str, holder_id: str, *, by: str, reason: str) -> ForcedRelease:
        for _ in self._attempts():
            with suppress(Outrun):
                lease = check_forced_release(key, self.inspect(key), holder_id, by=by, reason=reason)
                audit = documents.put(
                    self._rpc.name(self._audit, f"{key}_{lease.version}"),
                    documents.audit_fields(lease, by, reason),
                    replaces=None,
                    stamped="released_at",
                )
                released_at, _ = self._rpc.commit([audit, documents.delete(self._name(key), version=lease.version)])
                return ForcedRelease(lease, by, reason, released_at)
        raise _outrun_by_all([key])

    def forced_releases(self) -> tuple[ForcedRelease, ...]:
        found = map(documents.forced_release_of, self._rpc.query(self._audit))
        return tuple(sorted(found, key=attrgetter("released_at")))

    def record(self, event: LeaseEvent) -> None:
        self._rpc.commit([documents.write(self._rpc.name(self._events, event.id), documents.event_fields(event))])

    def events(self) -> tuple[LeaseEvent, ...]:
        """What a TTL policy has not removed yet, which takes it a day, is left out."""
        found = map(documents.event_of, self._rpc.query(self._events))
        kept = [event for event in found if event.began_at > event.read_at - EVENTS_KEPT]
        return tuple(sorted(kept, key=lambda event: (event.began_at, event.id)))

    def check(self) -> None:
        self.list()
        with suppress(Outrun):  # by another check: then we may write too
            self._rpc.commit(documents.probe(self._rpc.name(self._audit, "probe")))

    def wait_for_change(self, seen: LeaseRecord, timeout: float) -> None:
        until = self._monotonic() + timeout
        states = self._rpc.watch(self._name(seen.key), timeout)
        with suppress(LeaseError), closing(states):  # a hint that fails is none; then the poll remains
            for stored in states:
                if stored is None or _is_over(seen, documents.lease_of(stored)):
                    return
        self._sleep(max(0.0, until - self._monotonic()))

    def _attempts(self) -> Iterator[int]:
        """To look again and write again after being outrun; pauses by chance, so that one of many gets through."""
        for attempt in range(_ATTEMPTS):
            if attempt > 1:
                self._sleep(random() * min(_FIRST_PAUSE * 2**attempt, _LONGEST_PAUSE))  # noqa: S311  no secret
            yield attempt

    def _name(self, key: str) -> str:
        return self._rpc.name(self._collections.get(parse_lease_key(key)[0], self._collection), key)


def _is_over(seen: LeaseRecord, found: LeaseRecord) -> bool:
    return found.expired or found.operation_id != seen.operation_id


def _chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return (items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK))


def _outrun_by_all(keys: Sequence[str]) -> LeaseUnavailable:
    return LeaseUnavailable(
        f"The lease {', '.join(keys)} changed between looking and writing, {_ATTEMPTS} times in a row. Nothing was "
        "changed. See who else uses it at such a rate, and start again."
    )
