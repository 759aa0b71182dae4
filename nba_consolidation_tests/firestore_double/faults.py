"""Planned faults of the double: which calls fail and how. The service applies them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from random import Random


@dataclass(frozen=True)
class Fault:
    """A fault of `times` calls of a method (-1: of all), or of a random share of them.

    `code` is the gRPC status that the client gets, if any; with `applied` the call is carried out anyway. `delay`:
    seconds before the call is carried out, or after it if `applied`; an unapplied delay longer than the client's
    timeout makes a late write. `resets` breaks all connections instead of returning a status.
    """

    method: str
    code: str | None = None
    message: str = "a planned fault"
    applied: bool = False
    delay: float = 0.0
    resets: bool = False
    times: int = 1
    share: float = 1.0

    @classmethod
    def lost_reply(cls, method: str, *, times: int = 1, share: float = 1.0) -> Fault:
        """The call was carried out, but the client gets no reply."""
        return cls(method, "UNAVAILABLE", "the reply got lost", applied=True, times=times, share=share)

    @classmethod
    def lost_request(cls, method: str, *, times: int = 1, share: float = 1.0) -> Fault:
        """The call was not carried out, which the client cannot distinguish from a lost reply."""
        return cls(method, "UNAVAILABLE", "the request got lost", times=times, share=share)


class Faults:
    """The faults of one database, for many threads; `seed` decides which calls a share applies to."""

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
        """The fault of this call, if any; it is removed once it has been used `times` times."""
        with self._lock:
            for position, fault in enumerate(self._planned):
                if fault.method == method and self._random.random() < fault.share:
                    self._planned[position] = replace(fault, times=fault.times - 1)
                    self._planned = [other for other in self._planned if other.times != 0]
                    return fault
        return None
