"""The product as the demo runs it: its terminal and its Dagster, each a process of its own with a log."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.settings import Settings

_FINE = (0, 3)  # done; done, and something waits for a person, as the season wants it


class DemoFailed(ConsolidationError):
    """A process of the demo failed; the message says which, and where its log is."""


def terminal(settings: Settings, *arguments: str) -> dict[str, Any]:
    """What `nba-consolidation ARGUMENTS --json` prints. Raises DemoFailed unless it is done."""
    command = [sys.executable, "-m", "nba_consolidation.cli", *arguments, "--json"]
    log = settings.home / "logs" / "terminal.log"
    with log.open("ab") as errors:
        done = subprocess.run(
            command, env=settings.child_environment(), stdout=subprocess.PIPE, stderr=errors, check=False
        )
    if done.returncode not in _FINE:
        raise DemoFailed(f"`{arguments[0]}` from the terminal ended with {done.returncode}; see {log}")
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def make_instance(settings: Settings) -> None:
    """Dagster's instance, before two runs would make it at the same moment."""
    import dagster as dg

    with dg.DagsterInstance.from_config(str(settings.home / "dagster_home")) as instance:
        instance.get_runs_count()


def materialise(settings: Settings, selection: str, dates: Sequence[dt.date], name: str) -> None:
    """One Dagster run of the selected assets over the range of dates. Raises DemoFailed unless it succeeds."""
    command = [sys.executable, "-m", "dagster", "asset", "materialize", "-m", "nba_consolidation.definitions",
               "--select", selection, "--partition-range", f"{dates[0]}...{dates[-1]}"]  # fmt: skip
    environment = settings.child_environment(DAGSTER_HOME=str(settings.home / "dagster_home"))
    log = settings.home / "logs" / f"{name}.log"
    with log.open("wb") as output:
        done = subprocess.run(command, env=environment, stdout=output, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise DemoFailed(f"the Dagster run over {dates[0]} to {dates[-1]} failed; see {log}")
