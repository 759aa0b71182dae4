"""A process full of threads that want leases: `python -m benchmarks.lease_workers`. It measures nothing but moments.

Orders come as JSON over stdin, one a line; each is carried out in threads of its own, and answered by one line. All
moments are of the machine's monotonic clock, which every process reads alike.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from random import Random
from threading import Event, Thread
from typing import Any

from nba_consolidation.leases import Holder, WaitPolicy, hold
from nba_consolidation_tests.leases.google_client import google_client
from nba_consolidation_tests.leases.lease_worker import store_at
from nba_consolidation_tests.leases.predecessor import PredecessorLock

Order = dict[str, Any]
Take = Callable[[str], Any]

READY = -1  # in the place of an order's number

_stop = Event()
_PATIENCE = WaitPolicy(limit=300)


def ours(place: str) -> Take:
    """Takes a lease of ours, with its heartbeat; connected beforehand, as a process that works is."""
    store, holder = store_at(place), Holder.here("benchmark")
    store.check()
    return lambda key: hold(store, [key], holder, wait=_PATIENCE)


def predecessors(place: str) -> Take:
    """Takes the predecessor's lock, with its poll of five seconds."""
    client = google_client(place, "test", "(default)")
    number = Random().random()

    @contextmanager
    def take(key: str) -> Iterator[None]:
        lock = PredecessorLock(client, key, f"worker-{number}", lambda: dt.datetime.now(dt.UTC), time.sleep)
        lock.acquire()
        yield
        lock.release()

    return take


KINDS = {"ours": ours, "predecessor": predecessors}


def wait_in_line(order: Order, number: int) -> list[float]:
    """Ask once, within `spread` seconds, hold it for `work` seconds; when it was asked for, had, and given back."""
    take = KINDS[order["kind"]](order["place"])
    time.sleep(Random(f"{order['key']} {number}").random() * order["spread"])
    _say({"asks": order["id"]})
    asked = time.monotonic()
    with take(order["key"]):
        had = time.monotonic()
        time.sleep(order["work"])
        given_back = time.monotonic()
    return [asked, had, given_back]


def take_one_after_the_other(order: Order, number: int) -> list[float]:
    """Any of the keys, for `work` seconds each, until told to stop; how long each was waited for."""
    take, rng, waited = KINDS[order["kind"]](order["place"]), Random(number), []
    while not _stop.is_set():
        asked = time.monotonic()
        with take(rng.choice(order["keys"])):
            waited.append(time.monotonic() - asked)
            time.sleep(order["work"])
    return waited


WORK = {"wait": wait_in_line, "loop": take_one_after_the_other}


def carry_out(order: Order) -> None:
    """In as many threads as ordered."""
    numbers = range(order["first"], order["first"] + order["threads"])
    with ThreadPoolExecutor(order["threads"]) as threads:
        done = list(threads.map(lambda number: WORK[order["work_as"]](order, number), numbers))
    _say({"done": order["id"], "answer": done})


def _say(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _say({"asks": READY})
    for line in sys.stdin:
        if line.strip() == "stop":
            _stop.set()
        else:
            _stop.clear()
            Thread(target=carry_out, args=(json.loads(line),)).start()
