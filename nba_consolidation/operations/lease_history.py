"""Lease history: waits, take-overs, fenced-out and failed writes, forced releases, and committed writes.

Reads the events of the lease store (one week) and the ledgers (all history).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from nba_consolidation.leases import FAILED, WAIT, LeaseEvent, LeaseStore, parse_lease_key
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.interface import Warehouse


@dataclass(frozen=True)
class LeaseHistoryEntry:
    """One entry. what: waited, took_over, fenced_out, failed, forced_release or wrote.

    other: the holder that it waited for, took over from or was fenced out by. work, rows: of a write.
    """

    at: dt.datetime
    what: str
    lease: str
    holder_id: str
    run_id: str
    other: str | None = None
    seconds: float | None = None
    detail: str = ""
    work: str = ""
    rows: int | None = None


def lease_history(warehouse: Warehouse, leases: LeaseStore, first: dt.date, last: dt.date) -> list[LeaseHistoryEntry]:
    """Returns the entries of the leases of these game dates, oldest first."""
    bounds = {"first_date": first, "last_date": last}
    entries = [*_of_store(leases), *_of_ledgers(warehouse, Statement("lease_history", bounds))]
    return sorted((entry for entry in entries if first <= parse_lease_key(entry.lease)[1] <= last), key=lambda e: e.at)


def folded(entries: Sequence[LeaseHistoryEntry]) -> list[LeaseHistoryEntry]:
    """Returns one entry for all dates of a run with the same event, except waits; by the time of the last date."""
    groups: dict[tuple[object, ...], list[LeaseHistoryEntry]] = {}
    for entry in entries:
        lock_type, _ = parse_lease_key(entry.lease)
        detail = entry.work if entry.what == "wrote" else entry.detail
        alone = (entry.lease, entry.at) if entry.what == "waited" else ()
        key = (entry.what, lock_type, entry.holder_id, entry.run_id, entry.other, detail, *alone)
        groups.setdefault(key, []).append(entry)
    return sorted(map(_fold, groups.values()), key=lambda entry: entry.at)


def _fold(entries: Sequence[LeaseHistoryEntry]) -> LeaseHistoryEntry:
    if len(entries) == 1:
        return entries[0]
    keys = [parse_lease_key(entry.lease) for entry in entries]
    dates = sorted({date for _, date in keys})
    last = max(entries, key=lambda entry: entry.at)
    rows = sum(entry.rows or 0 for entry in entries)
    detail = f"{last.work}, {rows:,} rows" if last.what == "wrote" else last.detail
    lease = f"{keys[0][0]}_{dates[0]} to {dates[-1]}"
    return replace(last, lease=lease, detail=f"{len(dates):,} dates; {detail}" if detail else f"{len(dates):,} dates")


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
            work=row["lock_type"], rows=row["written_rows"],
        )  # fmt: skip
