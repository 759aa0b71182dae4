"""The use case: repairs what unfenced graders wrote in prediction_accuracy: duplicates, confidences in percent.

Removed and changed rows are kept in prediction_accuracy_removed as they were; `restore` puts them back. Which row of a
key stays is decided in `sql/accuracy_ranks.sql`.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from nba_consolidation.fencing.audits import DUPLICATE_ACCURACY_KEYS
from nba_consolidation.fencing.fenced_writer import FencedWriter, LeasedDates, in_chunks, log_outcome
from nba_consolidation.leases import Holder
from nba_consolidation.operations.repair.repair_result import AccuracyCounts, Repair, RepairReport, SystemRepair
from nba_consolidation.schema import ACCURACY, ACCURACY_KEY, ALL_TABLES, LAST_WRITTEN, REMOVED, Column
from nba_consolidation.sql import Statement, Value, over_dates
from nba_consolidation.warehouse.column_alignment import ensure_complete
from nba_consolidation.warehouse.errors import TableIncomplete
from nba_consolidation.warehouse.interface import Row, TransactionResult, Warehouse

LOCK_TYPE = "grading"
_log = logging.getLogger(__name__)
_SET_BY_REPAIR = {"confidence_score", "confidence_decile", *(column.name for column in LAST_WRITTEN)}
_NUMERIC = re.compile(r"(?:BIG)?NUMERIC(?:\(\d+(?:, *(\d+))?\))?")
_MOST_DIGITS = 9  # of a NUMERIC without parameters
_FLOAT_DIGITS = 6
_FIGURES = ("total_rows", "graded", "bets", "correct")


def ranking_statements(
    parameters: Mapping[str, Value],
    live_columns: Sequence[Column],
    percent_systems: Sequence[str],
    fraction_systems: Sequence[str],
) -> list[Statement]:
    """The statements that find what to repair in the dates, and which row of each key stays. They write no table."""
    scaled = {**parameters, "percent_systems": percent_systems, "fraction_systems": fraction_systems}
    return [
        Statement("accuracy_before", scaled),
        Statement("accuracy_versions", scaled),
        Statement("accuracy_ranks", scaled),
        Statement("settle_ranks", scaled, [column.name for column in live_columns]),
    ]


def repair_statements(
    parameters: Mapping[str, Value],
    live_columns: Sequence[Column],
    percent_systems: Sequence[str],
    fraction_systems: Sequence[str],
) -> list[Statement]:
    """The statements that repair the dates that need it; all other dates stay untouched.

    To be run behind the fence, once `carry_all_columns` has been called. parameters: those of the fence, and
    `grading_id`, which the changed rows and the ledger get. A grading in the same transaction has another one.
    """
    live = [column.name for column in live_columns]
    digits = {**parameters, "confidence_digits": confidence_digits(live_columns)}
    narrowed = [column.name for column in live_columns if _is_declared_otherwise(column)]
    exact = Statement("inexactly_kept", parameters, [*ACCURACY_KEY, *narrowed], audit=True)
    return [
        *ranking_statements(parameters, live_columns, percent_systems, fraction_systems),
        Statement("keep_repaired", parameters, live),
        *([exact] if narrowed else []),
        Statement("clear_repaired", parameters),
        Statement("insert_repaired", digits, [name for name in live if name not in _SET_BY_REPAIR]),
        DUPLICATE_ACCURACY_KEYS.statement(parameters),
        Statement("repair_counts", parameters),
        Statement("unconserved_repairs", parameters, audit=True),
        Statement("repair_ledger", parameters),
        Statement("rows_before", parameters),
        Statement("repaired", parameters),
    ]


def confidence_digits(live_columns: Sequence[Column]) -> int:
    """The number of decimals of the live confidence column. Raises TableIncomplete if it cannot hold a fraction."""
    [kind] = [column.type for column in live_columns if column.name == "confidence_score"]
    if kind == "FLOAT64":
        return _FLOAT_DIGITS
    match = _NUMERIC.fullmatch(kind)
    digits = 0 if match is None else int(match[1] or (0 if "(" in kind else _MOST_DIGITS))
    if not digits:
        raise TableIncomplete(
            f"{ACCURACY.name}.confidence_score is {kind}, which holds no confidence between 0 and 1; "
            f"migrate the column to {ACCURACY.column('confidence_score').type}, then repair again"
        )
    return min(digits, _MOST_DIGITS)


def carry_all_columns(leased: LeasedDates, dates: Sequence[dt.date], live_columns: Sequence[Column]) -> None:
    """Adds the live columns of prediction_accuracy that prediction_accuracy_removed lacks, behind the fence."""
    existing = {column.name for column in leased.warehouse.live_columns(REMOVED.name)}
    missing = [column for column in live_columns if column.name not in existing]
    if missing:
        leased.add_columns(dates, REMOVED.name, missing)


def adopted_columns(warehouse: Warehouse) -> tuple[Column, ...]:
    """The live columns of prediction_accuracy. Raises TableIncomplete if the table was not adopted yet."""
    live = warehouse.live_columns(ACCURACY.name)
    ensure_complete(ACCURACY, live)
    return live


@dataclass(frozen=True)
class Repairer:
    """Repairs game dates. scales: `percent` or `fraction`, for systems whose scale is known."""

    writer: FencedWriter
    scales: Mapping[str, str] = field(default_factory=dict)

    def forecast(
        self, dates: Sequence[dt.date], on_progress: Callable[[int, int], None] = lambda _done, _total: None
    ) -> RepairReport:
        """The report that a repair would have. Acquires no lease and changes nothing. Raises WarehouseError."""
        self._make_tables()
        live = adopted_columns(self.writer.warehouse)
        confidence_digits(live)
        rows_before = self._rows_before(dates)
        broken = _broken(rows_before)
        after: list[Row] = []
        for chunk in in_chunks(broken):
            on_progress(broken.index(chunk[0]), len(broken))
            ranking = ranking_statements(over_dates(chunk), live, *self._systems)
            result = self.writer.warehouse.run([*ranking, Statement("repair_forecast")])
            after += result.rows["repair_forecast"]
        return RepairReport(None, tuple(_repairs(rows_before, after)))

    def repair(
        self,
        dates: Sequence[dt.date],
        holder: Holder,
        on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> RepairReport:
        """Repairs the dates that need it; if none does, takes no lease and writes nothing.

        One transaction or, if it fails, one per date; `poisoned` names those that fail. Raises LeaseError if the lease
        cannot be acquired, and WarehouseError if the warehouse cannot be used.
        """
        self._make_tables()
        live = adopted_columns(self.writer.warehouse)
        rows_before = self._rows_before(dates)
        written, poisoned = self.writer.write_each(
            LOCK_TYPE, _broken(rows_before), holder, lambda leased, some: self._repair(leased, some, live), on_progress
        )
        looked_at = {row["game_date"] for result in written for row in result.rows["rows_before"]}
        current = [row for row in rows_before if row["game_date"] not in looked_at]
        current += [row for result in written for row in result.rows["rows_before"]]
        after = [row for result in written for row in result.rows["repaired"]]
        accepted = [row for row in current if row["game_date"] not in poisoned]
        report = RepairReport(holder.run_id, tuple(_repairs(accepted, after)), poisoned)
        total = report.total
        log_outcome(
            _log, "repaired", holder.run_id, report.repaired_dates, poisoned,
            duplicates=total.duplicates, normalised=total.normalised,
        )  # fmt: skip
        return report

    def _repair(self, leased: LeasedDates, dates: Sequence[dt.date], live: Sequence[Column]) -> TransactionResult:
        carry_all_columns(leased, dates, live)
        return leased.write(dates, lambda parameters: self.statements(parameters, live))

    def broken(self, dates: Sequence[dt.date]) -> list[dt.date]:
        """Those of the dates that need a repair."""
        return _broken(self._rows_before(dates))

    def statements(self, parameters: Mapping[str, Value], live: Sequence[Column]) -> list[Statement]:
        """The fenced statements of a repair: its whole transaction, or the first part of a grading's."""
        return repair_statements({**parameters, "grading_id": uuid.uuid4().hex}, live, *self._systems)

    def _make_tables(self) -> None:
        self.writer.warehouse.create_tables(ALL_TABLES)

    def _rows_before(self, dates: Sequence[dt.date]) -> list[Row]:
        """By date and system: the counts before a repair, and the number of rows that need one."""
        percent, fraction = self._systems
        rows_before: list[Row] = []
        for chunk in in_chunks(sorted(dates)):
            parameters = {**over_dates(chunk), "percent_systems": percent, "fraction_systems": fraction}
            statements = [Statement("accuracy_before", parameters), Statement("rows_before")]
            rows_before += self.writer.warehouse.run(statements).rows["rows_before"]
        return rows_before

    @property
    def _systems(self) -> tuple[list[str], list[str]]:
        """The systems in percent, and those in fractions."""
        by_scale: defaultdict[str, list[str]] = defaultdict(list)
        for system, scale in self.scales.items():
            by_scale[scale].append(system)
        return by_scale["percent"], by_scale["fraction"]


def _is_declared_otherwise(column: Column) -> bool:
    return column.name in REMOVED.column_names and REMOVED.column(column.name).type != column.type


def _broken(rows_before: Iterable[Row]) -> list[dt.date]:
    """The dates that have something to repair."""
    return sorted({row["game_date"] for row in rows_before if row["duplicates"] or row["percent_scale_rows"]})


def _repairs(before: Sequence[Row], after: Iterable[Row]) -> list[SystemRepair]:
    """Before and after by date and system; dates that are not in `after` are unchanged."""
    later = {(row["game_date"], row["system_id"]): row for row in after}
    rows = sorted(before, key=lambda row: (row["game_date"], row["system_id"] or ""))
    return [_system_repair(row, later.get((row["game_date"], row["system_id"]), row)) for row in rows]


def _system_repair(before: Row, after: Row) -> SystemRepair:
    repair = Repair(
        before=AccuracyCounts(*(before[figure] for figure in _FIGURES)),
        after=AccuracyCounts(*(after[figure] for figure in _FIGURES)),
        percent_scale_rows=before["percent_scale_rows"],
        normalised=after.get("normalised", 0),
    )
    return SystemRepair(before["game_date"], before["system_id"], repair)
