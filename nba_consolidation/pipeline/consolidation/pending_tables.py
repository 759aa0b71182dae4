"""What waits in the staging area: by date, and the tables that nobody can take. Opens no warehouse."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from nba_consolidation.pipeline.consolidation.staging_manifest import RefusedTable
from nba_consolidation.schema import Column
from nba_consolidation.warehouse.column_alignment import compare_columns
from nba_consolidation.warehouse.staging import table_names
from nba_consolidation.warehouse.staging.interface import StagingTable


@dataclass(frozen=True)
class WaitingDate:
    """What waits for one date. fingerprint: of all its tables' states, so it moves whenever one comes, goes or changes.

    drifted: the tables that lack columns, and which; refused: those that do not fit the live table, and why.
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
    """What of the listed tables waits for that date."""
    of_date = sorted((table for table in tables if date in table.dates), key=lambda table: table.name)
    names = [table_names.batch_and_worker(table.name) for table in of_date]
    differences = {table.name: compare_columns(table.columns, live) for table in of_date}
    return WaitingDate(
        game_date=date,
        tables=tuple(table.name for table in of_date),
        rows=sum(table.rows_of(date) for table in of_date),
        batches=tuple(sorted({batch for batch, _ in names})),
        workers=tuple(sorted({worker for _, worker in names if worker})),
        drifted={name: difference.missing for name, difference in differences.items() if difference.missing},
        refused=tuple(
            RefusedTable(name, reason) for name, difference in differences.items() if (reason := difference.refusal())
        ),
        fingerprint=_fingerprint(of_date),
    )


def fingerprints(tables: Collection[StagingTable]) -> Mapping[dt.date, str]:
    """Of every date that some listed table holds rows of, the fingerprint that `waiting_for` gives it."""
    by_date: dict[dt.date, list[StagingTable]] = {}
    for table in sorted(tables, key=lambda table: table.name):
        for date in table.dates:
            by_date.setdefault(date, []).append(table)
    return {date: _fingerprint(of_date) for date, of_date in by_date.items()}


def refused_tables(tables: Collection[StagingTable]) -> tuple[RefusedTable, ...]:
    """The tables that wait for no date because they cannot be read as what they should be."""
    return tuple(RefusedTable(table.name, table.refusal) for table in tables if table.refusal)


def _fingerprint(tables: Sequence[StagingTable]) -> str:
    states = "\n".join(f"{table.name} {table.fingerprint}" for table in tables)
    return hashlib.sha256(states.encode()).hexdigest()[:16]
