"""A BigQuery dataset for each test, and the use cases on it."""

from __future__ import annotations

import pytest

from nba_consolidation_tests.bigquery import service as service_module
from nba_consolidation_tests.bigquery.front import Front
from nba_consolidation_tests.bigquery.service import Service
from nba_consolidation_tests.bigquery.workbench import BigQueryBench

bigquery_service = pytest.fixture(service_module.service)


@pytest.fixture
def bench(bigquery_service: Service) -> BigQueryBench:
    return BigQueryBench(bigquery_service)


@pytest.fixture
def front(bigquery_service: Service) -> Front:
    """Where faults are injected; not available for a real project."""
    if bigquery_service.front is None:
        pytest.skip("faults cannot be injected into a real project")
    return bigquery_service.front
