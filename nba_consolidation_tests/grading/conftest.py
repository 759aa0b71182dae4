"""A workbench for each test."""

from pathlib import Path

import pytest

from nba_consolidation_tests.prepared import prepare

from .workbench import GradingBench


@pytest.fixture
def bench(tmp_path: Path) -> GradingBench:
    bench = GradingBench(tmp_path)
    prepare(bench.warehouse.path)
    return bench
