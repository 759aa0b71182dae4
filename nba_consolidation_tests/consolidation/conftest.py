"""A workbench in a folder of its own for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from nba_consolidation_tests.prepared import prepare

from .workbench import Workbench


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    bench = Workbench(tmp_path)
    prepare(bench.warehouse.path)
    return bench
