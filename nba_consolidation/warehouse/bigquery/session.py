"""Calls BigQuery's client: created at the first use, with one layer of retries, and with typed errors.

The client's own retries are turned off: two nested layers once inserted every row twice (incident 46).
"""

from __future__ import annotations

import itertools
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from nba_consolidation.warehouse.errors import StatementFailed, WarehouseError, WarehouseUnavailable, first_line

if TYPE_CHECKING:
    from google.cloud import bigquery
    from google.cloud.bigquery.job import LoadJob, QueryJob

    MakeClient: TypeAlias = Callable[[], bigquery.Client]

T = TypeVar("T")
SCRIPT = "script"
_log = logging.getLogger(__name__)
_TRANSIENT_CODES = frozenset({429, 500, 502, 503, 504})
_TRANSIENT_REASONS = frozenset({"backendError", "internalError", "jobRateLimitExceeded", "rateLimitExceeded"})
_UNAVAILABLE_REASONS = frozenset({"accessDenied", "billingNotEnabled", "billingTierLimitExceeded", "quotaExceeded"})
_CONCURRENT = "concurrent update"


class ResourceMissing(WarehouseUnavailable):
    """The dataset, table or job does not exist."""


class ResourceExists(WarehouseError):
    """A table or job with that name exists already."""


class ResourceChanged(WarehouseError):
    """The table has changed since it was read, so the conditional call did nothing."""


class JobAborted(WarehouseError):
    """The service aborted the job and rolled it back for reasons outside its text; it can be sent again."""


def connect(project: str | None, location: str | None) -> bigquery.Client:
    """A client with the credentials of the process. project: by default that of the credentials."""
    from google.cloud.bigquery import Client

    return Client(project=project, location=location)


@dataclass(frozen=True)
class BigQuerySession:
    """Sends jobs and makes calls.

    make_client: called once, at the first use; dagster-gcp's resource or google.cloud.bigquery.Client.
    maximum_bytes_billed: a query that would cost more fails before it runs. labels: set on every job.
    job_prefix: the start of every job id. request_timeout: seconds per HTTP request. job_timeout: seconds per job,
    after which the service stops it. attempts: attempts per call in total if the service has transient errors.
    """

    make_client: MakeClient
    location: str | None = None
    maximum_bytes_billed: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    job_prefix: str = "nba_consolidation_"
    request_timeout: float = 30.0
    job_timeout: float = 900.0
    attempts: int = 4
    sleep: Callable[[float], None] = time.sleep
    jitter: random.Random = field(default_factory=random.Random)

    @cached_property
    def client(self) -> bigquery.Client:
        """The client. Raises WarehouseUnavailable if there are no credentials or the library is not installed."""
        try:
            return self.make_client()
        except Exception as error:
            raise WarehouseUnavailable(
                f"the BigQuery client could not be created ({first_line(error)}); install the extra `production`, and "
                "give the process credentials (GOOGLE_APPLICATION_CREDENTIALS or Workload Identity)"
            ) from error

    def dataset(self, name: str) -> bigquery.DatasetReference:
        """The dataset `project.dataset`, or `dataset` in the client's project."""
        from google.cloud.bigquery import DatasetReference

        return DatasetReference.from_string(name, default_project=self.client.project)

    def ensure_dataset(self, name: str) -> None:
        """Creates the dataset if it does not exist."""
        from google.cloud.bigquery import Dataset

        reference = self.dataset(name)
        try:
            self.call(name, self.client.get_dataset, reference)
        except ResourceMissing:
            dataset = Dataset(reference)
            if self.location:
                dataset.location = self.location
            self.call(name, self.client.create_dataset, dataset, exists_ok=True)

    def call(self, what: str, function: Callable[..., T], *arguments: Any, **options: Any) -> T:
        """Calls one method of the client, and again after a transient error. Raises a WarehouseError."""
        for attempt in itertools.count(1):
            try:
                return function(*arguments, **options, retry=None, timeout=self.request_timeout)
            except Exception as error:
                if not _is_transient(error) or attempt == self.attempts:
                    raise _typed_error(what, error) from error
            self.pause(attempt)
        raise AssertionError("unreachable")

    def pause(self, attempt: int) -> None:
        """Waits before the next attempt: longer each time, and with jitter, so that processes do not retry together."""
        self.sleep(self.jitter.uniform(0.5, 1.0) * min(0.25 * 2**attempt, 8.0))

    def query(self, text: str, job_id: str, check: Callable[[], None] = lambda: None) -> QueryJob:
        """Runs the text and returns the finished job. A job id that was used before is awaited, not run again.

        check: called while the job runs. An error that it raises, or any other interruption, cancels the job.
        """
        from google.cloud.bigquery import QueryJobConfig

        config = QueryJobConfig(labels=dict(self.labels), maximum_bytes_billed=self.maximum_bytes_billed)
        config.job_timeout_ms = round(self.job_timeout * 1000)
        options = {"job_config": config, "job_id": job_id, "location": self.location, "job_retry": None}
        job: QueryJob = self._await_job(job_id, lambda: self.call("query", self.client.query, text, **options), check)
        return job

    def load(self, job_id: str, send: Callable[..., LoadJob]) -> LoadJob:
        """Starts a load job with `send` and returns it once it is finished."""
        job: LoadJob = self._await_job(job_id, lambda: self.call("load", send, job_id=job_id), lambda: None)
        return job

    def _await_job(self, job_id: str, send: Callable[[], Any], check: Callable[[], None]) -> Any:
        try:
            try:
                job = send()
            except ResourceExists:  # the job was created, but the reply to the first request was lost
                job = self.call("job", self.client.get_job, job_id, location=self.location)
            for attempt in itertools.count():
                if job.state == "DONE":
                    break
                check()
                self.sleep(min(0.1 * 1.5**attempt, 2.0))
                self.call("job", job.reload)
        except StatementFailed:
            raise  # the request was refused, so there is no job
        except BaseException:
            self.cancel(job_id)
            raise
        _raise_failure(job)
        return job

    def cancel(self, job_id: str) -> None:
        """Asks the service to stop the job, which rolls it back. If that fails, the fence still protects the data."""
        try:
            self.call("cancel", self.client.cancel_job, job_id, location=self.location)
        except WarehouseError as error:
            _log.warning("job %s could not be cancelled: %s", job_id, error)


