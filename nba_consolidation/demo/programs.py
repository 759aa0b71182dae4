"""Runs the product for the demo: the terminal and Dagster, each in its own process with a log."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.settings import Settings

_EXPECTED_EXIT_CODES = (0, 3)  # done; done, but something requires attention, as the season intends


class DemoFailed(ConsolidationError):
    """A process of the demo failed; the message says which, and where its log is."""


def terminal(settings: Settings, *arguments: str) -> dict[str, Any]:
    """The document that `nba-consolidation ARGUMENTS --json` prints. Raises DemoFailed if it fails."""
    command = [sys.executable, "-m", "nba_consolidation.cli", *arguments, "--json"]
    log = settings.home / "logs" / "terminal.log"
    with log.open("ab") as errors:
        done = subprocess.run(
            command, env=settings.child_environment(), stdout=subprocess.PIPE, stderr=errors, check=False
        )
    if done.returncode not in _EXPECTED_EXIT_CODES:
        raise DemoFailed(f"`{arguments[0]}` from the terminal ended with {done.returncode}; see {log}")
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def make_instance(settings: Settings) -> None:
    """Creates Dagster's instance, so that two runs do not create it at the same time."""
    import dagster as dg

    with dg.DagsterInstance.from_config(str(settings.home / "dagster_home")) as instance:
        instance.get_runs_count()


def dagster_program(settings: Settings, module: str, *arguments: str, name: str) -> None:
    """Runs a module as a program on the Dagster instance of the demo. Raises DemoFailed unless it succeeds."""
    environment = settings.child_environment(
        DAGSTER_HOME=str(settings.home / "dagster_home"), NBA_CONSOLIDATION_FIRST_DATE=str(settings.first_date)
    )
    log = settings.home / "logs" / f"{name}.log"
    with log.open("wb") as output:
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            env=environment, stdout=output, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
    if done.returncode:
        raise DemoFailed(f"the program {name} of the demo failed; see {log}")
