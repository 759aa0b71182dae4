"""Decides which staging tables wait, which of them a consolidation reads, and which may be dropped after it.

Uses the listing and the ledger. Opens no warehouse.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from nba_consolidation.schema import Column
from nba_consolidation.warehouse.column_alignment import compare_columns
from nba_consolidation.warehouse.interface import ManifestEntry
from nba_consolidation.warehouse.staging.interface import StagingTable

LedgerKey = tuple[str, str, dt.date]
"""Staging table, fingerprint, game date: one state of a table, merged for one date."""


@dataclass(frozen=True)
class RefusedTable:
    """A staging table that cannot be read as it is, and why. It stays; the others are consolidated."""

    name: str
    reason: str


@dataclass(frozen=True)
class Manifest:
    """The tables that a consolidation reads, and the refused tables of its dates."""

    entries: tuple[ManifestEntry, ...]
    refused: tuple[RefusedTable, ...]

    @property
    def dates(self) -> tuple[dt.date, ...]:
        """The dates that have something new, in order."""
        return tuple(sorted({date for entry in self.entries for date in entry.dates}))

    def without(self, table: str, reason: str) -> Manifest:
        """The same manifest, with one table refused."""
        entries = tuple(entry for entry in self.entries if entry.table.name != table)
        return Manifest(entries, (*self.refused, RefusedTable(table, reason)))

    def only(self, dates: Collection[dt.date]) -> Manifest:
        """The part of the manifest that belongs to these dates."""
        parts = ((entry.table, tuple(date for date in entry.dates if date in dates)) for entry in self.entries)
        return Manifest(tuple(ManifestEntry(table, read) for table, read in parts if read), self.refused)


def waiting_dates(tables: Iterable[StagingTable], dates: Collection[dt.date]) -> tuple[dt.date, ...]:
    """Those of the dates for which a staging table has rows, in order."""
    return tuple(sorted({date for table in tables for date in table.dates} & set(dates)))


def freeze(
    tables: Sequence[StagingTable],
    dates: Collection[dt.date],
    consolidated: Collection[LedgerKey],
    live: Sequence[Column],
) -> Manifest:
    """The tables that are new for the dates: readable, shaped like the live table, not in the ledger in this state."""
    entries, refused = [], []
    for table in tables:
        new = tuple(d for d in table.dates if d in dates and (table.name, table.fingerprint, d) not in consolidated)
        reason = table.refusal or (compare_columns(table.columns, live).refusal() if new else None)
        if reason:
            refused.append(RefusedTable(table.name, reason))
        elif new:
            entries.append(ManifestEntry(table, new))
    return Manifest(tuple(entries), tuple(refused))


def finished(tables: Iterable[StagingTable], consolidated: Collection[LedgerKey]) -> list[StagingTable]:
    """The tables of which every date is in the ledger in the listed state, and those without rows.

    Only these can be dropped: all their rows are merged.
    """
    return [
        table
        for table in tables
        if not table.refusal and all((table.name, table.fingerprint, date) in consolidated for date in table.dates)
    ]


@dataclass(frozen=True)
class WaitingDate:
    """The staging tables that wait for one date.

    fingerprint: of the states of all tables, so it changes if one is added, removed or changed. drifted: the tables
    that lack columns, and which. refused: those that do not fit the live table, and why.
    """

    game_date: dt.date
    tables: tuple[str, ...]
    rows: int
    batches: tuple[str, ...]
    workers: tuple[str, ...]
    drifted: dict[str, tuple[str, ...]]
    refused: tuple[RefusedTable, ...]
    fingerprint: str


def waiting_for(date: dt.date, tables: Collection[StagingTable], live: Sequence[Column]) -> WaitingDate:
    """Those of the listed tables that wait for that date."""
    of_date = _by_date(tables).get(date, [])
    differences = {table.name: compare_columns(table.columns, live) for table in of_date}
    return WaitingDate(
        game_date=date,
        tables=tuple(table.name for table in of_date),
        rows=sum(table.rows_of(date) for table in of_date),
        batches=tuple(sorted({table.batch_id for table in of_date})),
        workers=tuple(sorted({table.worker_id for table in of_date if table.worker_id})),
        drifted={name: difference.missing for name, difference in differences.items() if difference.missing},
        refused=tuple(
            RefusedTable(name, reason) for name, difference in differences.items() if (reason := difference.refusal())
        ),
        fingerprint=_fingerprint(of_date),
    )


def fingerprints(tables: Collection[StagingTable]) -> Mapping[dt.date, str]:
    """The fingerprint of each date for which a listed table has rows, as in `waiting_for`."""
    return {date: _fingerprint(of_date) for date, of_date in _by_date(tables).items()}


def refused_tables(tables: Collection[StagingTable]) -> tuple[RefusedTable, ...]:
    """The tables that wait for no date because they cannot be read at all."""
    return tuple(RefusedTable(table.name, table.refusal) for table in tables if table.refusal)


def _by_date(tables: Collection[StagingTable]) -> dict[dt.date, list[StagingTable]]:
    """The tables of each date, by name."""
    by_date: dict[dt.date, list[StagingTable]] = {}
    for table in sorted(tables, key=lambda table: table.name):
        for date in table.dates:
            by_date.setdefault(date, []).append(table)
    return by_date


def _fingerprint(tables: Sequence[StagingTable]) -> str:
    states = "\n".join(f"{table.name} {table.fingerprint}" for table in tables)
    return hashlib.sha256(states.encode()).hexdigest()[:16]
