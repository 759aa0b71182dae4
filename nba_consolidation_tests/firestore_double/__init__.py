"""A Firestore for tests: a gRPC server with the real preconditions, times, transactions and streams, and with faults.

In memory, on loopback, for clients in any process; `python -m nba_consolidation_tests.firestore_double --port N` runs
one by itself. It answers as the official emulator does (`test_firestore_double` asks both), as far as a lease needs it:
no queries with conditions, no nested field paths, no rules.
"""

from nba_consolidation_tests.firestore_double.database import Clock, Database, MachineClock, Rejected
from nba_consolidation_tests.firestore_double.faults import Fault
from nba_consolidation_tests.firestore_double.remote import DEFAULT_DATABASE, RemoteDouble
from nba_consolidation_tests.firestore_double.server import FirestoreDouble

__all__ = [
    "DEFAULT_DATABASE",
    "Clock",
    "Database",
    "Fault",
    "FirestoreDouble",
    "MachineClock",
    "Rejected",
    "RemoteDouble",
]
