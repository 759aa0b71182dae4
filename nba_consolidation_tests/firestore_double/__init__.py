"""A Firestore double for tests: a gRPC server with real preconditions, times, transactions, streams, and faults.

It keeps its data in memory and serves clients in any process on loopback. To run one alone:
`python -m nba_consolidation_tests.firestore_double --port N`. It behaves like the official emulator
(`test_firestore_double` runs against both) as far as leases need it: no queries with conditions, no nested field paths,
no security rules.
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
