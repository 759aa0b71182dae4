"""Compares columns with the live table's, and gives staged rows the live table's columns.

Both engines read staging tables through the SELECT list that is built here. A row is checked for one thing only:
whether each value fits its column (`row_error`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache

from sqlglot import exp

from nba_consolidation.errors import did_you_mean
from nba_consolidation.schema import BUSINESS_KEY, LINEAGE, SET_BY_CONSOLIDATION, Column, Table
from nba_consolidation.warehouse.errors import TableIncomplete

_NUMERIC = re.compile(r"(?:BIG)?NUMERIC(?:\((\d+)(?:, *(\d+))?\))?")
_LINEAGE = frozenset(column.name for column in LINEAGE)
RESERVED_NAMES = frozenset({
    "staging_table_number", "staging_row", "row_error", "original_row",  # beside the columns of a staged row
    "new_is_active", "new_superseded_by", "new_staging_table", "new_batch_id", "new_lease_token",
    "file_row_number", "file_index", "filename",  # DuckDB's, of a Parquet file
})  # fmt: skip
"""Names, in lower case, that the consolidation statements and the engines use in addition to the column names."""
# BigQuery allows no column name that begins with one of these.
_RESERVED_PREFIXES = ("_table_", "_file_", "_partition", "_row_timestamp", "__root__", "_colidentifier", "_change_")
_ADDABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,299}")
_SCALAR = r"(?:STRING|JSON|INT64|FLOAT64|BOOL|DATE|TIMESTAMP|(?:BIG)?NUMERIC(?:\(\d+, *\d+\))?)"
_ADDABLE_TYPE = re.compile(rf"{_SCALAR}|ARRAY<{_SCALAR}>")
# Staged type -> live types that can hold its values without loss; every type can hold its own.
_WIDENS = {
    "INT64": frozenset({"FLOAT64"}),
    "STRING": frozenset({"JSON"}),
    "JSON": frozenset({"STRING"}),
}


def ensure_complete(table: Table, live: Sequence[Column]) -> None:
    """Raises TableIncomplete if the live table, which somebody else may have created, lacks declared columns."""
    live_names = {column.name for column in live}
    missing = [name for name in table.column_names if name not in live_names]
    if missing:
        raise TableIncomplete(
            f"table {table.name} lacks the columns {', '.join(missing)}. To see what would be added, run: "
            "nba-consolidation bootstrap. To add it, run: nba-consolidation bootstrap --apply"
        )


@dataclass(frozen=True)
class ColumnDifference:
    """How a staging table's columns differ from the live table's. `mismatched` has pairs of staged and live column.

    not_addable: why schema evolution cannot add an unknown column, by name.
    """

    missing: tuple[str, ...] = ()
    unknown: tuple[Column, ...] = ()
    mismatched: tuple[tuple[Column, Column], ...] = ()
    not_addable: Mapping[str, str] = field(default_factory=dict)

    def refusal(self) -> str | None:
        """Why the table cannot be consolidated, with column and both types; None if it can."""
        problems = [
            f"column {staged.name} is {staged.type} but {live.type} in the live table, "
            "which cannot be cast without loss"
            for staged, live in self.mismatched
        ]
        problems += [
            f"column {column.name!r} ({column.type}) is not in the live table{did_you_mean(column.name, self.missing)}"
            + (f" and cannot be added: {self.not_addable[column.name]}" if column.name in self.not_addable else "")
            for column in self.unknown
        ]
        return "; ".join(problems) or None


def compare_columns(staged: Sequence[Column], live: Sequence[Column]) -> ColumnDifference:
    """The difference by name. A staged column with the name of a lineage column is unknown: those are set later.

    An unknown column without a type has no values: pandas writes one that is None in every row. It is ignored.
    """
    accepted = {column.name: column for column in live if column.name not in _LINEAGE}
    present = {column.name: column for column in staged}
    unknown = tuple(column for name, column in present.items() if name not in accepted and not _is_ignored(column))
    live_names = {column.name.lower(): column.name for column in live}
    reasons = {column.name: _why_not_addable(column, live_names) for column in unknown}
    return ColumnDifference(
        missing=tuple(name for name in accepted if name not in present and name not in SET_BY_CONSOLIDATION),
        unknown=unknown,
        mismatched=tuple(
            (column, accepted[name])
            for name, column in present.items()
            if name in accepted and not _is_castable(column, accepted[name])
        ),
        not_addable={name: reason for name, reason in reasons.items() if reason},
    )


def columns_to_add(tables: Iterable[Sequence[Column]], live: Sequence[Column]) -> list[Column]:
    """The columns that schema evolution adds for these staging tables.

    A table with anything that cannot be added adds nothing, as it is refused. If two tables have the same column with
    different types, the first table decides.
    """
    added: list[Column] = []
    for staged in tables:
        difference = compare_columns(staged, [*live, *added])
        if not difference.not_addable and not difference.mismatched:
            added += difference.unknown
    return added


def _is_ignored(column: Column) -> bool:
    return column.type in ("NULL", "ARRAY<NULL>") and column.name.lower() not in RESERVED_NAMES


def _why_not_addable(column: Column, live_names: Mapping[str, str]) -> str | None:
    """Names are compared in lower case, as both engines compare them."""
    name = column.name.lower()
    if name in live_names:
        return "the consolidation sets it" if live_names[name] in _LINEAGE else f"there is {live_names[name]!r} already"
    if name in RESERVED_NAMES or name.startswith(_RESERVED_PREFIXES):
        return "its name is reserved"
    if not _ADDABLE_NAME.fullmatch(column.name):
        return "its name must begin with a letter or '_' and have only ASCII letters, digits and '_'"
    if not _ADDABLE_TYPE.fullmatch(column.type):
        return f"the warehouse has no column type for {column.type}"
    return None


def _is_castable(staged: Column, live: Column) -> bool:
    if staged.type == live.type or live.type in _WIDENS.get(staged.type, ()):
        return True
    if staged.type == "NULL" or (staged.type == "ARRAY<NULL>" and live.type.startswith("ARRAY")):
        return True
    is_number = staged.type in ("INT64", "FLOAT64") or _NUMERIC.fullmatch(staged.type) is not None
    return is_number and _NUMERIC.fullmatch(live.type) is not None


def aligned_columns(staged: Sequence[Column], live: Sequence[Column]) -> list[exp.Expr]:
    """The SELECT list over one staging table, as `_aligned_columns` computes it once for these columns."""
    return [column.copy() for column in _aligned_columns(tuple(staged), tuple(live))]


@lru_cache(64)
def _aligned_columns(staged: tuple[Column, ...], live: tuple[Column, ...]) -> Sequence[exp.Expr]:
    """The SELECT list over one staging table: the live columns in order, then row_error and original_row.

    A missing column is NULL. If a value does not fit its column (NaN or an infinity in a NUMERIC, a number too large
    or, in the business key, not exact), row_error is `column|rule|reason` and original_row the staged row as JSON.
    Measurements are rounded to their column's scale, the key never.
    """
    ignored = _LINEAGE | frozenset(SET_BY_CONSOLIDATION)
    present = {column.name: column for column in staged if column.name not in ignored}
    selected = [exp.alias_(_aligned(present.get(column.name), column), column.name, quoted=True) for column in live]
    row_error = _row_error([(present[column.name], column) for column in live if column.name in present])
    original_row: exp.Expr = exp.null()
    if not isinstance(row_error, exp.Null):
        original_row = exp.Case().when(row_error.copy().is_(exp.null()).not_(), _row_as_json(staged))
    return [
        *selected,
        exp.alias_(_cast(row_error, "STRING"), "row_error"),
        exp.alias_(_cast(original_row, "STRING"), "original_row"),
    ]


def _column(name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True))


def _row_as_json(staged: Sequence[Column]) -> exp.Expr:
    fields = [
        exp.PropertyEQ(this=exp.to_identifier(column.name, quoted=True), expression=_json_value(column))
        for column in staged
    ]
    return exp.cast(exp.func("TO_JSON_STRING", exp.Struct(expressions=fields), dialect="bigquery"), "TEXT")


def _json_value(staged: Column) -> exp.Expr:
    """The column's value for JSON. JSON has no NaN and no infinity: those become text."""
    value = _column(staged.name)
    if staged.type != "FLOAT64":
        return value
    not_finite = exp.or_(exp.IsNan(this=value.copy()), exp.IsInf(this=value.copy()))
    return exp.If(this=not_finite, true=_to_json(_cast(value.copy(), "STRING")), false=_to_json(value))


