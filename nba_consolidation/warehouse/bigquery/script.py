"""Renders a transaction as one BigQuery script, and maps the script's result and errors back to its statements.

Nothing is sent here. The statements come from `.sql` files, the columns of staged rows from `column_alignment`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from sqlglot import exp

from nba_consolidation.schema import Column, Table
from nba_consolidation.sql import Statement
from nba_consolidation.sql.literals import literal
from nba_consolidation.sql.question import Question
from nba_consolidation.warehouse.column_alignment import aligned_columns, compare_columns
from nba_consolidation.warehouse.errors import StatementFailed, TableRefused
from nba_consolidation.warehouse.interface import ManifestEntry, Row, manifest_rows
from nba_consolidation.warehouse.staging.interface import StagingTable

STAGED, MANIFEST, COMMIT = "staged", "manifest", "commit"
_TABLES_PER_STATEMENT = 900  # BigQuery's limit is 1,000
_PRECISION, _SCALE = 38, 9  # of a NUMERIC without parameters
_STATEMENT_NAME = re.compile(r"\[statement (\w+)\] ")
_POSITION = re.compile(r" at \[(\d+):\d+\]")


TablePath = tuple[str, str, str]
"""Project, dataset and table name."""


def table_path(text: str) -> TablePath:
    """The parts of `project.dataset.table`; the project can contain dots (`example.com:project`)."""
    project, dataset, table = text.rsplit(".", 2)
    return project, dataset, table


@dataclass(frozen=True)
class TableLocations:
    """Where each table is: in this dataset, unless `elsewhere` has another path for its name."""

    project: str
    dataset: str
    elsewhere: Mapping[str, TablePath] = field(default_factory=dict)

    def path(self, name: str) -> TablePath:
        return self.elsewhere.get(name, (self.project, self.dataset, name))

    def table(self, name: str) -> exp.Table:
        project, dataset, table = self.path(name)
        return exp.table_(table, db=dataset, catalog=project, quoted=True)


@dataclass(frozen=True)
class Script:
    """The text of a transaction in parts, each with the name of its statement.

    A script returns only the rows of its last statement. Therefore each SELECT is stored in a temporary table of one
    row, and a last SELECT after the COMMIT reads them all.
    """

    parts: tuple[tuple[str, str], ...]
    selects: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(f"{part};" for _, part in self.parts)

    def failure(self, message: str) -> StatementFailed:
        """The error of a failed script with the failed statement's name, from the message or from its line number."""
        name, position = _STATEMENT_NAME.search(message), _POSITION.search(message)
        if name:
            return StatementFailed(name[1], _STATEMENT_NAME.sub("", message))
        return StatementFailed(self._statement_at(int(position[1])) if position else "script", message)

    def _statement_at(self, line: int) -> str:
        ends = accumulate(part.count("\n") + 1 for _, part in self.parts)
        return next((name for (name, _), end in zip(self.parts, ends, strict=True) if line <= end), COMMIT)

    def rows(self, returned: Sequence[Mapping[str, Any]]) -> dict[str, list[Row]]:
        """The rows of each SELECT by statement name, from the single row that the script returned."""
        return {name: list(returned[0][_result(number)]) for number, name in enumerate(self.selects)}


def transaction(statements: Sequence[Statement], tables: TableLocations, before: Sequence[exp.Expr] = ()) -> Script:
    """The statements between BEGIN and COMMIT; `before` are those that create `staged` and `manifest`."""
    trees = [(statement.name, statement.tree()) for statement in statements]
    temporary = _temporary_names([*before, *(tree for _, tree in trees)])
    selects = [name for name, tree in trees if isinstance(tree, exp.Query)]
    numbers = iter(range(len(selects)))
    parts = [("begin", "BEGIN TRANSACTION"), *((STAGED, _sql(tree)) for tree in before)]
    for name, tree in trees:
        final = _with_name_in_errors(qualified(tree, tables, temporary), name)
        parts.append((name, _sql(_store_result(final, next(numbers)) if isinstance(final, exp.Query) else final)))
    parts.append((COMMIT, "COMMIT TRANSACTION"))
    if selects:
        parts.append((COMMIT, _sql(_read_results(len(selects)))))
    return Script(tuple(parts), tuple(selects))


