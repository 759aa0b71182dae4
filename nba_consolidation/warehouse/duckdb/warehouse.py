"""The embedded warehouse: one DuckDB file, which one process can open for writing, or several for reading.

Therefore connections are short, opened with retries and jitter, and always closed. Staging tables are Parquet files.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
import random
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from nba_consolidation.schema import PREDICTIONS, Column, Table
from nba_consolidation.sql import Statement
from nba_consolidation.sql.question import Question
from nba_consolidation.warehouse.duckdb import catalog, questions
from nba_consolidation.warehouse.duckdb.file_in_use import LOGGED, FileInUse, WaitNotice
from nba_consolidation.warehouse.duckdb.statements import (
    STAGED,
    add_column,
    copy_to_temporary_table,
    create_staged_view,
    create_table,
    create_view,
    describe,
)
from nba_consolidation.warehouse.errors import (
    StatementFailed,
    WarehouseBusy,
    WarehouseUnavailable,
    first_line,
)
from nba_consolidation.warehouse.hard_links import hard_link
from nba_consolidation.warehouse.interface import (
    NO_RELATIONS,
    Answer,
    ManifestEntry,
    Relations,
    Row,
    TransactionResult,
    manifest_rows,
)
from nba_consolidation.warehouse.staging.parquet import ParquetStaging, PinnedFile
from nba_consolidation.warehouse.views import views_over

if TYPE_CHECKING:
    import duckdb


class DuckDBWarehouse:
    """A DuckDB file and the staging folder that it reads.

    open_limit: seconds to wait until no other process has the file open. notice: who is told of such a wait.
    monotonic: the clock that measures this wait and the duration of each transaction, in seconds.
    memory_limit: in DuckDB's notation, for example `2GB`; beyond it, DuckDB spills to disk.
    external: tables that another system owns in production. Here nobody else creates them, so this class does.
    """

    def __init__(
        self,
        path: Path | str,
        staging: ParquetStaging,
        *,
        open_limit: float = 120.0,
        notice: WaitNotice = LOGGED,
        memory_limit: str = "1500MB",
        external: Sequence[Table] = (),
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        jitter: random.Random | None = None,
    ) -> None:
        self.path = Path(path).absolute()
        self.staging = staging
        self._open_limit = open_limit
        self._notice = notice
        self._external = external
        self._read_only = False
        self._empty: tuple[Table, ...] = ()
        self._config: dict[str, Any] = {
            "autoinstall_known_extensions": False,  # downloads nothing
            "python_enable_replacements": False,  # a missing table is an error, not a Python variable of that name
            "memory_limit": memory_limit,
            "preserve_insertion_order": False,
        }
        self._sleep = sleep
        self._monotonic = monotonic
        self._jitter = jitter or random.Random()  # noqa: S311  not used for secrets

    def reader(self) -> DuckDBWarehouse:
        """Opens the file beside other readers, and never creates or changes it.

        `create_tables` of a reader supplies the missing tables to this reader alone: they are empty.
        """
        reader = copy.copy(self)
        reader._read_only = True
        return reader

    def create_tables(self, tables: Sequence[Table]) -> None:
        declared = (*tables, *self._external)
        if self._read_only:
            self._empty = declared
            return
        with self._connection() as connection:
            missing = catalog.missing_tables(connection, declared)
            _alter(connection, [create_table(table) for table in missing])
            _describe(connection, missing)
            _create_views(connection, views_over(missing))

    def create_views(self, views: Sequence[Table]) -> None:
        with self._connection() as connection:
            _create_views(connection, views)

    def add_columns(self, table: str, columns: Sequence[Column]) -> None:
        with self._connection() as connection:
            _alter(connection, [add_column(table, column) for column in columns])

    def describe(self, tables: Sequence[Table]) -> None:
        with self._connection() as connection:
            _describe(connection, (*tables, *self._external))

    def live_columns(self, table: str) -> tuple[Column, ...]:
        with self._connection() as connection:
            columns = catalog.live_columns(connection, table, self.path)
            comments = catalog.comments(connection, [table])
        return tuple(replace(column, description=comments.get((table, column.name)) or "") for column in columns)

    def check(self) -> None:
        with self._connection() as connection:
            _execute(connection, "check", "SHOW TABLES")

    def query(self, statement: Statement) -> list[Row]:
        with self._connection() as connection:
            return _execute(connection, statement.name, statement.render("duckdb"))

    def ask(self, question: Question, limit: int | None = None) -> Answer:
        with self._connection_for_questions() as connection:
            return questions.answer(connection, question.render("duckdb"), limit)

    @contextlib.contextmanager
    def _connection_for_questions(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self.reader()._connection() as connection:
            questions.lock(connection)
            yield connection

    def run(
        self,
        statements: Sequence[Statement],
        manifest: Sequence[ManifestEntry] = (),
        on_statement: Callable[[str], None] = lambda _: None,
        *,
        check: Callable[[], None] = lambda: None,
        relations: Relations = NO_RELATIONS,
    ) -> TransactionResult:
        """Runs one transaction over a connection of its own, which is closed at the end in any case."""
        with self._pinned(manifest) as files, self._connection() as connection:
            started = self._monotonic()
            with _transaction(connection):
                if manifest:
                    live = catalog.live_columns(connection, PREDICTIONS.name, self.path)
                    _create_staged(connection, manifest, files, live)
                for name, data in relations.items():
                    _create_relation(connection, name, data)
                rows: dict[str, list[Row]] = {}
                for statement in statements:
                    check()
                    on_statement(statement.name)
                    rows[statement.name] = _execute(connection, statement.name, statement.render("duckdb"))
                check()
            return TransactionResult(rows, self._monotonic() - started)

    def _pinned(self, manifest: Sequence[ManifestEntry]) -> contextlib.AbstractContextManager[list[PinnedFile]]:
        tables = [entry.table for entry in manifest]
        return self.staging.pinned(tables) if tables else contextlib.nullcontext([])

    @contextlib.contextmanager
    def _connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        connection = self._open()
        try:
            connection.execute("SET TimeZone = 'UTC'")
            self._supply_empty_tables(connection)
            yield connection
        finally:
            connection.close()

    def _supply_empty_tables(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Until all tables exist, looks for the missing ones each time: a writer may create them at any moment."""
        if not self._empty:
            return
        missing = catalog.missing_tables(connection, self._empty)
        for table in missing:
            _execute(connection, "schema", create_table(table, temporary=True))
        self._empty = self._empty if missing else ()

    def _open(self) -> duckdb.DuckDBPyConnection:
        import duckdb

        began = self._monotonic()
        reported = False
        for attempt in itertools.count():
            try:
                return self._connect()
            except (duckdb.Error, OSError) as error:
                in_use = FileInUse.of(error)
                if in_use is None:
                    raise WarehouseUnavailable(_unavailable(self.path, error)) from error
                waited = self._monotonic() - began
                if waited >= self._open_limit:
                    raise WarehouseBusy(_busy(self.path, self._open_limit, self._notice.describe(in_use))) from error
            if not reported and waited >= self._notice.after:
                self._notice.send(self.path, in_use, self._open_limit)
                reported = True
            self._sleep(self._jitter.uniform(0.2, 1.0) * min(0.01 * 2**attempt, 0.25))
        raise AssertionError("unreachable")

    def _connect(self) -> duckdb.DuckDBPyConnection:
        import duckdb

        if not self._read_only:
            self._make_file()
        elif not self.path.exists():  # nothing was ever written
            return duckdb.connect(":memory:", config=self._config)
        return duckdb.connect(self.path, read_only=self._read_only, config=self._config)

    def _make_file(self) -> None:
        """Creates the file atomically: while DuckDB initialises a file, no other process can open it as a database."""
        import duckdb

        if self.path.exists():
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        hidden = self.path.with_name(f".{uuid.uuid4().hex}.tmp")
        try:
            duckdb.connect(hidden, config=self._config).close()
            with contextlib.suppress(FileExistsError):  # another process was faster
                hard_link(self.path, hidden)
        finally:
            hidden.unlink(missing_ok=True)


