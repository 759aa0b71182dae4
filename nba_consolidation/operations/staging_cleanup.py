"""Clean-up of old staging tables: consolidated and empty ones are dropped, all others are listed.

A table that was not consolidated is never dropped. It is archived only if a person names it (incidents 19 and 21:
thousands of unmerged tables were deleted by hand).
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder
from nba_consolidation.observability import log_event
from nba_consolidation.pipeline.consolidation.consolidate import LOCK_TYPE
from nba_consolidation.pipeline.consolidation.outstanding import read_manifest
from nba_consolidation.schema import ALL_TABLES, CLEANUPS
from nba_consolidation.sql import Scalar, Statement
from nba_consolidation.warehouse.staging.interface import KnownDates, StagingArea, StagingTable

_log = logging.getLogger(__name__)


class OldTableKind(Enum):
    """State of an old staging table. Refused: unreadable, or it does not fit the live table."""

    CONSOLIDATED = "consolidated"
    EMPTY = "empty"
    NEVER_CONSOLIDATED = "never_consolidated"
    REFUSED = "refused"


class Action(Enum):
    """The action of the clean-up on a table, or of a dry run."""

    DROPPED = "dropped"
    ARCHIVED = "archived"
    STAYS = "stays"


_ROWS_AT_ONCE = 500
_RECORDING = "cleanup"
"""Lock type of the lease under which clean-ups are recorded, for the day on which they run."""
DROPPABLE = frozenset({OldTableKind.CONSOLIDATED, OldTableKind.EMPTY})


@dataclass(frozen=True)
class OldTable:
    """A staging table older than the retention. game_dates: the dates whose rows wait in it, else all its dates."""

    staging_table: str
    kind: OldTableKind
    staged: int
    age_days: float
    batch_id: str
    worker_id: str
    game_dates: tuple[dt.date, ...]
    reason: str
    action: Action = Action.STAYS
    archived_to: str | None = None


@dataclass(frozen=True)
class CleanUpReport:
    """The result of a clean-up, or of a dry run."""

    run_id: str
    dry_run: bool
    retention: dt.timedelta
    tables: tuple[OldTable, ...]

    def of(self, *kinds: OldTableKind) -> tuple[OldTable, ...]:
        """The tables of these kinds."""
        return tuple(table for table in self.tables if table.kind in kinds)

    def with_action(self, action: Action) -> tuple[OldTable, ...]:
        """The tables with this action."""
        return tuple(table for table in self.tables if table.action is action)

    @property
    def left_over(self) -> tuple[OldTable, ...]:
        """Old tables that were not consolidated, and stay: they require attention."""
        return tuple(table for table in self.with_action(Action.STAYS) if table.kind not in DROPPABLE)

    @property
    def waiting_dates(self) -> tuple[dt.date, ...]:
        """The dates that can be consolidated from the tables that stay."""
        waiting = (table for table in self.left_over if table.kind is OldTableKind.NEVER_CONSOLIDATED)
        return tuple(sorted({date for table in waiting for date in table.game_dates}))


@dataclass(frozen=True)
class _ListedTable:
    """One old table: its state in the listing, and its entry in the report."""

    listed: StagingTable
    entry: OldTable


@dataclass(frozen=True)
class CleanUp:
    """Cleans up the staging area. retention: tables younger than this are ignored. evolve: as in the consolidation."""

    writer: FencedWriter
    staging: StagingArea
    known: Callable[[], KnownDates]
    retention: dt.timedelta
    evolve: bool = False

    def clean_up(self, holder: Holder, *, dry_run: bool = True, archive: Collection[str] = ()) -> CleanUpReport:
        """Drops old tables that are consolidated or empty, archives the named ones, and lists all others.

        Raises ConsolidationError, with nothing done, if a name is not that of an old table; LeaseError if a named table
        is being consolidated.
        """
        self.writer.warehouse.create_tables(ALL_TABLES)
        old = self._old_tables()
        _ensure_known(archive, old, self.retention)
        planned = [_planned(table.entry, archive) for table in old]
        if dry_run:
            return CleanUpReport(holder.run_id, True, self.retention, tuple(planned))
        dropped = self._drop([table for table in old if table.entry.kind in DROPPABLE])
        archived = self._archive({table.staging_table for table in planned if table.action is Action.ARCHIVED}, holder)
        done = tuple(_done(table.entry, dropped, archived) for table in old)
        self._record([table for table in done if table.action is not Action.STAYS], old, holder)
        figures = {"tables": len(old), "dropped": len(dropped), "archived": len(archived)}
        log_event(_log, "cleaned_up", run_id=holder.run_id, **figures)
        return CleanUpReport(holder.run_id, False, self.retention, done)

    def _old_tables(self) -> list[_ListedTable]:
        """Returns the old tables, oldest first."""
        listed, now = self.staging.list_tables(self.known()), self.writer.clock()
        old = [table for table in listed if now - table.modified_at >= self.retention]
        kinds = self._kinds(old) if old else {}
        entries = (_ListedTable(table, _entry(table, *kinds[table.name], now - table.modified_at)) for table in old)
        return sorted(entries, key=lambda table: (table.listed.modified_at, table.listed.name))

    def _kinds(self, old: Sequence[StagingTable]) -> Mapping[str, tuple[OldTableKind, str, Sequence[dt.date]]]:
        """Returns kind, reason and dates of each table, by name."""
        manifest, merged = read_manifest(self.writer.warehouse, old, evolve=self.evolve)
        # A listing does not show a damaged page: such a table would wait for ever without a reason.
        damaged = self.staging.unreadable([entry.table for entry in manifest.entries])
        kinds: dict[str, tuple[OldTableKind, str, Sequence[dt.date]]] = {}
        for table in merged:
            kinds[table.name] = (
                *_DROP_REASONS[OldTableKind.CONSOLIDATED if table.rows else OldTableKind.EMPTY],
                tuple(table.dates),
            )
        for entry in manifest.entries:
            kinds[entry.table.name] = (
                OldTableKind.NEVER_CONSOLIDATED,
                _wait_reason(entry.table, entry.dates),
                entry.dates,
            )
        for name, reason in ({table.name: table.reason for table in manifest.refused} | dict(damaged)).items():
            kinds[name] = (OldTableKind.REFUSED, reason, ())
        return kinds

    def _drop(self, tables: Sequence[_ListedTable]) -> set[str]:
        """Drops tables that have not changed since they were listed. No lease is needed.

        The ledger has every date of the state (fingerprint) that is dropped, so no running consolidation has it in its
        manifest. A table that is rewritten meanwhile has another fingerprint and stays.
        """
        return set(self.staging.drop([table.listed for table in tables])) if tables else set()

    def _archive(self, names: Collection[str], holder: Holder) -> Mapping[str, str]:
        """Archives under the leases of the dates, so that nobody merges these tables at the same moment.

        The tables are listed again under the leases: one may have been merged during the wait. No row is written, so no
        fence is needed: if the lease expired, a table would be merged and archived, and no row would be lost.
        """
        named = [table for table in self._old_tables() if table.listed.name in names]
        dates = {date for table in named for date in table.listed.dates}
        if not dates:
            return self.staging.archive([table.listed for table in named])
        with self.writer.holding(LOCK_TYPE, dates, holder) as leased:
            unmerged = [t for t in self._old_tables() if t.listed.name in names and t.entry.kind not in DROPPABLE]
            leased.lease.ensure_held()
            return self.staging.archive([table.listed for table in unmerged])

    def _record(self, done: Sequence[OldTable], old: Sequence[_ListedTable], holder: Holder) -> None:
        """Records completed actions only: the rows are written after the fact."""
        if not done:
            return
        states = {table.listed.name: table.listed for table in old}
        rows = [_row(table, states[table.staging_table]) for table in done]
        parts = [rows[start : start + _ROWS_AT_ONCE] for start in range(0, len(rows), _ROWS_AT_ONCE)]
        today = self.writer.clock().date()
        try:
            with self.writer.holding(_RECORDING, [today], holder) as leased:
                leased.write(
                    [today], lambda bound: [Statement("record_cleanup", {**bound, "cleaned": p}) for p in parts]
                )
        except ConsolidationError as error:
            actions = ", ".join(f"{table.staging_table} {table.action.value}" for table in done)
            error.add_note(f"The clean-up was done, but not recorded in {CLEANUPS.name}: {actions}.")
            raise


_DROP_REASONS: Mapping[OldTableKind, tuple[OldTableKind, str]] = {
    OldTableKind.CONSOLIDATED: (OldTableKind.CONSOLIDATED, "the ledger has every date of it in this state"),
    OldTableKind.EMPTY: (OldTableKind.EMPTY, "it has no rows"),
}


def _wait_reason(table: StagingTable, dates: Sequence[dt.date]) -> str:
    return "it was not consolidated" if len(dates) == len(table.dates) else "some of its dates were not consolidated"


def _entry(
    table: StagingTable, kind: OldTableKind, reason: str, dates: Sequence[dt.date], age: dt.timedelta
) -> OldTable:
    days = round(age / dt.timedelta(days=1), 1)
    return OldTable(table.name, kind, table.rows, days, table.batch_id, table.worker_id, tuple(sorted(dates)), reason)


def _ensure_known(names: Collection[str], old: Sequence[_ListedTable], retention: dt.timedelta) -> None:
    unknown = sorted(set(names) - {table.listed.name for table in old})
    if unknown:
        days = retention / dt.timedelta(days=1)
        raise ConsolidationError(
            f"nothing was done: no staging table older than {days:g} day(s) is called {', '.join(unknown)}; "
            "check the names, or set another age"
        )


def _planned(table: OldTable, archive: Collection[str]) -> OldTable:
    if table.kind in DROPPABLE:
        return replace(table, action=Action.DROPPED)
    return replace(table, action=Action.ARCHIVED) if table.staging_table in archive else table


def _done(table: OldTable, dropped: Collection[str], archived: Mapping[str, str]) -> OldTable:
    if table.staging_table in dropped:
        return replace(table, action=Action.DROPPED)
    if table.staging_table in archived:
        return replace(table, action=Action.ARCHIVED, archived_to=archived[table.staging_table])
    return table


def _row(table: OldTable, state: StagingTable) -> Mapping[str, Scalar]:
    dates = [str(date) for date in state.dates]
    return {
        "staging_table": table.staging_table, "fingerprint": state.fingerprint, "batch_id": table.batch_id,
        "worker_id": table.worker_id, "kind": table.kind.value, "action": table.action.value,
        "archived_to": table.archived_to or "", "staged": table.staged, "first_date": min(dates, default=""),
        "last_date": max(dates, default=""), "modified_at": state.modified_at, "age_days": table.age_days,
    }  # fmt: skip
