"""Several runs at one store, one at a time and in an order that the test decides: threads without their chance.

A run gives way at each call of the store and wherever it waits; when all wait, the clock goes on to the first of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Semaphore, Thread, current_thread

from nba_consolidation.locking import LeaseRecord, LeaseStore

from .fakes import FakeClock, TroubledStore


@dataclass
class Run:
    """A thread that goes on when it is told to: not before it is ready, or the clock says `until`."""

    thread: Thread
    ready: Callable[[], bool] = lambda: True
    until: float = 0.0
    go: Semaphore = field(default_factory=lambda: Semaphore(0))


class Stage:
    """`choose` says which of so many runs that could go on is next; `errors` are what runs ended with."""

    def __init__(self, clock: FakeClock, choose: Callable[[int], int]) -> None:
        self.errors: list[BaseException] = []
        self._clock = clock
        self._choose = choose
        self._runs: dict[Thread, Run] = {}
        self._gave_way = Semaphore(0)

    def add(self, work: Callable[[], object]) -> None:
        thread = Thread(target=self._perform, args=(work,), daemon=True)
        self._runs[thread] = Run(thread)

    def play(self) -> None:
        """Until every run has ended."""
        for thread in self._runs:
            thread.start()
        while self._runs:
            ready = [run for run in self._runs.values() if run.ready() or self._clock.monotonic() >= run.until]
            if ready:
                ready[self._choose(len(ready))].go.release()
                assert self._gave_way.acquire(timeout=60)
            else:
                self._clock.advance(min(run.until for run in self._runs.values()) - self._clock.monotonic())

    def give_way(self, ready: Callable[[], bool] = lambda: True, seconds: float = 0.0) -> None:
        """Let others go on, until it is ready or the seconds have passed."""
        run = self._runs[current_thread()]
        run.ready, run.until = ready, self._clock.monotonic() + seconds
        self._gave_way.release()
        run.go.acquire()

    def work(self, seconds: float) -> None:
        """Take that long."""
        self.give_way(lambda: False, seconds)

    def _perform(self, work: Callable[[], object]) -> None:
        run = self._runs[current_thread()]
        run.go.acquire()
        try:
            work()
        except BaseException as error:  # noqa: BLE001  the test looks at it
            self.errors.append(error)
        finally:
            del self._runs[current_thread()]
            self._gave_way.release()


class StagedStore(TroubledStore):
    """The store as one run sees it, with faults of its own; whoever waits is woken by every change."""

    def __init__(self, inner: LeaseStore, clock: FakeClock, stage: Stage) -> None:
        super().__init__(inner, clock)
        self._stage = stage
        self.before_call = lambda _name: stage.give_way()

    def wait_for_change(self, seen: LeaseRecord, timeout: float) -> None:
        self._stage.give_way(lambda: self._is_over(seen), timeout)

    def _is_over(self, seen: LeaseRecord) -> bool:
        found = self.inner.inspect(seen.key)
        return found is None or found.expired or found.operation_id != seen.operation_id
