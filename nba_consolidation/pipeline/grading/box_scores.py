"""Box scores: loads files into the local `player_game_summary`, and lists suspicious rows.

In production another system owns the table, and it is only read. How predictions are graded is in `grade.py`.
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
from nba_consolidation.fencing.fenced_writer import FencedWriter, Parameters, in_chunks
from nba_consolidation.leases import Holder
from nba_consolidation.operations.repair.accuracy import LOCK_TYPE
from nba_consolidation.schema import BOX_SCORES, Column
from nba_consolidation.sql import Statement, over_dates
from nba_consolidation.warehouse.arrow_types import arrow_type
from nba_consolidation.warehouse.interface import TransactionResult, Warehouse
from nba_consolidation.warehouse.staging.column_names import in_one_message, required_once
from nba_consolidation.warehouse.staging.row_conversion import ConversionError, convert_column, split_columns

KEY = tuple(column.name for column in BOX_SCORES.columns if column.required)
_MUST_HAVE = (*KEY, "points")
_SCHEMA = pa.schema([(column.name, arrow_type(column.type)) for column in BOX_SCORES.columns])
_REPLACE = (
    "delivered_box_scores",
    "replaced_box_scores",
    "box_score_counts",
    "delete_replaced_box_scores",
    "insert_box_scores",
)


class BoxScoresRefused(ConsolidationError):
    """A file of box scores is refused as a whole. column, row (from 0), value: of the reason, if it has them."""

    def __init__(
        self, source: object, reason: str, column: str | None = None, row: int | None = None, value: object = None
    ) -> None:
        super().__init__(f"file {source}: {reason}; nothing was loaded from it. Correct the file and load it again")
        self.column = column
        self.row = row
        self.value = value


@dataclass(frozen=True)
class BoxScoreFile:
    """The box scores of one file in the declared columns.

    ignored: its other columns. absent: declared columns that it lacks, NULL in all rows.
    """

    rows: pa.Table
    ignored: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


@dataclass(frozen=True)
class BoxScoreProblem:
    """A suspicious box score in the table, by the name of the problem. The row is left unchanged."""

    game_date: dt.date
    problem: str
    game_id: str | None
    player_lookup: str | None
    detail: str | None


@dataclass(frozen=True)
class LoadReport:
    """Counts of rows that files changed in the table, and the problems of their dates.

    repeated: rows of the files that are equal to another one. replaced: rows of the table that were removed, because
    the files have other values for the same player and game.
    """

    dates: tuple[dt.date, ...]
    new: int
    changed: int
    unchanged: int
    repeated: int
    replaced: int
    problems: tuple[BoxScoreProblem, ...]


def box_score_file(source: object, rows: Any) -> BoxScoreFile:
    """Returns the rows of a file (`read_rows`), checked and in the declared types. Raises BoxScoresRefused."""
    try:
        names, values = split_columns(rows)
        by_name = _by_name(source, names, values)
        arrays = {column.name: convert_column(column.name, by_name[column.name], column.type).values
                  for column in BOX_SCORES.columns if column.name in by_name}  # fmt: skip
    except ConversionError as error:
        raise BoxScoresRefused(source, str(error), error.column, error.row, error.value) from error
    for name in KEY:
        _ensure_present(source, name, arrays[name])
    return BoxScoreFile(
        pa.table(arrays),
        ignored=tuple(name for name in names if name not in BOX_SCORES.column_names),
        absent=tuple(name for name in BOX_SCORES.column_names if name not in by_name),
    )


def _by_name(source: object, names: Sequence[str], values: Sequence[Any]) -> Mapping[str, Any]:
    """Names are not guessed: `minutes` is not minutes_played."""
    problems = required_once(names, _MUST_HAVE)
    if problems:
        present = ", ".join(repr(str(name)) for name in names)
        reason = f"{in_one_message(problems)} (the file has {present})"
        raise BoxScoresRefused(source, reason, problems[0].column)
    return dict(zip(names, values, strict=True))


def _ensure_present(source: object, name: str, values: pa.Array | pa.ChunkedArray) -> None:
    """Raises BoxScoresRefused for a key that is NULL or blank."""
    blank = pc.is_null(values)
    if pa.types.is_string(values.type):
        blank = pc.or_kleene(blank, pc.equal(pc.utf8_trim_whitespace(values), ""))
    row = pc.index(blank, True).as_py()
    if row >= 0:
        value = values[row].as_py()
        raise BoxScoresRefused(source, f"column {name}, row {row}: {value!r} is not a valid key", name, row, value)


def load(writer: FencedWriter, files: Sequence[BoxScoreFile], holder: Holder) -> LoadReport:
    """Loads files: box scores of the same player and game are replaced, others stay. Suspicious ones are reported.

    Written under the grading leases of the dates, so that no grading of them runs meanwhile. Files of at most
    DATES_AT_ONCE dates are one transaction. More dates are one transaction per DATES_AT_ONCE, from the earliest on; if
    one fails, the earlier ones stay loaded, and loading the files again completes them. Raises LeaseError,
    WarehouseError, FencedOut; then nothing of that transaction was written.
    """
    live = writer.warehouse.live_columns(BOX_SCORES.name)
    names = _declared(live)
    tables = [_SCHEMA.empty_table(), *(file.rows for file in files)]
    rows = pa.concat_tables(tables, promote_options="default").select(names)
    dates = sorted(pc.unique(rows["game_date"]).to_pylist())

    def statements(parameters: Parameters) -> list[Statement]:
        return [*(Statement(name, parameters, names) for name in _REPLACE), *problem_statements(parameters, live)]

    results = []
    for chunk in in_chunks(dates):
        delivered = rows.filter(pc.is_in(rows["game_date"], pa.array(chunk)))
        with writer.holding(LOCK_TYPE, chunk, holder) as leased:
            results.append(leased.write(chunk, statements, relations={"delivered": delivered}))
    return _load_report(dates, rows.num_rows, results)


def _load_report(dates: Sequence[dt.date], rows: int, results: Sequence[TransactionResult]) -> LoadReport:
    counts = Counter[str]()
    for result in results:
        counts.update(result.rows["box_score_counts"][0])
    new, changed, unchanged = counts["new_rows"], counts["changed_rows"], counts["unchanged_rows"]
    return LoadReport(
        dates=tuple(dates),
        new=new,
        changed=changed,
        unchanged=unchanged,
        repeated=rows - new - changed - unchanged,
        replaced=counts["replaced_rows"],
        problems=tuple(problem for result in results for problem in problems_of(result)),
    )


def box_score_problems(warehouse: Warehouse, dates: Collection[dt.date]) -> tuple[BoxScoreProblem, ...]:
    """Returns the suspicious box scores of the dates. Raises WarehouseError."""
    live = warehouse.live_columns(BOX_SCORES.name)
    return problems_of(warehouse.run(problem_statements(over_dates(dates), live)))


def problem_statements(bound: Parameters, live: Sequence[Column]) -> list[Statement]:
    """Returns the statements that create `box_scores` and `games` and end with the SELECT `box_score_problems`.

    bound: the parameters of `over_dates`. live: the columns that player_game_summary has now.
    """
    return [
        Statement("box_scores", bound),
        Statement("read_box_scores", bound, _declared(live)),
        Statement("games", bound),
        Statement("box_score_problems", bound),
    ]


def _declared(live: Sequence[Column]) -> list[str]:
    return [column.name for column in live if column.name in BOX_SCORES.column_names]


def problems_of(result: TransactionResult) -> tuple[BoxScoreProblem, ...]:
    """Returns the problems in the result of a run with `problem_statements`."""
    return tuple(BoxScoreProblem(**row) for row in result.rows["box_score_problems"])
