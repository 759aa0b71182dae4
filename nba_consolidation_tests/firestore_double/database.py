"""One Firestore database in memory: documents with times, preconditions, transactions and listeners.

Uses the messages of the protocol, but not gRPC. Every method may be called from many threads.
"""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from queue import SimpleQueue
from typing import Any, Protocol, TypeAlias

from google.cloud.firestore_v1 import types
from google.protobuf.timestamp_pb2 import Timestamp  # type: ignore[import-untyped]

from nba_consolidation.leases.interface import machine_clock
from nba_consolidation_tests.firestore_double.faults import Faults

Message: TypeAlias = Any
"""A protobuf message of the protocol, such as `types.Document.pb()`."""

Document = types.Document.pb()
WriteResult = types.WriteResult.pb()
_MICROSECOND = timedelta(microseconds=1)


class Rejected(Exception):
    """A call that was not carried out: `code` is the name of a gRPC status."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Clock(Protocol):
    """The server's clock, replaceable in tests. `tick` returns the time of a commit, `now` any other time."""

    def now(self) -> datetime: ...

    def tick(self) -> datetime: ...

    def advance(self, seconds: float) -> None: ...


class MachineClock:
    """The clock of this machine, shifted by some seconds."""

    def __init__(self, ahead: float = 0.0) -> None:
        self._ahead = timedelta(seconds=ahead)

    def now(self) -> datetime:
        return machine_clock() + self._ahead

    def tick(self) -> datetime:
        return self.now()

    def advance(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)


