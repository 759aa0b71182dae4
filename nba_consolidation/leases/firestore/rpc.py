"""The Firestore calls that a lease store needs: short timeouts, no retries by the client, typed errors.

This is the only module that uses the client library, which is imported at the first call. It knows nothing of leases.
"""

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from threading import Event
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from nba_consolidation.leases.errors import AmbiguousReply, LeaseDenied, LeaseError, LeaseUnavailable
from nba_consolidation.leases.interface import from_micros, to_micros

if TYPE_CHECKING:
    from google.cloud.firestore_v1 import types
    from google.cloud.firestore_v1.services.firestore import FirestoreClient

    ClientFactory: TypeAlias = Callable[[], FirestoreClient]

Write: TypeAlias = Mapping[str, Any]
"""A `google.firestore.v1.Write`, as a mapping."""

_CONFLICT = frozenset({"ALREADY_EXISTS", "FAILED_PRECONDITION", "ABORTED"})
_NO_REPLY = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "UNKNOWN", "INTERNAL"})

_DATABASE = "Firestore database {database} of project {project}"
_DENIED = (
    f"No permission to use {_DATABASE} ({{cause}}). Nothing was changed. Grant roles/datastore.user to the identity of "
    "this process; waiting does not help."
)
_NO_CREDENTIALS = (
    f"No valid credentials for {_DATABASE} ({{cause}}). Nothing was changed. Attach a service account to the process "
    "(Workload Identity), or run: gcloud auth application-default login"
)
_MISSING = (
    f"{_DATABASE} does not exist ({{cause}}). Correct the setting, or run: gcloud firestore databases create "
    "--project={project} --database='{database}' --location=..."
)
_NO_QUOTA = (
    f"Quota exhausted for {_DATABASE} ({{cause}}). Nothing was changed. Check the quotas of the project, and run the "
    "command again."
)
_SILENT = (
    f"No reply from {_DATABASE} ({{cause}}). Check the network and https://status.cloud.google.com, and try again."
)
_UNUSABLE = f"{_DATABASE} cannot keep leases ({{cause}}). Use one in native mode, and check the settings."
# A missing permission, a missing database, a quota and a dead network need four different people (incident 10).
_ERRORS: Mapping[str, tuple[type[LeaseError], str]] = {
    "PERMISSION_DENIED": (LeaseDenied, _DENIED),
    "UNAUTHENTICATED": (LeaseDenied, _NO_CREDENTIALS),
    "NOT_FOUND": (LeaseUnavailable, _MISSING),
    "RESOURCE_EXHAUSTED": (LeaseUnavailable, _NO_QUOTA),
    **dict.fromkeys(_NO_REPLY, (LeaseUnavailable, _SILENT)),
}


class WriteConflict(Exception):
    """A precondition did not hold because another write came first; nothing was written."""


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as the server had it at `read_at`; `updated_at` changes with every write that changes a field."""

    id: str
    fields: "Mapping[str, types.Value]"
    created_at: datetime
    updated_at: datetime
    read_at: datetime

    @classmethod
    def of(cls, document: "types.Document", read_at: datetime) -> Self:
        """The document in the client library's form, converted."""
        return cls(
            document.name.rpartition("/")[2],
            document.fields,
            plain_datetime(document.create_time),
            plain_datetime(document.update_time),
            plain_datetime(read_at),
        )


def plain_datetime(moment: datetime) -> datetime:
    """The server's time, to the microsecond, as a plain datetime instead of the client library's subclass."""
    return from_micros(to_micros(moment))


def connect(emulator: str | None) -> "FirestoreClient":
    """A client for Google's servers with the credentials of the environment, or for an emulator (`host:port`)."""
    from google.cloud.firestore_v1.services.firestore import FirestoreClient
    from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcTransport

    if emulator is None:
        return FirestoreClient()
    from grpc import insecure_channel  # type: ignore[import-untyped]

    return FirestoreClient(transport=FirestoreGrpcTransport(host=emulator, channel=insecure_channel(emulator)))


