"""Clocks that only tests move, a heartbeat that tests control, and a store whose calls fail."""

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import sleep
from typing import Literal, TypeVar

import pytest

from nba_consolidation.leases import (
    ForcedRelease,
    HeldLease,
    Holder,
    LeaseEvent,
    LeaseLost,
    LeaseRecord,
    LeaseStore,
    LeaseTiming,
    Reseed,
    TimeSource,
    WaitPolicy,
    hold,
)

KEY = "consolidation_2026-01-15"
NEXT_KEY = "consolidation_2026-01-16"
ANNA = Holder("anna-1", "run-anna", "host-a", 11)
BERT = Holder("bert-1", "run-bert", "host-b", 22)

Write = Literal["happens", "never", "late"]
T = TypeVar("T")


class FakeClock:
    """The store's clock and the local one. `advance` moves both; `step` moves the store's only."""

    instant = 0.001
    """Seconds that are enough to separate before from after."""

    def __init__(self) -> None:
        self.wall = datetime(2026, 1, 15, 12, tzinfo=UTC)
        self.steady = 1000.0

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.steady

    def advance(self, seconds: float) -> None:
        self.steady += seconds
        self.step(seconds)

    def step(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)

    def tick(self) -> datetime:
        """The time of a write in a store whose writes never have the same time."""
        self.wall += timedelta(microseconds=1)
        return self.wall

    def without_heartbeat(self) -> TimeSource:
        return TimeSource(self.monotonic, lambda stop, _seconds: stop.wait())


class OneWayClock(FakeClock):
    """A clock that never steps back, like Firestore's."""

    def step(self, seconds: float) -> None:
        super().step(max(0.0, seconds))


class RealClock(FakeClock):
    """The clock of a real server: it advances only by waiting, and cannot be read."""

    instant = 1.0

    def now(self) -> datetime:
        pytest.skip("the clock of a real server cannot be read")

    def advance(self, seconds: float) -> None:
        self.steady += seconds
        self.step(seconds)

    def step(self, seconds: float) -> None:
        if not 0 <= seconds <= 10:
            pytest.skip("the clock of a real server cannot be stepped, and this wait would be too long")
        sleep(seconds)


class ManualHeartbeat:
    """Lets the renewal thread run only when the test says so; `pauses` are the pauses that it asked for."""

    def __init__(self, clock: FakeClock) -> None:
        self.pauses: list[float] = []
        self.time = TimeSource(clock.monotonic, self._pause)
        self._go = threading.Semaphore(0)
        self._parked = threading.Semaphore(0)
        self._thread = threading.current_thread()

    def _pause(self, stop: threading.Event, seconds: float) -> bool:
        self._thread = threading.current_thread()
        self.pauses.append(seconds)
        self._parked.release()
        while not stop.is_set():
            if self._go.acquire(timeout=0.001):
                return False
        return True

    def run_once(self) -> None:
        """One renewal; returns once the thread pauses again."""
        assert self._parked.acquire(timeout=60)
        self._go.release()
        assert self._parked.acquire(timeout=60)
        self._parked.release()

    def run_to_its_end(self) -> None:
        """One renewal after which the thread ends by itself."""
        assert self._parked.acquire(timeout=60)
        self._go.release()
        self._thread.join(timeout=60)
        assert not self.is_running()

    def is_running(self) -> bool:
        return self._thread.is_alive()


@dataclass(frozen=True)
class Fault:
    """The error that a call raises, and whether its write happens before the error, never, or later."""

    error: BaseException
    write: Write = "never"


class FaultyStore:
    """Wraps a store: its calls fail as planned in `faults`, and waiting advances the clock instead of sleeping.

    `calls` are the names of all calls, `requested` the keys of each try_acquire, `waits` the timeouts.
    """

    def __init__(self, inner: LeaseStore, clock: FakeClock) -> None:
        self.inner = inner
        self.faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self.calls: list[str] = []
        self.requested: list[tuple[str, ...]] = []
        self.waits: list[float] = []
        self.recorded = 0
        self.before_call: Callable[[str], object] = lambda _name: None
        self.while_waiting: deque[Callable[[], object]] = deque()
        self._clock = clock
        self._late: deque[Callable[[], object]] = deque()

    def _call(self, name: str, call: Callable[[], T]) -> T:
        self.calls.append(name)
        self.before_call(name)
        if name != "inspect" and self._late:
            self._late.popleft()()
        fault = self.faults[name].popleft() if self.faults[name] else None
        if fault is None:
            return call()
        if fault.write == "happens":
            call()
        elif fault.write == "late":
            self._late.append(call)
        raise fault.error

    def try_acquire(
        self, keys: Iterable[str], holder: Holder, ttl: float, *, operation_id: str
    ) -> tuple[LeaseRecord, ...]:
        keys = tuple(keys)
        self.requested.append(keys)
        return self._call("try_acquire", lambda: self.inner.try_acquire(keys, holder, ttl, operation_id=operation_id))

    def renew(self, records: Sequence[LeaseRecord], ttl: float) -> tuple[LeaseRecord, ...]:
        return self._call("renew", lambda: self.inner.renew(records, ttl))

    def release(self, records: Sequence[LeaseRecord]) -> tuple[str, ...]:
        return self._call("release", lambda: self.inner.release(records))

    def inspect(self, keys: Iterable[str]) -> tuple[LeaseRecord, ...]:
        keys = tuple(keys)
        return self._call("inspect", lambda: self.inner.inspect(keys))

    def list(self) -> tuple[LeaseRecord, ...]:
        return self.inner.list()

    def force_release(self, key: str, holder_id: str, *, by: str, reason: str) -> ForcedRelease:
        return self.inner.force_release(key, holder_id, by=by, reason=reason)

    def forced_releases(self) -> tuple[ForcedRelease, ...]:
        return self.inner.forced_releases()

    def reseed(self, token: int, *, by: str, reason: str) -> Reseed:
        return self.inner.reseed(token, by=by, reason=reason)

    def reseeds(self) -> tuple[Reseed, ...]:
        return self.inner.reseeds()

    def record(self, event: LeaseEvent) -> None:
        self.recorded += 1
        if self.faults["record"]:
            raise self.faults["record"].popleft().error
        self.inner.record(event)

    def events(self) -> tuple[LeaseEvent, ...]:
        return self.inner.events()

    def check(self) -> None:
        self.inner.check()

    def wait_for_change(self, record: LeaseRecord, timeout: float) -> None:
        del record
        assert timeout > 0, "such a wait would be repeated for ever"
        self.waits.append(timeout)
        self._clock.advance(timeout)
        if self.while_waiting:
            self.while_waiting.popleft()()


@contextmanager
def hold_and_lose(
    store: LeaseStore,
    keys: Iterable[str],
    time: TimeSource,
    *,
    timing: LeaseTiming,
    wait: WaitPolicy | None = None,
) -> Iterator[HeldLease]:
    """`hold` by Anna for a block that runs to its end, after which LeaseLost is raised."""
    block, wait = ExitStack(), wait or WaitPolicy()
    yield block.enter_context(hold(store, keys, ANNA, timing=timing, wait=wait, time=time))
    with pytest.raises(LeaseLost):
        block.close()
