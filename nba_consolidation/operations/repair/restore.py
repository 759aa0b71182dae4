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
from nba_consolidation.operations.repair.repair import LOCK_TYPE, adopted_columns, carry_all_columns
from nba_consolidation.schema import ACCURACY, ALL_TABLES, REMOVED, Column
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
    dates: tuple[RestoredDate, ...] = ()
    poisoned: Mapping[dt.date, ConsolidationError] = field(default_factory=dict)

    def total(self, figure: str) -> int:
        """The sum of one figure of RestoredDate over the dates."""
        return sum(getattr(date, figure) for date in self.dates)

    def raise_if_poisoned(self) -> None:
        """Raises DatesPoisoned if dates failed. Call it after the others were reported."""
        if self.poisoned:
            raise DatesPoisoned(self.poisoned, "restored")


def restore_statements(parameters: Mapping[str, Value], live_columns: Sequence[Column]) -> list[Statement]:
    """The statements that remove the rows that the run wrote, and put back those that it removed or changed."""
    live = [column.name for column in live_columns]
    return [
        Statement("restore_plan", parameters),
        Statement("lost_kept_rows", parameters, audit=True),
        Statement("keep_restored", parameters, live),
        Statement("clear_restored", parameters),
        Statement("put_back", parameters, live),
        Statement("clear_put_back", parameters),
        Statement("unconserved_restores", parameters, audit=True),
        Statement("restore_ledger", parameters),
        Statement("restore_planned", parameters),
    ]


@dataclass(frozen=True)
class Restorer:
    """Restores the state before a run."""

    writer: FencedWriter

    def forecast(self, run_id: str) -> RestoreReport:
        """The report that a restore would have. Acquires no lease, changes nothing, raises what `restore` raises."""
        warehouse = self.writer.warehouse
        dates = self._restorable(run_id)
        planned: list[Row] = []
        for chunk in in_chunks(dates):
            parameters = {**over_dates(chunk), "restored_run_id": run_id}
            statements = [
                Statement("restore_plan", parameters),
                Statement("lost_kept_rows", parameters, audit=True),
                Statement("restore_planned"),
            ]
            planned += warehouse.run(statements).rows["restore_planned"]
        return RestoreReport(run_id, None, tuple(RestoredDate(**row) for row in planned))

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
        written, poisoned = self.writer.write_each(
            LOCK_TYPE,
            self._restorable(run_id),
            holder,
            lambda leased, dates: self._restore(leased, dates, run_id),
            on_progress,
        )
        restored = sorted((RestoredDate(**row) for rows in written for row in rows), key=lambda date: date.game_date)
        report = RestoreReport(run_id, holder.run_id, tuple(restored), poisoned)
        log_outcome(
            _log, "restored", holder.run_id, [date.game_date for date in restored], poisoned,
            restored_run_id=run_id, put_back=report.total("put_back"), taken_out=report.total("taken_out"),
        )  # fmt: skip
        return report

    def _restore(self, leased: LeasedDates, dates: Sequence[dt.date], run_id: str) -> list[Row]:
        """One transaction. Checks again, now under the leases, which dates may be restored."""
        restorable = set(self._restorable(run_id))
        chosen = [date for date in dates if date in restorable]
        if not chosen:
            return []
        live = _restorable_columns(leased, chosen)
        own_parameters: dict[str, Value] = {"restored_run_id": run_id, "grading_id": uuid.uuid4().hex}
        result = leased.write(
            chosen,
            lambda fenced: restore_statements({**fenced, **own_parameters}, live),
            next_step="; the removed rows cannot be put back as they were",
        )
        return result.rows["restore_planned"]

    def _restorable(self, run_id: str) -> list[dt.date]:
        """The dates whose changes by that run were not undone yet. Raises RunUnknown, RestoreBlocked."""
        self.writer.warehouse.create_tables(ALL_TABLES)
        adopted_columns(self.writer.warehouse)
        rows = self.writer.warehouse.query(Statement("restorable_dates", {**_ALL_HISTORY, "restored_run_id": run_id}))
        if not rows:
            raise RunUnknown(
                f"no run {run_id} is in grading_ledger; give the run id of a repair or a grading, as it was printed"
            )
        if any(row["is_restore"] for row in rows):
            raise RestoreBlocked(
                f"run {run_id} ({rows[0]['game_date']}) is a restore itself; repair or grade the dates again instead"
            )
        kept = [row for row in rows if row["changes"] and row["restored_by"] is None]
        blocked = [row for row in kept if row["later_run_id"] is not None]
        if blocked:
            raise RestoreBlocked(_blocked(run_id, blocked))
        return [row["game_date"] for row in kept]


def _blocked(run_id: str, rows: Sequence[Row]) -> str:
    first, others = rows[0], len(rows) - 1
    also = f", and likewise {others} other date(s)" if others else ""
    return (
        f"run {run_id} cannot be restored: {first['game_date']} of {ACCURACY.name} was changed by a later "
        f"{first['later_kind']}, run {first['later_run_id']}{also}; restore that one first"
    )


def _restorable_columns(leased: LeasedDates, dates: Sequence[dt.date]) -> Sequence[Column]:
    """The live columns of prediction_accuracy, which prediction_accuracy_removed has too. Raises TableIncomplete."""
    live = adopted_columns(leased.warehouse)
    carry_all_columns(leased, dates, live)
    known = {column.name for column in live} | set(REMOVED.column_names)
    gone = [column.name for column in leased.warehouse.live_columns(REMOVED.name) if column.name not in known]
    if gone:
        raise TableIncomplete(
            f"table {ACCURACY.name} no longer has the columns {', '.join(gone)}, which the rows of {REMOVED.name} "
            "have: add them again, then restore"
        )
    return live
