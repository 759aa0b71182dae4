"""The statements that the DuckDB warehouse builds itself, on sqlglot's tree. Nothing is run here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from sqlglot import exp

from nba_consolidation.schema import Column, Table
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.column_alignment import aligned_columns, compare_columns
from nba_consolidation.warehouse.errors import TableRefused
from nba_consolidation.warehouse.interface import ManifestEntry
from nba_consolidation.warehouse.staging.parquet import PinnedFile

STAGED = "staged"
_NO_HIVE_PARTITIONING = exp.Kwarg(this=exp.var("hive_partitioning"), expression=exp.false())


@cache  # every writer makes sure of all tables first
def create_table(table: Table, *, temporary: bool = False) -> str:
    """CREATE TABLE IF NOT EXISTS with all declared columns. temporary: for this connection only."""
    schema = exp.Schema(this=exp.to_table(table.name), expressions=[_definition(c) for c in table.columns])
    properties = exp.Properties(expressions=[exp.TemporaryProperty()] if temporary else [])
    return exp.Create(this=schema, kind="TABLE", exists=True, properties=properties).sql(dialect="duckdb")


def create_view(view: Table) -> str:
    """CREATE OR REPLACE VIEW with the declared SELECT."""
    return f"CREATE OR REPLACE VIEW {view.name} AS {Statement(view.name).render('duckdb')}"


def add_column(table: str, column: Column) -> str:
    """ALTER TABLE ADD COLUMN IF NOT EXISTS."""
    definition = _definition(column)
    definition.set("exists", True)
    return exp.Alter(this=exp.to_table(table), kind="TABLE", actions=[definition]).sql(dialect="duckdb")


def describe(table: Table, live: Mapping[tuple[str, str], str | None], kind: str) -> Iterator[str]:
    """COMMENT ON the table or view, and on each of its columns, whose live comment is another one.

    kind: TABLE or VIEW. live: comments by table and column, that of a table by the column `""`. A column that is not
    there is left out.
    """
    for key, (description, statement) in _comments(table, kind).items():
        if (live.get((table.name, key), description) or "") != description:
            yield statement


@cache
def _comments(table: Table, kind: str) -> dict[str, tuple[str, str]]:
    """By column, and for the table or view itself by `""`: the description, and the statement that writes it."""
    described = {"": (kind, exp.to_table(table.name), table.description)} | {
        one.name: ("COLUMN", exp.column(exp.to_identifier(one.name, quoted=True), table=table.name), one.description)
        for one in table.columns
    }
    return {
        key: (text, exp.Comment(this=thing, kind=what, expression=exp.Literal.string(text)).sql(dialect="duckdb"))
        for key, (what, thing, text) in described.items()
    }


def _definition(column: Column) -> exp.ColumnDef:
    kind = exp.DataType.build(column.type, dialect="bigquery")
    return exp.ColumnDef(this=exp.to_identifier(column.name, quoted=True), kind=kind)


def copy_to_temporary_table(source: str, name: str) -> str:
    """CREATE TEMPORARY TABLE with all rows of the source."""
    return _temporary(name, "TABLE", exp.select("*").from_(exp.to_table(source)))


def create_staged_view(manifest: Sequence[ManifestEntry], files: Sequence[PinnedFile], live: Sequence[Column]) -> str:
    """A view `staged` over the pinned files with the live table's columns. Raises TableRefused.

    It has one SELECT per set of columns and Arrow types: DuckDB reads all files of one `read_parquet` with the types of
    the first file, so after a float32 it would round a float64.
    """
    groups: dict[tuple[tuple[Column, ...], tuple[str, ...]], list[int]] = {}
    for number, (entry, file) in enumerate(zip(manifest, files, strict=True)):
        groups.setdefault((entry.table.columns, file.layout), []).append(number)
    for (columns, _), numbers in groups.items():
        refusal = compare_columns(columns, live).refusal()
        if refusal:
            name = manifest[numbers[0]].table.name
            raise TableRefused(name, refusal, "correct the worker, or turn schema evolution on")
    selects = [_select_files(columns, numbers, files, live) for (columns, _), numbers in groups.items()]
    return _temporary(STAGED, "VIEW", selects[0] if len(selects) == 1 else exp.union(*selects, distinct=False))


def _temporary(name: str, kind: str, query: exp.Query) -> str:
    properties = exp.Properties(expressions=[exp.TemporaryProperty()])
    return exp.Create(this=exp.to_table(name), kind=kind, expression=query, properties=properties).sql(
        dialect="duckdb", copy=False
    )


def _select_files(
    staged: Sequence[Column], numbers: Sequence[int], files: Sequence[PinnedFile], live: Sequence[Column]
) -> exp.Select:
    """DuckDB counts the files of a `read_parquet` from 0; this index leads to the table's number in the manifest.

    Hive partitioning is off: below a folder `system_id=other`, DuckDB would read that value instead of the file's own.
    """
    paths = exp.Array(expressions=[exp.Literal.string(_glob_escaped(files[number].path)) for number in numbers])
    table_numbers = exp.Array(expressions=[exp.Literal.number(number) for number in numbers])
    index = exp.cast(exp.column("file_index"), "BIGINT") + 1  # it is unsigned in DuckDB
    table_number = exp.Bracket(this=exp.paren(table_numbers), expressions=[index], offset=1)
    return exp.select(
        exp.alias_(exp.cast(table_number, "BIGINT"), "staging_table_number"),
        exp.alias_(exp.column("file_row_number"), "staging_row"),
        *aligned_columns(staged, live),
    ).from_(exp.Anonymous(this="read_parquet", expressions=[paths, _NO_HIVE_PARTITIONING]), copy=False)


def _glob_escaped(path: Path) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in str(path))
