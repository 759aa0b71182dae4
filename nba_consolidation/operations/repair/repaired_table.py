"""The tables that a repair rewrites: which they are, and where their removed rows and their ledger are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nba_consolidation.fencing.fenced_writer import LeasedDates
from nba_consolidation.schema import (
    ACCURACY,
    ACCURACY_REMOVED,
    GRADING_LEDGER,
    PREDICTION_REPAIRS,
    PREDICTIONS,
    PREDICTIONS_REMOVED,
    Column,
    Table,
)
from nba_consolidation.sql import Statement, Value
from nba_consolidation.warehouse.column_alignment import ensure_complete
from nba_consolidation.warehouse.interface import Warehouse


@dataclass(frozen=True)
class RepairedTable:
    """A table, the table of its removed rows, and the ledger of the transactions that wrote it.

    transaction_id: the column that names the transaction, in the table and in the ledger. changes: the statement that
    lists all transactions of the table. lock_type: of the leases under which the table is written. completion: the
    statement that completes an entry of the ledger, if it has figures that only this table has.
    """

    table: Table
    removed: Table
    ledger: Table
    transaction_id: str
    changes: str
    lock_type: str
    completion: str = ""

    @property
    def names(self) -> Mapping[str, str]:
        """For the statements that serve every repaired table."""
        return {
            "TABLE": self.table.name,
            "REMOVED": self.removed.name,
            "LEDGER": self.ledger.name,
            "ID_COLUMN": self.transaction_id,
            "REMOVED_BY": f"removed_by_{self.transaction_id}",
        }

    def ledger_statements(self, parameters: Mapping[str, Value]) -> list[Statement]:
        """The statements that follow the insertion of an entry into the ledger."""
        return [Statement(self.completion, parameters)] if self.completion else []

    def adopted_columns(self, warehouse: Warehouse) -> tuple[Column, ...]:
        """The live columns of the table. Raises TableIncomplete if the table was not adopted yet."""
        live = warehouse.live_columns(self.table.name)
        ensure_complete(self.table, live)
        return live

    def carry_all_columns(self, leased: LeasedDates, dates: Sequence[dt.date], live: Sequence[Column]) -> None:
        """Adds the live columns that the table of removed rows lacks, behind the fence."""
        existing = {column.name for column in leased.warehouse.live_columns(self.removed.name)}
        missing = [column for column in live if column.name not in existing]
        if missing:
            leased.add_columns(dates, self.removed.name, missing)

    def is_declared_otherwise(self, column: Column) -> bool:
        """Whether the table of removed rows declares another type for the live column."""
        return column.name in self.removed.column_names and self.removed.column(column.name).type != column.type


REPAIRED_ACCURACY = RepairedTable(
    ACCURACY, ACCURACY_REMOVED, GRADING_LEDGER, "grading_id", "accuracy_changes", "grading"
)
REPAIRED_PREDICTIONS = RepairedTable(
    PREDICTIONS,
    PREDICTIONS_REMOVED,
    PREDICTION_REPAIRS,
    "consolidation_id",
    "predictions_changes",
    "consolidation",
    "count_active_rows",
)
REPAIRED_TABLES = (REPAIRED_PREDICTIONS, REPAIRED_ACCURACY)
