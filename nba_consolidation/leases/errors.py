"""What can go wrong with a lease. Whoever meets one of these does not have the lease, and must not go on (incident 4).

Held, denied and unavailable are told apart, because only the first is worth waiting for (incident 10).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nba_consolidation.errors import ConsolidationError

if TYPE_CHECKING:
    from nba_consolidation.leases.interface import LeaseRecord


class LeaseError(ConsolidationError):
    """The lease is not ours."""


class LeaseHeld(LeaseError):
    """Somebody else has it: `record` says who, since when and until when; `waited` is in seconds."""

    def __init__(self, record: LeaseRecord, waited: float = 0.0) -> None:
        super().__init__(record, waited)
        self.record = record
        self.waited = waited

    def __str__(self) -> str:
        return (
            f"The lease {self.record.describe()}. Waited {self.waited:.1f} s. Let that run finish and start again; "
            "if it is dead, its lease ends by itself at that time, or force its release with the holder's id above."
        )


class LeaseDenied(LeaseError):
    """We may not use the store. Waiting does not help, somebody has to grant the permission."""


class LeaseUnavailable(LeaseError):
    """The store does not work at the moment, or is not a lease store."""


class AmbiguousReply(LeaseUnavailable):
    """The request went out and no answer came back: it may have happened, or may still happen."""


class LeaseLost(LeaseError):
    """It was ours and is not any more; `keys` says which."""

    def __init__(self, keys: Iterable[str], why: str) -> None:
        self.keys = tuple(keys)
        self.why = why
        super().__init__(self.keys, why)

    def __str__(self) -> str:
        return (
            f"The lease {', '.join(self.keys)} was lost: {self.why}. "
            "Write nothing more under it. Run the dates again: that takes a new lease, and repeating it is harmless."
        )


class LeaseMisuse(LeaseError):
    """The call itself cannot work: a bad key, impossible timings, or a forced release of what is not there."""
