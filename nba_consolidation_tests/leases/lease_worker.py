"""The process that the process tests start: `hold STORE KEY TTL HEARTBEAT` or `count STORE KEY COUNTER TIMES`.

STORE is the file of a SQLite store, or the `host:port` of a Firestore double.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from nba_consolidation.leases import (
    Holder,
    LeaseLost,
    LeaseStore,
    LeaseTiming,
    LeaseUnavailable,
    WaitPolicy,
    hold,
)
from nba_consolidation.leases.firestore.store import FirestoreLeaseStore
from nba_consolidation.leases.sqlite import SqliteLeaseStore


def store_at(place: str) -> LeaseStore:
    return FirestoreLeaseStore("test", emulator=place) if ":" in place else SqliteLeaseStore(Path(place))


def hold_until_asked(place: str, key: str, ttl: str, heartbeat: str) -> None:
    """Hold the lease, print the token, wait for a line on stdin, and print whether the lease is still held."""
    timing = LeaseTiming(float(ttl), float(heartbeat))
    try:
        with hold(store_at(place), [key], Holder.here("run"), timing=timing) as lease:
            print(lease.tokens[key], flush=True)
            sys.stdin.readline()
            lease.ensure_held()
            print("held", flush=True)
    except LeaseLost:
        print("lost", flush=True)


def count(place: str, key: str, counter: str, times: str) -> None:
    """Increment a number in a file so that increments would be lost if two processes held the lease."""
    for _ in range(int(times)):
        while not _increment(store_at(place), key, Path(counter)):
            pass


def _increment(store: LeaseStore, key: str, counter: Path) -> bool:
    """Whether the lease was acquired. The ttl is short, because a lease whose release failed has to expire."""
    try:
        with hold(store, [key], Holder.here("run"), wait=WaitPolicy(600, poll=0.05), timing=LeaseTiming(30)) as lease:
            number = int(counter.read_text())
            lease.ensure_held()
            counter.write_text(str(number + 1))
    except LeaseUnavailable:
        return False
    return True


if __name__ == "__main__":
    commands: dict[str, Callable[..., None]] = {"hold": hold_until_asked, "count": count}
    commands[sys.argv[1]](*sys.argv[2:])
