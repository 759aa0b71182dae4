"""What the process tests start: `hold FILE KEY TTL` or `count FILE KEY COUNTER TIMES`. Talks over stdin and stdout."""

import sys
from collections.abc import Callable
from pathlib import Path

from nba_consolidation.locking import Holder, LeaseLost, LeaseTiming, SqliteLeaseStore, WaitPolicy, hold


def hold_until_told(file: str, key: str, ttl: str) -> None:
    """Hold the lease, say the token, wait for a line, and say whether it is still held."""
    try:
        with hold(SqliteLeaseStore(Path(file)), [key], Holder.here("run"), timing=LeaseTiming(float(ttl))) as lease:
            print(lease.tokens[key], flush=True)
            sys.stdin.readline()
            lease.ensure_held()
            print("held", flush=True)
    except LeaseLost:
        print("lost", flush=True)


def count(file: str, key: str, counter: str, times: str) -> None:
    """Increment a number in a file, which loses increments unless the lease keeps everybody else out."""
    for _ in range(int(times)):
        with hold(SqliteLeaseStore(Path(file)), [key], Holder.here("run"), wait=WaitPolicy(60, poll=0.05)) as lease:
            number = int(Path(counter).read_text())
            lease.ensure_held()
            Path(counter).write_text(str(number + 1))


if __name__ == "__main__":
    commands: dict[str, Callable[..., None]] = {"hold": hold_until_told, "count": count}
    commands[sys.argv[1]](*sys.argv[2:])
