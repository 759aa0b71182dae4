"""How long a lease lasts, how often it is renewed, how long a run waits for it, and the clock that measures it.

Invalid timings raise when they are constructed, at start-up, not at the first batch (incident 9).
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from threading import Event

from nba_consolidation.leases.errors import LeaseMisuse

_RETRIES_PER_HEARTBEAT = 4  # a failed renewal is tried again after a quarter of the heartbeat
_MIN_PAUSE = 0.05  # seconds: a lease that is about to expire, or should have, must not be polled in a tight loop


@dataclass(frozen=True, slots=True)
class LeaseTiming:
    """A lease lasts `ttl` seconds and is renewed every `heartbeat` seconds (by default a third of the ttl).

    Raises LeaseMisuse unless 0 < heartbeat <= ttl / 2, so that one failed renewal does not lose the lease.
    """

    ttl: float = 60.0
    heartbeat: float | None = None

    def __post_init__(self) -> None:
        if not (_is_duration(self.ttl) and _is_duration(self.interval) and self.interval <= self.ttl / 2):
            raise LeaseMisuse(
                f"A lease of {self.ttl} s cannot be kept with a heartbeat every {self.interval} s. Set both above 0, "
                "and the heartbeat to at most half of the ttl (default: a third)."
            )

    @property
    def interval(self) -> float:
        """Seconds between two renewals."""
        return self.ttl / 3 if self.heartbeat is None else self.heartbeat

    def is_renewal_due(self, seconds_left: float) -> bool:
        """Whether a lease that expires in `seconds_left` was last renewed at least a heartbeat ago."""
        return seconds_left <= self.ttl - self.interval

    def until_renewal(self, seconds_left: float) -> float:
        """Seconds until the next renewal of a lease that expires in `seconds_left`; less after a failed renewal."""
        regular = seconds_left - (self.ttl - self.interval)
        return max(0.0, min(seconds_left, max(regular, self.interval / _RETRIES_PER_HEARTBEAT)))


@dataclass(frozen=True, slots=True)
class WaitPolicy:
    """Wait up to `limit` seconds for a held lease (0: do not wait), and poll at least every `poll` seconds.

    Each pause is lengthened at random by up to the share `jitter`, so that many waiting runs do not poll together. The
    default limit is longer than the default ttl, so that the lease of a dead holder expires first. Raises LeaseMisuse.
    """

    limit: float = 120.0
    poll: float = 2.0
    jitter: float = 0.25

    def __post_init__(self) -> None:
        if not ((self.limit == 0 or _is_duration(self.limit)) and _is_duration(self.poll) and 0 <= self.jitter <= 1):
            raise LeaseMisuse(
                f"Invalid wait for a lease: limit {self.limit} s, poll {self.poll} s, jitter {self.jitter}. Set the "
                "limit to 0 or more, the poll above 0, and the jitter to a share from 0 to 1."
            )

    def pause(self, remaining: float, rng: Random) -> float:
        """Seconds until the next poll of a lease that expires in `remaining` seconds."""
        return min(self.poll, max(remaining, _MIN_PAUSE)) * (1 + rng.random() * self.jitter)


def _is_duration(seconds: float) -> bool:
    return math.isfinite(seconds) and seconds > 0


def monotonic_with_sleep() -> float:
    """Monotonic seconds that include the time the machine was suspended, which `time.monotonic` omits on Linux."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


@dataclass(frozen=True, slots=True)
class TimeSource:
    """The local clock, replaceable in tests. `pause` waits some seconds for an event and returns whether it is set."""

    monotonic: Callable[[], float] = monotonic_with_sleep
    pause: Callable[[Event, float], bool] = Event.wait
