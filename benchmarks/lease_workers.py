"""A process with threads that acquire leases: `python -m benchmarks.lease_workers`.

Orders are read from stdin as JSON, one per line; each is carried out in threads of its own, and answered by one line.
Times are those of the machine's monotonic clock, which is the same in every process.
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

READY = -1  # instead of the number of an order

_stop = Event()
_PATIENCE = WaitPolicy(limit=300)


def product(place: str) -> Take:
    """Acquires a lease of the product, with its heartbeat. The store is connected before."""
    store, holder = store_at(place), Holder.here("benchmark")
    store.check()
    return lambda key: hold(store, [key], holder, wait=_PATIENCE)


def predecessors(place: str) -> Take:
    """Acquires the predecessor's lock, with its poll of five seconds."""
    client = google_client(place, "test", "(default)")
    number = Random().random()

    @contextmanager
    def take(key: str) -> Iterator[None]:
        lock = PredecessorLock(client, key, f"worker-{number}", lambda: dt.datetime.now(dt.UTC), time.sleep)
        lock.acquire()
        yield
        lock.release()

    return take


KINDS = {"product": product, "predecessor": predecessors}


def wait_in_line(order: Order, number: int) -> list[float]:
    """Acquires the lease once and holds it for `work` seconds. Returns when it was requested, acquired, released."""
    take = KINDS[order["kind"]](order["place"])
    time.sleep(Random(f"{order['key']} {number}").random() * order["spread"])
    _reply({"ready": order["id"]})
    requested = time.monotonic()
    with take(order["key"]):
        acquired = time.monotonic()
        time.sleep(order["work"])
        released = time.monotonic()
    return [requested, acquired, released]


def take_one_after_the_other(order: Order, number: int) -> list[float]:
    """Acquires random keys, for `work` seconds each, until it is stopped. Returns the seconds of each wait."""
    take, rng, waited = KINDS[order["kind"]](order["place"]), Random(number), []
    while not _stop.is_set():
        requested = time.monotonic()
        with take(rng.choice(order["keys"])):
            waited.append(time.monotonic() - requested)
            time.sleep(order["work"])
    return waited


WORK = {"wait": wait_in_line, "loop": take_one_after_the_other}


def carry_out(order: Order) -> None:
    """Carries out the order in its number of threads."""
    numbers = range(order["first"], order["first"] + order["threads"])
    with ThreadPoolExecutor(order["threads"]) as threads:
        done = list(threads.map(lambda number: WORK[order["work_as"]](order, number), numbers))
    _reply({"done": order["id"], "result": done})


def _reply(reply: object) -> None:
    sys.stdout.write(json.dumps(reply) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _reply({"ready": READY})
    for line in sys.stdin:
        if line.strip() == "stop":
            _stop.set()
        else:
            _stop.clear()
            Thread(target=carry_out, args=(json.loads(line),)).start()
