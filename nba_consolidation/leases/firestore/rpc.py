"""The calls to Firestore that a lease store needs: short timeouts, no retry of the client's own, errors with a name.

The only module here that knows the client library, which loads at the first call. It knows no leases.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
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

_OUTRUN = frozenset({"ALREADY_EXISTS", "FAILED_PRECONDITION", "ABORTED"})
_UNANSWERED = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "UNKNOWN", "INTERNAL"})

_WHERE = "the Firestore database {database} of project {project} ({said})"
_UNCHANGED = "Nothing was changed, and waiting will not help."
_DENIED = f"No permission to use {_WHERE}. Grant roles/datastore.user to the identity of this process. {_UNCHANGED}"
_NO_CREDENTIALS = (
    f"No valid credentials for {_WHERE}. Attach a service account to the process (Workload Identity), or run: "
    f"gcloud auth application-default login. {_UNCHANGED}"
)
_MISSING = (
    f"There is no such thing as {_WHERE}. Create it (gcloud firestore databases create --project={{project}} "
    "--database='{database}' --location=...), or correct the setting."
)
_NO_QUOTA = (
    f"The quota is used up of {_WHERE}. Nothing was changed. See the quotas of the project, and start again when there "
    "is room."
)
_NO_ANSWER = (
    f"No answer from {_WHERE}. See whether the network and https://status.cloud.google.com are well, and start again."
)
_UNSUITABLE = (
    f"Leases cannot be kept in {_WHERE}. It must be in native mode, and the settings of project, database and "
    "collections must be right."
)
# Permission, a missing database, a quota and a dead network need four different people (incident 10).
_TROUBLES: Mapping[str, tuple[type[LeaseError], str]] = {
    "PERMISSION_DENIED": (LeaseDenied, _DENIED),
    "UNAUTHENTICATED": (LeaseDenied, _NO_CREDENTIALS),
    "NOT_FOUND": (LeaseUnavailable, _MISSING),
    "RESOURCE_EXHAUSTED": (LeaseUnavailable, _NO_QUOTA),
    **dict.fromkeys(_UNANSWERED, (LeaseUnavailable, _NO_ANSWER)),
}


class Outrun(Exception):
    """Another's write came first: a precondition did not hold, and nothing was written."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as the server had it at `read_at`; `updated_at` changes with every write that changes a field."""

    id: str
    fields: "Mapping[str, types.Value]"
    created_at: datetime
    updated_at: datetime
    read_at: datetime

    @classmethod
    def of(cls, document: "types.Document", read_at: datetime) -> Self:
        """From the server's words."""
        return cls(
            document.name.rpartition("/")[2],
            document.fields,
            plain(document.create_time),
            plain(document.update_time),
            plain(read_at),
        )


