"""Tests of the Firestore double: it behaves as Firestore does, and its faults happen as planned.

The tests of Firestore's behaviour run against the official emulator too, if FIRESTORE_EMULATOR_HOST names one.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from queue import SimpleQueue
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from google.api_core.exceptions import (
    AlreadyExists,
    DeadlineExceeded,
    FailedPrecondition,
    GoogleAPICallError,
    InvalidArgument,
    MethodNotImplemented,
    NotFound,
    PermissionDenied,
    ServiceUnavailable,
)
from google.cloud import firestore as google_firestore
from google.cloud.firestore_v1.types import ListenRequest

import nba_consolidation_tests.firestore_double as double_package
from nba_consolidation.leases.firestore.rpc import connect
from nba_consolidation_tests.firestore_double import Database, Fault, FirestoreDouble, RemoteDouble
from nba_consolidation_tests.leases.conftest import EMULATOR, shared_firestore
from nba_consolidation_tests.leases.fakes import FakeClock
from nba_consolidation_tests.leases.google_client import google_client

OPTIONS: dict[str, Any] = {"retry": None, "timeout": 5}


@dataclass(frozen=True)
class Raw:
    """Calls the protocol directly, on a database of its own."""

    address: str
    project: str = field(default_factory=lambda: f"test-{uuid4().hex}")
    database: str = "(default)"

    @property
    def path(self) -> str:
        return f"projects/{self.project}/databases/{self.database}"

    @property
    def client(self) -> Any:
        return _connect(self.address)

    def name(self, document: str = "things/one") -> str:
        return f"{self.path}/documents/{document}"

    def put(self, number: int, *, at: str = "things/one", **more: Any) -> dict[str, Any]:
        return {"update": {"name": self.name(at), "fields": {"number": {"integer_value": number}}}, **more}

    def delete(self, **more: Any) -> dict[str, Any]:
        return {"delete": self.name(), **more}

    def commit(self, *writes: dict[str, Any], **options: Any) -> Sequence[datetime]:
        request = {"database": self.path, "writes": writes}
        reply = self.client.commit(request=request, **OPTIONS | options)
        return [result.update_time for result in reply.write_results]

    def read(self, *documents: str) -> list[Any]:
        names = [self.name(document) for document in documents or ["things/one"]]
        return list(self.client.batch_get_documents(request={"database": self.path, "documents": names}, **OPTIONS))

    def number(self) -> int | None:
        [reply] = self.read()
        return int(reply.found.fields["number"].integer_value) if "found" in reply else None

    def listen(self) -> Any:
        target = {"documents": {"documents": [self.name()]}, "target_id": 1}
        open_until_read: SimpleQueue[ListenRequest] = SimpleQueue()
        open_until_read.put(ListenRequest(database=self.path, add_target=target))
        route = [("google-cloud-resource-prefix", self.path)]  # the emulator sends no document without it
        return self.client.listen(requests=iter(open_until_read.get, None), metadata=route, **OPTIONS)


_clients: dict[str, Any] = {}


def _connect(address: str) -> Any:
    return _clients.setdefault(address, connect(address))


@pytest.fixture(params=["double", *(["emulator"] if EMULATOR else [])])
def raw(request: pytest.FixtureRequest) -> Raw:
    if request.param == "emulator":
        assert EMULATOR is not None
        return Raw(EMULATOR)
    name, _ = shared_firestore().add()
    return Raw(shared_firestore().double.address, "test", name)


def version(moment: datetime) -> dict[str, Any]:
    return {"current_document": {"update_time": moment}}


ABSENT: dict[str, Any] = {"current_document": {"exists": False}}
PRESENT: dict[str, Any] = {"current_document": {"exists": True}}


# Firestore's behaviour


def test_a_document_is_created_once(raw: Raw) -> None:
    raw.commit(raw.put(1, **ABSENT))
    with pytest.raises(AlreadyExists):
        raw.commit(raw.put(2, **ABSENT))
    assert raw.number() == 1


def test_a_write_on_the_condition_of_an_old_version_fails(raw: Raw) -> None:
    [first] = raw.commit(raw.put(1))
    [second] = raw.commit(raw.put(2, **version(first)))
    for write in (raw.put(3, **version(first)), raw.delete(**version(first))):
        with pytest.raises(FailedPrecondition):
            raw.commit(write)
    raw.commit(raw.delete(**version(second)))
    for write in (raw.put(3, **version(second)), raw.delete(**version(second))):
        with pytest.raises(FailedPrecondition):
            raw.commit(write)
    assert raw.number() is None


def test_a_missing_document_can_be_deleted_but_not_updated(raw: Raw) -> None:
    raw.commit(raw.delete())
    with pytest.raises(NotFound):
        raw.commit(raw.put(1, **PRESENT))


def test_update_times_grow_across_deletion_and_recreation(raw: Raw) -> None:
    times: list[datetime] = []
    for number in range(5):
        times += raw.commit(raw.put(number, **ABSENT))
        raw.commit(raw.delete())
    assert times == sorted(set(times))


def test_a_write_that_changes_nothing_keeps_the_update_time(raw: Raw) -> None:
    first, second, third = (raw.commit(raw.put(number))[0] for number in (1, 1, 2))
    assert first == second < third


def test_a_commit_is_all_or_nothing(raw: Raw) -> None:
    raw.commit(raw.put(1, at="things/two"))
    with pytest.raises(AlreadyExists):
        raw.commit(raw.put(1), raw.put(2, at="things/two", **ABSENT))
    assert raw.number() is None


def test_a_commit_may_write_and_delete_the_same_document(raw: Raw) -> None:
    raw.commit(raw.put(1), raw.delete())
    assert raw.number() is None


def test_a_mask_keeps_the_other_fields_and_deletes_masked_ones_without_a_value(raw: Raw) -> None:
    raw.commit(raw.put(1))
    other = {"name": raw.name(), "fields": {"other": {"integer_value": 2}, "unnamed": {"integer_value": 3}}}
    raw.commit({"update": other, "update_mask": {"field_paths": ["other"]}})
    [reply] = raw.read()
    assert set(reply.found.fields) == {"number", "other"}
    raw.commit({"update": other, "update_mask": {"field_paths": ["number"]}})
    [reply] = raw.read()
    assert set(reply.found.fields) == {"other"}


def test_the_server_fills_in_its_time(raw: Raw) -> None:
    transform = {"field_path": "at", "set_to_server_value": "REQUEST_TIME"}
    [moment] = raw.commit(raw.put(1, update_transforms=[transform]))
    [reply] = raw.read()
    at = reply.found.fields["at"].timestamp_value
    assert at <= moment
    assert at.microsecond % 1000 == 0


def test_a_read_has_a_time_for_missing_documents_too(raw: Raw) -> None:
    [moment] = raw.commit(raw.put(1))
    present, missing = sorted(raw.read("things/one", "things/two"), key=lambda reply: "missing" in reply)
    assert present.found.update_time == moment <= present.read_time == missing.read_time
    assert missing.missing == raw.name("things/two")


def test_a_query_returns_a_whole_collection_and_its_time(raw: Raw) -> None:
    raw.commit(raw.put(1), raw.put(2, at="things/two"), raw.put(3, at="other/one"))

    def query(collection: str) -> list[Any]:
        query = {"from_": [{"collection_id": collection}]}
        request = {"parent": f"{raw.path}/documents", "structured_query": query}
        return list(raw.client.run_query(request=request, **OPTIONS))

    assert [reply.document.name for reply in query("things") if reply.document.name] == [
        raw.name("things/one"),
        raw.name("things/two"),
    ]
    assert all(reply.read_time for reply in query("none"))


def test_a_stream_sends_the_current_state_and_then_every_change(raw: Raw) -> None:
    states = _states(raw.listen())
    assert next(states) is None
    raw.commit(raw.put(1))
    assert next(states) == 1
    raw.commit(raw.put(2))
    assert next(states) == 2
    raw.commit(raw.delete())
    assert next(states) is None


def _states(responses: Any) -> Iterator[int | None]:
    for response in responses:
        if "document_change" in response:
            yield response.document_change.document.fields["number"].integer_value
        if "document_delete" in response:
            yield None


def test_the_official_client_can_listen(raw: Raw) -> None:
    received: SimpleQueue[list[int]] = SimpleQueue()
    document = google_client(raw.address, raw.project, raw.database).collection("things").document("one")
    watch = document.on_snapshot(
        lambda documents, _changes, _time: received.put([one.get("number") for one in documents])
    )
    assert received.get(timeout=60) == []
    document.set({"number": 1})
    assert received.get(timeout=60) == [1]
    document.delete()
    assert received.get(timeout=60) == []
    watch.unsubscribe()  # type: ignore[no-untyped-call]


def test_concurrent_transactions_lose_no_increment(raw: Raw) -> None:
    client = google_client(raw.address, raw.project, raw.database)
    document = client.collection("things").document("one")
    document.set({"number": 0})

    @google_firestore.transactional
    def increment(transaction: google_firestore.Transaction) -> None:
        snapshot = document.get(transaction=transaction)
        transaction.update(document, {"number": snapshot.get("number") + 1})

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda _: increment(client.transaction(max_attempts=100)), range(6)))
    assert raw.number() == 6


# The double alone


@pytest.fixture
def at(clock: FakeClock) -> tuple[Raw, Database]:
    name, database = shared_firestore().add(clock)
    return Raw(shared_firestore().double.address, "test", name), database


At = tuple[Raw, Database]


def test_a_transaction_fails_if_another_one_changed_what_it_read(at: At) -> None:
    raw, database = at
    transaction = database.begin()
    database.read([raw.name()], transaction)
    raw.commit(raw.put(1))
    with pytest.raises(double_package.Rejected, match="contention"):
        database.commit([], transaction)
    with pytest.raises(double_package.Rejected, match="no longer valid"):
        database.commit([], transaction)
    database.rollback(transaction)


def test_an_unknown_transaction_is_refused(at: At) -> None:
    raw, _ = at
    with pytest.raises(InvalidArgument):
        raw.client.commit(request={"database": raw.path, "transaction": b"?"}, **OPTIONS)


def test_commit_times_follow_the_clock_but_always_grow(at: At, clock: FakeClock) -> None:
    raw, _ = at
    [first] = raw.commit(raw.put(1))
    assert first == clock.now()
    clock.step(-3600)
    [second] = raw.commit(raw.put(2))
    assert first < second <= raw.read()[0].read_time
    clock.step(7200)
    [third] = raw.commit(raw.put(3))
    assert third == clock.now()


def test_an_unknown_database_is_missing() -> None:
    with pytest.raises(NotFound, match="does not exist"):
        Raw(shared_firestore().double.address, "test", "nowhere").commit()


@pytest.mark.parametrize(
    ("fault", "error", "written"),
    [
        (Fault.lost_reply("Commit"), ServiceUnavailable, True),
        (Fault.lost_request("Commit"), ServiceUnavailable, False),
        (Fault("Commit", "PERMISSION_DENIED"), PermissionDenied, False),
        (Fault("Commit", applied=True, resets=True), GoogleAPICallError, True),
        (Fault("Commit", resets=True), GoogleAPICallError, False),
    ],
)
def test_a_fault_applies_to_one_call_and_the_next_succeeds(
    at: At, fault: Fault, error: type[Exception], written: bool
) -> None:
    raw, database = at
    database.faults.add(fault)
    with pytest.raises(error):
        raw.commit(raw.put(1))
    assert raw.number() == (1 if written else None)
    raw.commit(raw.put(2), timeout=60)
    assert raw.number() == 2


def test_a_delayed_write_is_late_but_happens(at: At) -> None:
    raw, database = at
    database.faults.add(Fault("Commit", delay=1.5))
    with pytest.raises(DeadlineExceeded):
        raw.commit(raw.put(1), timeout=0.05)
    assert raw.number() is None
    states = _states(raw.listen())
    assert [next(states), next(states)] == [None, 1]


def test_a_share_of_all_calls_fails_until_the_faults_are_cleared(at: At) -> None:
    raw, database = at
    database.faults.add(Fault.lost_request("Commit", times=-1, share=0.5))
    failed = 0
    for number in range(40):
        try:
            raw.commit(raw.put(number))
        except ServiceUnavailable:
            failed += 1
    assert 5 < failed < 35
    database.faults.clear()
    raw.commit(raw.put(1))
    assert database.calls["Commit"] == 41


def test_the_double_refuses_what_it_does_not_implement(at: At) -> None:
    raw, _ = at
    nested = raw.put(1, update_mask={"field_paths": ["a.b"]})
    increment = raw.put(1, update_transforms=[{"field_path": "number", "increment": {"integer_value": 1}}])
    for write in (nested, increment):
        with pytest.raises(MethodNotImplemented):
            raw.commit(write)


def test_fifty_concurrent_clients_are_served(at: At) -> None:
    raw, database = at
    listeners = [Thread(target=_read_until_written, args=(raw,), daemon=True) for _ in range(50)]
    for listener in listeners:
        listener.start()
    with ThreadPoolExecutor(50) as threads:
        times = [moment for [moment] in threads.map(lambda n: raw.commit(raw.put(n, at=f"things/{n}")), range(200))]
    assert len(set(times)) == 200
    raw.commit(raw.put(1))
    for listener in listeners:
        listener.join(timeout=60)
        assert not listener.is_alive()
    assert database.calls["Commit"] == 201


def _read_until_written(raw: Raw) -> None:
    next(number for number in _states(raw.listen()) if number is not None)


def test_a_double_in_another_process_can_be_controlled() -> None:
    process = subprocess.Popen([sys.executable, "-m", double_package.__name__], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        raw, remote = Raw(address, "test"), RemoteDouble(address)
        remote.add_fault(Fault.lost_reply("Commit"))
        with pytest.raises(ServiceUnavailable):
            raw.commit(raw.put(1))
        [before] = raw.commit(raw.put(2))
        remote.advance(3600)
        [after] = raw.commit(raw.put(3))
        assert (after - before).total_seconds() > 3600
        assert remote.calls() == {"Commit": 3}
        remote.add_fault(Fault.lost_request("Commit", times=-1))
        remote.clear_faults()
        assert remote.calls() == {"Commit": 3}
        remote.reset_connections()
    finally:
        process.kill()
        process.communicate()


def test_the_double_serves_the_requested_port() -> None:
    with FirestoreDouble() as first:
        address = first.address
    with FirestoreDouble(int(address.rpartition(":")[2])) as second:
        assert second.address == address
