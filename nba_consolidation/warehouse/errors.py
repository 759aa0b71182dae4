"""Errors of the warehouse and the staging area."""

from __future__ import annotations

from nba_consolidation.errors import ConsolidationError


class WarehouseError(ConsolidationError):
    """The warehouse could not do what was requested."""


class WarehouseUnavailable(WarehouseError):
    """The warehouse cannot be opened or reached: a path, a permission, a damaged file."""


class TableMissing(WarehouseError):
    """A declared table does not exist yet."""


class TableIncomplete(WarehouseError):
    """An existing table lacks declared columns."""


class WarehouseBusy(WarehouseError):
    """Another process used the warehouse for longer than the time limit."""


class StatementFailed(WarehouseError):
    """One statement of a transaction failed, and the whole transaction was rolled back.

    `statement` is the name of its SQL file, or of the table that was being prepared for it.
    """

    def __init__(self, statement: str, message: str) -> None:
        super().__init__(f"{statement}: {message}")
        self.statement = statement
        self.message = message


class TableRefused(WarehouseError):
    """One staging table cannot be consolidated as it is. It is kept, and the other tables are not affected."""

    def __init__(self, table: str, reason: str, next_step: str) -> None:
        super().__init__(f"staging table {table}: {reason}; {next_step}")
        self.table = table
        self.reason = reason
        self.next_step = next_step


class WriteRefused(WarehouseError):
    """A worker's rows cannot be staged; none of them was written.

    `column`, `row` (from 0) and `value` locate the first problem, as far as it is in one place.
    """

    def __init__(
        self,
        table: str,
        reason: str,
        column: str | None = None,
        row: int | None = None,
        value: object = None,
        *,
        next_step: str = "correct the rows and write them again",
    ) -> None:
        super().__init__(f"staging table {table}: {reason}; nothing was written: {next_step}")
        self.table = table
        self.reason = reason
        self.column = column
        self.row = row
        self.value = value


class UnreadableFile(WarehouseError):
    """An input file cannot be read."""


class EmptyFile(UnreadableFile):
    """An input file has no rows."""


def first_line(error: BaseException) -> str:
    """The first line of an error's message, or the name of its type if the message is empty."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
