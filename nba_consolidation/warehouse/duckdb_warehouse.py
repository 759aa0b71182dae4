"""The embedded warehouse: one DuckDB file, which one process at a time can open.

So connections are short, opened with retry and jitter, and always closed. Staging tables are read from Parquet.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlglot import exp

from nba_consolidation.sql import Statement
from nba_consolidation.tables import PREDICTIONS, Column, Table
from nba_consolidation.warehouse import alignment, ddl, naming
from nba_consolidation.warehouse.contract import ManifestEntry, Row, TransactionResult
from nba_consolidation.warehouse.errors import (
    StatementFailed,
    TableRefused,
    WarehouseBusy,
    WarehouseError,
    WarehouseUnavailable,
)
from nba_consolidation.warehouse.parquet_staging import ParquetStaging

if TYPE_CHECKING:
    import duckdb

_STAGED = "staged"
_MANIFEST = "manifest"


class DuckDBWarehouse:
    """A DuckDB file and the staging folder that it reads.

    open_limit: seconds to wait for another process to let go of the file.
    memory_limit: DuckDB's own notation, `2GB` for instance; it spills to disk beyond.
    """

    def __init__(
        self,
        path: Path | str,
        staging: ParquetStaging,
        *,
        open_limit: float = 120.0,
        memory_limit: str = "1GB",
        sleep: Callable[[float], None] = time.sleep,
        jitter: random.Random | None = None,
    ) -> None:
        self.path = Path(path).absolute()
        self.staging = staging
        self._open_limit = open_limit
        self._config: dict[str, Any] = {
            "autoinstall_known_extensions": False,  # nothing is ever fetched
            "memory_limit": memory_limit,
            "preserve_insertion_order": False,
        }
        self._sleep = sleep
        self._jitter = jitter or random.Random()  # noqa: S311 (spreads retries, guards nothing)

    def create_tables(self, tables: Sequence[Table]) -> None:
        """Creates what is missing; leaves what is there."""
        self._alter([ddl.create_table(table, "duckdb") for table in tables])

    def add_columns(self, table: str, columns: Sequence[Column]) -> None:
        """Adds the columns that are missing, as NULL."""
        self._alter([ddl.add_column(table, column, "duckdb") for column in columns])

    def live_columns(self, table: str) -> tuple[Column, ...]:
        """The table's columns, in order, with GoogleSQL types."""
        with self._connection() as connection:
            return _live_columns(connection, table, self.path)

    def query(self, statement: Statement) -> list[Row]:
        """The rows of one SELECT."""
        with self._connection() as connection:
            return _execute(connection, statement)

    def run(
        self,
        statements: Sequence[Statement],
        manifest: Sequence[ManifestEntry] = (),
        on_statement: Callable[[str], None] = lambda _: None,
    ) -> TransactionResult:
        """One transaction over a connection of its own; the file is let go of at its end, whatever happens."""
        pins = self.staging.pinned([entry.table for entry in manifest]) if manifest else contextlib.nullcontext([])
        with pins as paths, self._connection() as connection:
            started = time.monotonic()
            with _transaction(connection):
                if manifest:
                    live = _live_columns(connection, PREDICTIONS.name, self.path)
                    _create_staged(connection, manifest, paths, live)
                rows: dict[str, list[Row]] = {}
                for statement in statements:
                    on_statement(statement.name)
                    rows[statement.name] = _execute(connection, statement)
            return TransactionResult(rows, time.monotonic() - started)

    def _alter(self, texts: Sequence[str]) -> None:
        with self._connection() as connection, _transaction(connection):
            for text in texts:
                connection.execute(text)

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

        deadline = time.monotonic() + self._open_limit
        for attempt in itertools.count():
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                return duckdb.connect(self.path, config=self._config)
            except (duckdb.Error, OSError) as error:
                if "Conflicting lock" not in str(error) and "Could not set lock" not in str(error):
                    raise WarehouseUnavailable(_unavailable(self.path, error)) from error
                if time.monotonic() >= deadline:
                    raise WarehouseBusy(_busy(self.path, self._open_limit, error)) from error
            self._sleep(self._jitter.uniform(0.2, 1.0) * min(0.01 * 2**attempt, 0.25))
        raise AssertionError("unreachable")


@contextlib.contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """BEGIN and COMMIT; ROLLBACK on anything else. The connection is closed after it, which rolls back as well."""
    import duckdb

    connection.execute("BEGIN TRANSACTION")
    try:
        yield
        connection.execute("COMMIT")
    except duckdb.Error as error:
        raise StatementFailed("commit", _first_line(error)) from error


