"""A workbench for each test."""

from pathlib import Path

import pytest

from nba_consolidation_tests.pipeline.grading.workbench import GradingBench


@pytest.fixture
def bench(tmp_path: Path) -> GradingBench:
    return GradingBench(tmp_path)
