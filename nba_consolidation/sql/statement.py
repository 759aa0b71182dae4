"""A statement: one `.sql` file with its parameters, rendered for an engine's dialect. Files have unique names.

The files are GoogleSQL and parse as such. Six things in them are filled in here, on the syntax tree:

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
import itertools
import re
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Literal

import sqlglot
from sqlglot import exp

from nba_consolidation.sql.literals import Shape, Value, build, literal, take_apart
from nba_consolidation.tables import ACCURACY_KEY, ACTIVATION_KEY, BUSINESS_KEY, PREDICTIONS

Dialect = Literal["duckdb", "bigquery"]
_NEVER_NULL = frozenset(column.name for column in PREDICTIONS.columns if column.required)
_KEYS = {"business_key": BUSINESS_KEY, "activation_key": ACTIVATION_KEY, "accuracy_key": ACCURACY_KEY}
_SAME = {
    "same_key": BUSINESS_KEY,
    "same_activation_key": ACTIVATION_KEY,
    "same_accuracy_key": ACCURACY_KEY,
}
_KEPT = 1024  # statements that a process keeps rendered: a few for each file
_MARK = uuid.uuid4().hex
_MARKED = re.compile(f"'?{_MARK}_([0-9]+)_'?")
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
        """The statement as SQL text of that dialect: all but the parameters' texts is rendered once per process."""
        source, columns = _source(self.name), tuple(self.columns)
        texts: list[exp.Literal] = []
        names = _parameter_names(source, columns, self.audit)
        shapes = tuple((name, take_apart(self.parameters[name], texts)) for name in names)
        pieces = _rendered(source, columns, self.audit, shapes, dialect)
        return "".join(piece if isinstance(piece, str) else texts[piece].sql(dialect) for piece in pieces)

    def tree(self) -> exp.Expr:
        """The statement with everything filled in, for an engine that has more to do to it."""
        tree = _expanded(_source(self.name), tuple(self.columns), self.audit).copy()
        literals = {name: literal(self.parameters[name]) for name in _parameters_of(tree)}
        return tree.transform(_bind, literals, copy=False)


def over_dates(dates: Collection[dt.date]) -> dict[str, Value]:
    """The parameters of a statement over these dates: `game_dates`, and their span, which prunes partitions."""
    return {"game_dates": sorted(dates), "first_date": min(dates), "last_date": max(dates)}


@cache
def _source(name: str) -> str:
    file = _files().get(f"{name}.sql")
    if file is None:
        raise FileNotFoundError(f"no statement is called {name}")
    return file.read_text(encoding="utf-8")


@cache
def _files() -> Mapping[str, Traversable]:
    """Every statement's file, by name: which folder it lies in is for people."""
    folders = (folder for folder in resources.files(__package__).iterdir() if folder.is_dir())
    return {file.name: file for folder in folders for file in folder.iterdir() if file.name.endswith(".sql")}


@cache
def _parse(source: str) -> exp.Expr:
    return sqlglot.parse_one(source, read="bigquery")


@lru_cache(_KEPT)
def _expanded(source: str, columns: tuple[str, ...], audit: bool) -> exp.Expr:
    """The statement with all but its parameters filled in. Shared: whoever changes it takes a copy."""
    tree = _parse(source).copy()
    _expand_column_lists(tree, {**_KEYS, "each_column": columns})
    tree = tree.transform(_expand_macro, columns, copy=False)
    return _parse(_source("audit")).transform(_replace_audited, tree) if audit else tree


@lru_cache(_KEPT)
def _parameter_names(source: str, columns: tuple[str, ...], audit: bool) -> tuple[str, ...]:
    return tuple(_parameters_of(_expanded(source, columns, audit)))


def _parameters_of(tree: exp.Expr) -> Collection[str]:
    return dict.fromkeys(parameter.name for parameter in tree.find_all(exp.Parameter))


@lru_cache(_KEPT)
def _rendered(
    source: str, columns: tuple[str, ...], audit: bool, shapes: tuple[tuple[str, Shape], ...], dialect: Dialect
) -> tuple[str | int, ...]:
    """The statement as text of that dialect, cut where a text of a parameter goes, which its number stands for.

    A mark that no statement and no column can hold is bound in its place, so a text only ever becomes one literal.
    """
    marks = (f"{_MARK}_{number}_" for number in itertools.count())
    bound = {name: build(shape, marks) for name, shape in shapes}
    tree = _expanded(source, columns, audit).copy().transform(_bind, bound, copy=False)
    if dialect == "duckdb":
        tree = tree.transform(_for_duckdb, copy=False)
    pieces = _MARKED.split(tree.sql(dialect=dialect, copy=False, comments=False))
    return tuple(int(piece) if number % 2 else piece for number, piece in enumerate(pieces))


def _bind(node: exp.Expr, literals: Mapping[str, exp.Expr]) -> exp.Expr:
    if isinstance(node, exp.In) and isinstance(node.args.get("unnest"), exp.Unnest):
        listed = literals[node.args["unnest"].expressions[0].name].copy()
        # A literal list prunes partitions. Nothing is in an empty one.
        return exp.In(this=node.this, expressions=listed.expressions or [exp.null()])
    if isinstance(node, exp.Unnest):
        node.set("explode_array", True)  # what sqlglot sets itself where the array of structs stands in the text
    if isinstance(node, exp.Parameter):
        return literals[node.name].copy()
    return node


def _replace_audited(node: exp.Expr, audited: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Table) and node.name == "audited":
        return exp.Subquery(this=audited, alias=node.args["alias"])
    return node


def _expand_macro(node: exp.Expr, columns: Sequence[str]) -> exp.Expr:
    """What stands for a call of one of our macros."""
    macro = node.name.lower() if isinstance(node, exp.Anonymous) else ""
    if macro in _SAME:
        return _same_key(_SAME[macro], *(argument.name for argument in node.expressions))
    if macro == "any_different":
        return _any_different(columns, *(argument.name for argument in node.expressions))
    if macro == "became":
        return _became(*(argument.name for argument in node.expressions))
    return _player_key(*node.expressions) if macro == "player_key" else node


def _same_key(key: Sequence[str], left: str, right: str) -> exp.Expr:
    return exp.paren(exp.and_(*(
        (exp.EQ if name in _NEVER_NULL else exp.NullSafeEQ)(
            this=exp.column(name, table=left), expression=exp.column(name, table=right)
        )
        for name in key
    )))  # fmt: skip


def _any_different(columns: Sequence[str], left: str, right: str) -> exp.Expr:
    pairs = [(exp.column(name, left, quoted=True), exp.column(name, right, quoted=True)) for name in columns]
    return exp.paren(exp.or_(*(exp.NullSafeNEQ(this=ours, expression=theirs) for ours, theirs in pairs)))


def _became(row: str) -> exp.Expr:
    aliases = _parse(_source("became")).find_all(exp.Alias)
    outcome = next(alias.this for alias in aliases if alias.alias == "became").copy()
    for column in outcome.find_all(exp.Column):
        column.set("table", exp.to_identifier(row))
    return exp.paren(outcome)


def _player_key(name: exp.Expr) -> exp.Expr:
    """Marks are taken from the letters first, so that they go with all else that is no letter or digit."""
    apart = exp.Lower(this=exp.Normalize(this=name, form=exp.var("NFD")))
    letters = exp.Translate(
        this=apart, from_=exp.Literal.string(_STROKED_LETTERS[0]), to=exp.Literal.string(_STROKED_LETTERS[1])
    )
    return exp.RegexpReplace(
        this=letters, expression=exp.Literal.string("[^a-z0-9]"), replacement=exp.Literal.string("")
    )


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
