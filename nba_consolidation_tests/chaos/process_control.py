"""The client of the fork server: starts processes, sends signals, and reads which processes stopped or ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import nba_consolidation
from nba_consolidation_tests.chaos.plan import Order

_ROOT = Path(nba_consolidation.__file__).parents[1]


@dataclass(frozen=True)
class ProcessEvent:
    """A process `stopped` (code: the signal) or `ended` (code: its exit code, or minus the signal)."""

    pid: int
    kind: str
    code: int


class ForkServer:
    """Runs the fork server during the block."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.fork_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(_ROOT)},
        )
        assert self._reply() == "ready"
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.communicate()

    def start(self, order: Order) -> int:
        return int(self._request(start=asdict(order)))

    def send(self, pid: int, number: signal.Signals) -> bool:
        """Sends the signal and returns whether the process was alive."""
        return bool(self._request(pid=pid, number=number))

    def events(self) -> list[ProcessEvent]:
        """The events since the last call."""
        return [ProcessEvent(*item) for item in self._request()]

    def _request(self, **command: Any) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self._reply()

    def _reply(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())
