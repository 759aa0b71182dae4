"""A service with a dataset of its own for each test, and the use cases on it."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from . import service as service_module
from .executed import declared, recorded
from .front import Front
from .service import Service
from .workbench import BigQueryBench

bigquery_service = pytest.fixture(service_module.service)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """A test that passes without having executed what it declares fails after all."""
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
    """Where faults are made; a real service has none to offer."""
    if bigquery_service.front is None:
        pytest.skip("faults cannot be made in a real project")
    return bigquery_service.front
