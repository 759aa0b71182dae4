"""Status by date: waiting staging tables, committed rows, the last consolidation; refused tables and held leases.

Read only. The warehouse is opened for two short reads, after the staging area has been listed.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from nba_consolidation.leases import LeaseRecord, LeaseStore
from nba_consolidation.operations.unfinished_dates import UNFINISHED, UnfinishedDates, unfinished
from nba_consolidation.pipeline.consolidation.staging_manifest import (
    LedgerKey,
    Manifest,
    RefusedTable,
    finished,
    freeze,
)
from nba_consolidation.schema import ACCURACY, PREDICTIONS, Column
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.column_alignment import columns_to_add
from nba_consolidation.warehouse.interface import Row, Warehouse
from nba_consolidation.warehouse.staging.interface import KnownDates, StagingArea, StagingTable
from nba_consolidation.warehouse.table_reads import game_dates_of

_ALL_HISTORY = (dt.date.min, dt.date.max)
"""Rows of dates outside the known range count too."""


@dataclass(frozen=True)
class DateStatus:
    """One date: waiting staging tables, committed and validated rows, and the last consolidation that committed.

    withheld_rows: not validated, because their confidence is not on the scale of their group.
    """

    game_date: dt.date
    waiting_tables: int = 0
    waiting_rows: int = 0
    total_rows: int = 0
    active_rows: int = 0
    validated_rows: int = 0
    withheld_rows: int = 0
    last_token: int | None = None
    last_run_id: str | None = None
    last_consolidated_at: dt.datetime | None = None


@dataclass(frozen=True)
class PipelineStatus:
    """The status of all dates. empty, merged: staging tables that the next consolidation drops.

    unfinished: dates that the next consolidation validates and publishes, because no run has done so.
    unsettled_names: predicted players who wait, because a box score of their game has a similar name.
    """

    dates: tuple[DateStatus, ...] = ()
    refused: tuple[RefusedTable, ...] = ()
    empty: tuple[str, ...] = ()
    merged: tuple[str, ...] = ()
    unsettled_names: tuple[Row, ...] = ()
    unfinished: UnfinishedDates = field(default_factory=UnfinishedDates)
    leases: tuple[LeaseRecord, ...] = ()

    @property
    def waiting(self) -> tuple[DateStatus, ...]:
        """The dates with waiting staging tables."""
        return tuple(date for date in self.dates if date.waiting_tables)

    def total(self, figure: str) -> int:
        """The sum of one figure of DateStatus over the dates."""
        return sum(getattr(date, figure) for date in self.dates)


def status(
    warehouse: Warehouse, staging: StagingArea, leases: LeaseStore, known: KnownDates, evolve: bool = False
) -> PipelineStatus:
    """Returns the current status. evolve: whether a consolidation would add columns that the live table lacks.

    The tables must exist: a failed read raises WarehouseError and never counts as "empty" (incident 41).
    """
    listed = staging.list_tables(known)
    committed = warehouse.run(_statements())
    live = warehouse.live_columns(PREDICTIONS.name)
    in_ledger = {
        (row["staging_table"], row["fingerprint"], row["game_date"])
        for row in committed.rows["consolidated_staging_tables"]
    }
    manifest = _manifest(listed, in_ledger, evolved(live, listed) if evolve else live)
    idle = finished(listed, in_ledger)
    return PipelineStatus(
        dates=_by_date(manifest, committed.rows),
        refused=manifest.refused,
        empty=tuple(table.name for table in idle if not table.rows),
        merged=tuple(table.name for table in idle if table.rows),
        unfinished=unfinished(committed.rows),
        unsettled_names=tuple(committed.rows["unsettled_names_in_order"]),
        leases=leases.list(),
    )


def dates_with_rows(
    warehouse: Warehouse, first: dt.date = dt.date.min, last: dt.date = dt.date.max
) -> tuple[dt.date, ...]:
    """Returns the dates with consolidated, validated or graded rows, in order; all history unless bounded."""
    bounds = {"first_date": first, "last_date": last}
    counts = [Statement(name, bounds) for name in ("row_counts_by_date", "validated_dates")]
    result = warehouse.run([*counts, game_dates_of(ACCURACY, first, last)])
    return tuple(sorted({row["game_date"] for rows in result.rows.values() for row in rows}))


def _statements() -> list[Statement]:
    bounds = dict(zip(("first_date", "last_date"), _ALL_HISTORY, strict=True))
    names = ("row_counts_by_date", "validated_dates", "last_consolidations", "consolidated_staging_tables", *UNFINISHED,
             "unsettled_names_in_order")  # fmt: skip
    return [Statement(name, bounds) for name in names]


def _manifest(listed: Sequence[StagingTable], in_ledger: Collection[LedgerKey], live: Sequence[Column]) -> Manifest:
    return freeze(listed, {date for table in listed for date in table.dates}, in_ledger, live)


def evolved(live: Sequence[Column], listed: Sequence[StagingTable]) -> list[Column]:
    """Returns the live columns plus the unknown ones that schema evolution would add."""
    return [*live, *columns_to_add((table.columns for table in listed), live)]


def _by_date(manifest: Manifest, committed: Mapping[str, list[Row]]) -> tuple[DateStatus, ...]:
    tables = Counter(date for entry in manifest.entries for date in entry.dates)
    rows: Counter[dt.date] = Counter()
    for entry in manifest.entries:
        rows.update({date: entry.table.rows_of(date) for date in entry.dates})
    counts = {row["game_date"]: row for row in committed["row_counts_by_date"]}
    validated = {row["game_date"]: row for row in committed["validated_dates"]}
    last = {row["game_date"]: row for row in committed["last_consolidations"]}
    return tuple(
        DateStatus(
            game_date=date,
            waiting_tables=tables[date],
            waiting_rows=rows[date],
            total_rows=counts.get(date, {}).get("total_rows", 0),
            active_rows=counts.get(date, {}).get("active_rows", 0),
            validated_rows=validated.get(date, {}).get("validated_rows", 0),
            withheld_rows=validated.get(date, {}).get("withheld_rows", 0),
            last_token=last.get(date, {}).get("lease_token"),
            last_run_id=last.get(date, {}).get("run_id"),
            last_consolidated_at=last.get(date, {}).get("consolidated_at"),
        )
        for date in sorted(tables.keys() | counts.keys() | validated.keys() | last.keys())
    )