@contextlib.contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """BEGIN and COMMIT. If the body raises, there is no COMMIT, and closing the connection rolls back."""
    import duckdb

    connection.execute("BEGIN TRANSACTION")
    yield
    try:
        connection.execute("COMMIT")
    except duckdb.Error as error:
        raise StatementFailed("commit", first_line(error)) from error


def _alter(connection: duckdb.DuckDBPyConnection, texts: Sequence[str]) -> None:
    """Changes the schema, all or nothing. One call for all statements: hundreds of comments take half of the time."""
    import duckdb

    if texts:
        with _transaction(connection):
            try:
                connection.execute(";\n".join(texts))
            except duckdb.Error as error:
                raise _failed("schema", error) from error


def _create_views(connection: duckdb.DuckDBPyConnection, views: Sequence[Table]) -> None:
    _alter(connection, [create_view(view) for view in views])
    _describe(connection, views, "VIEW")


def _describe(connection: duckdb.DuckDBPyConnection, tables: Sequence[Table], kind: str = "TABLE") -> None:
    """Writes the declared descriptions as comments, where they differ."""
    live = catalog.comments(connection, [table.name for table in tables]) if tables else {}
    _alter(connection, [text for table in tables for text in describe(table, live, kind)])


def _execute(connection: duckdb.DuckDBPyConnection, name: str, text: str) -> list[Row]:
    """The rows of a SELECT; no rows for any other statement, for which DuckDB would return a count."""
    import duckdb

    try:
        (parsed,) = connection.extract_statements(text)
        cursor = connection.execute(parsed)
        if parsed.type != duckdb.StatementType.SELECT:
            return []
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    except duckdb.Error as error:
        raise _failed(name, error) from error