def _raise_failure(job: Any) -> None:
    """Raises the error of a finished job that failed."""
    failure = job.error_result
    if not failure:
        return
    reason, message = failure.get("reason", ""), failure.get("message", "")
    if _CONCURRENT in message or reason in _TRANSIENT_REASONS:
        raise JobAborted(message)
    if reason in _UNAVAILABLE_REASONS or (reason == "notFound" and "Dataset" in message):
        raise WarehouseUnavailable(_unavailable(f"job {job.job_id}", message))
    raise StatementFailed(SCRIPT, message)


def _is_transient(error: Exception) -> bool:
    import requests
    from google.api_core.exceptions import GoogleAPICallError

    if isinstance(error, GoogleAPICallError):
        return error.code in _TRANSIENT_CODES or bool(_reasons(error) & _TRANSIENT_REASONS)
    return isinstance(error, requests.ConnectionError | requests.Timeout)


def _reasons(error: Any) -> set[str]:
    return {detail.get("reason", "") for detail in error.errors if isinstance(detail, Mapping)}


def _typed_error(what: str, error: Exception) -> Exception:
    """The WarehouseError for an error of the client; any other exception is returned as it is."""
    import requests
    from google.api_core import exceptions
    from google.auth.exceptions import GoogleAuthError

    message = first_line(error)
    if isinstance(error, exceptions.NotFound):
        return ResourceMissing(_unavailable(what, message))
    if isinstance(error, exceptions.Conflict):
        return ResourceExists(message)
    if isinstance(error, exceptions.PreconditionFailed):
        return ResourceChanged(message)
    if isinstance(error, exceptions.BadRequest):
        return StatementFailed(SCRIPT, message)
    if isinstance(error, exceptions.GoogleAPICallError | GoogleAuthError | requests.RequestException):
        return WarehouseUnavailable(_unavailable(what, message))
    return error


def _unavailable(what: str, message: str) -> str:
    return (
        f"BigQuery cannot be used ({what}: {message}); check project, dataset, location and the roles of the "
        "account. To list the roles and what is missing, run: nba-consolidation bootstrap"
    )
