"""The use case: repairs what writers without a fence left in a table. What is wrong and what stays differs by table.

Removed and changed rows are kept in the table of removed rows as they were; `restore` puts them back.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.fencing.audits import Audit
from nba_consolidation.fencing.fenced_writer import (
    NONE_POISONED,
    FencedWriter,
    LeasedDates,
    in_chunks,
    log_outcome,
)
from nba_consolidation.leases import Holder
from nba_consolidation.operations.repair.repair_result import Figures, RepairReport, SystemRepair
from nba_consolidation.operations.repair.repaired_table import RepairedTable
from nba_consolidation.schema import ALL_TABLES, Column
from nba_consolidation.sql import Statement, Value, over_dates
from nba_consolidation.warehouse.interface import Row, TransactionResult

_log = logging.getLogger(__name__)
Parameters = Mapping[str, Value]


@dataclass(frozen=True)
class Repairer(ABC, Generic[Figures]):
    """Repairs game dates of one table.

    counted: the columns of `repair_before` that the report needs, beside the rows. audits: of the repaired rows.
    """

    writer: FencedWriter

    target: ClassVar[RepairedTable]
    counted: ClassVar[Sequence[str]]
    audits: ClassVar[Sequence[Audit]]

    @abstractmethod
    def before_statement(self, parameters: Parameters) -> Statement:
        """Makes `repair_before`: the rows and the rows to repair, by date and system."""

    @abstractmethod
    def rank_statements(self, parameters: Parameters, live: Sequence[Column]) -> list[Statement]:
        """Make `repair_ranks` of `repair_versions`: which row of each key stays, and why it changes."""

    @abstractmethod
    def insert_statement(self, parameters: Parameters, live: Sequence[Column]) -> Statement:
        """Inserts the rows that stay."""

    @abstractmethod
    def after_statement(self, parameters: Parameters, *, forecast: bool) -> Statement:
        """Selects the rows after a repair, by date and system, as `after`: those that will stay, or those that did."""

    @property
    @abstractmethod
    def no_figures(self) -> Figures:
        """The figures of no row."""

    @abstractmethod
    def figures(self, before: Row, after: Row) -> Figures:
        """The figures of one date and system."""

    def ensure_repairable(self, live: Sequence[Column]) -> None:
        """Raises TableIncomplete if the table cannot hold repaired rows."""

    def forecast(
        self, dates: Sequence[dt.date], on_progress: Callable[[int, int], None] = lambda _done, _total: None
    ) -> RepairReport[Figures]:
        """The report that a repair would have. Acquires no lease and changes nothing. Raises WarehouseError."""
        warehouse = self.writer.warehouse
        warehouse.create_tables(ALL_TABLES)
        live = self.target.adopted_columns(warehouse)
        self.ensure_repairable(live)
        rows_before = self._rows_before(dates)
        broken = _broken(rows_before)
        after: list[Row] = []
        for chunk in in_chunks(broken):
            on_progress(broken.index(chunk[0]), len(broken))
            bounds = over_dates(chunk)
            ranking = self._ranking(bounds, live)
            after += warehouse.run([*ranking, self.after_statement(bounds, forecast=True)]).rows["after"]
        return self._report(None, rows_before, after)

    def repair(
        self,
        dates: Sequence[dt.date],
        holder: Holder,
        on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> RepairReport[Figures]:
        """Repairs the dates that need it; if none does, takes no lease and writes nothing.

        One transaction or, if it fails, one per date; `poisoned` names those that fail. Raises LeaseError if the lease
        cannot be acquired, and WarehouseError if the warehouse cannot be used.
        """
        self.writer.warehouse.create_tables(ALL_TABLES)
        live = self.target.adopted_columns(self.writer.warehouse)
        rows_before = self._rows_before(dates)
        written, poisoned = self.writer.write_each(
            self.target.lock_type,
            _broken(rows_before),
            holder,
            lambda leased, some: self._repair(leased, some, live),
            on_progress,
        )
        looked_at = {row["game_date"] for result in written for row in result.rows["rows_before"]}
        current = [row for row in rows_before if row["game_date"] not in looked_at]
        current += [row for result in written for row in result.rows["rows_before"]]
        after = [row for result in written for row in result.rows["after"]]
        accepted = [row for row in current if row["game_date"] not in poisoned]
        report = self._report(holder.run_id, accepted, after, poisoned)
        log_outcome(
            _log, "repaired", holder.run_id, report.repaired_dates, poisoned,
            table=self.target.table.name, **report.total.summary,
        )  # fmt: skip
        return report

    def broken(self, dates: Sequence[dt.date]) -> list[dt.date]:
        """Those of the dates that need a repair."""
        return _broken(self._rows_before(dates))

    def statements(self, parameters: Parameters, live: Sequence[Column]) -> list[Statement]:
        """The statements that repair the dates that need it; all other dates stay untouched.

        The whole transaction of a repair, or the first part of another one. To be run behind the fence, once
        `carry_all_columns` has been called. parameters: those of the fence.
        """
        target, columns = self.target, [column.name for column in live]
        bound = {**parameters, "transaction_id": uuid.uuid4().hex}
        narrowed = [column.name for column in live if target.is_declared_otherwise(column)]
        exact = self._shared("inexactly_kept", bound, [*target.table.primary_key, *narrowed], audit=True)
        return [
            *self._ranking(bound, live),
            self._shared("keep_repaired", bound, columns),
            *([exact] if narrowed else []),
            self._shared("clear_repaired", bound),
            self.insert_statement(bound, live),
            *(audit.statement(bound) for audit in self.audits),
            self._shared("repair_counts", bound),
            Statement("unconserved_repairs", bound, audit=True),
            self._shared("repair_ledger", bound),
            *target.ledger_statements(bound),
            Statement("rows_before", bound, self.counted),
            self.after_statement(bound, forecast=False),
        ]

    def _ranking(self, parameters: Parameters, live: Sequence[Column]) -> list[Statement]:
        """Find what to repair in the dates, and which row of each key stays. They write no table."""
        return [
            self.before_statement(parameters),
            self._shared("repair_versions", parameters),
            *self.rank_statements(parameters, live),
        ]

    def _shared(
        self, name: str, parameters: Parameters, columns: Sequence[str] = (), *, audit: bool = False
    ) -> Statement:
        """A statement that serves every repaired table."""
        return Statement(name, parameters, columns, audit, self.target.names)

    def _repair(self, leased: LeasedDates, dates: Sequence[dt.date], live: Sequence[Column]) -> TransactionResult:
        self.target.carry_all_columns(leased, dates, live)
        return leased.write(dates, lambda parameters: self.statements(parameters, live))

    def _rows_before(self, dates: Sequence[dt.date]) -> list[Row]:
        """By date and system: the counts before a repair, and the number of rows that need one."""
        rows_before: list[Row] = []
        for chunk in in_chunks(sorted(dates)):
            statements = [self.before_statement(over_dates(chunk)), Statement("rows_before", {}, self.counted)]
            rows_before += self.writer.warehouse.run(statements).rows["rows_before"]
        return rows_before

    def _report(
        self,
        run_id: str | None,
        before: Sequence[Row],
        after: Iterable[Row],
        poisoned: Mapping[dt.date, ConsolidationError] = NONE_POISONED,
    ) -> RepairReport[Figures]:
        """Before and after by date and system; dates that are not in `after` are unchanged."""
        later = {(row["game_date"], row["system_id"]): row for row in after}
        systems = []
        for row in sorted(before, key=lambda row: (row["game_date"], row["system_id"] or "")):
            date, system = row["game_date"], row["system_id"]
            systems.append(SystemRepair(date, system, self.figures(row, later.get((date, system), row))))
        return RepairReport(run_id, self.no_figures, tuple(systems), poisoned)


def _broken(rows_before: Iterable[Row]) -> list[dt.date]:
    """The dates that have something to repair."""
    return sorted({row["game_date"] for row in rows_before if row["to_repair"]})
