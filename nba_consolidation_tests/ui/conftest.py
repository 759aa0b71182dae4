"""Dagster's web server over the demo of the test run, `dagster dev` over a larger one, and a page of Chromium."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nba_consolidation.demo.run import run_demo
from nba_consolidation.demo.season import Season
from nba_consolidation.settings import Settings
from nba_consolidation_tests.conftest import ensure_chromium
from nba_consolidation_tests.demo.played import DATES, Played, played

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["played"]
_ROOT = Path(__file__).parents[2]
_PATIENCE = 600.0  # seconds


@dataclass(frozen=True)
class Site:
    """Dagster's web server and daemon over a consolidated and graded season."""

    address: str
    season: Season
    settings: Settings


@dataclass(frozen=True)
class ReadOnlySite:
    """Dagster's web server, without a daemon, over a demo of these dates."""

    address: str
    dates: Sequence[dt.date]


@pytest.fixture(autouse=True)
def _warehouses_kept_open() -> None:
    """None is: other processes open them."""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    ensure_chromium()
    pytest.importorskip("dagster_webserver", reason="dagster-webserver is not installed")
    home = tmp_path_factory.mktemp("ui") / "demo"
    season = Season(dates=12, max_games=2, players_per_team=4, refused_tables=True)
    assert run_demo(home, season, processes=2).as_expected
    settings = Settings(home=home)
    environment = settings.child_environment(
        **_dagster_environment(home),
        NBA_CONSOLIDATION_SENSOR_INTERVAL="1",
        NBA_CONSOLIDATION_ARRIVALS_QUIET="0",
        NBA_CONSOLIDATION_FIRST_DATE=str(season.first_date),
    )
    with _serving(["dagster", "dev"], environment, home / "logs" / "dev.log") as address:
        yield Site(address, season, settings)


@pytest.fixture(scope="session")
def demo_site(played: Played, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReadOnlySite]:
    ensure_chromium()
    pytest.importorskip("dagster_webserver", reason="dagster-webserver is not installed")
    home = shutil.copytree(played.home, tmp_path_factory.mktemp("viewed") / "demo")
    season = Season(dates=DATES)
    environment = Settings(home=home).child_environment(
        **_dagster_environment(home), NBA_CONSOLIDATION_FIRST_DATE=str(season.first_date)
    )
    with _serving(["dagster_webserver"], environment, home / "logs" / "webserver.log") as address:
        yield ReadOnlySite(address, season.game_dates)


def _dagster_environment(home: Path) -> dict[str, str]:
    return {"DAGSTER_HOME": str(home / "dagster_home"), "DAGSTER_DISABLE_TELEMETRY": "1"}


@contextlib.contextmanager
def _serving(program: Sequence[str], environment: dict[str, str], log: Path) -> Iterator[str]:
    """Runs a program of Dagster during the block, and yields its address when it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", *program, "-w", "workspace.yaml",
               "--host", "127.0.0.1", "--port", str(port)]  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=_ROOT, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(address, process, log)
        yield address
    finally:
        _end(process)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A window of a laptop's size; a page that does not answer for five minutes fails the test."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(300_000)
    yield page
    page.close()


@pytest.fixture
def picture(page: Page, request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Keeps a picture of the page in the folder of --pictures; without it nothing is kept."""
    folder: Path | None = request.config.getoption("--pictures")

    def keep(name: str) -> None:
        if folder:
            page.wait_for_timeout(1_000)  # what is animated comes to rest
            page.screenshot(path=folder / f"{name}.png")

    return keep


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/server_info", timeout=5):
            return
        time.sleep(0.2)
    pytest.fail(f"{log.stem} did not start:\n{log.read_text(errors='replace')[-5000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the process group: the web server, the code servers, and the daemon if there is one."""
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(15)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
