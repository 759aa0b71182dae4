"""Leases: one run at a time per kind of work and game date, with a fencing token for its writes.

This is the public API, but for the stores: sqlite.py and firestore/store.py. The fence itself is checked by the
warehouse, of which this package knows nothing.
"""

from nba_consolidation.leases.errors import (
    AmbiguousReply,
    LeaseDenied,
    LeaseError,
    LeaseHeld,
    LeaseLost,
    LeaseMisuse,
    LeaseUnavailable,
)
from nba_consolidation.leases.held_lease import HeldLease, hold
from nba_consolidation.leases.interface import (
    FAILED,
    FENCED_OUT,
    TOOK_OVER,
    WAIT,
    ForcedRelease,
    Holder,
    LeaseEvent,
    LeaseRecord,
    LeaseStore,
    Reseed,
)
from nba_consolidation.leases.keys import lease_key, parse_lease_key
from nba_consolidation.leases.lease_events import record_failed, record_fenced_out
from nba_consolidation.leases.timing import LeaseTiming, TimeSource, WaitPolicy

__all__ = [
    "FAILED",
    "FENCED_OUT",
    "TOOK_OVER",
    "WAIT",
    "AmbiguousReply",
    "ForcedRelease",
    "HeldLease",
    "Holder",
    "LeaseDenied",
    "LeaseError",
    "LeaseEvent",
    "LeaseHeld",
    "LeaseLost",
    "LeaseMisuse",
    "LeaseRecord",
    "LeaseStore",
    "LeaseTiming",
    "LeaseUnavailable",
    "Reseed",
    "TimeSource",
    "WaitPolicy",
    "hold",
    "lease_key",
    "parse_lease_key",
    "record_failed",
    "record_fenced_out",
]
