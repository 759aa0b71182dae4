"""The manifest: which staging tables a consolidation reads, frozen under its lease; and which may be dropped after it.

Decides from what was listed and what the ledger says. Reads nothing itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from nba_consolidation.schema import Column
from nba_consolidation.warehouse.column_alignment import compare_columns
from nba_consolidation.warehouse.interface import ManifestEntry
from nba_consolidation.warehouse.staging.interface import StagingTable

LedgerKey = tuple[str, str, dt.date]
"""Staging table, fingerprint, game date: one state of a table, merged for one date."""


@dataclass(frozen=True)
class RefusedTable:
    """A staging table that cannot be taken as it is, and why. It stays; the others go on."""

    name: str
    reason: str


@dataclass(frozen=True)
class Manifest:
    """What is read now, and what of these dates is refused."""

    entries: tuple[ManifestEntry, ...]
    refused: tuple[RefusedTable, ...]

    @property
    def dates(self) -> tuple[dt.date, ...]:
        """The dates for which something is new."""
        return tuple(sorted({date for entry in self.entries for date in entry.dates}))

    def without(self, table: str, reason: str) -> Manifest:
        """The same manifest, with one table refused."""
        entries = tuple(entry for entry in self.entries if entry.table.name != table)
        return Manifest(entries, (*self.refused, RefusedTable(table, reason)))

    def only(self, dates: Collection[dt.date]) -> Manifest:
        """What of it belongs to these dates."""
        some = ((entry.table, tuple(date for date in entry.dates if date in dates)) for entry in self.entries)
        return Manifest(tuple(ManifestEntry(table, read) for table, read in some if read), self.refused)


def waiting_dates(tables: Iterable[StagingTable], dates: Collection[dt.date]) -> tuple[dt.date, ...]:
    """Of the dates, those that some staging table holds rows of, in order."""
    return tuple(sorted({date for table in tables for date in table.dates} & set(dates)))


def freeze(
    tables: Sequence[StagingTable],
    dates: Collection[dt.date],
    consolidated: Collection[LedgerKey],
    live: Sequence[Column],
) -> Manifest:
    """What is new for the dates: listed, readable, of the live table's shape, and not in the ledger in this state."""
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
    """The tables of which every date is in the ledger in the state that was listed, and those without rows.

    These, and only these, can be dropped: nothing of them is left to merge.
    """
    return [
        table
        for table in tables
        if not table.refusal and all((table.name, table.fingerprint, date) in consolidated for date in table.dates)
    ]
