"""The protocol: one function per method of `google.firestore.v1.Firestore`, and the faults that befall a call."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.cloud.firestore_v1 import types
from google.protobuf.empty_pb2 import Empty  # type: ignore[import-untyped]

from nba_consolidation_tests.firestore_double.database import Database, Message, Rejected
from nba_consolidation_tests.firestore_double.faults import Fault

Find = Callable[[str], Database]
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
_ENOUGH = object()


def commit(database: Database, request: Message) -> Iterator[Message]:
    results, moment = database.commit(request.writes, request.transaction)
    yield CommitResponse(write_results=results, commit_time=moment)


def batch_get_documents(database: Database, request: Message) -> Iterator[Message]:
    found, moment = database.read(request.documents, request.transaction)
    for name, document in found.items():
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
    """The target's one document: as it is, and then every change, until `stop` calls back; it says if it ever will."""
    [name] = target.documents.documents

    def word(kind: Any, **of_target: Any) -> Message:
        change = TargetChange(target_change_type=kind, read_time=database.now(), resume_token=b"-", **of_target)
        return ListenResponse(target_change=change)

    with database.listen(name) as news:
        if not stop(lambda: news.put(_ENOUGH)):
            return
        yield ListenResponse(target_change=TargetChange(target_change_type=_CHANGE.ADD, target_ids=[target.target_id]))
        current = False
        while (document := news.get()) is not _ENOUGH:
            yield _state(database, name, document, target.target_id)
            if not current:
                yield word(_CHANGE.CURRENT, target_ids=[target.target_id])
            current = True
            yield word(_CHANGE.NO_CHANGE)


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
    """Answers calls from the databases that `find` knows; `reset` breaks all connections."""

    def __init__(self, find: Find, reset: Callable[[], None]) -> None:
        self._find = find
        self._reset = reset

    def handler(self) -> Any:
        """For a gRPC server."""
        handlers = {
            method: grpc.unary_unary_rpc_method_handler(
                lambda request, context, method=method, work=work: next(self._answer(method, work, request, context)),
                request_deserializer=asked.FromString,
                response_serializer=answered.SerializeToString,
            )
            for method, (asked, answered, work) in UNARY.items()
        } | {
            method: grpc.unary_stream_rpc_method_handler(
                lambda request, context, method=method, work=work: self._answer(method, work, request, context),
                request_deserializer=asked.FromString,
                response_serializer=answered.SerializeToString,
            )
            for method, (asked, answered, work) in STREAMED.items()
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
            fault = self._befall(database, method, context)
            replies = tuple(work(database, request))
            if fault is not None:
                self._carry_out(fault, context)
        except Rejected as rejected:
            context.abort(grpc.StatusCode[rejected.code], str(rejected))
        return iter(replies)

    def _listen(self, requests: Iterator[Message], context: Any) -> Iterator[Message]:
        request = next(requests)
        try:
            database = self._find(request.database)
            self._befall(database, "Listen", context)
            yield from listen(database, request.add_target, context.add_callback)
        except Rejected as rejected:
            context.abort(grpc.StatusCode[rejected.code], str(rejected))

    def _befall(self, database: Database, method: str, context: Any) -> Fault | None:
        """Count the call, and let a fault that comes before it happen; returns one that comes after it."""
        database.count(method)
        fault = database.faults.next_for(method)
        if fault is None or fault.applied:
            return fault
        self._carry_out(fault, context)
        return None

    def _carry_out(self, fault: Fault, context: Any) -> None:
        time.sleep(fault.delay)
        if fault.resets:
            self._reset()
            while context.is_active():
                time.sleep(0.001)
            raise Rejected("UNAVAILABLE", "nobody hears this: the connection is gone")
        if fault.code is not None:
            raise Rejected(fault.code, fault.message)
