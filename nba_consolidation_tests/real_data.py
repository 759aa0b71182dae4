"""Real predictions and games, which are not in this repository: where they are, and which tests need them."""

from __future__ import annotations

from pathlib import Path

import pytest

REAL = Path(__file__).parents[2] / "shared" / "data" / "real"


def needs(folder: Path) -> pytest.MarkDecorator:
    """Skips a test where the folder is missing; the reason, which the end of the run repeats, names it."""
    return pytest.mark.skipif(not folder.is_dir(), reason=f"the real data is not at {folder}")


NEEDS_REAL_DATA = needs(REAL)
