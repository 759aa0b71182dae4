"""A service with a dataset of its own for each test."""

from __future__ import annotations

import pytest

from . import service as service_module

bigquery_service = pytest.fixture(service_module.service)
