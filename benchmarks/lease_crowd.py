"""The processes of the lease benchmark: a Firestore double, and five with threads that wait. Measures nothing."""

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
_PATIENCE = 300  # seconds until a reply


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
    """Threads in several processes that wait for leases or work under them."""

    def __init__(self) -> None:
        self._replies: Queue[dict[str, Any]] = Queue()
        self._numbers = count()
        self._ready: Counter[int] = Counter()
        self._results: defaultdict[int, list[list[float]]] = defaultdict(list)
        self._processes = [
            subprocess.Popen([sys.executable, "-m", "benchmarks.lease_workers"], cwd=ROOT, text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            for _ in range(PROCESSES)
        ]  # fmt: skip
        for process in self._processes:
            Thread(target=self._listen, args=(process,), daemon=True).start()
        self.until_ready(READY, PROCESSES)

    def end(self) -> None:
        """Ends all processes."""
        for process in self._processes:
            process.kill()
            process.wait()

    def order(self, threads: int, **order: Any) -> int:
        """Lets so many threads, spread over the processes, carry out the order; returns its number."""
        identity, assigned = next(self._numbers), 0
        for place, process in enumerate(self._processes):
            share = (threads - assigned) // (PROCESSES - place) if threads >= PROCESSES else threads - assigned
            if share:
                self._send(process, json.dumps({**order, "id": identity, "first": assigned, "threads": share}))
            assigned += share
        return identity

    def stop(self) -> None:
        """Stops the threads that work until then."""
        for process in self._processes:
            self._send(process, "stop")

    def until_ready(self, order: int, threads: int) -> None:
        """Returns once so many threads of the order are about to request a lease."""
        while self._ready[order] < threads:
            self._read_reply()

    def results(self, order: int, threads: int) -> list[list[float]]:
        """The result of each thread of the order, once all have one."""
        while len(self._results[order]) < threads:
            self._read_reply()
        return self._results.pop(order)

    def _read_reply(self) -> None:
        reply = self._replies.get(timeout=_PATIENCE)
        if "ready" in reply:
            self._ready[reply["ready"]] += 1
        else:
            self._results[reply["done"]] += reply["result"]

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._replies.put(json.loads(line))

    @staticmethod
    def _send(process: subprocess.Popen[str], line: str) -> None:
        assert process.stdin is not None
        process.stdin.write(line + "\n")
        process.stdin.flush()
