"""What is to go wrong with which calls: planned here, carried out by the service."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from random import Random


@dataclass(frozen=True)
class Fault:
    """What happens to `times` calls of a method (-1: to all), or to a random share of them.

    `code` is the gRPC status that the client gets, if any, and `applied` whether the call is carried out all the same.
    `delay` (seconds) comes before the call is carried out, or after it if `applied`: so an unapplied delay that is
    longer than the client's patience is a write that arrives late. `resets` breaks all connections instead of a status.
    """

    method: str
    code: str | None = None
    message: str = "a fault that the test asked for"
    applied: bool = False
    delay: float = 0.0
    resets: bool = False
    times: int = 1
    share: float = 1.0

    @classmethod
    def lost_reply(cls, method: str, *, times: int = 1, share: float = 1.0) -> Fault:
        """It was done, and the client does not learn of it."""
        return cls(method, "UNAVAILABLE", "the reply got lost", applied=True, times=times, share=share)

    @classmethod
    def lost_request(cls, method: str, *, times: int = 1, share: float = 1.0) -> Fault:
        """It was not done, and the client cannot tell that from a lost reply."""
        return cls(method, "UNAVAILABLE", "the request got lost", times=times, share=share)


class Faults:
    """The plan of one database, for many threads; `seed` decides which calls a share falls on."""

    def __init__(self, seed: int = 0) -> None:
        self._planned: list[Fault] = []
        self._random = Random(seed)
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._planned.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._planned.clear()

    def next_for(self, method: str) -> Fault | None:
        """The fault that falls on this call, used up by it."""
        with self._lock:
            for place, fault in enumerate(self._planned):
                if fault.method == method and self._random.random() < fault.share:
                    self._planned[place] = replace(fault, times=fault.times - 1)
                    self._planned = [left for left in self._planned if left.times != 0]
                    return fault
        return None
