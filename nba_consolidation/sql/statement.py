"""A statement: one `.sql` file with its parameters, rendered for an engine's dialect. Files have unique names.

The files are GoogleSQL and parse as such. Six things in them are filled in here, on the syntax tree, never on text:

- `@name` becomes a typed literal of the parameter of that name;
- a column called `business_key`, `activation_key`, `accuracy_key` or `each_column` stands for the columns of that list,
  wherever a list of expressions stands (qualified by the same table name), and for one assignment each in `UPDATE SET`;
- `ANY_DIFFERENT(T, S)` is true if any column of `each_column` differs, NULL being equal to NULL;
- `SAME_KEY(T, S)`, `SAME_ACTIVATION_KEY(T, S)` and `SAME_ACCURACY_KEY(T, S)` are equality over all columns of the key,
  null-safe where a sound row can have NULL. BigQuery makes an outer join of plain equalities only;
- `BECAME(T)` is the outcome of the row T of prediction_accuracy, as `became.sql` has it;
- `PLAYER_KEY(name)` is the `player_lookup` that a name, however it is written, amounts to: `jokic` of `Jokić`.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Literal

import sqlglot
from sqlglot import exp

from nba_consolidation.schema import ACCURACY_KEY, ACTIVATION_KEY, BUSINESS_KEY, PREDICTIONS

Dialect = Literal["duckdb", "bigquery"]
Scalar = None | bool | int | float | str | Decimal | dt.date | dt.datetime
Value = Scalar | Sequence[Scalar] | Sequence[Mapping[str, Scalar]]

_NEVER_NULL = frozenset(column.name for column in PREDICTIONS.columns if column.required)
_KEYS = {"business_key": BUSINESS_KEY, "activation_key": ACTIVATION_KEY, "accuracy_key": ACCURACY_KEY}
_SAME = {
    "same_key": BUSINESS_KEY,
    "same_activation_key": ACTIVATION_KEY,
    "same_accuracy_key": ACCURACY_KEY,
}
_PACKAGE = __package__.partition(".")[0]
_ORDER_NUMBER = re.compile(r"^\d+_")
_STROKED_LETTERS = ("đłøı", "dloi")  # Unicode has them as letters of their own, not as letters with a mark


@dataclass(frozen=True)
class Statement:
    """The SQL file `name`.sql with its parameters.

    `columns` is what `each_column` stands for. An audit is a SELECT that must return no row: it is wrapped so that it
    fails its transaction if it does. Raises KeyError for a parameter that the file wants and nobody gave,
    FileNotFoundError for a file that is not there.
    """

    name: str
    parameters: Mapping[str, Value] = field(default_factory=dict)
    columns: Sequence[str] = ()
    audit: bool = False

    def render(self, dialect: Dialect) -> str:
        """The statement as SQL text of that dialect."""
        tree = self.tree()
        if dialect == "duckdb":
            tree = tree.transform(_for_duckdb, copy=False)
        return tree.sql(dialect=dialect, copy=False, comments=False)

    def tree(self) -> exp.Expr:
        """The statement with everything filled in, for an engine that has more to do to it."""
        tree = _parse(self.name).copy()
        _expand_column_lists(tree, {**_KEYS, "each_column": tuple(self.columns)})
        for fill_in in (_expand_same_key, _expand_became, _expand_player_key, self._expand_any_different, self._bind):
            tree = tree.transform(fill_in, copy=False)
        if self.audit:
            tree = _parse("audit").transform(_replace_audited, tree)
        return tree

    def _expand_any_different(self, node: exp.Expr) -> exp.Expr:
        if not (isinstance(node, exp.Anonymous) and node.name.lower() == "any_different"):
            return node
        left, right = (argument.name for argument in node.expressions)
        pairs = [(exp.column(name, left, quoted=True), exp.column(name, right, quoted=True)) for name in self.columns]
        return exp.paren(exp.or_(*(exp.NullSafeNEQ(this=ours, expression=theirs) for ours, theirs in pairs)))

    def _bind(self, node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.In) and isinstance(node.args.get("unnest"), exp.Unnest):
            listed = literal(self.parameters[node.args["unnest"].expressions[0].name])
            # A literal list prunes partitions. Nothing is in an empty one.
            return exp.In(this=node.this, expressions=listed.expressions or [exp.null()])
        if isinstance(node, exp.Unnest):
            node.set("explode_array", True)  # what sqlglot sets itself where the array of structs stands in the text
        if isinstance(node, exp.Parameter):
            return literal(self.parameters[node.name])
        return node


def over_dates(dates: Collection[dt.date]) -> dict[str, Value]:
    """The parameters of a statement over these dates: `game_dates`, and their span, which prunes partitions."""
    return {"game_dates": sorted(dates), "first_date": min(dates), "last_date": max(dates)}


@cache
def _parse(name: str) -> exp.Expr:
    file = _files().get(f"{name}.sql")
    if file is None:
        raise FileNotFoundError(f"no statement is called {name}")
    return sqlglot.parse_one(file.read_text(encoding="utf-8"), read="bigquery")


@cache
def _files() -> Mapping[str, Traversable]:
    """Every statement file of the package by its name, without the number that orders the files of a transaction.

    Raises ValueError where two files have one name.
    """
    files: dict[str, Traversable] = {}
    for file in _files_below(resources.files(_PACKAGE)):
        name = _ORDER_NUMBER.sub("", file.name)
        if name in files:
            raise ValueError(f"two statement files are called {name}: {files[name]} and {file}")
        files[name] = file
    return files


def statement_names() -> list[str]:
    """The name of every statement of the package, sorted."""
    return sorted(name.removesuffix(".sql") for name in _files())


def _files_below(folder: Traversable) -> Iterator[Traversable]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _files_below(entry)
        elif entry.name.endswith(".sql"):
            yield entry


def _replace_audited(node: exp.Expr, audited: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Table) and node.name == "audited":
        return exp.Subquery(this=audited, alias=node.args["alias"])
    return node


def literal(value: Value) -> exp.Expr:
    """The value as a typed literal; a sequence of mappings becomes an array of structs.

    Raises TypeError for a type that has no literal, ValueError for a number that is not finite and for a timestamp
    without a time zone.
    """
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return exp.Array(expressions=[_struct(item) if isinstance(item, Mapping) else literal(item) for item in value])
    for kind, render in _LITERALS:
        if isinstance(value, kind):
            return render(value)
    raise TypeError(f"no SQL literal for a value of type {type(value).__name__}")


def _struct(row: Mapping[str, Scalar]) -> exp.Expr:
    return exp.Struct(expressions=[exp.PropertyEQ(this=exp.to_identifier(name), expression=literal(value))
                                   for name, value in row.items()])  # fmt: skip


def _cast(text: str, kind: str) -> exp.Expr:
    return exp.cast(exp.Literal.string(text), kind, dialect="bigquery")


def _timestamp(value: dt.datetime) -> exp.Expr:
    if value.tzinfo is None:
        raise ValueError(f"a timestamp without a time zone cannot be bound: {value!r}")
    return _cast(value.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f+00:00"), "TIMESTAMP")


def _float(value: float) -> exp.Expr:
    if not math.isfinite(value):
        raise ValueError(f"a float that is not finite cannot be bound: {value!r}")
    return exp.cast(exp.Literal.number(repr(value)), "FLOAT64", dialect="bigquery")


def _numeric(value: Decimal) -> exp.Expr:
    if not value.is_finite():
        raise ValueError(f"a decimal that is not finite cannot be bound: {value!r}")
    return _cast(str(value), "NUMERIC(38, 9)")


# In this order: bool is an int, a datetime is a date.
_LITERALS: tuple[tuple[type, Callable[..., exp.Expr]], ...] = (
    (type(None), lambda _: exp.null()),
    (bool, exp.convert),
    (int, exp.convert),
    (float, _float),
    (str, exp.Literal.string),
    (Decimal, _numeric),
    (dt.datetime, _timestamp),
    (dt.date, lambda value: _cast(value.isoformat(), "DATE")),
)


def _expand_same_key(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Anonymous) and node.name.lower() in _SAME:
        left, right = (argument.name for argument in node.expressions)
        return exp.paren(exp.and_(*(
            (exp.EQ if name in _NEVER_NULL else exp.NullSafeEQ)(
                this=exp.column(name, table=left), expression=exp.column(name, table=right)
            )
            for name in _SAME[node.name.lower()]
        )))  # fmt: skip
    return node


def _expand_became(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Anonymous) and node.name.lower() == "became":
        (row,) = node.expressions
        outcome = next(alias.this for alias in _parse("became").find_all(exp.Alias) if alias.alias == "became").copy()
        for column in outcome.find_all(exp.Column):
            column.set("table", exp.to_identifier(row.name))
        return exp.paren(outcome)
    return node


def _expand_player_key(node: exp.Expr) -> exp.Expr:
    """Marks are taken from the letters first, so that they go with all else that is no letter or digit."""
    if isinstance(node, exp.Anonymous) and node.name.lower() == "player_key":
        (name,) = node.expressions
        apart = exp.Lower(this=exp.Normalize(this=name, form=exp.var("NFD")))
        letters = exp.Translate(
            this=apart, from_=exp.Literal.string(_STROKED_LETTERS[0]), to=exp.Literal.string(_STROKED_LETTERS[1])
        )
        return exp.RegexpReplace(
            this=letters, expression=exp.Literal.string("[^a-z0-9]"), replacement=exp.Literal.string("")
        )
    return node


def _for_duckdb(node: exp.Expr) -> exp.Expr:
    """What DuckDB has otherwise. Its COUNT_IF over no row, or NULLs only, is NULL; GoogleSQL's COUNTIF is 0 then.

    It has no NFD: what it has takes the marks away too, and nothing but `PLAYER_KEY`, which does that next, uses NFD.
    """
    if isinstance(node, exp.CountIf):
        return exp.Count(this=exp.If(this=node.this, true=exp.Literal.number(1)))
    return exp.Anonymous(this="STRIP_ACCENTS", expressions=[node.this]) if isinstance(node, exp.Normalize) else node


def _expand_column_lists(tree: exp.Expr, lists: Mapping[str, Sequence[str]]) -> None:
    """Replaces each element that holds a list's name by one element per column of that list."""
    for parent in list(tree.walk()):
        for argument, children in list(parent.args.items()):
            if isinstance(children, list):
                parent.set(argument, [new for child in children for new in _repeat(child, lists)])


def _repeat(child: object, lists: Mapping[str, Sequence[str]]) -> Iterator[object]:
    marker = _marker(child, lists)
    if marker is None or not isinstance(child, exp.Expr):
        yield child
        return
    for name in lists[marker]:
        element = child.copy()
        for identifier in element.find_all(exp.Identifier):
            if identifier.name == marker:
                identifier.set("this", name)
                identifier.set("quoted", True)  # a live table's columns have whatever names they have
        yield element


def _marker(child: object, lists: Mapping[str, Sequence[str]]) -> str | None:
    """The list that an element stands for: it, or either side of its assignment, is a column of that name."""
    if isinstance(child, exp.EQ | exp.PropertyEQ | exp.Alias | exp.Ordered):
        return _marker(child.this, lists)
    if isinstance(child, exp.Column | exp.Identifier) and child.name in lists:
        return str(child.name)
    return None
