"""The use case: staging tables that were left lying are told apart, and those that nobody needs any more are dropped.

What no consolidation has taken is only ever archived, and only when a person names it (incidents 19 and 21: thousands
of unmerged tables were deleted by hand).
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from nba_consolidation.consolidation.consolidate import LOCK_TYPE
from nba_consolidation.consolidation.manifest import finished, freeze
from nba_consolidation.consolidation.status import evolved
from nba_consolidation.errors import ConsolidationError
from nba_consolidation.fencing import Guarding
from nba_consolidation.locking import Holder
from nba_consolidation.logs import event
from nba_consolidation.sql import Statement, Value
from nba_consolidation.sql.literals import Scalar
from nba_consolidation.tables import ALL_TABLES, CLEANUPS, PREDICTIONS
from nba_consolidation.warehouse import naming
from nba_consolidation.warehouse.contract import KnownDates, StagingArea, StagingTable
from nba_consolidation.warehouse.errors import WarehouseError

_log = logging.getLogger(__name__)


class Kind(Enum):
    """What an old staging table is. Refused: unreadable, or of another shape than the live table."""

    CONSOLIDATED = "consolidated"
    EMPTY = "empty"
    NEVER_CONSOLIDATED = "never_consolidated"
    REFUSED = "refused"


class Action(Enum):
    """What became of it; in a dry run, what would."""

    DROPPED = "dropped"
    ARCHIVED = "archived"
    STAYS = "stays"


_ROWS_AT_ONCE = 500
DROPPABLE = frozenset({Kind.CONSOLIDATED, Kind.EMPTY})


@dataclass(frozen=True)
class OldTable:
    """A staging table older than the retention. `game_dates`: those whose rows wait in it, or else all of its dates."""

    staging_table: str
    kind: Kind
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
    """A clean-up; or, of a dry run, what one would do."""

    run_id: str
    dry_run: bool
    retention: dt.timedelta
    tables: tuple[OldTable, ...]

    def of(self, *kinds: Kind) -> tuple[OldTable, ...]:
        """The tables of these kinds."""
        return tuple(table for table in self.tables if table.kind in kinds)

    def with_action(self, action: Action) -> tuple[OldTable, ...]:
        """The tables that this became of."""
        return tuple(table for table in self.tables if table.action is action)

    @property
    def left_over(self) -> tuple[OldTable, ...]:
        """What stays although no consolidation took it for so long: a person must look."""
        return tuple(table for table in self.with_action(Action.STAYS) if table.kind not in DROPPABLE)

    @property
    def waiting_dates(self) -> tuple[dt.date, ...]:
        """The dates that can be consolidated from what stays."""
        waiting = (table for table in self.left_over if table.kind is Kind.NEVER_CONSOLIDATED)
        return tuple(sorted({date for table in waiting for date in table.game_dates}))


@dataclass(frozen=True)
class _Old:
    """One old table: its state as it was listed, and what is told of it."""

    listed: StagingTable
    told: OldTable


@dataclass(frozen=True)
class CleanUp:
    """Everything a clean-up needs. retention: how long a staging table may lie. evolve: as for the consolidation."""

    guarding: Guarding
    staging: StagingArea
    known: Callable[[], KnownDates]
    retention: dt.timedelta
    evolve: bool = False

    def clean_up(self, holder: Holder, *, dry_run: bool = True, archive: Collection[str] = ()) -> CleanUpReport:
        """Drops the old tables that are consolidated or empty, archives those that are named, and tells of all others.

        Raises ConsolidationError, with nothing done, for a name that is no old table; LeaseError where a named table
        is being consolidated.
        """
        self.guarding.warehouse.create_tables(ALL_TABLES)
        old = self._look()
        _ensure_known(archive, old, self.retention)
        planned = [_planned(table.told, archive) for table in old]
        if dry_run:
            return CleanUpReport(holder.run_id, True, self.retention, tuple(planned))
        dropped = self._drop([table for table in old if table.told.kind in DROPPABLE])
        archived = self._archive({table.staging_table for table in planned if table.action is Action.ARCHIVED}, holder)
        done = tuple(_done(table.told, dropped, archived) for table in old)
        self._record([table for table in done if table.action is not Action.STAYS], old, holder)
        figures = {"tables": len(old), "dropped": len(dropped), "archived": len(archived)}
        event(_log, "cleaned_up", run_id=holder.run_id, **figures)
        return CleanUpReport(holder.run_id, False, self.retention, done)

    def _look(self) -> list[_Old]:
        """The old tables, oldest first."""
        listed, now = self.staging.list_tables(self.known()), self.guarding.clock()
        old = [table for table in listed if now - table.modified_at >= self.retention]
        kinds = self._kinds(old) if old else {}
        told = (_Old(table, _told(table, *kinds[table.name], now - table.modified_at)) for table in old)
        return sorted(told, key=lambda table: (table.listed.modified_at, table.listed.name))

    def _kinds(self, old: Sequence[StagingTable]) -> Mapping[str, tuple[Kind, str, Sequence[dt.date]]]:
        """By name: what it is, why, and which dates that is about."""
        dates = {date for table in old for date in table.dates}
        bounds = {"first_date": min(dates, default=dt.date.min), "last_date": max(dates, default=dt.date.min)}
        rows = self.guarding.warehouse.query(Statement("consolidated_staging_tables", bounds))
        in_ledger = {(row["staging_table"], row["fingerprint"], row["game_date"]) for row in rows}
        live = self.guarding.warehouse.live_columns(PREDICTIONS.name)
        manifest = freeze(old, dates, in_ledger, evolved(live, old) if self.evolve else live)
        # A damaged page does not show in the listing: such a table waits for ever, and looks as if nobody had tried.
        damaged = self.staging.unreadable([entry.table for entry in manifest.entries])
        kinds: dict[str, tuple[Kind, str, Sequence[dt.date]]] = {}
        for table in finished(old, in_ledger):
            kinds[table.name] = (*_NOTHING_LEFT[Kind.CONSOLIDATED if table.rows else Kind.EMPTY], tuple(table.dates))
        for entry in manifest.entries:
            kinds[entry.table.name] = (Kind.NEVER_CONSOLIDATED, _waits(entry.table, entry.dates), entry.dates)
        for name, reason in ({table.name: table.reason for table in manifest.refused} | dict(damaged)).items():
            kinds[name] = (Kind.REFUSED, reason, ())
        return kinds

    def _drop(self, tables: Sequence[_Old]) -> set[str]:
        """Drops what is still as it was listed. That needs no lease.

        Of the very state (fingerprint) that is dropped the ledger has every date, so no consolidation that runs now has
        it in its manifest; a table that is rewritten meanwhile is another state, and stays.
        """
        return set(self.staging.drop([table.listed for table in tables])) if tables else set()

    def _archive(self, names: Collection[str], holder: Holder) -> Mapping[str, str]:
        """Under the leases of its dates: nobody is merging a table that we say was never merged.

        It is looked at again there, for it may have been merged while we waited. Nothing of a date is written, so there
        is no fence: were our lease to run out, a table would be both merged and archived, and nothing lost.
        """
        wanted = [table for table in self._look() if table.listed.name in names]
        dates = {date for table in wanted for date in table.listed.dates}
        if not dates:
            return self.staging.archive([table.listed for table in wanted])
        with self.guarding.writer(LOCK_TYPE, dates, holder) as writer:
            still = [t for t in self._look() if t.listed.name in names and t.told.kind not in DROPPABLE]
            writer.lease.ensure_held()
            return self.staging.archive([table.listed for table in still])

    def _record(self, done: Sequence[OldTable], old: Sequence[_Old], holder: Holder) -> None:
        """What was done, for whoever asks later. It comes after: of what it tells, nothing is only intended."""
        if not done:
            return
        states = {table.listed.name: table.listed for table in old}
        rows = [_row(table, states[table.staging_table]) for table in done]
        given: dict[str, Value] = {"run_id": holder.run_id, "now": self.guarding.clock()}
        some = (rows[start : start + _ROWS_AT_ONCE] for start in range(0, len(rows), _ROWS_AT_ONCE))
        try:
            self.guarding.warehouse.run([Statement("record_cleanup", {**given, "cleaned": part}) for part in some])
        except WarehouseError as error:
            told = ", ".join(f"{table.staging_table} {table.action.value}" for table in done)
            error.add_note(f"It was done, and could not be recorded in {CLEANUPS.name}: {told}.")
            raise


_NOTHING_LEFT: Mapping[Kind, tuple[Kind, str]] = {
    Kind.CONSOLIDATED: (Kind.CONSOLIDATED, "the ledger has every date of it, in this state"),
    Kind.EMPTY: (Kind.EMPTY, "it holds no row"),
}


def _waits(table: StagingTable, dates: Sequence[dt.date]) -> str:
    return "it was not consolidated" if len(dates) == len(table.dates) else "some of its dates were not consolidated"


def _told(table: StagingTable, kind: Kind, reason: str, dates: Sequence[dt.date], age: dt.timedelta) -> OldTable:
    batch, worker = naming.batch_and_worker(table.name)
    days = round(age / dt.timedelta(days=1), 1)
    return OldTable(table.name, kind, table.rows, days, batch, worker, tuple(sorted(dates)), reason)


def _ensure_known(names: Collection[str], old: Sequence[_Old], retention: dt.timedelta) -> None:
    unknown = sorted(set(names) - {table.listed.name for table in old})
    if unknown:
        days = retention / dt.timedelta(days=1)
        raise ConsolidationError(
            f"nothing was done: no staging table older than {days:g} day(s) is called {', '.join(unknown)}; "
            "look at the names once more, or give another age"
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
