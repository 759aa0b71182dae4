"""The one script that a transaction is: rendered text, and the way back from its result and its errors.

Nothing is sent here, and no condition is written here: statements come from `sql`, staged columns from `alignment`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from sqlglot import exp

from nba_consolidation.schema import Column
from nba_consolidation.sql import Statement, literal
from nba_consolidation.warehouse import alignment
from nba_consolidation.warehouse.errors import StatementFailed, TableRefused
from nba_consolidation.warehouse.interface import ManifestEntry, Row, StagingTable, manifest_rows

STAGED, MANIFEST, COMMIT = "staged", "manifest", "commit"
_TABLES_PER_STATEMENT = 900  # BigQuery takes 1,000 in one
_PRECISION, _SCALE = 38, 9  # of a NUMERIC without parameters
_NAMED = re.compile(r"\[statement (\w+)\] ")
_POSITION = re.compile(r" at \[(\d+):\d+\]")


Path = tuple[str, str, str]
"""Of a table: project, dataset, its name there."""


def path(text: str) -> Path:
    """Of `project.dataset.table`, whose project can have dots (`example.com:project`)."""
    project, dataset, table = text.rsplit(".", 2)
    return project, dataset, table


@dataclass(frozen=True)
class Place:
    """A dataset in which unqualified tables lie, all but those that lie `elsewhere`, perhaps under another name."""

    project: str
    dataset: str
    elsewhere: Mapping[str, Path] = field(default_factory=dict)

    def path(self, name: str) -> Path:
        return self.elsewhere.get(name, (self.project, self.dataset, name))

    def table(self, name: str) -> exp.Table:
        project, dataset, table = self.path(name)
        return exp.table_(table, db=dataset, catalog=project, quoted=True)


@dataclass(frozen=True)
class Script:
    """The text of a transaction, by parts that have the name of their statement.

    SELECTs are kept in temporary tables of one row where they stand, and read by the last SELECT after the COMMIT:
    a script returns the rows of its last statement only.
    """

    parts: tuple[tuple[str, str], ...]
    selects: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(f"{part};" for _, part in self.parts)

    def failure(self, message: str) -> StatementFailed:
        """The error of a failed script, naming the statement: by the name in its message, or by the line."""
        named, position = _NAMED.search(message), _POSITION.search(message)
        if named:
            return StatementFailed(named[1], _NAMED.sub("", message))
        return StatementFailed(self._statement_at(int(position[1])) if position else "script", message)

    def _statement_at(self, line: int) -> str:
        ends = accumulate(part.count("\n") + 1 for _, part in self.parts)
        return next((name for (name, _), end in zip(self.parts, ends, strict=True) if line <= end), COMMIT)

    def rows(self, returned: Sequence[Mapping[str, Any]]) -> dict[str, list[Row]]:
        """The rows of each SELECT by name, from the one row that the script returned."""
        return {name: list(returned[0][_result(number)]) for number, name in enumerate(self.selects)}


def transaction(statements: Sequence[Statement], place: Place, before: Sequence[exp.Expr] = ()) -> Script:
    """The statements between BEGIN and COMMIT, after those that make `staged` and `manifest`."""
    trees = [(statement.name, statement.tree()) for statement in statements]
    temporary = _temporary([*before, *(tree for _, tree in trees)])
    selects = [name for name, tree in trees if isinstance(tree, exp.Query)]
    numbers = iter(range(len(selects)))
    parts = [("begin", "BEGIN TRANSACTION"), *((STAGED, _sql(tree)) for tree in before)]
    for name, tree in trees:
        named = _named(qualified(tree, place, temporary), name)
        parts.append((name, _sql(_kept(named, next(numbers)) if isinstance(named, exp.Query) else named)))
    parts.append((COMMIT, "COMMIT TRANSACTION"))
    if selects:
        parts.append((COMMIT, _sql(_all_kept(len(selects)))))
    return Script(tuple(parts), tuple(selects))


def select(statement: Statement, place: Place) -> str:
    """The text of one SELECT outside any transaction."""
    return _sql(qualified(statement.tree(), place))


def qualified(tree: exp.Expr, place: Place, temporary: Collection[str] = ()) -> exp.Expr:
    """The tree with every table that is not temporary in its dataset."""
    for table in list(tree.find_all(exp.Table)):
        if isinstance(table.this, exp.Identifier) and not table.db and table.name not in temporary:
            name, there = table.name, place.table(table.name)
            for part in ("this", "db", "catalog"):
                table.set(part, there.args[part])
            if there.name != name and not table.alias:  # whoever named the column's table goes on to
                table.set("alias", exp.TableAlias(this=exp.to_identifier(name)))
    return tree


def _sql(tree: exp.Expr) -> str:
    return tree.sql(dialect="bigquery", comments=False)


def _temporary(trees: Sequence[exp.Expr]) -> set[str]:
    made = (tree.find(exp.Table) for tree in trees if isinstance(tree, exp.Create))
    return {table.name for table in made if table is not None}


def _named(tree: exp.Expr, name: str) -> exp.Expr:
    """The tree with the statement's name in front of what its ERROR() says."""
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


