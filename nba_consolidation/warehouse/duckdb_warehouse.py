"""The embedded warehouse: one DuckDB file, which one process at a time can open.

So connections are short, opened with retry and jitter, and always closed. Staging tables are read from Parquet.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlglot import exp

from nba_consolidation.sql import Statement
from nba_consolidation.tables import PREDICTIONS, Column, Table
from nba_consolidation.warehouse import alignment, ddl
from nba_consolidation.warehouse.contract import (
    NO_RELATIONS,
    ManifestEntry,
    Relations,
    Row,
    TransactionResult,
    manifest_rows,
)
from nba_consolidation.warehouse.errors import (
    StatementFailed,
    TableMissing,
    TableRefused,
    WarehouseBusy,
    WarehouseUnavailable,
)
from nba_consolidation.warehouse.parquet_footer import first_line
from nba_consolidation.warehouse.parquet_staging import ParquetStaging, PinnedFile

if TYPE_CHECKING:
    import duckdb

_STAGED = "staged"


class DuckDBWarehouse:
    """A DuckDB file and the staging folder that it reads.

    open_limit: seconds to wait for another process to let go of the file. monotonic: the clock that measures that and
    each transaction, in seconds.
    memory_limit: DuckDB's own notation, `2GB` for instance; it spills to disk beyond.
    external: tables that elsewhere are somebody else's. Here nobody else makes them, so they are created with ours.
    """

    def __init__(
        self,
        path: Path | str,
        staging: ParquetStaging,
        *,
        open_limit: float = 120.0,
        memory_limit: str = "1500MB",
        external: Sequence[Table] = (),
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        jitter: random.Random | None = None,
    ) -> None:
        self.path = Path(path).absolute()
        self.staging = staging
        self._open_limit = open_limit
        self._external = external
        self._config: dict[str, Any] = {
            "autoinstall_known_extensions": False,  # nothing is ever fetched
            "python_enable_replacements": False,  # a missing table is an error, not a variable of ours of that name
            "memory_limit": memory_limit,
            "preserve_insertion_order": False,
        }
        self._sleep = sleep
        self._monotonic = monotonic
        self._jitter = jitter or random.Random()  # noqa: S311 (spreads retries, guards nothing)

    def create_tables(self, tables: Sequence[Table]) -> None:
        """Creates what is missing; leaves what is there."""
        with self._connection() as connection:
            existing = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
            missing = [table for table in (*tables, *self._external) if table.name not in existing]
            _alter(connection, [ddl.create_table(table, "duckdb") for table in missing])

    def add_columns(self, table: str, columns: Sequence[Column]) -> None:
        """Adds the columns that are missing, as NULL."""
        with self._connection() as connection:
            _alter(connection, [ddl.add_column(table, column, "duckdb") for column in columns])

    def live_columns(self, table: str) -> tuple[Column, ...]:
        """The table's columns, in order, with GoogleSQL types."""
        with self._connection() as connection:
            return _live_columns(connection, table, self.path)

    def check(self) -> None:
        """Opens the file and lists its tables."""
        with self._connection() as connection:
            _execute(connection, "check", "SHOW TABLES")

    def query(self, statement: Statement) -> list[Row]:
        """The rows of one SELECT."""
        with self._connection() as connection:
            return _execute(connection, statement.name, statement.render("duckdb"))

    def run(
        self,
        statements: Sequence[Statement],
        manifest: Sequence[ManifestEntry] = (),
        on_statement: Callable[[str], None] = lambda _: None,
        *,
        check: Callable[[], None] = lambda: None,
        relations: Relations = NO_RELATIONS,
    ) -> TransactionResult:
        """One transaction over a connection of its own; the file is let go of at its end, whatever happens."""
        with self._pinned(manifest) as files, self._connection() as connection:
            started = self._monotonic()
            with _transaction(connection):
                if manifest:
                    live = _live_columns(connection, PREDICTIONS.name, self.path)
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
            yield connection
        finally:
            connection.close()

    def _open(self) -> duckdb.DuckDBPyConnection:
        import duckdb

        deadline = self._monotonic() + self._open_limit
        for attempt in itertools.count():
            try:
                self._make_file()
                return duckdb.connect(self.path, config=self._config)
            except (duckdb.Error, OSError) as error:
                if "Conflicting lock" not in str(error) and "Could not set lock" not in str(error):
                    raise WarehouseUnavailable(_unavailable(self.path, error)) from error
                if self._monotonic() >= deadline:
                    raise WarehouseBusy(_busy(self.path, self._open_limit, error)) from error
            self._sleep(self._jitter.uniform(0.2, 1.0) * min(0.01 * 2**attempt, 0.25))
        raise AssertionError("unreachable")

    def _make_file(self) -> None:
        """The file appears whole: one that DuckDB is only just making is no database yet to another process."""
        import duckdb

        if self.path.exists():
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        hidden = self.path.with_name(f".{uuid.uuid4().hex}.tmp")
        try:
            duckdb.connect(hidden, config=self._config).close()
            with contextlib.suppress(FileExistsError):  # another process was quicker
                self.path.hardlink_to(hidden)
        finally:
            hidden.unlink(missing_ok=True)


@contextlib.contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """BEGIN and COMMIT. Where the body raises there is no COMMIT, and closing the connection rolls back."""
    import duckdb

    connection.execute("BEGIN TRANSACTION")
    yield
    try:
        connection.execute("COMMIT")
    except duckdb.Error as error:
        raise StatementFailed("commit", first_line(error)) from error


