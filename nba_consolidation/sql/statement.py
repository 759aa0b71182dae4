"""A statement: the name of one `.sql` file, with its parameters. Files have unique names.

Nothing is read or parsed before the statement is rendered: `rendering.py` does that, and loads sqlglot.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from sqlglot import exp

Dialect = Literal["duckdb", "bigquery"]
Scalar = None | bool | int | float | str | Decimal | dt.date | dt.datetime
Value = Scalar | Sequence[Scalar] | Sequence[Mapping[str, Scalar]]


@dataclass(frozen=True)
class Statement:
    """The SQL file `name`.sql with its parameters.

    columns: of `macro.EACH_COLUMN`. names: of tables and columns, by macro. An audit is a SELECT that must return no
    row: it is wrapped so that it fails its transaction if it does. file: the name of the file, where one file serves
    several tables. Rendering raises KeyError for a parameter of the file that is missing here, LookupError for an
    unknown macro, FileNotFoundError for a file that does not exist.
    """

    name: str
    parameters: Mapping[str, Value] = field(default_factory=dict)
    columns: Sequence[str] = ()
    audit: bool = False
    names: Mapping[str, str] = field(default_factory=dict)
    file: str = ""

    def render(self, dialect: Dialect) -> str:
        """The statement as SQL text of that dialect: all but the parameters' texts is rendered once per process."""
        from nba_consolidation.sql.rendering import render

        return render(self, dialect)

    def tree(self) -> exp.Expr:
        """The statement with everything filled in, for an engine that has more to do to it."""
        from nba_consolidation.sql.rendering import tree

        return tree(self)


def over_dates(dates: Collection[dt.date]) -> dict[str, Value]:
    """The parameters of a statement over these dates: `game_dates`, and their span, which prunes partitions."""
    return {"game_dates": sorted(dates), "first_date": min(dates), "last_date": max(dates)}