def _to_json(value: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="TO_JSON", expressions=[value])  # both engines have it under this name


def _cast(value: exp.Expr, kind: str, safe: bool = False) -> exp.Expr:
    cast = exp.TryCast if safe else exp.Cast
    return cast(this=value, to=_data_type(kind).copy())


@cache
def _data_type(kind: str) -> exp.DataType:
    return exp.DataType.build(kind, dialect="bigquery")


def _aligned(staged: Column | None, live: Column) -> exp.Expr:
    if staged is None or staged.type == "NULL":
        return _cast(exp.null(), live.type)
    return _cast(_column(live.name), live.type, safe=staged.type != live.type)


def _row_error(pairs: Sequence[tuple[Column, Column]]) -> exp.Expr:
    case = exp.Case()
    for staged, live in pairs:
        if staged.type == live.type or "NULL" in staged.type:
            continue
        reason = f"{live.name}|fits|the value must fit {live.type}"
        case = case.when(_does_not_fit(staged, live), exp.Literal.string(reason))
        if live.name in BUSINESS_KEY:
            reason = f"{live.name}|exact|the value must be exact in {live.type}: a key is never rounded"
            case = case.when(_is_rounded(staged, live), exp.Literal.string(reason))
    return case if case.args.get("ifs") else exp.null()


def _does_not_fit(staged: Column, live: Column) -> exp.Expr:
    does_not_fit: exp.Expr = _cast(_column(live.name), live.type, safe=True).is_(exp.null())
    if staged.type == "FLOAT64":
        # Minimum and maximum in a Parquet file ignore NaN. DuckDB concludes from them that the cast cannot fail.
        does_not_fit = exp.or_(exp.IsNan(this=_column(live.name)), does_not_fit)
    return exp.and_(_column(live.name).is_(exp.null()).not_(), does_not_fit)


def _is_rounded(staged: Column, live: Column) -> exp.Expr:
    """Floats are compared to nine decimal places, which tolerates their binary error; decimals to their own scale."""
    rounded = _cast(_column(live.name), live.type, safe=True)
    if staged.type == "FLOAT64":
        return exp.NEQ(this=rounded, expression=_cast(_column(live.name), "NUMERIC(38, 9)", safe=True))
    return exp.NEQ(this=_cast(rounded, staged.type), expression=_column(live.name))