def _kept(query: exp.Query, number: int) -> exp.Create:
    """A temporary table of one row, which holds all rows of the SELECT, in their order."""
    if isinstance(query, exp.Select) and not query.is_star and not query.args.get("distinct"):
        query.set("kind", "STRUCT")
        rows: exp.Query = query
    else:
        order = query.args.get("order")
        query.set("order", None)
        rows = exp.select("it").from_(query.subquery("it"))
        rows.set("order", order)
    return _temp_table(_result(number), exp.select(exp.alias_(exp.Array(expressions=[rows]), "found")))


def _all_kept(count: int) -> exp.Select:
    reads = [exp.select("found").from_(_result(number)).subquery() for number in range(count)]
    return exp.select(*(exp.alias_(read, _result(number)) for number, read in enumerate(reads)))


def staged_and_manifest(
    manifest: Sequence[ManifestEntry], live: Sequence[Column], staging: Place, chunk: int = _TABLES_PER_STATEMENT
) -> list[exp.Expr]:
    """The statements that make the relations `staged`, in chunks of tables, and `manifest`.

    Raises TableRefused for a table that does not fit the live schema.
    """
    numbered = sorted(enumerate(entry.table for entry in manifest), key=lambda pair: repr(pair[1].columns))
    chunks = [numbered[start : start + chunk] for start in range(0, len(numbered), chunk)]
    first, *others = (_union([_aligned(group, live, staging) for group in _alike(tables)]) for tables in chunks)
    inserts = [exp.Insert(this=exp.to_table(STAGED), expression=query) for query in others]
    return [_temp_table(STAGED, first), *inserts, _temp_table(MANIFEST, _manifest_rows(manifest))]


Numbered = Sequence[tuple[int, StagingTable]]


def _alike(tables: Numbered) -> list[Numbered]:
    """Groups of tables with the same columns in the same order."""
    groups: dict[tuple[Column, ...], list[tuple[int, StagingTable]]] = {}
    for number, table in tables:
        groups.setdefault(table.columns, []).append((number, table))
    return list(groups.values())


def _aligned(group: Numbered, live: Sequence[Column], staging: Place) -> exp.Select:
    """The rows of tables with the same columns, in the live table's shape."""
    table = group[0][1]
    refusal = alignment.drift(table.columns, live).refusal()
    if refusal:
        raise TableRefused(table.name, refusal, "mend the worker, or switch schema evolution on")
    rows = _union([_numbered_rows(number, staging.table(one.name)) for number, one in group])
    json = {column.name for column in table.columns if column.type == "JSON"}
    columns = [_castable(column, json) for column in alignment.aligned_columns(table.columns, live)]
    return exp.select("staging_table_number", "staging_row", *columns).from_(rows.subquery("its"))


def _numbered_rows(number: int, table: exp.Table) -> exp.Select:
    position = exp.Window(this=exp.func("ROW_NUMBER", dialect="bigquery")) - 1
    return exp.select(
        exp.alias_(exp.Literal.number(number), "staging_table_number"), exp.alias_(position, "staging_row"), "*"
    ).from_(table)


def _union(queries: Sequence[exp.Select]) -> exp.Query:
    return queries[0] if len(queries) == 1 else exp.union(*queries, distinct=False)


def _castable(tree: exp.Expr, json: Collection[str]) -> exp.Expr:
    """The casts that BigQuery lacks, by its functions: text to JSON and back, and to a NUMERIC of some precision."""

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
    """The value rounded to the scale, NULL where it is too large: a CAST takes no precision in BigQuery."""
    precision, scale = (int(parameter.name) for parameter in cast.to.expressions)
    plain = exp.TryCast(this=cast.this, to=exp.DataType.build("NUMERIC", dialect="bigquery"))
    if (precision, scale) == (_PRECISION, _SCALE):
        return plain
    rounded = exp.Round(this=plain, decimals=exp.Literal.number(scale))
    fits = exp.LT(this=exp.Abs(this=rounded.copy()), expression=exp.Literal.number(10 ** (precision - scale)))
    return exp.If(this=fits, true=rounded, false=exp.null())


def _manifest_rows(manifest: Sequence[ManifestEntry]) -> exp.Select:
    return exp.select("*").from_(exp.Unnest(expressions=[literal(manifest_rows(manifest))]))


def counts_by_date(tables: Sequence[str], staging: Place) -> str:
    """One SELECT that counts the rows of each table by game date, naming the table by its position."""
    selects = [
        exp.select(
            exp.alias_(exp.Literal.number(number), "number"),
            "game_date",
            exp.alias_(exp.func("COUNT", exp.Star()), "n"),
        )
        .from_(staging.table(name))
        .group_by("game_date")
        for number, name in enumerate(tables)
    ]
    return _sql(_union(selects))
