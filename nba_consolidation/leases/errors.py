"""Lease errors. After any of them the caller does not hold the lease and must not write (incident 4).

Held, denied and unavailable are separate types, because only a held lease is worth waiting for (incident 10).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nba_consolidation.errors import ConsolidationError

if TYPE_CHECKING:
    from nba_consolidation.leases.interface import LeaseRecord


TAKEN_OVER = "taken over after it expired, or released by force"
EXPIRED_OR_TAKEN_OVER = "expired or taken over, according to the lease store"
"""Reasons of a LeaseLost."""


class LeaseError(ConsolidationError):
    """The lease is not held by this process."""


class LeaseHeld(LeaseError):
    """Another holder has the lease: `record` names it and says until when; `waited` is in seconds."""

    def __init__(self, record: LeaseRecord, waited: float = 0.0) -> None:
        super().__init__(record, waited)
        self.record = record
        self.waited = waited

    def __str__(self) -> str:
        return (
            f"Lease {self.record.describe()}. Waited {self.waited:.1f} s. Wait for that run to finish, then run the "
            "command again. If that run is dead, the lease expires by itself at that time; to end it earlier, run: "
            f"nba-consolidation locks release {self.record.key} --holder {self.record.holder.holder_id} --reason ..."
        )


class LeaseDenied(LeaseError):
    """The store refuses access. Waiting does not help: somebody has to grant the permission."""


class LeaseUnavailable(LeaseError):
    """The store does not work at the moment, or is not a lease store."""


class AmbiguousReply(LeaseUnavailable):
    """A write was sent and no reply came: it may have happened, or may still happen."""


class LeaseLost(LeaseError):
    """Leases that this process held are lost. `keys` names them; `reason` completes "Lease K was ..."."""

    def __init__(self, keys: Iterable[str], reason: str) -> None:
        self.keys = tuple(keys)
        self.reason = reason
        super().__init__(self.keys, reason)

    def __str__(self) -> str:
        subject = f"Lease {self.keys[0]} was" if len(self.keys) == 1 else f"Leases {', '.join(self.keys)} were"
        return f"{subject} {self.reason}. Everything committed is safe; run the command again for the rest."


class LeaseMisuse(LeaseError):
    """The call itself is invalid: a bad key, impossible timings, or a forced release of a lease that nobody holds."""
