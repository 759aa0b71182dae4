"""A workbench for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from nba_consolidation_tests.pipeline.grading.workbench import GradingBench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[GradingBench]:
    bench = GradingBench(tmp_path)
    with bench.kept_open():
        yield bench
