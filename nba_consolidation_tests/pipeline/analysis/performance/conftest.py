"""A home for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from nba_consolidation_tests.pipeline.analysis.performance.graded import Graded


@pytest.fixture
def home(tmp_path: Path) -> Graded:
    return Graded(tmp_path / "home")
