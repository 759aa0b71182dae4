"""The double from another process: its faults, its clock and its counts, over one call beside the protocol."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import Any

import grpc  # type: ignore[import-untyped]

from .faults import Fault

CONTROL = "nba_consolidation.FirestoreDouble"
METHOD = "Control"
DEFAULT_DATABASE = "projects/test/databases/(default)"


class RemoteDouble:
    """One database of a double that runs at `address`."""

    def __init__(self, address: str, database: str = DEFAULT_DATABASE) -> None:
        self._database = database
        self._call = grpc.insecure_channel(address).unary_unary(f"/{CONTROL}/{METHOD}")

    def add_fault(self, fault: Fault) -> None:
        self._order(add_faults=[asdict(fault)])

    def clear_faults(self) -> None:
        self._order(clear_faults=True)

    def advance(self, seconds: float) -> None:
        """Let the server's clock jump ahead."""
        self._order(advance=seconds)

    def reset_connections(self) -> None:
        self._order(reset_connections=True)

    def calls(self) -> Counter[str]:
        """How often each method was called."""
        return Counter(self._order()["calls"])

    def _order(self, **order: Any) -> Any:
        reply = self._call(json.dumps({"database": self._database, **order}).encode(), wait_for_ready=True, timeout=60)
        return json.loads(reply)