def _failed(name: str, error: duckdb.Error) -> StatementFailed:
    """The error of a statement, with the next step where the tables can be of an earlier version."""
    import duckdb

    if not isinstance(error, duckdb.BinderException):
        return StatementFailed(name, first_line(error))
    hint = "If the tables are of an earlier version, run: nba-consolidation bootstrap --apply"
    return StatementFailed(name, f"{first_line(error).rstrip('.!')}. {hint}")


def _create_staged(
    connection: duckdb.DuckDBPyConnection,
    manifest: Sequence[ManifestEntry],
    files: Sequence[PinnedFile],
    live: Sequence[Column],
) -> None:
    """Creates the relations `staged` and `manifest` for this transaction."""
    import duckdb

    try:
        connection.execute(create_staged_view(manifest, files, live))
    except duckdb.Error as error:
        raise StatementFailed(STAGED, first_line(error)) from error
    _create_relation(connection, "manifest", pa.Table.from_pylist(manifest_rows(manifest)))


def _create_relation(connection: duckdb.DuckDBPyConnection, name: str, data: pa.Table) -> None:
    """Creates a temporary table of that name with the data."""
    import duckdb

    source = f"arrow_{name}"
    try:
        connection.register(source, data)
        connection.execute(copy_to_temporary_table(source, name))
        connection.unregister(source)
    except duckdb.Error as error:
        raise StatementFailed(name, first_line(error)) from error


def _unavailable(path: Path, error: BaseException) -> str:
    return f"warehouse file {path} cannot be opened ({first_line(error)}); check the path and its permissions"


def _busy(path: Path, limit: float, holder: str) -> str:
    return (
        f"warehouse file {path} was in use for {limit:g} s by {holder}; "
        "wait for that process to finish, or stop it, and run the command again"
    )
