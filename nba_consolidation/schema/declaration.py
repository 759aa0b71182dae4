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
