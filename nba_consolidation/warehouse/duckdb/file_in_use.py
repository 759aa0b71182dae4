"""Which process has the DuckDB file open, and how a wait for it is reported."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nba_consolidation.observability import log_event

_log = logging.getLogger(__name__)
_HOLDER = re.compile(r"Conflicting lock is held in (?P<program>.+?) \(PID (?P<pid>\d+)\)")
_SAME_PROCESS = "different configuration"
"""One process cannot have the file open for reading and for writing, not even in two threads."""


@dataclass(frozen=True)
class FileInUse:
    """Another connection excludes ours. pid is None where DuckDB does not say which process has it."""

    program: str
    pid: int | None

    @classmethod
    def of(cls, error: BaseException) -> FileInUse | None:
        """What DuckDB's error says about it; None for any other error."""
        text = str(error)
        if match := _HOLDER.search(text):
            return cls(Path(match["program"]).name, int(match["pid"]))
        if _SAME_PROCESS in text:
            return cls("another thread of this process", os.getpid())
        return cls("another process", None) if "Could not set lock" in text else None


@dataclass(frozen=True)
class WaitNotice:
    """Reports a wait for the file once it has lasted for `after` seconds.

    run_of: the run in which the process of that id works, if it is known. report: prints the sentence; logs by default.
    """

    run_of: Callable[[int], str | None]
    report: Callable[[str], None] | None = None
    after: float = 2.0

    def describe(self, in_use: FileInUse) -> str:
        """`pid 4711 (run R)`, or the program of a process whose run is unknown, such as a notebook."""
        if in_use.pid is None:
            return in_use.program
        run = self.run_of(in_use.pid)
        return f"pid {in_use.pid} ({f'run {run}' if run else in_use.program})"

    def send(self, path: Path, in_use: FileInUse, limit: float) -> None:
        """Reports that the file is in use, by whom, and how long the wait can last."""
        holder = self.describe(in_use)
        if self.report:
            self.report(f"Waiting for {holder}, which has {path} open; for at most {limit:g} s.")
        else:
            log_event(_log, "warehouse_waiting", logging.WARNING, holder=holder, file=str(path), limit_s=limit)


LOGGED = WaitNotice(lambda _: None)
"""Knows no runs; logs."""
