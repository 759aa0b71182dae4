"""The fork server of the processes in these tests."""

from collections.abc import Iterator

import pytest

from nba_consolidation_tests.chaos.process_control import ForkServer


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    with ForkServer() as fork_server:
        yield fork_server
