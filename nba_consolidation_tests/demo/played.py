"""One small demo season, run by the command line once per test run, however many processes the tests use."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

DATES = 2
LAST_DATE = "2025-10-22"


@dataclass(frozen=True)
class Played:
    """The home of the demo, which tests only read, and the JSON that the command printed."""

    home: Path
    output: dict[str, Any]


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The first test that needs the demo runs it; tests in other processes wait until it is complete."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # all workers of a test run share it
    home, document = folder / "played" / "demo", folder / "played.json"
    with (folder / "played.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not document.exists():
            document.write_text(_run_demo(home), encoding="utf-8")
    return Played(home, json.loads(document.read_text(encoding="utf-8")))


def _run_demo(home: Path) -> str:
    home.parent.mkdir()
    options = ("--dates", str(DATES), "--last-date", LAST_DATE, "--json")
    command = [sys.executable, "-m", "nba_consolidation.cli", "--home", str(home)]
    done = subprocess.run(
        [*command, "demo", *options],
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
