"""Leases: one run at a time per kind of work and game date, with a token that fences what it writes.

This is the whole public API. It knows no warehouse and no Dagster; the fence itself is the warehouse's.
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
from nba_consolidation.leases.firestore.store import FirestoreLeaseStore
from nba_consolidation.leases.held_lease import HeldLease, hold
from nba_consolidation.leases.interface import (
    FENCED_OUT,
    WAIT,
    ForcedRelease,
    Holder,
    LeaseEvent,
    LeaseRecord,
    LeaseStore,
)
from nba_consolidation.leases.keys import lease_key, parse_lease_key
from nba_consolidation.leases.memory_store import MemoryLeaseStore
from nba_consolidation.leases.sqlite import SqliteLeaseStore
from nba_consolidation.leases.timing import LeaseTiming, TimeSource, WaitPolicy
from nba_consolidation.leases.waiting import record_fenced_out

__all__ = [
    "FENCED_OUT",
    "WAIT",
    "AmbiguousReply",
    "FirestoreLeaseStore",
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
    "MemoryLeaseStore",
    "SqliteLeaseStore",
    "TimeSource",
    "WaitPolicy",
    "hold",
    "lease_key",
    "parse_lease_key",
    "record_fenced_out",
]
