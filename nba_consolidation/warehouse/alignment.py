"""A staging table's columns held against the live table's: what is missing, what fits, what cannot be taken.

Builds, on sqlglot's tree, the SELECT list that gives staged rows the live table's shape. Both engines read staging
tables through it. What a row holds is not judged here, except that a value must fit its column (`misfit`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from nba_consolidation.tables import BUSINESS_KEY, LINEAGE, SET_BY_CONSOLIDATION, Column

_NUMERIC = re.compile(r"(?:BIG)?NUMERIC(?:\((\d+)(?:, *(\d+))?\))?")
_DERIVED = frozenset(column.name for column in LINEAGE)
# Staged type -> live types that it goes into without loss; every type goes into itself.
_WIDENS = {
    "INT64": frozenset({"FLOAT64"}),
    "STRING": frozenset({"JSON"}),
    "JSON": frozenset({"STRING"}),
}


@dataclass(frozen=True)
class Drift:
    """How a staging table's columns differ from the live table's."""

    missing: tuple[str, ...] = ()
    unknown: tuple[Column, ...] = ()
    mismatched: tuple[tuple[Column, Column], ...] = ()

    def refusal(self, evolve: bool = False) -> str | None:
        """Why the table cannot be taken, naming column and both types; None where it can."""
        problems = [
            f"column {staged.name} is {staged.type} but {live.type} in the live table, "
            "which cannot be cast without loss"
            for staged, live in self.mismatched
        ]
        if not evolve:
            problems += [
                f"column {column.name} ({column.type}) is not in the live table (no such column, no type)"
                for column in self.unknown
            ]
        return "; ".join(problems) or None


def drift(staged: Sequence[Column], live: Sequence[Column]) -> Drift:
    """The difference by name. Lineage columns are ours: a staged one of that name is unknown."""
    takes = {column.name: column for column in live if column.name not in _DERIVED}
    has = {column.name: column for column in staged}
    return Drift(
        missing=tuple(name for name in takes if name not in has and name not in SET_BY_CONSOLIDATION),
        unknown=tuple(column for name, column in has.items() if name not in takes),
        mismatched=tuple(
            (column, takes[name]) for name, column in has.items() if name in takes and not _fits(column, takes[name])
        ),
    )


def _fits(staged: Column, live: Column) -> bool:
    if staged.type == live.type or live.type in _WIDENS.get(staged.type, ()):
        return True
    if staged.type == "NULL" or (staged.type == "ARRAY<NULL>" and live.type.startswith("ARRAY")):
        return True
    numbers = staged.type in ("INT64", "FLOAT64") or _NUMERIC.fullmatch(staged.type) is not None
    return numbers and _NUMERIC.fullmatch(live.type) is not None


def aligned_columns(staged: Sequence[Column], live: Sequence[Column]) -> list[exp.Expr]:
    """SELECT list over one staging table: the live columns in order, then misfit and original_row.

    A missing column is NULL. A value that does not fit its column (NaN or an infinity in a NUMERIC, too large, or,
    in the business key, not exact) is a misfit: `column|rule|reason`; original_row then holds the row as it was
    staged, as JSON. Measurements are rounded to their column's scale, the key never.
    """
    ours = _DERIVED | frozenset(SET_BY_CONSOLIDATION)
    present = {column.name: column for column in staged if column.name not in ours}
    selected = [exp.alias_(_aligned(present.get(column.name), column), column.name, quoted=True) for column in live]
    misfit = _misfit([(present[column.name], column) for column in live if column.name in present])
    original: exp.Expr = exp.null()
    if not isinstance(misfit, exp.Null):
        fields = [
            exp.PropertyEQ(this=exp.to_identifier(column.name, quoted=True), expression=_shown(column))
            for column in staged
        ]
        json = exp.cast(exp.func("TO_JSON_STRING", exp.Struct(expressions=fields), dialect="bigquery"), "TEXT")
        original = exp.Case().when(misfit.copy().is_(exp.null()).not_(), json)
    return [
        *selected,
        exp.alias_(_as(misfit, "STRING"), "misfit"),
        exp.alias_(_as(original, "STRING"), "original_row"),
    ]


def _column(name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True))


def _shown(staged: Column) -> exp.Expr:
    """The column as it goes into JSON, which has no NaN and no infinity: those are shown as text."""
    value = _column(staged.name)
    if staged.type != "FLOAT64":
        return value
    no_number = exp.or_(exp.IsNan(this=value.copy()), exp.IsInf(this=value.copy()))
    return exp.If(this=no_number, true=_to_json(_as(value.copy(), "STRING")), false=_to_json(value))


def _to_json(value: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="TO_JSON", expressions=[value])  # both engines have it, by that name


def _as(value: exp.Expr, kind: str, safe: bool = False) -> exp.Expr:
    cast = exp.TryCast if safe else exp.Cast
    return cast(this=value, to=exp.DataType.build(kind, dialect="bigquery"))


def _aligned(staged: Column | None, live: Column) -> exp.Expr:
    if staged is None:
        return _as(exp.null(), live.type)
    return _as(_column(live.name), live.type, safe=staged.type != live.type)


def _misfit(pairs: Sequence[tuple[Column, Column]]) -> exp.Expr:
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
    fits_not: exp.Expr = _as(_column(live.name), live.type, safe=True).is_(exp.null())
    if staged.type == "FLOAT64":
        # The least and greatest value that Parquet notes leave NaN out, and DuckDB trusts them: it takes the cast for
        # one that cannot fail, and the row for sound.
        fits_not = exp.or_(exp.IsNan(this=_column(live.name)), fits_not)
    return exp.and_(_column(live.name).is_(exp.null()).not_(), fits_not)


def _is_rounded(staged: Column, live: Column) -> exp.Expr:
    """Floats are compared in nine decimal places, which forgives what they cannot help; decimals in their own."""
    kept = _as(_column(live.name), live.type, safe=True)
    if staged.type == "FLOAT64":
        return exp.NEQ(this=kept, expression=_as(_column(live.name), "NUMERIC(38, 9)", safe=True))
    return exp.NEQ(this=_as(kept, staged.type), expression=_column(live.name))
