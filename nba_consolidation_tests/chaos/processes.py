"""The nursery as the storm sees it: starts processes, signals them, and hears who stopped and who ended."""

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
class News:
    """What became of a process: `stopped` or `ended`, by what signal (then negative) or with what code."""

    pid: int
    kind: str
    code: int


class Nursery:
    """The process, from the start of the block to its end."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(_ROOT)},
        )
        assert self._answer() == "ready"
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.communicate()

    def start(self, order: Order) -> int:
        return int(self._ask(start=asdict(order)))

    def send(self, pid: int, number: signal.Signals) -> bool:
        """Whether it was there to be sent the signal."""
        return bool(self._ask(pid=pid, number=number))

    def news(self) -> list[News]:
        """Since the last time."""
        return [News(*item) for item in self._ask()]

    def _ask(self, **order: Any) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())
