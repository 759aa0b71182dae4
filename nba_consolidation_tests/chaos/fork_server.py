"""The process that forks all others of a storm. It has imported everything, so that a restart takes no time.

Reads commands as lines of JSON and replies to each with one line. As the parent it knows which processes are alive, so
it also sends the signals. At the end of its input it kills its children.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from random import Random
from typing import Any

from nba_consolidation.fencing.fenced_writer import fence_parameters
from nba_consolidation.leases import Holder, LeaseRecord
from nba_consolidation.pipeline.consolidation.transaction import consolidation
from nba_consolidation.schema import PREDICTIONS
from nba_consolidation.sql import Statement
from nba_consolidation_tests.chaos import consolidator, follower, stager
from nba_consolidation_tests.chaos.plan import Order
from nba_consolidation_tests.chaos.rows import Batch
from nba_consolidation_tests.pipeline.consolidation.workbench import KNOWN

_ROLES = {
    "consolidator": consolidator.run,
    "follower": follower.run,
    "late_writer": consolidator.merge_late,
    "stager": stager.run,
}
_children: set[int] = set()


def main() -> None:
    _warm_up()
    print(json.dumps("ready"), flush=True)
    try:
        for line in sys.stdin:
            print(json.dumps(_carry_out(**json.loads(line))), flush=True)
    finally:
        for pid in _children:
            os.kill(pid, signal.SIGKILL)


def _carry_out(start: dict[str, Any] | None = None, pid: int = 0, number: int = 0) -> Any:
    """Starts a process and returns its pid, sends a signal and returns whether it is alive, or returns the events."""
    if start is not None:
        return _fork(Order(**start))
    if not pid:
        return _events()
    if pid in _children:
        os.kill(pid, number)
    return pid in _children


def _fork(order: Order) -> int:
    pid = os.fork()
    if pid == 0:
        _run_child(order)
    _children.add(pid)
    return pid


def _run_child(order: Order) -> None:
    """Runs the child process, and never returns."""
    code = 1
    try:
        log = os.open(Path(order.folder) / f"{order.name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for stream in (1, 2):
            os.dup2(log, stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        _ROLES[order.role](order)
        code = 0
    except BaseException:  # noqa: BLE001  nothing above this could report it
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _events() -> list[tuple[int, str, int]]:
    """Processes that stopped (with the signal) or ended (with the code, or minus the signal) since the last call."""
    events = []
    with contextlib.suppress(ChildProcessError):
        while (change := os.waitpid(-1, os.WNOHANG | os.WUNTRACED))[0]:
            pid, status = change
            if os.WIFSTOPPED(status):
                events.append((pid, "stopped", os.WSTOPSIG(status)))
            else:
                _children.discard(pid)
                events.append((pid, "ended", os.waitstatus_to_exitcode(status)))
    return events


def _warm_up() -> None:
    """Imports what is imported at the first use, and renders every statement. Starts no thread and opens no file."""
    Batch("nobody", Random(0)).next().written()  # Arrow imports pandas
    import duckdb  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    from google.cloud.firestore_v1.services.firestore import FirestoreClient  # noqa: F401

    holder, now = Holder.here("none"), dt.datetime.now(dt.UTC)
    lease = LeaseRecord.granted("consolidation_2025-01-15", holder, 60, "none", version=1, now=now)
    parameters = fence_parameters([lease], holder, now)
    fence = [Statement(name, parameters) for name in ("leases", "fence_rows", "fence", "fenced_out")]
    for statement in [*fence, *consolidation(parameters, "none", KNOWN, PREDICTIONS.columns)]:
        statement.render("duckdb")


if __name__ == "__main__":
    main()
