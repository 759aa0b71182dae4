"""The process that forks those of a storm: it has imported everything, so that a restart costs no second of start-up.

Takes orders as lines of JSON and answers each with one. As their parent it alone knows for certain who lives, so it
also passes the signals on. At the end of its input it takes all of them with it.
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

from nba_consolidation.consolidation.transaction import consolidation
from nba_consolidation.fencing import Guard, fence_rows
from nba_consolidation.tables import PREDICTIONS
from nba_consolidation_tests.consolidation.workbench import KNOWN

from . import consolidating, stager
from .plan import Order
from .rows import Batch

_ROLES = {"consolidator": consolidating.run, "late": consolidating.merge_late, "stager": stager.run}
_children: set[int] = set()


def main() -> None:
    _warm_up()
    print(json.dumps("ready"), flush=True)
    try:
        for line in sys.stdin:
            print(json.dumps(_obey(**json.loads(line))), flush=True)
    finally:
        for pid in _children:
            os.kill(pid, signal.SIGKILL)


def _obey(start: dict[str, Any] | None = None, pid: int = 0, number: int = 0) -> Any:
    """Start a process; send it a signal, and say if it lives; or, without either, tell the news of all."""
    if start is not None:
        return _fork(Order(**start))
    if not pid:
        return _news()
    if pid in _children:
        os.kill(pid, number)
    return pid in _children


def _fork(order: Order) -> int:
    pid = os.fork()
    if pid == 0:
        _live(order)
    _children.add(pid)
    return pid


def _live(order: Order) -> None:
    """The whole life of a child, which must not come back."""
    code = 1
    try:
        log = os.open(Path(order.folder) / f"{order.name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for stream in (1, 2):
            os.dup2(log, stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        _ROLES[order.role](order)
        code = 0
    except BaseException:  # noqa: BLE001  there is nobody above who could tell
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _news() -> list[tuple[int, str, int]]:
    """Who was stopped (by the signal) or ended (with the code, or minus the signal) since the last time."""
    news = []
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG | os.WUNTRACED))[0]:
            pid, status = found
            if os.WIFSTOPPED(status):
                news.append((pid, "stopped", os.WSTOPSIG(status)))
            else:
                _children.discard(pid)
                news.append((pid, "ended", os.waitstatus_to_exitcode(status)))
    return news


def _warm_up() -> None:
    """Load what loads when first used, and render every statement once. Starts no thread and opens no file."""
    Batch("nobody", Random(0)).next().written()  # Arrow looks for pandas
    import duckdb  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    from google.cloud.firestore_v1.services.firestore import FirestoreClient  # noqa: F401

    date, now = dt.date(2025, 1, 15), dt.datetime.now(dt.UTC)
    guard = Guard([(date, "consolidation_2025-01-15", 1)], "nobody", "none")
    for statement in [*fence_rows(guard, now), *consolidation(guard, "none", now, KNOWN, PREDICTIONS.columns)]:
        statement.render("duckdb")


if __name__ == "__main__":
    main()