class Database:
    """`calls` counts the calls by method; `faults` are the planned faults; `clock` is the server's clock.

    Its time never goes back, even if the clock does, and no two commits have the same microsecond.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or MachineClock()
        self.calls: Counter[str] = Counter()
        self.faults = Faults()
        self._last_commit = self.clock.now()
        self._documents: dict[str, Message] = {}
        self._read_by: dict[bytes, dict[str, Timestamp | None]] = {}
        self._listeners: dict[SimpleQueue[Message], str] = {}
        self._lock = threading.RLock()

    def count(self, method: str) -> None:
        with self._lock:
            self.calls[method] += 1

    def read(self, names: Iterable[str], transaction: bytes = b"") -> tuple[dict[str, Message], Timestamp]:
        """The documents by name, None for missing ones, and the time of the read."""
        with self._lock:
            documents = {name: self._documents.get(name) for name in names}
            if transaction:
                versions = self._transaction(transaction)
                versions.update({name: _update_time(document) for name, document in documents.items()})
            return documents, self.now()

    def query(self, parent: str, collection: str) -> tuple[list[Message], Timestamp]:
        """All documents of a collection, by name."""
        with self._lock:
            names = sorted(name for name in self._documents if name.rpartition("/")[0] == f"{parent}/{collection}")
            return [self._documents[name] for name in names], self.now()

    @property
    def listeners(self) -> int:
        """Number of open streams."""
        return len(self._listeners)

    def now(self) -> Timestamp:
        """The current time, but not before the last commit, which a read sees."""
        return _timestamp(max(self.clock.now(), self._last_commit))

    def begin(self) -> bytes:
        """Starts a transaction, which commits only if no document that it read has changed."""
        with self._lock:
            name = uuid.uuid4().bytes
            self._read_by[name] = {}
            return name

    def rollback(self, transaction: bytes) -> None:
        with self._lock:
            self._read_by.pop(transaction, None)

    def commit(self, writes: Sequence[Message], transaction: bytes = b"") -> tuple[list[Message], Timestamp]:
        """Applies all writes or none, in their order, with one time."""
        with self._lock:
            if transaction:
                self._raise_if_changed(transaction)
            self._last_commit = max(self.clock.tick(), self._last_commit + _MICROSECOND)
            moment = _timestamp(self._last_commit)
            changed: dict[str, Message] = {}
            results = []
            for write in writes:
                name = write.delete or write.update.name
                before = changed[name] if name in changed else self._documents.get(name)
                changed[name] = after = _apply(write, before, moment)
                results.append(WriteResult(update_time=_update_time(after)))
            self._store(changed)
            return results, moment

    def _store(self, changed: dict[str, Message]) -> None:
        for name, document in changed.items():
            is_new = _update_time(document) != _update_time(self._documents.get(name))
            if document is None:
                self._documents.pop(name, None)
            else:
                self._documents[name] = document
            for listener, listened_name in self._listeners.items():
                if is_new and listened_name == name:
                    listener.put(document)

    @contextmanager
    def listen(self, name: str) -> Iterator[SimpleQueue[Message]]:
        """A queue with the document now and after every change; None if it is missing."""
        states: SimpleQueue[Message] = SimpleQueue()
        with self._lock:
            self._listeners[states] = name
            states.put(self._documents.get(name))
        try:
            yield states
        finally:
            with self._lock:
                del self._listeners[states]

    def _transaction(self, name: bytes) -> dict[str, Timestamp | None]:
        if name not in self._read_by:
            raise Rejected("INVALID_ARGUMENT", "The referenced transaction has expired or is no longer valid.")
        return self._read_by[name]

    def _raise_if_changed(self, transaction: bytes) -> None:
        versions = self._transaction(transaction)
        del self._read_by[transaction]
        if any(_update_time(self._documents.get(name)) != version for name, version in versions.items()):
            raise Rejected("ABORTED", "Too much contention on these documents. Please try again.")


def _timestamp(moment: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp


def _update_time(document: Message) -> Timestamp | None:
    return None if document is None else document.update_time


def _apply(write: Message, before: Message, moment: Timestamp) -> Message:
    """The document after a write, None if it was deleted. A write that changes nothing keeps the update time."""
    _check_precondition(write.current_document, before, write.delete or write.update.name)
    if write.WhichOneof("operation") == "delete":
        return None
    after = Document(name=write.update.name, create_time=moment, update_time=moment)
    for name, value in _fields(write, before).items():
        after.fields[name].CopyFrom(value)
    for transform in write.update_transforms:
        if transform.WhichOneof("transform_type") != "set_to_server_value":
            raise Rejected("UNIMPLEMENTED", f"The double has no such transform of {transform.field_path}.")
        after.fields[transform.field_path].timestamp_value.CopyFrom(_whole_milliseconds(moment))
    if before is not None:
        after.create_time.CopyFrom(before.create_time)
        if dict(after.fields) == dict(before.fields):
            after.update_time.CopyFrom(before.update_time)
    return after


def _fields(write: Message, before: Message) -> dict[str, Message]:
    """The new fields: those of the update; with a mask, only the masked ones change."""
    updated = dict(write.update.fields)
    if not write.HasField("update_mask"):
        return updated
    masked = set(write.update_mask.field_paths)
    if any(not path.isidentifier() for path in masked):
        raise Rejected("UNIMPLEMENTED", f"The double has no nested field paths: {sorted(masked)}.")
    kept = {} if before is None else {name: value for name, value in before.fields.items() if name not in masked}
    return kept | {name: value for name, value in updated.items() if name in masked}


def _check_precondition(condition: Message, before: Message, name: str) -> None:
    kind = condition.WhichOneof("condition_type")
    if kind == "exists" and condition.exists and before is None:
        raise Rejected("NOT_FOUND", f"No document to update: {name}")
    if kind == "exists" and not condition.exists and before is not None:
        raise Rejected("ALREADY_EXISTS", f"Document already exists: {name}")
    if kind == "update_time" and condition.update_time != _update_time(before):
        raise Rejected("FAILED_PRECONDITION", f"the stored version of {name} does not match the required base version")


def _whole_milliseconds(moment: Timestamp) -> Timestamp:
    return Timestamp(seconds=moment.seconds, nanos=moment.nanos // 1_000_000 * 1_000_000)