class FirestoreRpc:
    """One Firestore database. Every call raises LeaseDenied or LeaseUnavailable if it fails."""

    def __init__(
        self,
        project: str,
        database: str,
        *,
        timeout: float,
        client: "ClientFactory",
        monotonic: Callable[[], float],
    ) -> None:
        self._project = project
        self._database = database
        self._path = f"projects/{project}/databases/{database}"
        self._timeout = timeout
        self._make_client = client
        self._monotonic = monotonic
        self._server_time: tuple[float, datetime] | None = None

    @cached_property
    def _client(self) -> "FirestoreClient":
        return self._make_client()

    @property
    def _options(self) -> dict[str, Any]:
        """Options of every call: no retry by the client, and the header that routes it to a named database."""
        return {"retry": None, "metadata": (("google-cloud-resource-prefix", self._path),)}

    def name(self, collection: str, document: str) -> str:
        """The full name of a document."""
        return f"{self._path}/documents/{collection}/{document}"

    def commit(self, writes: Sequence[Write]) -> tuple[datetime, ...]:
        """Carry out all writes or none; returns the update time of each, for a deletion the commit time.

        Raises WriteConflict, and AmbiguousReply if no reply came.
        """
        # To a write on the condition that a document has some version, NOT_FOUND says that it was deleted. Were the
        # database missing, the read that follows a conflict would say so.
        versioned = any("update_time" in write.get("current_document", {}) for write in writes)
        asked_at = self._monotonic()
        with self._errors(writing=True, conflict_codes=_CONFLICT | {"NOT_FOUND"} if versioned else _CONFLICT):
            reply = self._client.commit(
                request={"database": self._path, "writes": writes}, timeout=self._timeout, **self._options
            )
        self._note_server_time(asked_at, reply.commit_time)
        return tuple(plain_datetime(result.update_time or reply.commit_time) for result in reply.write_results)

    def read(self, names: Sequence[str]) -> tuple[StoredDocument, ...]:
        """Those of the documents that exist, read in one call at one moment."""
        request, asked_at = {"database": self._path, "documents": names}, self._monotonic()
        with self._errors():
            replies = list(self._client.batch_get_documents(request=request, timeout=self._timeout, **self._options))
        self._note_server_time(asked_at, replies[0].read_time)
        return tuple(StoredDocument.of(reply.found, reply.read_time) for reply in replies if "found" in reply)

    def query(self, collection: str) -> tuple[StoredDocument, ...]:
        """All documents of a collection."""
        request = {
            "parent": f"{self._path}/documents",
            "structured_query": {"from_": [{"collection_id": collection}]},
        }
        with self._errors():
            replies = list(self._client.run_query(request=request, timeout=self._timeout, **self._options))
        return tuple(StoredDocument.of(reply.document, reply.read_time) for reply in replies if reply.document.name)

    def watch(self, name: str, timeout: float) -> Generator[StoredDocument | None, None, None]:
        """The document now and after every change, None while it is missing; raises LeaseUnavailable at the timeout."""
        done = Event()
        with self._errors(), ExitStack() as stack:
            stack.callback(done.set)
            responses = self._client.listen(
                requests=self._listen_requests(name, done), timeout=timeout, **self._options
            )
            stack.callback(responses.cancel)  # type: ignore[attr-defined]  # it is a gRPC call, despite its type
            yield from _document_states(responses)

    def _listen_requests(self, name: str, done: Event) -> "Iterator[types.ListenRequest]":
        """The stream's single request; the stream stays open until the responses have been read."""
        from google.cloud.firestore_v1 import types

        yield types.ListenRequest(database=self._path, add_target={"documents": {"documents": [name]}, "target_id": 1})
        done.wait()

    def latest_arrival(self) -> datetime:
        """The latest time, by the server's clock, at which a commit sent now can be carried out.

        Computed without the local wall clock: the server's time in its last reply, plus the seconds since that request
        was sent, plus the timeout.
        """
        while self._server_time is None:
            self.read([self.name("server_time", "now")])  # the document does not exist; any reply contains the time
        asked_at, server_time = self._server_time
        return server_time + timedelta(seconds=self._monotonic() - asked_at + self._timeout)

    def _note_server_time(self, asked_at: float, server_time: datetime) -> None:
        self._server_time = (asked_at, plain_datetime(server_time))

    @contextmanager
    def _errors(self, *, writing: bool = False, conflict_codes: Collection[str] = ()) -> Iterator[None]:
        try:
            from google.api_core.exceptions import GoogleAPICallError
            from google.auth.exceptions import GoogleAuthError
        except ImportError as error:
            raise LeaseUnavailable(
                f"Leases are kept in Firestore, but its client library is not installed ({error}). "
                "Run: pip install 'nba-consolidation[production]'"
            ) from error
        try:
            yield
        except GoogleAuthError as error:
            raise self._lease_error("UNAUTHENTICATED", error) from error
        except GoogleAPICallError as error:
            code = "UNKNOWN" if error.grpc_status_code is None else error.grpc_status_code.name
            if code in conflict_codes:
                raise WriteConflict from error
            raise self._lease_error(code, error.message, writing=writing) from error

    def _lease_error(self, code: str, cause: object, *, writing: bool = False) -> LeaseError:
        kind, message = _ERRORS.get(code, (LeaseUnavailable, _UNUSABLE))
        if writing and code in _NO_REPLY:
            kind, message = AmbiguousReply, f"{message} It is not known yet whether the write happened."
        return kind(message.format(project=self._project, database=self._database, cause=f"{code}: {cause}"))


def _document_states(responses: "Iterable[types.ListenResponse]") -> Iterator[StoredDocument | None]:
    """The document after each response, or None if it does not exist."""
    current: StoredDocument | None = None
    for response in responses:
        if "document_change" in response:
            document = response.document_change.document
            current = StoredDocument.of(document, document.update_time)
            yield current
        elif "document_delete" in response or "document_remove" in response:
            current = None
            yield None
        elif response.target_change.read_time and current is not None:
            current = replace(current, read_at=plain_datetime(response.target_change.read_time))
            yield current