def _alter(connection: duckdb.DuckDBPyConnection, texts: Sequence[str]) -> None:
    if texts:
        with _transaction(connection):
            for text in texts:
                _execute(connection, "schema", text)


def _execute(connection: duckdb.DuckDBPyConnection, name: str, text: str) -> list[Row]:
    """The rows of a SELECT; none of any other statement, of which DuckDB would return a count."""
    import duckdb

    try:
        (parsed,) = connection.extract_statements(text)
        cursor = connection.execute(parsed)
        if parsed.type != duckdb.StatementType.SELECT:
            return []
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    except duckdb.Error as error:
        raise StatementFailed(name, first_line(error)) from error


def _live_columns(connection: duckdb.DuckDBPyConnection, table: str, path: Path) -> tuple[Column, ...]:
    import duckdb

    try:
        relation = connection.table(table)
    except duckdb.CatalogException as error:
        raise TableMissing(
            f"table {table} does not exist in {path}; run `nba-consolidation bootstrap`, which creates the tables"
        ) from error
    pairs = zip(relation.columns, relation.types, strict=True)
    return tuple(Column(name, _googlesql_type(str(kind)), "") for name, kind in pairs)


@cache
def _googlesql_type(kind: str) -> str:
    return exp.DataType.build(kind, dialect="duckdb").sql(dialect="bigquery")


def _create_staged(
    connection: duckdb.DuckDBPyConnection,
    manifest: Sequence[ManifestEntry],
    files: Sequence[PinnedFile],
    live: Sequence[Column],
) -> None:
    """The relations `staged` and `manifest` of this transaction."""
    import duckdb

    try:
        connection.execute(_staged_view(manifest, files, live).sql(dialect="duckdb"))
    except duckdb.Error as error:
        raise StatementFailed(_STAGED, first_line(error)) from error
    _create_relation(connection, "manifest", pa.Table.from_pylist(manifest_rows(manifest)))


def _create_relation(connection: duckdb.DuckDBPyConnection, name: str, data: pa.Table) -> None:
    """A temporary table of that name with that data."""
    import duckdb

    given = f"given_{name}"
    try:
        connection.register(given, data)
        connection.execute(_copied(given, name).sql(dialect="duckdb"))
        connection.unregister(given)
    except duckdb.Error as error:
        raise StatementFailed(name, first_line(error)) from error


def _copied(source: str, name: str) -> exp.Create:
    temporary = exp.Properties(expressions=[exp.TemporaryProperty()])
    rows = exp.select("*").from_(exp.to_table(source))
    return exp.Create(this=exp.to_table(name), kind="TABLE", expression=rows, properties=temporary)


def _staged_view(manifest: Sequence[ManifestEntry], files: Sequence[PinnedFile], live: Sequence[Column]) -> exp.Create:
    """A view over the pinned files, all in the live table's shape: one SELECT per set of columns and their layout.

    DuckDB reads all files of one `read_parquet` with the types of the first: after a float32, it would round float64.
    """
    groups: dict[tuple[tuple[Column, ...], tuple[str, ...]], list[int]] = {}
    for number, (entry, file) in enumerate(zip(manifest, files, strict=True)):
        groups.setdefault((entry.table.columns, file.layout), []).append(number)
    for (columns, _), numbers in groups.items():
        refusal = alignment.drift(columns, live).refusal()
        if refusal:
            name = manifest[numbers[0]].table.name
            raise TableRefused(name, refusal, "mend the worker, or switch schema evolution on")
    selects = [_staged_select(columns, numbers, files, live) for (columns, _), numbers in groups.items()]
    union = selects[0] if len(selects) == 1 else exp.union(*selects, distinct=False)
    return exp.Create(
        this=exp.to_table(_STAGED), kind="VIEW", expression=union,
        properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
    )  # fmt: skip


def _staged_select(
    staged: Sequence[Column], numbers: Sequence[int], files: Sequence[PinnedFile], live: Sequence[Column]
) -> exp.Select:
    """DuckDB numbers the files in the order given, from 0: by that it finds the table's number in the manifest."""
    paths = exp.Array(expressions=[exp.Literal.string(_glob_escaped(files[number].path)) for number in numbers])
    table_numbers = exp.Array(expressions=[exp.Literal.number(number) for number in numbers])
    index = exp.cast(exp.column("file_index"), "BIGINT") + 1  # DuckDB has it unsigned
    position = exp.Bracket(this=exp.paren(table_numbers), expressions=[index], offset=1)
    return exp.select(
        exp.alias_(exp.cast(position, "BIGINT"), "staging_table_number"),
        exp.alias_(exp.column("file_row_number"), "staging_row"),
        *alignment.aligned_columns(staged, live),
    ).from_(exp.Anonymous(this="read_parquet", expressions=[paths]))


def _glob_escaped(path: Path) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in str(path))


def _unavailable(path: Path, error: BaseException) -> str:
    return f"the warehouse file {path} cannot be opened ({first_line(error)}); check the path and its permissions"


def _busy(path: Path, limit: float, error: BaseException) -> str:
    return (
        f"the warehouse file {path} was held by another process for {limit:g} s ({first_line(error)}); "
        "wait for that process, or stop it, and try again"
    )
