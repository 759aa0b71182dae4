"""An HTTP adapter between the real client and the emulator: adds rules that the emulator lacks, and faults.

The added rules: a job id runs once (409), NUMERIC keeps its precision, a patched schema changes the table, an etag
changes with the table, and a conditional delete checks it (412).
The faults are what the emulator does not do by itself: a lost reply, an aborted job.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import requests
from requests.adapters import HTTPAdapter

_TABLES = re.compile(r"/datasets/([^/]+)/tables(?:/([^/]+))?$")
_JOBS = re.compile(r"/projects/[^/]+/jobs$")
Fault = Callable[[requests.PreparedRequest, Callable[[], requests.Response]], requests.Response | None]


class Front(HTTPAdapter):
    """Forwards requests. The `faults` are tried first, in order; the first that returns a response is removed."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[Fault] = []
        self.sent: list[tuple[str, str]] = []
        self.scripts: list[str] = []
        self._jobs: set[str] = set()
        self._fields: dict[tuple[str, str], dict[str, Any]] = {}

    def send(self, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> requests.Response:
        def forward() -> requests.Response:
            return self._apply_rules(request, lambda: super(Front, self).send(request, *arguments, **options))

        self.sent.append((str(request.method), path_of(request)))
        for fault in list(self.faults):
            try:
                answer = fault(request, forward)
            except requests.RequestException:
                self.faults.remove(fault)
                raise
            if answer is not None:
                self.faults.remove(fault)
                return answer
        return forward()

    def _apply_rules(self, request: requests.PreparedRequest, go: Callable[[], requests.Response]) -> requests.Response:
        path, table = path_of(request), _TABLES.search(path_of(request))
        if request.method == "POST" and _JOBS.search(path):
            return self._job(request, go)
        if table and request.method in ("POST", "PUT", "PATCH"):
            body = body_of(request)
            self._remember(table[1], table[2] or body["tableReference"]["tableId"], body)
            if request.method == "PATCH" and body.get("schema"):
                add_columns(str(request.url), table[1], table[2], body["schema"]["fields"])
        if table and request.method == "DELETE" and "If-Match" in request.headers:
            current = requests.get(str(request.url), timeout=30)
            if current.status_code != 200 or etag(current.json()) != request.headers["If-Match"]:
                return failed(request, 412 if current.status_code == 200 else 404, "conditionNotMet")
        return self._filled_in(go(), table)

    def _job(self, request: requests.PreparedRequest, go: Callable[[], requests.Response]) -> requests.Response:
        body = body_of(request)
        job_id = body.get("jobReference", {}).get("jobId")
        load = body["configuration"].get("load")
        if load:
            self._remember(load["destinationTable"]["datasetId"], load["destinationTable"]["tableId"], load)
        elif job_id in self._jobs:
            return failed(request, 409, "duplicate")
        self._jobs.add(job_id)
        if "query" in body["configuration"]:
            self.scripts.append(body["configuration"]["query"]["query"])
        return go()

    def _remember(self, dataset: str, table: str, body: dict[str, Any]) -> None:
        if body.get("schema"):
            self._fields[dataset, table] = {field["name"]: field for field in body["schema"]["fields"]}

    def _filled_in(self, response: requests.Response, table: re.Match[str] | None) -> requests.Response:
        if not table or not table[2] or response.status_code != 200:
            return response
        resource, known = response.json(), self._fields.get((table[1], table[2]), {})
        resource["etag"] = etag(resource)
        for field in resource.get("schema", {}).get("fields", []):
            field |= {key: known[field["name"]][key] for key in ("precision", "scale", "type", "description")
                      if key in known.get(field["name"], {})}  # fmt: skip
        return answered(response.request, 200, resource)


def add_columns(url: str, dataset: str, table: str, fields: list[dict[str, Any]]) -> None:
    """Adds the columns to the table itself: the emulator would only report them."""
    existing = {field["name"] for field in requests.get(url, timeout=30).json()["schema"]["fields"]}
    for field in fields:
        if field["name"] not in existing:
            kind = f"ARRAY<{field['type']}>" if field.get("mode") == "REPEATED" else field["type"]
            text = f"ALTER TABLE `{dataset}.{table}` ADD COLUMN IF NOT EXISTS `{field['name']}` {kind}"
            queries = url.partition("/datasets/")[0] + "/queries"
            requests.post(queries, json={"query": text, "useLegacySql": False}, timeout=30).raise_for_status()


def etag(table: dict[str, Any]) -> str:
    """A value that changes with the table; the emulator's own etag does not."""
    return f'"{table["creationTime"]}-{table["lastModifiedTime"]}-{table["numRows"]}"'


def path_of(request: requests.PreparedRequest) -> str:
    return str(request.url).partition("?")[0]


def body_of(request: requests.PreparedRequest) -> dict[str, Any]:
    body: Any = request.body
    return dict(json.loads(body or b"{}"))


def answered(request: requests.PreparedRequest, status: int, content: dict[str, Any]) -> requests.Response:
    response = requests.Response()
    response.status_code, response.request, response.url = status, request, str(request.url)
    response.headers["Content-Type"] = "application/json"
    response.raw = BytesIO(json.dumps(content).encode())
    return response


def failed(request: requests.PreparedRequest, status: int, reason: str, message: str = "made up") -> requests.Response:
    error = {"code": status, "message": message, "errors": [{"reason": reason, "message": message}]}
    return answered(request, status, {"error": error})


def for_query_jobs(fault: Fault) -> Fault:
    """The fault, but only for requests that send a query job."""

    def for_query_jobs_only(
        request: requests.PreparedRequest, go: Callable[[], requests.Response]
    ) -> requests.Response | None:
        is_job = request.method == "POST" and _JOBS.search(path_of(request))
        return fault(request, go) if is_job and "query" in body_of(request)["configuration"] else None

    return for_query_jobs_only


def lose_the_reply(_: requests.PreparedRequest, go: Callable[[], requests.Response]) -> requests.Response:
    """The service carries out the request, and the reply is lost."""
    go()
    raise requests.ConnectionError("the reply got lost")


def fail_job(reason: str, message: str) -> Fault:
    """The job is accepted, runs, and ends with this error without an effect."""

    def fail(request: requests.PreparedRequest, _: Callable[[], requests.Response]) -> requests.Response:
        status = {"state": "DONE", "errorResult": {"reason": reason, "message": message}}
        return answered(request, 200, body_of(request) | {"status": status})

    return fail
