"""What a table's declaration is made of. No table is declared here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column: its GoogleSQL type, what it holds, and whether a staged row must have a value for it."""

    name: str
    type: str
    description: str
    required: bool = False


@dataclass(frozen=True)
class Table:
    """One table: columns in order, how it is partitioned and clustered."""

    name: str
    description: str
    columns: tuple[Column, ...]
    partition_by: str | None = None
    cluster_by: tuple[str, ...] = ()
    primary_key: tuple[str, ...] = ()

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name; raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


def columns(*rows: Sequence[str]) -> tuple[Column, ...]:
    """Columns from (name, type, description); a type that ends in `*` is required in a staged row."""
    return tuple(Column(name, kind.rstrip("*"), text, required=kind.endswith("*")) for name, kind, text in rows)


def removed_rows_of(table: Table, transaction_id: str, reasons: str) -> Table:
    """The table of the rows that repairs removed from a table or changed in it, as they were.

    transaction_id: the column of the table that names a transaction. reasons: the possible removal reasons.
    """
    return Table(
        name=f"{table.name}_removed",
        description=f"Rows of {table.name} as they were before they were removed or changed, by whom and why.",
        partition_by=table.partition_by,
        columns=tuple(Column(column.name, column.type, column.description) for column in table.columns)
        + columns(
            ("removal", "STRING", "removed: the row is gone; changed: another version replaced it."),
            ("removal_reason", "STRING", reasons),
            ("removed_at", "TIMESTAMP", "When."),
            (f"removed_by_{transaction_id}", "STRING", "The transaction that did it."),
            ("removed_by_run_id", "STRING", "Run that did it; `restore` takes this id and puts the rows back."),
        ),
    )
