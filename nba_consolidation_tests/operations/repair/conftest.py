"""A prediction_accuracy in a folder of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nba_consolidation_tests.operations.repair.legacy import LegacyBench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[LegacyBench]:
    legacy = LegacyBench(tmp_path)
    with legacy.kept_open():
        yield legacy
