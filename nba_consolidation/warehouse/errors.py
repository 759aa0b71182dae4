"""What can go wrong between us and a warehouse or a staging area."""

from __future__ import annotations

from nba_consolidation.errors import ConsolidationError


class WarehouseError(ConsolidationError):
    """The warehouse could not do what it was asked."""


class WarehouseUnavailable(WarehouseError):
    """It cannot be opened or reached at all: a path, a permission, a damaged file."""


class TableMissing(WarehouseError):
    """A table of ours is not there yet."""


class TableIncomplete(WarehouseError):
    """A table that is there lacks columns of ours."""


class WarehouseBusy(WarehouseError):
    """Somebody else kept it for longer than we were willing to wait."""


class StatementFailed(WarehouseError):
    """One statement of a transaction failed; all of the transaction was rolled back.

    `statement` is the name of its SQL file, or of the staging read that it came from.
    """

    def __init__(self, statement: str, message: str) -> None:
        super().__init__(f"{statement}: {message}")
        self.statement = statement
        self.message = message


class TableRefused(WarehouseError):
    """One staging table cannot be taken as it is; it stays where it is, and the others go on."""

    def __init__(self, table: str, reason: str, next_step: str) -> None:
        super().__init__(f"staging table {table}: {reason}; {next_step}")
        self.table = table
        self.reason = reason
        self.next_step = next_step


class WriteRefused(WarehouseError):
    """Rows that a worker wanted to stage cannot be; nothing of them was written.

    `column`, `row` (from 0) and `value` say where it lies, as far as it lies in one place.
    """

    def __init__(
        self, table: str, reason: str, column: str | None = None, row: int | None = None, value: object = None
    ) -> None:
        super().__init__(f"staging table {table}: {reason}; nothing was written: mend the rows and write them again")
        self.table = table
        self.reason = reason
        self.column = column
        self.row = row
        self.value = value


class UnreadableFile(WarehouseError):
    """A file of rows, given by a person, cannot be read."""


class EmptyFile(UnreadableFile):
    """A file of rows was read, and there is none in it."""
