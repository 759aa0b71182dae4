"""Runs several threads one at a time, in an order that the test decides, so that their interleaving is reproducible.

A thread pauses at each call of the store and wherever it waits. When all of them wait, the clock advances to the end of
the first wait.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Semaphore, Thread, current_thread

from nba_consolidation.leases import LeaseRecord, LeaseStore
from nba_consolidation.leases.interface import is_over
from nba_consolidation_tests.leases.fakes import FakeClock, FaultyStore


@dataclass
class Run:
    """A paused thread. It may continue once it is `ready`, or at the time `until`."""

    thread: Thread
    ready: Callable[[], bool] = lambda: True
    until: float = 0.0
    go: Semaphore = field(default_factory=lambda: Semaphore(0))


class Scheduler:
    """`choose` picks one of so many runs that can continue; `errors` are the errors with which runs ended."""

    def __init__(self, clock: FakeClock, choose: Callable[[int], int]) -> None:
        self.errors: list[BaseException] = []
        self._clock = clock
        self._choose = choose
        self._runs: dict[Thread, Run] = {}
        self._paused = Semaphore(0)

    def add(self, work: Callable[[], object]) -> None:
        thread = Thread(target=self._perform, args=(work,), daemon=True)
        self._runs[thread] = Run(thread)

    def run_all(self) -> None:
        """Runs until every thread has ended."""
        for thread in self._runs:
            thread.start()
        while self._runs:
            ready = [run for run in self._runs.values() if run.ready() or self._clock.monotonic() >= run.until]
            if ready:
                ready[self._choose(len(ready))].go.release()
                assert self._paused.acquire(timeout=60)
            else:
                self._clock.advance(min(run.until for run in self._runs.values()) - self._clock.monotonic())

    def pause_until(self, ready: Callable[[], bool] = lambda: True, seconds: float = 0.0) -> None:
        """Lets other threads run until this one is ready or the seconds have passed."""
        run = self._runs[current_thread()]
        run.ready, run.until = ready, self._clock.monotonic() + seconds
        self._paused.release()
        run.go.acquire()

    def work(self, seconds: float) -> None:
        """Takes that long."""
        self.pause_until(lambda: False, seconds)

    def _perform(self, work: Callable[[], object]) -> None:
        run = self._runs[current_thread()]
        run.go.acquire()
        try:
            work()
        except BaseException as error:  # noqa: BLE001  the test checks it
            self.errors.append(error)
        finally:
            del self._runs[current_thread()]
            self._paused.release()


class ScheduledStore(FaultyStore):
    """The store as one run sees it, with its own faults. A waiting run becomes ready with every change."""

    def __init__(self, inner: LeaseStore, clock: FakeClock, scheduler: Scheduler) -> None:
        super().__init__(inner, clock)
        self._scheduler = scheduler
        self.before_call = lambda _name: scheduler.pause_until()

    def wait_for_change(self, record: LeaseRecord, timeout: float) -> None:
        self._scheduler.pause_until(lambda: is_over(record, self.inner.inspect([record.key])), timeout)
