"""A BigQuery dataset for each test, and the use cases on it."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from nba_consolidation_tests.bigquery import service as service_module
from nba_consolidation_tests.bigquery.executed import declared, recorded
from nba_consolidation_tests.bigquery.front import Front
from nba_consolidation_tests.bigquery.service import Service
from nba_consolidation_tests.bigquery.workbench import BigQueryBench

bigquery_service = pytest.fixture(service_module.service)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """A test that passes without executing what it declares fails."""
    with recorded() as executed:
        result = yield
    missing = declared(pyfuncitem.function) - executed
    assert not missing, f"declared and not executed on BigQuery: {sorted(missing)}"
    return result


@pytest.fixture
def bench(bigquery_service: Service) -> BigQueryBench:
    return BigQueryBench(bigquery_service)


@pytest.fixture
def front(bigquery_service: Service) -> Front:
    """Where faults are injected; not available for a real project."""
    if bigquery_service.front is None:
        pytest.skip("faults cannot be injected into a real project")
    return bigquery_service.front
