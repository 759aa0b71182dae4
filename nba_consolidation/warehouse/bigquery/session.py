"""One way to talk to BigQuery: a client made when first used, one layer of retries, every error translated.

The client's own retries are switched off: two nested ones once inserted everything twice (incident 46). What is asked
of the service stands in `bigquery_warehouse` and `bigquery_staging`.
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

from nba_consolidation.warehouse.errors import StatementFailed, WarehouseError, WarehouseUnavailable
from nba_consolidation.warehouse.staging.parquet_footer import first_line

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


class NotThere(WarehouseUnavailable):
    """A dataset, table or job that was asked for does not exist."""


class AlreadyThere(WarehouseError):
    """A table or job of that name exists."""


class ChangedMeanwhile(WarehouseError):
    """What was to be changed is not in the state in which it was read."""


class Aborted(WarehouseError):
    """The service gave a job up and rolled it back, for no fault of its text: it can be sent again."""


def connect(project: str | None, location: str | None) -> bigquery.Client:
    """A client with the credentials of the process. project: without one, that of the credentials."""
    from google.cloud.bigquery import Client

    return Client(project=project, location=location)


@dataclass(frozen=True)
class BigQuerySession:
    """How jobs are sent and calls are made.

    make_client: called once, when first needed; dagster-gcp's resource or google.cloud.bigquery.Client.
    maximum_bytes_billed: a query that would cost more fails before it runs. labels: put on every job.
    job_prefix: begins the id of every job. request_timeout: seconds for one HTTP request; job_timeout: for one job,
    which the service then stops. attempts: how often a call is made in all where the service hiccups.
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
        """The client. Raises WarehouseUnavailable where there are no credentials or no library."""
        try:
            return self.make_client()
        except Exception as error:
            raise WarehouseUnavailable(
                f"there is no BigQuery client ({first_line(error)}); install the extra `production` and give the "
                "process credentials (GOOGLE_APPLICATION_CREDENTIALS or Workload Identity)"
            ) from error

    def dataset(self, name: str) -> bigquery.DatasetReference:
        """The dataset of that name, `project.dataset` or `dataset` of the client's project."""
        from google.cloud.bigquery import DatasetReference

        return DatasetReference.from_string(name, default_project=self.client.project)

    def ensure_dataset(self, name: str) -> None:
        """Creates the dataset where it is missing."""
        from google.cloud.bigquery import Dataset

        reference = self.dataset(name)
        try:
            self.call(name, self.client.get_dataset, reference)
        except NotThere:
            dataset = Dataset(reference)
            if self.location:
                dataset.location = self.location
            self.call(name, self.client.create_dataset, dataset, exists_ok=True)

    def call(self, what: str, function: Callable[..., T], *arguments: Any, **options: Any) -> T:
        """Calls one method of the client, again where the service hiccups. Raises WarehouseError's children."""
        for attempt in itertools.count(1):
            try:
                return function(*arguments, **options, retry=None, timeout=self.request_timeout)
            except Exception as error:
                if not _is_transient(error) or attempt == self.attempts:
                    raise _translated(what, error) from error
            self.pause(attempt)
        raise AssertionError("unreachable")

    def pause(self, attempt: int) -> None:
        """Waits before the next attempt: longer each time, and never two processes alike."""
        self.sleep(self.jitter.uniform(0.5, 1.0) * min(0.25 * 2**attempt, 8.0))

    def query(self, text: str, job_id: str, check: Callable[[], None] = lambda: None) -> QueryJob:
        """The job that ran the text, finished. An id that was used before is not run again but awaited.

        check: called while the job runs; what it raises, or anything else that interrupts us, cancels the job.
        """
        from google.cloud.bigquery import QueryJobConfig

        config = QueryJobConfig(labels=dict(self.labels), maximum_bytes_billed=self.maximum_bytes_billed)
        config.job_timeout_ms = round(self.job_timeout * 1000)
        sent = {"job_config": config, "job_id": job_id, "location": self.location, "job_retry": None}
        job: QueryJob = self._finished(job_id, lambda: self.call("query", self.client.query, text, **sent), check)
        return job

    def load(self, job_id: str, send: Callable[..., LoadJob]) -> LoadJob:
        """The load job that `send` makes, finished."""
        job: LoadJob = self._finished(job_id, lambda: self.call("load", send, job_id=job_id), lambda: None)
        return job

    def _finished(self, job_id: str, send: Callable[[], Any], check: Callable[[], None]) -> Any:
        try:
            try:
                job = send()
            except AlreadyThere:  # the reply to our first request got lost, not the job
                job = self.call("job", self.client.get_job, job_id, location=self.location)
            for attempt in itertools.count():
                if job.state == "DONE":
                    break
                check()
                self.sleep(min(0.1 * 1.5**attempt, 2.0))
                self.call("job", job.reload)
        except StatementFailed:
            raise  # there is no job: its request was refused
        except BaseException:
            self.cancel(job_id)
            raise
        _raise_failure(job)
        return job

    def cancel(self, job_id: str) -> None:
        """Asks the service to stop the job, which rolls it back. Where that fails, the fence still stands."""
        try:
            self.call("cancel", self.client.cancel_job, job_id, location=self.location)
        except WarehouseError as error:
            _log.warning("job %s could not be cancelled: %s", job_id, error)


def _raise_failure(job: Any) -> None:
    """Raises what the finished job failed of, if it did."""
    failure = job.error_result
    if not failure:
        return
    reason, message = failure.get("reason", ""), failure.get("message", "")
    if _CONCURRENT in message or reason in _TRANSIENT_REASONS:
        raise Aborted(message)
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


def _translated(what: str, error: Exception) -> Exception:
    """Our error for one of the client's; anything that is no failure of a call stays what it is."""
    import requests
    from google.api_core import exceptions
    from google.auth.exceptions import GoogleAuthError

    message = first_line(error)
    if isinstance(error, exceptions.NotFound):
        return NotThere(_unavailable(what, message))
    if isinstance(error, exceptions.Conflict):
        return AlreadyThere(message)
    if isinstance(error, exceptions.PreconditionFailed):
        return ChangedMeanwhile(message)
    if isinstance(error, exceptions.BadRequest):
        return StatementFailed(SCRIPT, message)
    if isinstance(error, exceptions.GoogleAPICallError | GoogleAuthError | requests.RequestException):
        return WarehouseUnavailable(_unavailable(what, message))
    return error


def _unavailable(what: str, message: str) -> str:
    return (
        f"BigQuery cannot be used ({what}: {message}); check project, dataset, location and the roles of the "
        "account: `nba-consolidation bootstrap` creates what is missing and lists the roles"
    )