def select(statement: Statement, tables: TableLocations) -> str:
    """The text of one SELECT outside any transaction."""
    return _sql(qualified(statement.tree(), tables))


def question(question: Question, tables: TableLocations) -> str:
    """The text of a SELECT that a person wrote."""
    return _sql(qualified(question.tree.copy(), tables, question.names))


def create_views(views: Sequence[Table], tables: TableLocations) -> str:
    """The script that creates the views, or replaces them."""
    selects = ((view.name, qualified(Statement(view.name).tree(), tables)) for view in views)
    creates = [
        exp.Create(this=tables.table(name), kind="VIEW", replace=True, expression=tree) for name, tree in selects
    ]
    return ";\n".join(map(_sql, creates))


def qualified(tree: exp.Expr, tables: TableLocations, temporary: Collection[str] = ()) -> exp.Expr:
    """The tree with the full path of every table that is not temporary."""
    for table in list(tree.find_all(exp.Table)):
        if isinstance(table.this, exp.Identifier) and not table.db and table.name not in temporary:
            name, target = table.name, tables.table(table.name)
            for part in ("this", "db", "catalog"):
                table.set(part, target.args[part])
            if target.name != name and not table.alias:  # columns may be qualified with the original name
                table.set("alias", exp.TableAlias(this=exp.to_identifier(name)))
    return tree


def _sql(tree: exp.Expr) -> str:
    return tree.sql(dialect="bigquery", comments=False)


def _temporary_names(trees: Sequence[exp.Expr]) -> set[str]:
    created = (tree.find(exp.Table) for tree in trees if isinstance(tree, exp.Create))
    return {table.name for table in created if table is not None}


def _with_name_in_errors(tree: exp.Expr, name: str) -> exp.Expr:
    """The tree with the statement's name at the start of every ERROR() message."""
    for call in list(tree.find_all(exp.Anonymous)):
        if call.name.upper() == "ERROR":
            prefix = exp.Literal.string(f"[statement {name}] ")
            call.set("expressions", [exp.func("CONCAT", prefix, *call.expressions, dialect="bigquery")])
    return tree


def _result(number: int) -> str:
    return f"result_{number}"


def _temp_table(name: str, query: exp.Expr) -> exp.Create:
    temporary = exp.Properties(expressions=[exp.TemporaryProperty()])
    return exp.Create(this=exp.to_table(name), kind="TABLE", expression=query, properties=temporary)


def _store_result(query: exp.Query, number: int) -> exp.Create:
    """A temporary table of one row with all rows of the SELECT as an array, in their order."""
    if isinstance(query, exp.Select) and not query.is_star and not query.args.get("distinct"):
        query.set("kind", "STRUCT")
        rows: exp.Query = query
    else:
        order = query.args.get("order")
        query.set("order", None)
        rows = exp.select("result_row").from_(query.subquery("result_row"))
        rows.set("order", order)
    return _temp_table(_result(number), exp.select(exp.alias_(exp.Array(expressions=[rows]), "result_rows")))


def _read_results(count: int) -> exp.Select:
    reads = [exp.select("result_rows").from_(_result(number)).subquery() for number in range(count)]
    return exp.select(*(exp.alias_(read, _result(number)) for number, read in enumerate(reads)))


def staged_and_manifest(
    manifest: Sequence[ManifestEntry],
    live: Sequence[Column],
    staging: TableLocations,
    chunk: int = _TABLES_PER_STATEMENT,
) -> list[exp.Expr]:
    """The statements that create the relations `staged`, in chunks of tables, and `manifest`.

    Raises TableRefused for a table that does not fit the live columns.
    """
    numbered = sorted(enumerate(entry.table for entry in manifest), key=lambda pair: repr(pair[1].columns))
    chunks = [numbered[start : start + chunk] for start in range(0, len(numbered), chunk)]
    first, *others = (_union([_aligned(group, live, staging) for group in _by_columns(tables)]) for tables in chunks)
    inserts = [exp.Insert(this=exp.to_table(STAGED), expression=query) for query in others]
    return [_temp_table(STAGED, first), *inserts, _temp_table(MANIFEST, _manifest_rows(manifest))]


NumberedTables = Sequence[tuple[int, StagingTable]]


