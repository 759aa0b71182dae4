"""One SELECT that a person wrote in GoogleSQL. What is run is rendered from its tree, never its text."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from nba_consolidation.errors import ConsolidationError, nearest_names
from nba_consolidation.schema import ALL_TABLES, BOX_SCORES, VIEWS
from nba_consolidation.sql.rendering import for_dialect
from nba_consolidation.sql.statement import Dialect

_READABLE = tuple(table.name for table in (*VIEWS, *ALL_TABLES, BOX_SCORES))
_WRITES = (exp.DML, exp.DDL, exp.Command, exp.Into)  # a tree that is a SELECT can have a DELETE in its WITH


class QuestionRefused(ConsolidationError):
    """The text is not exactly one SELECT over tables of this project."""


@dataclass(frozen=True)
class Question:
    """A SELECT that reads declared tables only. tables: those that it reads. names: those of its WITH queries."""

    tree: exp.Query
    tables: tuple[str, ...]
    names: frozenset[str]

    def render(self, dialect: Dialect) -> str:
        """The SELECT as text of that dialect."""
        return for_dialect(self.tree.copy(), dialect).sql(dialect=dialect, comments=False)

    @property
    def columns(self) -> frozenset[str]:
        """The names of the columns that it names, apart from those that it makes itself."""
        made = {alias.alias.lower() for alias in self.tree.find_all(exp.Alias, exp.TableAlias)}
        listed = {name.name.lower() for alias in self.tree.find_all(exp.TableAlias) for name in alias.columns}
        named = {column.name for column in self.tree.find_all(exp.Column) if column.name}
        return frozenset(name for name in named if name.lower() not in made | listed)


def parse_question(text: str) -> Question:
    """The question. Raises QuestionRefused."""
    tree = _only_statement(text)
    if not isinstance(tree, exp.Query) or tree.find(*_WRITES):
        raise QuestionRefused("Only SELECT, or WITH ... SELECT, is run: this command writes nothing.")
    if parameter := tree.find(exp.Parameter, exp.Placeholder):
        raise QuestionRefused(
            f"{parameter.sql('bigquery')} has no value: write the value itself, such as DATE '2026-01-15'."
        )
    names = frozenset(query.alias for query in tree.find_all(exp.CTE))
    for name in names.intersection(_READABLE):
        raise QuestionRefused(f"{name} is a table: give the query in WITH another name.")
    tables = [table for table in tree.find_all(exp.Table) if table.db or table.name not in names]
    return Question(tree, tuple(dict.fromkeys(map(_table_name, tables))), names)


def _only_statement(text: str) -> exp.Expr | None:
    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of what is refused here
    try:
        statements = [statement for statement in sqlglot.parse(text, read="bigquery") if statement is not None]
    except SqlglotError as error:
        raise QuestionRefused(f"This is not GoogleSQL: {_place(error)}") from error
    if len(statements) != 1:
        raise QuestionRefused(f"Write exactly one SELECT; these are {len(statements)} statements.")
    return statements[0]


def _place(error: SqlglotError) -> str:
    """What the parser says, and where, without the escape sequences that it underlines with."""
    first = next(iter(getattr(error, "errors", ())), None)
    if not first:
        return str(error)
    near = f"{first['start_context'][-30:]}{first['highlight']}"
    return f"line {first['line']}, column {first['col']}, near {near!r}: {first['description'].partition(' for <')[0]}."


def _table_name(table: exp.Table) -> str:
    if not isinstance(table.this, exp.Identifier):
        raise QuestionRefused(f"Only tables and views can be read, not {table.this.sql('bigquery')}.")
    if table.db:
        raise QuestionRefused(f"Name the table without its dataset: {table.name} instead of {table.sql('bigquery')}.")
    if table.name not in _READABLE:
        hint = nearest(table.name, _READABLE) or ". docs/tables.md lists all of them."
        raise QuestionRefused(f"There is no table {table.name}{hint}")
    return table.name


def nearest(name: str, candidates: Collection[str]) -> str:
    """`. Did you mean bets?`, or nothing where no candidate is similar."""
    return "".join(f". Did you mean {near}?" for near in nearest_names(name, candidates, 1))
