"""Status by date: waiting staging tables, committed rows, the last consolidation; refused tables and held leases.

Read only. The warehouse is opened for two short reads, after the staging area has been listed.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from nba_consolidation.leases import FAILED, LeaseEvent, LeaseRecord, LeaseStore, lease_key
from nba_consolidation.operations.unfinished_dates import UNFINISHED, UnfinishedDates, unfinished
from nba_consolidation.pipeline.consolidation.consolidate import LOCK_TYPE
from nba_consolidation.pipeline.consolidation.outstanding import read_manifest
from nba_consolidation.pipeline.consolidation.staging_manifest import Manifest, RefusedTable
from nba_consolidation.schema import ACCURACY
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.interface import Row, Warehouse
from nba_consolidation.warehouse.staging.interface import KnownDates, StagingArea
from nba_consolidation.warehouse.table_reads import game_dates_of

_ALL_HISTORY = (dt.date.min, dt.date.max)
"""Rows of dates outside the known range count too."""


class State(StrEnum):
    """What has to happen next to a date."""

    FAILED = "failed"
    WAITING = "waiting"
    NOT_VALIDATED = "not validated"
    NOT_PUBLISHED = "not published"
    UP_TO_DATE = "up to date"


@dataclass(frozen=True)
class DateStatus:
    """One date: waiting staging tables, committed and validated rows, and the last consolidation that committed.

    withheld_rows: not validated, because their confidence is not on the scale of their group. failed_at and
    failure: of the last attempt, if it was rolled back and the date has had no success since.
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
    state: State = State.UP_TO_DATE
    failed_at: dt.datetime | None = None
    failed_run_id: str | None = None
    failure: str | None = None


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

    def of(self, state: State) -> tuple[DateStatus, ...]:
        """The dates in that state."""
        return tuple(date for date in self.dates if date.state is state)

    def total(self, figure: str) -> int:
        """The sum of one figure of DateStatus over the dates."""
        return sum(getattr(date, figure) for date in self.dates)

    def only(self, first: dt.date, last: dt.date) -> PipelineStatus:
        """The part of it that belongs to these dates; refused tables and leases stay."""
        dates = tuple(date for date in self.dates if first <= date.game_date <= last)
        names = tuple(row for row in self.unsettled_names if first <= row["game_date"] <= last)
        own = {date.game_date for date in dates}
        return replace(self, dates=dates, unsettled_names=names, unfinished=self.unfinished.only(own))


def status(
    warehouse: Warehouse, staging: StagingArea, leases: LeaseStore, known: KnownDates, evolve: bool = False
) -> PipelineStatus:
    """Returns the current status. evolve: whether a consolidation would add columns that the live table lacks.

    The tables must exist: a failed read raises WarehouseError and never counts as "empty" (incident 41).
    """
    listed = staging.list_tables(known)
    manifest, idle = read_manifest(warehouse, listed, evolve=evolve)
    committed = warehouse.run(_statements()).rows
    not_finished = unfinished(committed)
    failures = {event.key: event for event in leases.events() if event.kind == FAILED}
    dates = [
        _with_state(date, not_finished, failures.get(lease_key(LOCK_TYPE, date.game_date)))
        for date in _by_date(manifest, committed)
    ]
    return PipelineStatus(
        dates=tuple(dates),
        refused=manifest.refused,
        empty=tuple(table.name for table in idle if not table.rows),
        merged=tuple(table.name for table in idle if table.rows),
        unfinished=not_finished,
        unsettled_names=tuple(committed["unsettled_names_in_order"]),
        leases=leases.list(),
    )


def _with_state(date: DateStatus, not_finished: UnfinishedDates, failure: LeaseEvent | None) -> DateStatus:
    """Rows that no consolidation of ours wrote, of an adopted table, can be without validation too."""
    never_validated = date.active_rows and not date.validated_rows and not date.withheld_rows
    if date.waiting_tables:
        state = State.WAITING
    elif date.game_date in not_finished.unvalidated or never_validated:
        state = State.NOT_VALIDATED
    elif date.game_date in not_finished.unpublished:
        state = State.NOT_PUBLISHED
    else:
        return date
    if failure is None or (date.last_consolidated_at and failure.began_at < date.last_consolidated_at):
        return replace(date, state=state)
    return replace(
        date, state=State.FAILED, failed_at=failure.began_at, failed_run_id=failure.holder.run_id,
        failure=failure.outcome,
    )  # fmt: skip


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
    names = ("row_counts_by_date", "validated_dates", "last_consolidations", *UNFINISHED, "unsettled_names_in_order")
    return [Statement(name, bounds) for name in names]


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
