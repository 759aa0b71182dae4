"""How long a lease lasts, how often it is renewed, how long one waits for it, and the clocks that measure it.

Impossible timings fail when they are made, at start, not at the first batch (incident 9). Nothing here waits.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from threading import Event

from nba_consolidation.leases.errors import LeaseMisuse

_SOONER = 4  # a failed renewal is repeated after this fraction of the heartbeat
_SHORTEST_PAUSE = 0.05  # seconds: a lease that is about to end, or late to, must not be asked for without a breath


@dataclass(frozen=True, slots=True)
class LeaseTiming:
    """Seconds: a lease lasts `ttl` and is renewed every `heartbeat` (a third of the ttl unless given).

    Raises LeaseMisuse unless 0 < heartbeat <= ttl / 2, so that one failed renewal is not yet a loss.
    """

    ttl: float = 60.0
    heartbeat: float | None = None

    def __post_init__(self) -> None:
        if not (_is_duration(self.ttl) and _is_duration(self.interval) and self.interval <= self.ttl / 2):
            raise LeaseMisuse(
                f"A lease of {self.ttl} s with a heartbeat every {self.interval} s cannot be kept. "
                "Both must be above 0, and the heartbeat at most half of the ttl; a third is the default."
            )

    @property
    def interval(self) -> float:
        """Seconds between two renewals."""
        return self.ttl / 3 if self.heartbeat is None else self.heartbeat

    def is_renewal_due(self, left: float) -> bool:
        """Whether a lease with `left` seconds to go was last renewed a heartbeat ago."""
        return left <= self.ttl - self.interval

    def until_renewal(self, left: float) -> float:
        """Seconds until the next renewal of a lease with `left` seconds to go: sooner than usual if one failed."""
        return max(0.0, min(left, max(left - (self.ttl - self.interval), self.interval / _SOONER)))


@dataclass(frozen=True, slots=True)
class WaitPolicy:
    """Seconds: wait up to `limit` for a held lease (0: not at all), looking again every `poll` at the latest.

    A pause is lengthened by a random share of up to `jitter`, so that many who wait do not come back together. The
    default limit outlasts the default ttl, so that a dead holder is outwaited. Raises LeaseMisuse.
    """

    limit: float = 120.0
    poll: float = 2.0
    jitter: float = 0.25

    def __post_init__(self) -> None:
        if not ((self.limit == 0 or _is_duration(self.limit)) and _is_duration(self.poll) and 0 <= self.jitter <= 1):
            raise LeaseMisuse(
                f"One cannot wait {self.limit} s for a lease, looking every {self.poll} s with a jitter of "
                f"{self.jitter}. The limit is 0 or more, the poll above 0, the jitter a share from 0 to 1."
            )

    def pause(self, remaining: float, rng: Random) -> float:
        """Seconds until the next look at a lease that has `remaining` seconds left."""
        return min(self.poll, max(remaining, _SHORTEST_PAUSE)) * (1 + rng.random() * self.jitter)


def _is_duration(seconds: float) -> bool:
    return math.isfinite(seconds) and seconds > 0


def awake_or_asleep() -> float:
    """Seconds that only grow and that count the sleep of a laptop too, which `time.monotonic` leaves out on Linux."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


@dataclass(frozen=True, slots=True)
class TimeSource:
    """Our own time, for tests to replace: `pause` sleeps some seconds unless the event is set, and says if it was."""

    monotonic: Callable[[], float] = awake_or_asleep
    pause: Callable[[Event, float], bool] = Event.wait
