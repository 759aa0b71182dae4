"""Lease history: waits and their length, fenced-out and failed writes, forced releases, and committed writes.

Reads the events of the lease store (one week) and the ledgers (all history).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from nba_consolidation.leases import FAILED, WAIT, LeaseEvent, LeaseStore, parse_lease_key
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.interface import Warehouse


@dataclass(frozen=True)
class LeaseHistoryEntry:
    """One entry. what: waited, fenced_out, failed, forced_release or wrote. other: whom it waited for, or who won."""

    at: dt.datetime
    what: str
    lease: str
    holder_id: str
    run_id: str
    other: str | None = None
    seconds: float | None = None
    detail: str = ""


def lease_history(warehouse: Warehouse, leases: LeaseStore, first: dt.date, last: dt.date) -> list[LeaseHistoryEntry]:
    """Returns the entries of the leases of these game dates, oldest first."""
    bounds = {"first_date": first, "last_date": last}
    entries = [*_of_store(leases), *_of_ledgers(warehouse, Statement("lease_history", bounds))]
    return sorted((entry for entry in entries if first <= parse_lease_key(entry.lease)[1] <= last), key=lambda e: e.at)


def _of_store(leases: LeaseStore) -> Iterator[LeaseHistoryEntry]:
    for event in leases.events():
        waited = (event.ends_at - event.began_at).total_seconds() if event.kind == WAIT and event.outcome else None
        what = "waited" if event.kind == WAIT else event.kind
        yield LeaseHistoryEntry(
            event.began_at, what, event.key, event.holder.holder_id, event.holder.run_id,
            None if event.kind == FAILED else f"{event.other.holder_id} (run {event.other.run_id})", waited,
            _detail(event),
        )  # fmt: skip
    for forced in leases.forced_releases():
        holder = forced.lease.holder
        yield LeaseHistoryEntry(
            forced.released_at, "forced_release", forced.lease.key, holder.holder_id, holder.run_id, forced.by,
            detail=forced.reason,
        )  # fmt: skip


def _detail(event: LeaseEvent) -> str:
    """How a wait ended (one that did not before its time limit is that of a dead process), why a write failed."""
    return event.outcome or ("waiting" if event.waiting else "unknown" if event.kind == WAIT else "")


def _of_ledgers(warehouse: Warehouse, statement: Statement) -> Iterator[LeaseHistoryEntry]:
    for row in warehouse.query(statement):
        lock_type = "consolidation" if row["lock_type"] == "consolidation" else "grading"
        yield LeaseHistoryEntry(
            row["written_at"], "wrote", f"{lock_type}_{row['game_date']}", row["holder_id"], row["run_id"],
            detail=f"{row['lock_type']}, {row['written_rows']} rows, token {row['lease_token']}",
        )  # fmt: skip