def _execute(connection: duckdb.DuckDBPyConnection, statement: Statement) -> list[Row]:
    import duckdb

    try:
        cursor = connection.execute(statement.render("duckdb"))
        if cursor.description is None:
            return []
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    except duckdb.Error as error:
        raise StatementFailed(statement.name, _first_line(error)) from error


def _live_columns(connection: duckdb.DuckDBPyConnection, table: str, path: Path) -> tuple[Column, ...]:
    import duckdb

    try:
        relation = connection.table(table)
    except duckdb.CatalogException as error:
        raise WarehouseError(
            f"table {table} does not exist in {path}; run `nba-consolidation bootstrap`, which creates the tables"
        ) from error
    pairs = zip(relation.columns, relation.types, strict=True)
    return tuple(Column(name, _googlesql_type(str(kind)), "") for name, kind in pairs)


def _googlesql_type(kind: str) -> str:
    return exp.DataType.build(kind, dialect="duckdb").sql(dialect="bigquery")


def _create_staged(
    connection: duckdb.DuckDBPyConnection,
    manifest: Sequence[ManifestEntry],
    paths: Sequence[Path],
    live: Sequence[Column],
) -> None:
    """The relations `staged` and `manifest` of this transaction."""
    import duckdb

    try:
        connection.execute(_staged_view(manifest, paths, live).sql(dialect="duckdb"))
        connection.register("manifest_rows", _manifest_rows(manifest))
        connection.execute(f"CREATE TEMP TABLE {_MANIFEST} AS SELECT * FROM manifest_rows")
        connection.unregister("manifest_rows")
    except duckdb.Error as error:
        raise StatementFailed(_STAGED, _first_line(error)) from error


def _staged_view(manifest: Sequence[ManifestEntry], paths: Sequence[Path], live: Sequence[Column]) -> exp.Create:
    """A view over the pinned files: one SELECT per distinct set of columns, all in the live table's shape."""
    groups: dict[tuple[Column, ...], list[int]] = {}
    for number, entry in enumerate(manifest):
        refusal = alignment.drift(entry.table.columns, live).refusal()
        if refusal:
            raise TableRefused(entry.table.name, refusal, "mend the worker, or switch schema evolution on")
        groups.setdefault(entry.table.columns, []).append(number)
    # Tables of one group get numbers side by side, so that DuckDB's file index is an offset.
    selects = [_staged_select(columns, numbers, paths, live) for columns, numbers in groups.items()]
    union = selects[0] if len(selects) == 1 else exp.union(*selects, distinct=False)
    return exp.Create(
        this=exp.to_table(_STAGED), kind="VIEW", expression=union,
        properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
    )  # fmt: skip


def _staged_select(
    staged: Sequence[Column], numbers: Sequence[int], paths: Sequence[Path], live: Sequence[Column]
) -> exp.Select:
    files = exp.Array(expressions=[exp.Literal.string(_glob_escaped(paths[number])) for number in numbers])
    table_numbers = exp.Array(expressions=[exp.Literal.number(number) for number in numbers])
    position = exp.Bracket(this=exp.paren(table_numbers), expressions=[exp.cast(exp.column("file_index"), "BIGINT") + 1], offset=1)
    return exp.select(
        exp.alias_(exp.cast(position, "BIGINT"), "staging_table_number"),
        exp.alias_(exp.column("file_row_number"), "staging_row"),
        *alignment.aligned_columns(staged, live),
    ).from_(exp.Anonymous(this="read_parquet", expressions=[files]))


def _glob_escaped(path: Path) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in str(path))


def _manifest_rows(manifest: Sequence[ManifestEntry]) -> pa.Table:
    rows: list[dict[str, Any]] = [
        {
            "staging_table_number": number,
            "staging_table": entry.table.name,
            "batch_id": naming.batch_and_worker(entry.table.name)[0],
            "fingerprint": entry.table.fingerprint,
            "game_date": date,
            "home_date": entry.table.home_date,
            "listed_rows": entry.table.rows_of(date),
        }
        for number, entry in enumerate(manifest)
        for date in entry.dates
    ]
    return pa.Table.from_pylist(rows)


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0]


def _unavailable(path: Path, error: BaseException) -> str:
    return f"the warehouse file {path} cannot be opened ({_first_line(error)}); check the path and its permissions"


def _busy(path: Path, limit: float, error: BaseException) -> str:
    return (
        f"the warehouse file {path} was held by another process for {limit:g} s ({_first_line(error)}); "
        "wait for that process, or stop it, and try again"
    )
