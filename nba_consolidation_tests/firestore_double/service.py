"""The protocol: one function per method of `google.firestore.v1.Firestore`, and applying faults to calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.cloud.firestore_v1 import types
from google.protobuf.empty_pb2 import Empty  # type: ignore[import-untyped]

from nba_consolidation_tests.firestore_double.database import Database, Message, Rejected
from nba_consolidation_tests.firestore_double.faults import Fault

FindDatabase = Callable[[str], Database]
Work = Callable[[Database, Message], Iterable[Message]]

BatchGetDocumentsResponse = types.BatchGetDocumentsResponse.pb()
BeginTransactionResponse = types.BeginTransactionResponse.pb()
CommitResponse = types.CommitResponse.pb()
ListenResponse = types.ListenResponse.pb()
RunQueryResponse = types.RunQueryResponse.pb()
TargetChange = types.TargetChange.pb()
DocumentChange = types.DocumentChange.pb()
DocumentDelete = types.DocumentDelete.pb()
_CHANGE = types.TargetChange.TargetChangeType
_STOP = object()


def commit(database: Database, request: Message) -> Iterator[Message]:
    results, moment = database.commit(request.writes, request.transaction)
    yield CommitResponse(write_results=results, commit_time=moment)


def batch_get_documents(database: Database, request: Message) -> Iterator[Message]:
    documents, moment = database.read(request.documents, request.transaction)
    for name, document in documents.items():
        if document is None:
            yield BatchGetDocumentsResponse(missing=name, read_time=moment)
        else:
            yield BatchGetDocumentsResponse(found=document, read_time=moment)


def run_query(database: Database, request: Message) -> Iterator[Message]:
    query = request.structured_query
    if query.HasField("where") or len(query.from_) != 1:
        raise Rejected("UNIMPLEMENTED", "The double reads whole collections only.")
    [collection] = query.from_
    documents, moment = database.query(request.parent, collection.collection_id)
    for document in documents:
        yield RunQueryResponse(document=document, read_time=moment)
    yield RunQueryResponse(read_time=moment)


def begin_transaction(database: Database, _request: Message) -> Iterator[Message]:
    yield BeginTransactionResponse(transaction=database.begin())


def rollback(database: Database, request: Message) -> Iterator[Message]:
    database.rollback(request.transaction)
    yield Empty()


def listen(database: Database, target: Message, stop: Callable[[Callable[[], None]], bool]) -> Iterator[Message]:
    """The target's document now and after every change, until `stop` calls back; `stop` returns whether it will."""
    [name] = target.documents.documents

    def target_change(kind: Any, **of_target: Any) -> Message:
        change = TargetChange(target_change_type=kind, read_time=database.now(), resume_token=b"-", **of_target)
        return ListenResponse(target_change=change)

    with database.listen(name) as states:
        if not stop(lambda: states.put(_STOP)):
            return
        yield ListenResponse(target_change=TargetChange(target_change_type=_CHANGE.ADD, target_ids=[target.target_id]))
        current = False
        while (document := states.get()) is not _STOP:
            yield _state(database, name, document, target.target_id)
            if not current:
                yield target_change(_CHANGE.CURRENT, target_ids=[target.target_id])
            current = True
            yield target_change(_CHANGE.NO_CHANGE)


def _state(database: Database, name: str, document: Message, target_id: int) -> Message:
    if document is not None:
        return ListenResponse(document_change=DocumentChange(document=document, target_ids=[target_id]))
    deleted = DocumentDelete(document=name, read_time=database.now(), removed_target_ids=[target_id])
    return ListenResponse(document_delete=deleted)


UNARY: dict[str, tuple[Any, Any, Work]] = {
    "BeginTransaction": (types.BeginTransactionRequest.pb(), BeginTransactionResponse, begin_transaction),
    "Commit": (types.CommitRequest.pb(), CommitResponse, commit),
    "Rollback": (types.RollbackRequest.pb(), Empty, rollback),
}
STREAMED: dict[str, tuple[Any, Any, Work]] = {
    "BatchGetDocuments": (types.BatchGetDocumentsRequest.pb(), BatchGetDocumentsResponse, batch_get_documents),
    "RunQuery": (types.RunQueryRequest.pb(), RunQueryResponse, run_query),
}


class FirestoreService:
    """Serves the databases that `find` returns; `reset` breaks all connections."""

    def __init__(self, find: FindDatabase, reset: Callable[[], None]) -> None:
        self._find = find
        self._reset = reset

    def handler(self) -> Any:
        """The handler for a gRPC server."""
        handlers = {
            method: grpc.unary_unary_rpc_method_handler(
                lambda request, context, method=method, work=work: next(self._answer(method, work, request, context)),
                request_deserializer=request_type.FromString,
                response_serializer=response_type.SerializeToString,
            )
            for method, (request_type, response_type, work) in UNARY.items()
        } | {
            method: grpc.unary_stream_rpc_method_handler(
                lambda request, context, method=method, work=work: self._answer(method, work, request, context),
                request_deserializer=request_type.FromString,
                response_serializer=response_type.SerializeToString,
            )
            for method, (request_type, response_type, work) in STREAMED.items()
        }
        handlers["Listen"] = grpc.stream_stream_rpc_method_handler(
            self._listen,
            request_deserializer=types.ListenRequest.pb().FromString,
            response_serializer=ListenResponse.SerializeToString,
        )
        return grpc.method_handlers_generic_handler("google.firestore.v1.Firestore", handlers)

    def _answer(self, method: str, work: Work, request: Message, context: Any) -> Iterator[Message]:
        path = request.parent.removesuffix("/documents") if method == "RunQuery" else request.database
        try:
            database = self._find(path)
            fault = self._apply_fault_before(database, method, context)
            replies = tuple(work(database, request))
            if fault is not None:
                self._apply(fault, context)
        except Rejected as rejected:
            context.abort(grpc.StatusCode[rejected.code], str(rejected))
        return iter(replies)

    def _listen(self, requests: Iterator[Message], context: Any) -> Iterator[Message]:
        request = next(requests)
        try:
            database = self._find(request.database)
            self._apply_fault_before(database, "Listen", context)
            yield from listen(database, request.add_target, context.add_callback)
        except Rejected as rejected:
            context.abort(grpc.StatusCode[rejected.code], str(rejected))

    def _apply_fault_before(self, database: Database, method: str, context: Any) -> Fault | None:
        """Counts the call and applies its fault, if that comes before the call; returns a fault that comes after it."""
        database.count(method)
        fault = database.faults.next_for(method)
        if fault is None or fault.applied:
            return fault
        self._apply(fault, context)
        return None

    def _apply(self, fault: Fault, context: Any) -> None:
        time.sleep(fault.delay)
        if fault.resets:
            self._reset()
            while context.is_active():
                time.sleep(0.001)
            raise Rejected("UNAVAILABLE", "not received: the connection is broken")
        if fault.code is not None:
            raise Rejected(fault.code, fault.message)
