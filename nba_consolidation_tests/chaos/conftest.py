"""The process that forks those of the storms."""

from collections.abc import Iterator

import pytest

from .processes import Nursery


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery
