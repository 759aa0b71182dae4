"""Controls a double in another process: its faults, its clock and its counts, over one extra call."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import Any

import grpc  # type: ignore[import-untyped]

from nba_consolidation_tests.firestore_double.faults import Fault

CONTROL = "nba_consolidation.FirestoreDouble"
METHOD = "Control"
DEFAULT_DATABASE = "projects/test/databases/(default)"


class RemoteDouble:
    """One database of the double at `address`."""

    def __init__(self, address: str, database: str = DEFAULT_DATABASE) -> None:
        self._database = database
        self._call = grpc.insecure_channel(address).unary_unary(f"/{CONTROL}/{METHOD}")

    def add_fault(self, fault: Fault) -> None:
        self._control(add_faults=[asdict(fault)])

    def clear_faults(self) -> None:
        self._control(clear_faults=True)

    def advance(self, seconds: float) -> None:
        """Advance the server's clock."""
        self._control(advance=seconds)

    def reset_connections(self) -> None:
        self._control(reset_connections=True)

    def calls(self) -> Counter[str]:
        """The number of calls by method."""
        return Counter(self._control()["calls"])

    def _control(self, **command: Any) -> Any:
        reply = self._call(
            json.dumps({"database": self._database, **command}).encode(), wait_for_ready=True, timeout=60
        )
        return json.loads(reply)
