"""Every macro that a statement file can use, and how it is expanded: on the syntax tree, never on text.

A macro is written as a member of `macro`, a name that no engine has: `macro.SAME_KEY(T, S)`. That is valid GoogleSQL.
Where GoogleSQL takes only a name, the macro is a name instead of a call: the left side of SET is `macro.EACH_COLUMN`, a
column of INSERT the same in backquotes, a table `macro.TABLE`, a column in a condition `macro.ID_COLUMN`.

Lists of columns, qualified with table T, or unqualified without the T:
- `macro.BUSINESS_KEY(T)`, `macro.ACTIVATION_KEY(T)`, `macro.ACCURACY_KEY(T)`: the keys that the schema declares;
- `macro.PRIMARY_KEY(T)`: the declared primary key of `macro.TABLE`;
- `macro.EACH_COLUMN(T)`: the columns of the Statement.

Conditions and values:
- `macro.SAME_KEY(T, S)`, `macro.SAME_ACTIVATION_KEY(T, S)`, `macro.SAME_ACCURACY_KEY(T, S)`: T and S are equal in all
  columns of the key, NULL being equal to NULL where a sound row can have it (BigQuery makes an outer join only of plain
  equalities);
- `macro.SAME_PRIMARY_KEY(T, S)`: likewise for the declared primary key of `macro.TABLE`, which is never NULL;
- `macro.EQUAL_TO_PARAMETERS(T)`: each of the Statement's columns of T is equal to the parameter of its name;
- `macro.ANY_DIFFERENT(T, S)`: T and S differ in a column of the Statement, NULL being equal to NULL;
- `macro.ROW_AS_JSON(T)`: the Statement's columns of T as one JSON text.

Functions: `macro.PLAYER_KEY(name)` is the body of the CREATE TEMP FUNCTION in the file `player_key.sql`, with `name`
filled in. Every file with such a function is a macro. An argument can be a table, for `T.column` in the body.

Names: `macro.NAME` in place of any other table or column is one of the names of the Statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from nba_consolidation.schema import (
    ACCURACY_KEY,
    ACTIVATION_KEY,
    ALL_TABLES,
    BOX_SCORES,
    BUSINESS_KEY,
    PREDICTIONS,
    VIEWS,
)

_NEVER_NULL = frozenset(column.name for column in PREDICTIONS.columns if column.required)
_KEYS = {"BUSINESS_KEY": BUSINESS_KEY, "ACTIVATION_KEY": ACTIVATION_KEY, "ACCURACY_KEY": ACCURACY_KEY}
_SAME = {"SAME_KEY": BUSINESS_KEY, "SAME_ACTIVATION_KEY": ACTIVATION_KEY, "SAME_ACCURACY_KEY": ACCURACY_KEY}
_PRIMARY_KEYS = {table.name: table.primary_key for table in (*ALL_TABLES, *VIEWS, BOX_SCORES)}
_MACRO = "macro"


@dataclass(frozen=True)
class Expansion:
    """The values of one statement's macros: its columns, its names, and how a function is looked up by name.

    `function` raises LookupError for a macro that does not exist.
    """

    columns: Sequence[str]
    names: Mapping[str, str]
    function: Callable[[str], exp.Create]

    def expand(self, tree: exp.Expr) -> exp.Expr:
        """The tree with every macro expanded; changes the tree. Raises LookupError for a macro that does not exist."""
        for parent in list(tree.walk()):
            for argument, children in list(parent.args.items()):
                if isinstance(children, list):
                    parent.set(argument, [new for child in children for new in self._repeated(child)])
        return tree.transform(self._replaced, copy=False)

    @property
    def _lists(self) -> Mapping[str, Sequence[str]]:
        lists = {**_KEYS, "EACH_COLUMN": self.columns}
        return {**lists, "PRIMARY_KEY": _PRIMARY_KEYS[self.names["TABLE"]]} if "TABLE" in self.names else lists

    def _repeated(self, element: object) -> Iterator[object]:
        """The element once for each column of the list of columns in it; itself where there is none."""
        name = _list_name(element)
        if name not in self._lists or not isinstance(element, exp.Expr):
            yield element
            return
        for column in self._lists[name]:
            yield element.copy().transform(_column_of_list, name, column, copy=False)

    def _replaced(self, node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Table) and node.db == _MACRO:
            return exp.Table(this=exp.to_identifier(self._name(node.name)), alias=node.args.get("alias"))
        if isinstance(node, exp.Column) and node.table == _MACRO:
            return _column(self._name(node.name))
        if isinstance(node, exp.Identifier) and node.name.startswith(f"{_MACRO}."):
            return exp.to_identifier(self._name(node.name.partition(".")[2]))
        call = _call(node)
        return node if call is None else self._value(call.name, call.expressions)

    def _name(self, macro: str) -> str:
        if macro not in self.names:
            raise LookupError(f"the statement has no name for {_MACRO}.{macro}")
        return self.names[macro]

    def _value(self, macro: str, arguments: Sequence[exp.Expr]) -> exp.Expr:
        tables = [argument.name for argument in arguments]
        if macro in _SAME:
            return _all_equal(_SAME[macro], *tables)
        if macro == "SAME_PRIMARY_KEY":
            return _all_equal(_PRIMARY_KEYS[self._name("TABLE")], *tables, never_null=True)
        if macro == "EQUAL_TO_PARAMETERS":
            return _equal_to_parameters(self.columns, *tables)
        if macro == "ANY_DIFFERENT":
            return _any_different(self.columns, *tables)
        if macro == "ROW_AS_JSON":
            return _row_as_json(self.columns, *tables)
        return self.expand(_inlined(self.function(macro), arguments))


def _call(node: object) -> exp.Anonymous | None:
    """The call of a macro that a node is, if it is one."""
    if isinstance(node, exp.Dot) and node.this.name == _MACRO and isinstance(node.expression, exp.Anonymous):
        return node.expression
    return None


def _list_name(element: object) -> str:
    """The macro in an element of a list: a call, a name, or the left side of an order or an assignment."""
    if isinstance(element, exp.EQ | exp.Ordered):
        return _list_name(element.this)
    if isinstance(element, exp.Column) and element.table == _MACRO:
        return element.name
    if isinstance(element, exp.Identifier):
        return element.name.removeprefix(f"{_MACRO}.")
    call = _call(element)
    return "" if call is None else call.name


def _column_of_list(node: exp.Expr, macro: str, column: str) -> exp.Expr:
    """One column in place of the list of that name."""
    if isinstance(node, exp.Identifier) and node.name == f"{_MACRO}.{macro}":
        return exp.to_identifier(column, quoted=True)
    if isinstance(node, exp.Column) and (node.table, node.name) == (_MACRO, macro):
        return _column(column)
    call = _call(node)
    return node if call is None or call.name != macro else _column(column, *(table.name for table in call.expressions))


def _column(name: str, table: str | None = None) -> exp.Column:
    """Quoted, because a live table can have any column names."""
    return exp.Column(this=exp.to_identifier(name, quoted=True), table=exp.to_identifier(table))


def _all_equal(key: Sequence[str], left: str, right: str, *, never_null: bool = False) -> exp.Expr:
    return exp.paren(exp.and_(*(
        (exp.EQ if never_null or name in _NEVER_NULL else exp.NullSafeEQ)(
            this=exp.column(name, table=left), expression=exp.column(name, table=right)
        )
        for name in key
    )))  # fmt: skip


def _equal_to_parameters(columns: Sequence[str], table: str) -> exp.Expr:
    pairs = ((_column(name, table), exp.Parameter(this=exp.var(name))) for name in columns)
    return exp.paren(exp.and_(exp.true(), *(exp.EQ(this=column, expression=value) for column, value in pairs)))


def _any_different(columns: Sequence[str], left: str, right: str) -> exp.Expr:
    pairs = ((_column(name, left), _column(name, right)) for name in columns)
    return exp.paren(exp.or_(*(exp.NullSafeNEQ(this=one, expression=other) for one, other in pairs)))


def _row_as_json(columns: Sequence[str], table: str) -> exp.Expr:
    fields = [exp.PropertyEQ(this=exp.to_identifier(name, quoted=True), expression=_column(name, table))
              for name in columns]  # fmt: skip
    return exp.func("TO_JSON_STRING", exp.Struct(expressions=fields), dialect="bigquery")


def _inlined(function: exp.Create, arguments: Sequence[exp.Expr]) -> exp.Expr:
    """The body of the function, with its parameters replaced by the arguments."""
    parameters = [parameter.name for parameter in function.this.expressions]
    values: dict[str, exp.Expr] = dict(zip(parameters, arguments, strict=True))
    body: exp.Expr = function.expression.copy()

    def filled_in(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and node.table in values:
            return exp.Column(this=node.this, table=exp.to_identifier(values[node.table].name))
        if isinstance(node, exp.Column) and not node.table and node.name in values:
            return values[node.name].copy()
        return node

    return body.transform(filled_in, copy=False)