def plain(moment: datetime) -> datetime:
    """The server's microseconds without the client library's own type of datetime."""
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
    """One database. Every call raises LeaseDenied or LeaseUnavailable, and says what to do about it."""

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
        self._clock_reading: tuple[float, datetime] | None = None

    @cached_property
    def _client(self) -> "FirestoreClient":
        return self._make_client()

    @property
    def _options(self) -> dict[str, Any]:
        """Of every call: no retry behind our back, and what routes it to a named database."""
        return {"retry": None, "metadata": (("google-cloud-resource-prefix", self._path),)}

    def name(self, collection: str, document: str) -> str:
        """The full name of a document."""
        return f"{self._path}/documents/{collection}/{document}"

    def commit(self, writes: Sequence[Write]) -> tuple[datetime, ...]:
        """All writes or none; returns the update time of each, and for a deletion the time of the commit.

        Raises Outrun, and AmbiguousReply if no answer came.
        """
        asked_at = self._monotonic()
        with self._errors(writing=True):
            reply = self._client.commit(
                request={"database": self._path, "writes": writes}, timeout=self._timeout, **self._options
            )
        self._note_time(asked_at, reply.commit_time)
        return tuple(plain(result.update_time or reply.commit_time) for result in reply.write_results)

    def read(self, names: Sequence[str]) -> tuple[Stored, ...]:
        """Those of the documents that exist, in one call, all as of one moment."""
        request, asked_at = {"database": self._path, "documents": names}, self._monotonic()
        with self._errors():
            replies = list(self._client.batch_get_documents(request=request, timeout=self._timeout, **self._options))
        self._note_time(asked_at, replies[0].read_time)
        return tuple(Stored.of(reply.found, reply.read_time) for reply in replies if "found" in reply)

    def query(self, collection: str) -> tuple[Stored, ...]:
        """All documents of a collection."""
        request = {
            "parent": f"{self._path}/documents",
            "structured_query": {"from_": [{"collection_id": collection}]},
        }
        with self._errors():
            replies = list(self._client.run_query(request=request, timeout=self._timeout, **self._options))
        return tuple(Stored.of(reply.document, reply.read_time) for reply in replies if reply.document.name)

    def watch(self, name: str, timeout: float) -> Generator[Stored | None, None, None]:
        """What becomes of a document, from what it is now on; raises LeaseUnavailable after `timeout` seconds."""
        done = Event()
        with self._errors(), ExitStack() as ending:
            ending.callback(done.set)
            responses = self._client.listen(requests=self._target(name, done), timeout=timeout, **self._options)
            ending.callback(responses.cancel)  # type: ignore[attr-defined]  # a call of gRPC, whatever its type says
            yield from _states(responses)

    def _target(self, name: str, done: Event) -> "Iterator[types.ListenRequest]":
        """The one request of a stream, which stays open until the last of it has been read."""
        from google.cloud.firestore_v1 import types

        yield types.ListenRequest(database=self._path, add_target={"documents": {"documents": [name]}, "target_id": 1})
        done.wait()

    def latest_arrival(self) -> datetime:
        """The latest moment, by the server's clock, at which a commit that is sent now can be carried out.

        Never by our own wall clock: the server's last word, the seconds since we asked for it, and our timeout.
        """
        while self._clock_reading is None:
            self.read([self.name("server_time", "now")])  # nothing is there; every answer brings the time
        asked_at, moment = self._clock_reading
        return moment + timedelta(seconds=self._monotonic() - asked_at + self._timeout)

    def _note_time(self, asked_at: float, moment: datetime) -> None:
        self._clock_reading = (asked_at, plain(moment))

    @contextmanager
    def _errors(self, *, writing: bool = False) -> Iterator[None]:
        try:
            from google.api_core.exceptions import GoogleAPICallError
            from google.auth.exceptions import GoogleAuthError
        except ImportError as error:
            raise LeaseUnavailable(
                f"The leases are kept in Firestore, but its client is not installed ({error}). "
                "Install it with: pip install 'nba-consolidation[production]'"
            ) from error
        try:
            yield
        except GoogleAuthError as error:
            raise self._typed("UNAUTHENTICATED", error) from error
        except GoogleAPICallError as error:
            code = "UNKNOWN" if error.grpc_status_code is None else error.grpc_status_code.name
            if writing and code in _OUTRUN:
                raise Outrun from error
            raise self._typed(code, error.message, writing=writing) from error

    def _typed(self, code: str, said: object, *, writing: bool = False) -> LeaseError:
        kind, words = _TROUBLES.get(code, (LeaseUnavailable, _UNSUITABLE))
        if writing and code in _UNANSWERED:
            kind, words = AmbiguousReply, f"{words} Whether the write happened is not known yet."
        return kind(words.format(project=self._project, database=self._database, said=f"{code}: {said}"))


def _states(responses: "Iterable[types.ListenResponse]") -> Iterator[Stored | None]:
    """After every word of the server: the document as it is then, or that there is none."""
    found: Stored | None = None
    for response in responses:
        if "document_change" in response:
            document = response.document_change.document
            found = Stored.of(document, document.update_time)
            yield found
        elif "document_delete" in response or "document_remove" in response:
            found = None
            yield None
        elif response.target_change.read_time and found is not None:
            found = replace(found, read_at=plain(response.target_change.read_time))
            yield found
