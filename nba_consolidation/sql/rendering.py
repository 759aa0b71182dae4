"""Renders statements for an engine's dialect, from their `.sql` files.

The files are GoogleSQL and parse as such. `@name` becomes a typed literal of the parameter of that name, and
`macro.NAME` is expanded as described in `macros.py`.
"""

from __future__ import annotations

import itertools
import re
import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from importlib.resources.abc import Traversable

import sqlglot
from sqlglot import exp

from nba_consolidation.sql.literals import Shape, build, literal, take_apart
from nba_consolidation.sql.macros import Expansion
from nba_consolidation.sql.statement import Dialect, Statement

_PACKAGE = __package__.partition(".")[0]
_ORDER_NUMBER = re.compile(r"^\d+_")
_KEPT = 1024  # statements that a process keeps rendered: a few for each file
_MARK = uuid.uuid4().hex
_MARKED = re.compile(f"'?{_MARK}_([0-9]+)_'?")


@dataclass(frozen=True)
class _Template:
    """All of a statement but its parameters: what its expanded tree and its rendered text are kept by."""

    source: str
    columns: tuple[str, ...]
    names: tuple[tuple[str, str], ...]
    audit: bool


def render(statement: Statement, dialect: Dialect) -> str:
    """The statement as SQL text of that dialect: all but the parameters' texts is rendered once per process."""
    template, parameters = _template_of(statement), statement.parameters
    texts: list[exp.Literal] = []
    shapes = tuple((name, take_apart(parameters[name], texts)) for name in _parameter_names(template))
    filled = (
        piece if isinstance(piece, str) else _text(texts[piece].this, texts[piece].is_string, dialect)
        for piece in _rendered(template, shapes, dialect)
    )
    return "".join(filled)


def tree(statement: Statement) -> exp.Expr:
    """The statement with everything filled in, for an engine that has more to do to it."""
    expanded = _expanded(_template_of(statement)).copy()
    literals = {name: literal(statement.parameters[name]) for name in _parameters_of(expanded)}
    return expanded.transform(_bind, literals, copy=False)


def statement_names() -> list[str]:
    """The name of every statement of the package, sorted. Functions, which are macros, are no statements."""
    names = (name.removesuffix(".sql") for name in _files())
    return sorted(name for name in names if not _is_function(_parse(_source(name))))


def _template_of(statement: Statement) -> _Template:
    source, names = _source(statement.file or statement.name), tuple(sorted(statement.names.items()))
    return _Template(source, tuple(statement.columns), names, statement.audit)


@cache
def _source(name: str) -> str:
    file = _files().get(f"{name}.sql")
    if file is None:
        raise FileNotFoundError(f"no statement is called {name}")
    return file.read_text(encoding="utf-8")


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


def _files_below(folder: Traversable) -> Iterator[Traversable]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _files_below(entry)
        elif entry.name.endswith(".sql"):
            yield entry


@cache
def _parse(source: str) -> exp.Expr:
    return sqlglot.parse_one(source, read="bigquery")


def _function(macro: str) -> exp.Create:
    """The function of a macro. Raises LookupError where there is none."""
    name = macro.lower()
    tree = _parse(_source(name)) if f"{name}.sql" in _files() else None
    if not isinstance(tree, exp.Create) or not _is_function(tree):
        raise LookupError(f"no macro is called {macro}")
    return tree


def _is_function(tree: exp.Expr) -> bool:
    return isinstance(tree, exp.Create) and tree.kind == "FUNCTION"


@lru_cache(_KEPT)
def _expanded(template: _Template) -> exp.Expr:
    """The statement with all but its parameters filled in. Shared: take a copy before you change it."""
    expansion = Expansion(template.columns, dict(template.names), _function)
    tree = expansion.expand(_parse(template.source).copy())
    return _parse(_source("audit")).transform(_replace_audited, tree) if template.audit else tree


@lru_cache(_KEPT)
def _parameter_names(template: _Template) -> tuple[str, ...]:
    return tuple(_parameters_of(_expanded(template)))


def _parameters_of(tree: exp.Expr) -> Collection[str]:
    return dict.fromkeys(parameter.name for parameter in tree.find_all(exp.Parameter))


@lru_cache(_KEPT)
def _rendered(template: _Template, shapes: tuple[tuple[str, Shape], ...], dialect: Dialect) -> tuple[str | int, ...]:
    """The statement as text of that dialect, cut at the texts of its parameters, with their numbers in between.

    A mark that occurs in no statement and no column is bound in place of each text, so a text becomes one literal.
    """
    marks = (f"{_MARK}_{number}_" for number in itertools.count())
    bound = {name: build(shape, marks) for name, shape in shapes}
    tree = for_dialect(_expanded(template).copy().transform(_bind, bound, copy=False), dialect)
    pieces = _MARKED.split(tree.sql(dialect=dialect, copy=False, comments=False))
    return tuple(int(piece) if number % 2 else piece for number, piece in enumerate(pieces))


@lru_cache(4096)
def _text(text: str, is_string: bool, dialect: Dialect) -> str:
    return exp.Literal(this=text, is_string=is_string).sql(dialect)


def _bind(node: exp.Expr, literals: Mapping[str, exp.Expr]) -> exp.Expr:
    if isinstance(node, exp.In) and isinstance(node.args.get("unnest"), exp.Unnest):
        listed = literals[node.args["unnest"].expressions[0].name].copy()
        # A literal list prunes partitions. Nothing is in an empty one.
        return exp.In(this=node.this, expressions=listed.expressions or [exp.null()])
    if isinstance(node, exp.Unnest):
        node.set("explode_array", True)  # as sqlglot does for an array of structs in the text
    if isinstance(node, exp.Parameter):
        return literals[node.name].copy()
    return node


def _replace_audited(node: exp.Expr, audited: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Table) and node.name == "audited":
        return exp.Subquery(this=audited, alias=node.args["alias"])
    return node


def for_dialect(tree: exp.Expr, dialect: Dialect) -> exp.Expr:
    """The tree without what that engine has not; changes the tree."""
    return tree.transform(_for_duckdb, copy=False) if dialect == "duckdb" else tree


def _for_duckdb(node: exp.Expr) -> exp.Expr:
    """Replaces what DuckDB has not. Its COUNT_IF over no row, or NULLs only, is NULL; GoogleSQL's COUNTIF is 0 then.

    It has no NFD. Its STRIP_ACCENTS takes the marks away too, which `player_key.sql`, the one user of NFD, does next.
    """
    if isinstance(node, exp.CountIf):
        return exp.Count(this=exp.If(this=node.this, true=exp.Literal.number(1)))
    return exp.Anonymous(this="STRIP_ACCENTS", expressions=[node.this]) if isinstance(node, exp.Normalize) else node
