"""The BigQuery service of the tests: a real project if configured, otherwise the emulator, otherwise they are skipped.

Real: NBA_TEST_BIGQUERY_PROJECT, and NBA_TEST_BIGQUERY_DATASET as the prefix of the datasets that are created.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nba_consolidation.warehouse.bigquery.session import BigQuerySession
from nba_consolidation.warehouse.bigquery.warehouse import BigQueryWarehouse
from nba_consolidation.warehouse.staging.bigquery import BigQueryStaging
from nba_consolidation_tests.bigquery.front import Front

if TYPE_CHECKING:
    from google.cloud import bigquery

PROJECT = os.environ.get("NBA_TEST_BIGQUERY_PROJECT")
PREFIX = os.environ.get("NBA_TEST_BIGQUERY_DATASET", "nba_test")
_ROOT = Path(__file__).parents[2]
_PYTHON = _ROOT / ".venv-bqemulator" / "bin" / "python"


_GAPS = {
    "uint64": "BigQuery has no such type: the table is refused when it is written",
    "decimal256": "BigQuery has no such type: the table is refused when it is written",
    "test_json_and_arrays_are_read_unchanged": "BigQuery keeps the value of JSON, not its text",
}
_EMULATOR_GAPS = {"current_points_line-value6": "the emulator has no BIGNUMERIC"}
"""Parts of the names of contract tests that cannot pass, and why."""


def gap_of(test: str) -> str | None:
    """Why the contract test of that name is not expected to pass here, if so."""
    gaps = _GAPS if PROJECT else _GAPS | _EMULATOR_GAPS
    return next((reason for part, reason in gaps.items() if part in test), None)


@cache
def emulator() -> str:
    """The emulator's address; it is started once and ends with this process."""
    if not (_PYTHON.parents[1] / ".ready").exists():
        pytest.skip("no .venv-bqemulator (make bqemulator) and no NBA_TEST_BIGQUERY_PROJECT")
    script = Path(__file__).with_name("emulator.py")
    process = subprocess.Popen(
        [_PYTHON, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    atexit.register(process.communicate)  # closes its input, which ends it, and waits for that
    port = process.stdout.readline().strip()
    assert port, f"bqemulator did not start; see why: {_PYTHON} {script}"
    return f"http://127.0.0.1:{port}"


@dataclass(frozen=True)
class Service:
    """A dataset for one test, and how to connect to it. `front` is None for a real project."""

    make_client: Callable[[], bigquery.Client]
    dataset: str
    front: Front | None

    def session(self, **changes: Any) -> BigQuerySession:
        wait: dict[str, Any] = {"sleep": lambda _: None} if self.front else {}
        return BigQuerySession(self.make_client, **wait, **changes)

    def engine(self, **changes: Any) -> tuple[BigQueryWarehouse, BigQueryStaging]:
        session = self.session(**changes)
        staging = BigQueryStaging(session, self.dataset)
        return BigQueryWarehouse(session, self.dataset, staging), staging


def service() -> Iterator[Service]:
    """A service with a dataset that is deleted at the end."""
    pytest.importorskip("google.cloud.bigquery", reason="the extra `production` is not installed")
    dataset = f"{PREFIX}_{uuid.uuid4().hex[:12]}"
    front = None if PROJECT else Front()
    created = Service(lambda: _client(front), dataset, front)
    yield created
    if front is None:
        created.make_client().delete_dataset(dataset, delete_contents=True, not_found_ok=True)


def _client(front: Front | None) -> bigquery.Client:
    from google.api_core.client_options import ClientOptions
    from google.auth.credentials import AnonymousCredentials
    from google.auth.transport.requests import AuthorizedSession
    from google.cloud import bigquery

    if front is None:
        return bigquery.Client(project=PROJECT)
    anonymous = AnonymousCredentials()  # type: ignore[no-untyped-call]
    http = AuthorizedSession(anonymous)  # type: ignore[no-untyped-call]
    http.mount("http://", front)
    options = ClientOptions(api_endpoint=emulator())
    return bigquery.Client(project="test", credentials=anonymous, _http=http, client_options=options)
