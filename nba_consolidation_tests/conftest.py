"""How long Hypothesis looks: `--hypothesis-profile ci` for more, the marker `soak` for a long time.

`--pictures DIR` keeps pictures of the pages that the tests of the UI look at.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from nba_consolidation.logs import ROOT
from nba_consolidation_tests import prepared
from nba_consolidation_tests.reporting import (  # noqa: F401 (hooks)
    pytest_deselected,
    pytest_runtest_makereport,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# An example writes files and opens a warehouse: slow for Hypothesis, and no sign of a fault.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

# A browser under test asks nobody for updates, and runs as root in a container.
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
          "--disable-component-update", "--disable-sync"]  # fmt: skip

settings.register_profile("default", _PATIENT, max_examples=5)
settings.register_profile("ci", _PATIENT, max_examples=60, print_blob=True)
settings.register_profile("soak", _PATIENT, max_examples=300, print_blob=True)
settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    """--pictures."""
    parser.addoption("--pictures", type=Path, metavar="DIR", help="keep pictures of Dagster's pages in this folder")


@pytest.fixture(autouse=True)
def _logger_as_it_was() -> Iterator[None]:
    """A command sends our log to stderr for as long as its process lives: here, for one test."""
    logger = logging.getLogger(ROOT)
    handlers, level = list(logger.handlers), logger.level
    yield
    logger.handlers[:] = handlers
    logger.setLevel(level)


@pytest.fixture(autouse=True)
def _warehouses_kept_open(request: pytest.FixtureRequest) -> Iterator[None]:
    """Spares a test the opening of its warehouse again and again, but for one with the marker `other_processes`."""
    with nullcontext() if request.node.get_closest_marker("other_processes") else prepared.warehouses_kept_open():
        yield


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window. Its event loop ends with the module: a run of Dagster's wants one too."""
    ensure_chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        yield browser
        browser.close()


def ensure_chromium() -> None:
    """Skips where there is no browser, and says what to install."""
    pytest.importorskip("playwright", reason="Playwright is not installed")
    if shutil.which("chromium") is None:
        pytest.skip("there is no chromium: install Debian's package of that name")
