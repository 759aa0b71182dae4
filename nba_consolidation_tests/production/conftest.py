"""A Google Cloud project for one test: a BigQuery dataset on the emulator, a Firestore database on the double.

The code under test and Google's clients are the real ones, with other addresses.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from nba_consolidation.settings import Settings
from nba_consolidation_tests.bigquery.front import Front
from nba_consolidation_tests.bigquery.service import Service
from nba_consolidation_tests.bigquery.service import service as bigquery_service_of_a_test
from nba_consolidation_tests.firestore_double import Database, FirestoreDouble

bigquery_service = pytest.fixture(bigquery_service_of_a_test)
PROJECT = "nba-project"


@dataclass(frozen=True)
class Cloud:
    """The settings of the project, and both services, in which a test can cause faults."""

    settings: Settings
    front: Front
    firestore: Database

    @property
    def environment(self) -> dict[str, str]:
        """The variables from which the settings are read."""
        return {
            "NBA_CONSOLIDATION_DEPLOYMENT": "production",
            "NBA_CONSOLIDATION_PROJECT": PROJECT,
            "NBA_CONSOLIDATION_DATASET": self.settings.dataset,
            "FIRESTORE_EMULATOR_HOST": str(self.settings.firestore_emulator),
        }


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("NBA_CONSOLIDATION_", "FIRESTORE_"))]:
        monkeypatch.delenv(name)


@pytest.fixture
def cloud(bigquery_service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    if bigquery_service.front is None:
        pytest.skip("a real project is used by the tests of bigquery/")
    client = bigquery_service.make_client()
    monkeypatch.setattr("nba_consolidation.warehouse.bigquery.session.connect", lambda _project, _location: client)
    monkeypatch.setattr("dagster_gcp.bigquery.resources.bigquery.Client", lambda **_: client)
    with FirestoreDouble() as double:
        settings = Settings(
            deployment="production",
            project=PROJECT,
            dataset=bigquery_service.dataset,
            firestore_emulator=double.address,
            lease_wait=0,
        )
        yield Cloud(settings, bigquery_service.front, double.add(f"projects/{PROJECT}/databases/(default)"))
