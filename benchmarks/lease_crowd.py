"""The processes of the lease benchmark: one Firestore double, and five others full of waiters. Measures nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from queue import Queue
from threading import Thread
from typing import Any

from benchmarks.lease_workers import READY
from benchmarks.runner import ROOT

PROCESSES = 5
_PATIENCE = 300  # seconds, after which something hangs


@contextmanager
def firestore_double() -> Iterator[str]:
    """The address of a double in a process of its own."""
    command = [sys.executable, "-m", "nba_consolidation_tests.firestore_double"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


class Crowd:
    """Threads in several processes, that wait or work as told."""

    def __init__(self) -> None:
        self._said: Queue[dict[str, Any]] = Queue()
        self._numbers = count()
        self._asking: Counter[int] = Counter()
        self._answers: defaultdict[int, list[list[float]]] = defaultdict(list)
        self._processes = [
            subprocess.Popen([sys.executable, "-m", "benchmarks.lease_workers"], cwd=ROOT, text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            for _ in range(PROCESSES)
        ]  # fmt: skip
        for process in self._processes:
            Thread(target=self._listen, args=(process,), daemon=True).start()
        self.until_asking(READY, PROCESSES)

    def end(self) -> None:
        """Of all processes."""
        for process in self._processes:
            process.kill()
            process.wait()

    def order(self, threads: int, **order: Any) -> int:
        """Let so many threads do it, spread over the processes; returns the number of the order."""
        identity, given = next(self._numbers), 0
        for place, process in enumerate(self._processes):
            share = (threads - given) // (PROCESSES - place) if threads >= PROCESSES else threads - given
            if share:
                self._tell(process, json.dumps({**order, "id": identity, "first": given, "threads": share}))
            given += share
        return identity

    def stop(self) -> None:
        """Those who work until told to stop."""
        for process in self._processes:
            self._tell(process, "stop")

    def until_asking(self, order: int, threads: int) -> None:
        """Return once so many threads of the order are about to ask."""
        while self._asking[order] < threads:
            self._hear()

    def answers(self, order: int, threads: int) -> list[list[float]]:
        """What each thread of the order answers, once all have."""
        while len(self._answers[order]) < threads:
            self._hear()
        return self._answers.pop(order)

    def _hear(self) -> None:
        said = self._said.get(timeout=_PATIENCE)
        if "asks" in said:
            self._asking[said["asks"]] += 1
        else:
            self._answers[said["done"]] += said["answer"]

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._said.put(json.loads(line))

    @staticmethod
    def _tell(process: subprocess.Popen[str], line: str) -> None:
        assert process.stdin is not None
        process.stdin.write(line + "\n")
        process.stdin.flush()
