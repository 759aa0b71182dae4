"""Box scores: files of them brought into the local player_game_summary, and what is suspicious about those that stand.

In production the table is somebody else's: it is only looked at. How predictions are graded by it is not known here.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.schema import BOX_SCORES, Column
from nba_consolidation.sql import Statement, Value, over_dates
from nba_consolidation.warehouse.arrow_types import arrow_type
from nba_consolidation.warehouse.interface import TransactionResult, Warehouse
from nba_consolidation.warehouse.staging.row_conversion import ConversionError, convert_column, split_columns

KEY = tuple(column.name for column in BOX_SCORES.columns if column.required)
_MUST_HAVE = (*KEY, "points")
_SCHEMA = pa.schema([(column.name, arrow_type(column.type)) for column in BOX_SCORES.columns])
_REPLACE = (
    "delivered_box_scores",
    "outdated_box_scores",
    "box_score_counts",
    "remove_outdated_box_scores",
    "insert_box_scores",
)


class BoxScoresRefused(ConsolidationError):
    """A file of box scores cannot be taken as it is; nothing of it is. `column`, `row` (from 0) and `value` say why."""

    def __init__(
        self, source: object, reason: str, column: str | None = None, row: int | None = None, value: object = None
    ) -> None:
        super().__init__(f"file {source}: {reason}; nothing of it was loaded: mend it and load it again")
        self.column = column
        self.row = row
        self.value = value


@dataclass(frozen=True)
class Delivery:
    """The box scores of one file in our columns, and which columns it has besides, and which it lacks (NULL)."""

    rows: pa.Table
    ignored: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


@dataclass(frozen=True)
class Problem:
    """Something suspicious about a box score that stands, by name. Nothing was done about it."""

    game_date: dt.date
    problem: str
    game_id: str | None
    player_lookup: str | None
    detail: str | None


@dataclass(frozen=True)
class LoadReport:
    """What deliveries changed, in rows, and the problems of their dates.

    repeated: rows that are the same as another of the deliveries. replaced: rows that stood for a game and player of
    theirs and are gone; as many as changed, unless there were more of them, or fewer.
    """

    dates: tuple[dt.date, ...]
    new: int
    changed: int
    unchanged: int
    repeated: int
    replaced: int
    problems: tuple[Problem, ...]


def delivery(source: object, rows: Any) -> Delivery:
    """The rows of a file (`read_rows`), checked and in the declared types. Raises BoxScoresRefused naming `source`."""
    try:
        names, values = split_columns(rows)
        given = _by_name(source, names, values)
        arrays = {column.name: convert_column(column.name, given[column.name], column.type)
                  for column in BOX_SCORES.columns if column.name in given}  # fmt: skip
    except ConversionError as error:
        raise BoxScoresRefused(source, str(error), error.column, error.row, error.value) from error
    for name in KEY:
        _ensure_given(source, name, arrays[name])
    return Delivery(
        pa.table(arrays),
        ignored=tuple(name for name in names if name not in BOX_SCORES.column_names),
        absent=tuple(name for name in BOX_SCORES.column_names if name not in given),
    )


def _by_name(source: object, names: Sequence[str], values: Sequence[Any]) -> Mapping[str, Any]:
    """No name is guessed: `minutes` is not minutes_played."""
    twice = [name for name, times in Counter(names).items() if times > 1]
    missing = [name for name in _MUST_HAVE if name not in names]
    if twice:
        raise BoxScoresRefused(source, f"column {', '.join(map(str, twice))}: given twice", str(twice[0]))
    if missing:
        has = ", ".join(map(str, names))
        raise BoxScoresRefused(source, f"column {', '.join(missing)}: missing (it has {has})", missing[0])
    return dict(zip(names, values, strict=True))


def _ensure_given(source: object, name: str, values: pa.Array | pa.ChunkedArray) -> None:
    """Raises BoxScoresRefused for a key that is NULL or blank: nobody could tell whose box score it is."""
    blank = pc.is_null(values)
    if pa.types.is_string(values.type):
        blank = pc.or_kleene(blank, pc.equal(pc.utf8_trim_whitespace(values), ""))
    row = pc.index(blank, True).as_py()
    if row >= 0:
        value = values[row].as_py()
        raise BoxScoresRefused(source, f"column {name}, row {row}: {value!r} is no key", name, row, value)


def load(warehouse: Warehouse, deliveries: Sequence[Delivery]) -> LoadReport:
    """Brings the deliveries in, in one transaction; box scores of the same game and player are replaced, others stay.

    What is suspicious is loaded all the same, and reported. Raises WarehouseError; then nothing was loaded.
    """
    live = warehouse.live_columns(BOX_SCORES.name)
    names = _known(live)
    rows = pa.concat_tables(
        [_SCHEMA.empty_table(), *(one.rows for one in deliveries)], promote_options="default"
    ).select(names)
    dates = sorted(pc.unique(rows["game_date"]).to_pylist())
    given = over_dates(dates)
    statements = [*(Statement(name, given, names) for name in _REPLACE), *problem_statements(given, live)]
    result = warehouse.run(statements, relations={"delivered": rows})
    [counts] = result.rows["box_score_counts"]
    return LoadReport(
        dates=tuple(dates),
        new=counts["new_rows"],
        changed=counts["changed_rows"],
        unchanged=counts["unchanged_rows"],
        repeated=rows.num_rows - counts["new_rows"] - counts["changed_rows"] - counts["unchanged_rows"],
        replaced=counts["replaced_rows"],
        problems=problems_of(result),
    )


def box_score_problems(warehouse: Warehouse, dates: Collection[dt.date]) -> tuple[Problem, ...]:
    """What is suspicious about the box scores that stand for the dates, whoever wrote them. Raises WarehouseError."""
    live = warehouse.live_columns(BOX_SCORES.name)
    return problems_of(warehouse.run(problem_statements(over_dates(dates), live)))


def problem_statements(over: Mapping[str, Value], live: Sequence[Column]) -> list[Statement]:
    """The statements that make the relations `box_scores` and `games`, and end in the SELECT `box_score_problems`.

    over: the parameters of `over_dates`. live: the columns that player_game_summary has now.
    """
    return [
        Statement("box_scores", over),
        Statement("read_box_scores", over, _known(live)),
        Statement("games", over),
        Statement("box_score_problems", over),
    ]


def _known(live: Sequence[Column]) -> list[str]:
    return [column.name for column in live if column.name in BOX_SCORES.column_names]


def problems_of(result: TransactionResult) -> tuple[Problem, ...]:
    """What a run with `problem_statements` found."""
    return tuple(Problem(**row) for row in result.rows["box_score_problems"])
