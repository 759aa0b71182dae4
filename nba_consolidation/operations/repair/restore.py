"""The use case: undoes a repair or a grading exactly, unless a later run changed the same dates."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.fencing.errors import DatesPoisoned
from nba_consolidation.fencing.fenced_writer import FencedWriter, LeasedDates, in_chunks, log_outcome
from nba_consolidation.leases import Holder
from nba_consolidation.operations.repair.repaired_table import REPAIRED_TABLES, RepairedTable
from nba_consolidation.schema import ALL_TABLES, Column
from nba_consolidation.sql import Statement, Value, over_dates
from nba_consolidation.warehouse.errors import TableIncomplete
from nba_consolidation.warehouse.interface import Row

_log = logging.getLogger(__name__)
_ALL_HISTORY: dict[str, Value] = {"first_date": dt.date.min, "last_date": dt.date.max}


class RunUnknown(ConsolidationError):
    """The ledger has no repair and no grading with that run id."""


class RestoreBlocked(ConsolidationError):
    """A later run changed the same dates, so the earlier rows cannot be put back."""


@dataclass(frozen=True)
class RestoredDate:
    """Row counts of one date. put_back: rows that the run removed or changed; taken_out: rows that it wrote."""

    game_date: dt.date
    put_back: int
    taken_out: int
    total_rows: int


@dataclass(frozen=True)
class RestoreReport:
    """One restore or, without a run id of its own, the forecast of one. Without dates, there was nothing to restore."""

    restored_run_id: str
    run_id: str | None
    table: str
    dates: tuple[RestoredDate, ...] = ()
    poisoned: Mapping[dt.date, ConsolidationError] = field(default_factory=dict)

    def total(self, figure: str) -> int:
        """The sum of one figure of RestoredDate over the dates."""
        return sum(getattr(date, figure) for date in self.dates)

    def raise_if_poisoned(self) -> None:
        """Raises DatesPoisoned if dates failed. Call it after the others were reported."""
        if self.poisoned:
            raise DatesPoisoned(self.poisoned, "restored")


def restore_statements(
    target: RepairedTable, parameters: Mapping[str, Value], live_columns: Sequence[Column]
) -> list[Statement]:
    """The statements that remove the rows that the run wrote, and put back those that it removed or changed."""
    live, names = [column.name for column in live_columns], target.names
    return [
        Statement("restore_plan", parameters, names=names),
        Statement("lost_kept_rows", parameters, audit=True),
        Statement("keep_restored", parameters, live, names=names),
        Statement("clear_restored", parameters, names=names),
        Statement("put_back", parameters, live, names=names),
        Statement("clear_put_back", parameters, names=names),
        Statement("unconserved_restores", parameters, audit=True, names=names),
        Statement("restore_ledger", parameters, names=names),
        *target.ledger_statements(parameters),
        Statement("restore_planned", parameters),
    ]


@dataclass(frozen=True)
class Restorer:
    """Restores the state before a run."""

    writer: FencedWriter

    def forecast(self, run_id: str) -> RestoreReport:
        """The report that a restore would have. Acquires no lease, changes nothing, raises what `restore` raises."""
        warehouse = self.writer.warehouse
        target, dates = self._restorable(run_id)
        planned: list[Row] = []
        for chunk in in_chunks(dates):
            parameters = {**over_dates(chunk), "restored_run_id": run_id}
            statements = [
                Statement("restore_plan", parameters, names=target.names),
                Statement("lost_kept_rows", parameters, audit=True),
                Statement("restore_planned"),
            ]
            planned += warehouse.run(statements).rows["restore_planned"]
        return RestoreReport(run_id, None, target.table.name, tuple(RestoredDate(**row) for row in planned))

    def restore(
        self,
        run_id: str,
        holder: Holder,
        on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> RestoreReport:
        """Undoes that run. Repeating it changes nothing.

        Raises RunUnknown; RestoreBlocked, before anything is written, if a later run changed one of the dates;
        LeaseError and WarehouseError as a repair does.
        """
        target, dates = self._restorable(run_id)
        written, poisoned = self.writer.write_each(
            target.lock_type,
            dates,
            holder,
            lambda leased, some: self._restore(leased, some, run_id, target),
            on_progress,
        )
        restored = sorted((RestoredDate(**row) for rows in written for row in rows), key=lambda date: date.game_date)
        report = RestoreReport(run_id, holder.run_id, target.table.name, tuple(restored), poisoned)
        log_outcome(
            _log, "restored", holder.run_id, [date.game_date for date in restored], poisoned,
            restored_run_id=run_id, put_back=report.total("put_back"), taken_out=report.total("taken_out"),
        )  # fmt: skip
        return report

    def _restore(self, leased: LeasedDates, dates: Sequence[dt.date], run_id: str, target: RepairedTable) -> list[Row]:
        """One transaction. Checks again, now under the leases, which dates may be restored."""
        restorable = set(self._restorable_dates(run_id, target) or ())
        chosen = [date for date in dates if date in restorable]
        if not chosen:
            return []
        live = _restorable_columns(leased, chosen, target)
        own_parameters: dict[str, Value] = {"restored_run_id": run_id, "transaction_id": uuid.uuid4().hex}
        result = leased.write(
            chosen,
            lambda fenced: restore_statements(target, {**fenced, **own_parameters}, live),
            next_step="; the removed rows cannot be put back as they were",
        )
        return result.rows["restore_planned"]

    def _restorable(self, run_id: str) -> tuple[RepairedTable, list[dt.date]]:
        """The table that the run changed, and the dates that are not undone yet. Raises RunUnknown, RestoreBlocked."""
        self.writer.warehouse.create_tables(ALL_TABLES)
        for target in REPAIRED_TABLES:
            dates = self._restorable_dates(run_id, target)
            if dates is not None:
                return target, dates
        ledgers = " or ".join(target.ledger.name for target in REPAIRED_TABLES)
        raise RunUnknown(
            f"no run {run_id} is in {ledgers}; give the run id of a repair or a grading, as it was printed"
        )

    def _restorable_dates(self, run_id: str, target: RepairedTable) -> list[dt.date] | None:
        """The dates of the table whose changes by that run are not undone yet; None if it changed no date of it."""
        target.adopted_columns(self.writer.warehouse)
        changes = Statement(target.changes, _ALL_HISTORY)
        dates_of_run = Statement("restorable_dates", {"restored_run_id": run_id})
        rows = self.writer.warehouse.run([changes, dates_of_run]).rows["restorable_dates"]
        if not rows:
            return None
        if any(row["is_restore"] for row in rows):
            raise RestoreBlocked(
                f"run {run_id} ({rows[0]['game_date']}) is a restore itself; repair or grade the dates again instead"
            )
        unrestored = [row for row in rows if row["changes"] and row["restored_by"] is None]
        blocked = [row for row in unrestored if row["later_run_id"] is not None]
        if blocked:
            raise RestoreBlocked(_blocked(run_id, target, blocked))
        return [row["game_date"] for row in unrestored]


def _blocked(run_id: str, target: RepairedTable, rows: Sequence[Row]) -> str:
    first, others = rows[0], len(rows) - 1
    also = f", and likewise {others} other date(s)" if others else ""
    next_step = (
        f"a consolidation cannot be undone. The removed rows stay in {target.removed.name}"
        if first["later_kind"] == "consolidation"
        else "restore that one first"
    )
    return (
        f"run {run_id} cannot be restored: {first['game_date']} of {target.table.name} was changed by a later "
        f"{first['later_kind']}, run {first['later_run_id']}{also}; {next_step}"
    )


def _restorable_columns(leased: LeasedDates, dates: Sequence[dt.date], target: RepairedTable) -> Sequence[Column]:
    """The live columns of the table, which the table of removed rows has too. Raises TableIncomplete."""
    live = target.adopted_columns(leased.warehouse)
    target.carry_all_columns(leased, dates, live)
    known = {column.name for column in live} | set(target.removed.column_names)
    gone = [column.name for column in leased.warehouse.live_columns(target.removed.name) if column.name not in known]
    if gone:
        raise TableIncomplete(
            f"table {target.table.name} no longer has the columns {', '.join(gone)}, which the rows of "
            f"{target.removed.name} have: add them again, then restore"
        )
    return live