def _by_columns(tables: NumberedTables) -> list[NumberedTables]:
    """Groups of tables with the same columns in the same order."""
    groups: dict[tuple[Column, ...], list[tuple[int, StagingTable]]] = {}
    for number, table in tables:
        groups.setdefault(table.columns, []).append((number, table))
    return list(groups.values())


def _aligned(group: NumberedTables, live: Sequence[Column], staging: TableLocations) -> exp.Select:
    """The rows of tables with the same columns, with the live table's columns."""
    table = group[0][1]
    refusal = compare_columns(table.columns, live).refusal()
    if refusal:
        raise TableRefused(table.name, refusal, "correct the worker, or turn schema evolution on")
    rows = _union([_numbered_rows(number, staging.table(one.name)) for number, one in group])
    json = {column.name for column in table.columns if column.type == "JSON"}
    columns = [_castable(column, json) for column in aligned_columns(table.columns, live)]
    return exp.select("staging_table_number", "staging_row", *columns).from_(rows.subquery("numbered_rows"))


def _numbered_rows(number: int, table: exp.Table) -> exp.Select:
    position = exp.Window(this=exp.func("ROW_NUMBER", dialect="bigquery")) - 1
    return exp.select(
        exp.alias_(exp.Literal.number(number), "staging_table_number"), exp.alias_(position, "staging_row"), "*"
    ).from_(table)


def _union(queries: Sequence[exp.Select]) -> exp.Query:
    return queries[0] if len(queries) == 1 else exp.union(*queries, distinct=False)


def _castable(tree: exp.Expr, json: Collection[str]) -> exp.Expr:
    """Replaces casts that BigQuery lacks by functions: text to JSON and back, and to a NUMERIC with a precision."""

    def replaced(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.TryCast):
            return node
        if node.to.this == exp.DType.JSON:
            return exp.Anonymous(this="SAFE.PARSE_JSON", expressions=[node.this])
        if node.this.name in json:
            return exp.Anonymous(this="TO_JSON_STRING", expressions=[node.this])
        return _to_numeric(node) if node.to.expressions and node.to.this == exp.DType.DECIMAL else node

    return tree.transform(replaced)


def _to_numeric(cast: exp.TryCast) -> exp.Expr:
    """The value rounded to the scale, NULL if it is too large: a CAST in BigQuery has no precision."""
    precision, scale = (int(parameter.name) for parameter in cast.to.expressions)
    numeric = exp.TryCast(this=cast.this, to=exp.DataType.build("NUMERIC", dialect="bigquery"))
    if (precision, scale) == (_PRECISION, _SCALE):
        return numeric
    rounded = exp.Round(this=numeric, decimals=exp.Literal.number(scale))
    fits = exp.LT(this=exp.Abs(this=rounded.copy()), expression=exp.Literal.number(10 ** (precision - scale)))
    return exp.If(this=fits, true=rounded, false=exp.null())


def _manifest_rows(manifest: Sequence[ManifestEntry]) -> exp.Select:
    return exp.select("*").from_(exp.Unnest(expressions=[literal(manifest_rows(manifest))]))


def counts_by_date(tables: Mapping[str, Sequence[Column]], staging: TableLocations) -> str:
    """One SELECT that counts the rows of each table by game date; `number` is the table's position.

    tables: by name, the columns of which `value_counts` has the number of rows with a value, in their order.
    """
    selects = [
        exp.select(
            exp.alias_(exp.Literal.number(number), "number"),
            "game_date",
            exp.alias_(exp.func("COUNT", exp.Star()), "n"),
            exp.alias_(exp.Array(expressions=[_value_count(column) for column in columns]), "value_counts"),
        )
        .from_(staging.table(name))
        .group_by("game_date")
        for number, (name, columns) in enumerate(tables.items())
    ]
    return _sql(_union(selects))


def _value_count(column: Column) -> exp.Expr:
    """BigQuery stores no NULL instead of an array, but an empty one."""
    value = exp.column(exp.to_identifier(column.name, quoted=True))
    if column.type.startswith("ARRAY<"):
        return exp.CountIf(this=exp.GT(this=exp.ArraySize(this=value), expression=exp.Literal.number(0)))
    return exp.func("COUNT", value)
