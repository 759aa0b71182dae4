"""Converts rows of workers and files (Python, numpy, pandas, text) to Arrow columns of GoogleSQL types.

Nothing is repaired: a value is converted exactly (measurements are rounded to their scale, and counted), or it is
refused. Text and the same value from JSON or a DataFrame give the same result.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from nba_consolidation.warehouse.arrow_types import arrow_type

Converter = Callable[[Any], Any]
_MIDNIGHT = dt.time()
_DECIMAL_CONTEXT = Context(prec=80, rounding=ROUND_HALF_UP)
_BINARY_ERROR = Decimal("1e-9")
"""A difference of floats that is meant to be 0 is smaller than this."""
_BLANKS = " \t\r\n"
# Python also reads digits of other scripts and `2_4.5` as numbers: in a file, both are damage.
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}
_ZONE_OF_TEXT = " UTC"
# Types whose Arrow values need no check. DATE is not one: Arrow silently makes a date from a time stamp.
_UNCHECKED_TYPES = frozenset({"STRING", "INT64", "FLOAT64", "BOOL", "TIMESTAMP"})


class ConversionError(ValueError):
    """A row is not a record, or a value cannot be converted to its column's type. `row` counts from 0."""

    def __init__(self, reason: str, row: int, value: object, column: str | None = None) -> None:
        super().__init__(reason)
        self.column = column
        self.row = row
        self.value = value


def split_columns(rows: Any) -> tuple[list[str], list[Any]]:
    """Names and values, by column, of an Arrow table, a DataFrame or records. Raises ConversionError."""
    if isinstance(rows, pa.Table):
        return rows.column_names, rows.columns
    if hasattr(rows, "iloc"):  # a DataFrame, without importing pandas; its columns by position, as names can repeat
        return list(rows.columns), [rows.iloc[:, position].tolist() for position in range(rows.shape[1])]
    return _split_records(rows)


def _split_records(rows: Iterable[Any]) -> tuple[list[str], list[Any]]:
    records = list(rows)
    for row, record in enumerate(records):
        if not isinstance(record, Mapping):
            raise ConversionError(f"row {row} is a {type(record).__name__}, not a record", row, record)
    names = list(dict.fromkeys(name for record in records for name in record))
    return names, [[record.get(name) for record in records] for name in names]


@dataclass(frozen=True)
class ConvertedColumn:
    """A column's values in its type. rounded: how many of them were rounded to its scale."""

    values: pa.Array | pa.ChunkedArray
    rounded: int = 0


def convert_column(
    name: str, values: Any, kind: str, *, exact: bool = False, timezone: dt.tzinfo = dt.UTC
) -> ConvertedColumn:
    """The column's values in that GoogleSQL type.

    exact: a number is refused instead of rounded, as in a key. timezone: of time stamps without one. Raises
    ConversionError for a value that cannot be converted, KeyError for a type that no declared table has.
    """
    rounded: list[Decimal] = []
    convert = converter(kind, exact=exact, timezone=timezone, on_rounding=rounded.append)
    unconverted = _without_conversion(values, kind)
    if unconverted is not None:
        return ConvertedColumn(unconverted)
    converted = []
    for row, value in enumerate(_python_values(name, values)):
        try:
            converted.append(convert(value))
        except (ValueError, OverflowError) as error:
            reason = f"column {name}, row {row}: {value!r:.100} is not a valid {kind} ({error})"
            raise ConversionError(reason, row, value, name) from error
    return ConvertedColumn(pa.array(converted, arrow_type(kind)), len(rounded))


def _python_values(name: str, values: Iterable[Any]) -> Iterable[Any]:
    """The values of an Arrow column in Python's types, which have no date after the year 9999. Others are unchanged."""
    if not isinstance(values, pa.ChunkedArray):
        return values
    try:
        python_values: list[Any] = values.to_pylist()
        return python_values
    except (ValueError, OverflowError):
        return _python_values_one_by_one(name, values)


def _python_values_one_by_one(name: str, values: pa.ChunkedArray) -> Iterator[Any]:
    for row, scalar in enumerate(values):
        try:
            yield scalar.as_py()
        except (ValueError, OverflowError) as error:
            reason = f"column {name}, row {row}: the value cannot be read ({error})"
            raise ConversionError(reason, row, None, name) from error


def _without_conversion(values: Any, kind: str) -> pa.Array | pa.ChunkedArray | None:
    """The values as Arrow reads them, if they already have the column's type. This is common, and much faster."""
    if kind not in _UNCHECKED_TYPES:
        return None
    try:
        array = values if isinstance(values, pa.ChunkedArray) else pa.array(values, from_pandas=True)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        return None  # of mixed types: converting each value shows which one is wrong
    if array.type != arrow_type(kind):
        return None
    return pc.if_else(pc.is_nan(array), None, array) if kind == "FLOAT64" else array


def is_null(value: object) -> bool:
    """Whether the value is None, NaN, NaT or pandas' NA: all of them are NULL (incident 22)."""
    if value is None or type(value).__name__ == "NAType":
        return True
    if isinstance(value, Decimal):
        return value.is_nan()
    return isinstance(value, float | dt.datetime) and value != value  # NaN and NaT do not equal themselves


def converter(
    kind: str,
    *,
    exact: bool = False,
    timezone: dt.tzinfo = dt.UTC,
    on_rounding: Callable[[Decimal], None] = lambda _: None,
) -> Converter:
    """A function that converts a value, NULL included, to that GoogleSQL type, or raises ValueError.

    exact: a number is refused instead of rounded, as in the business key. on_rounding: called with each number that is
    rounded. timezone: of time stamps without one. Raises KeyError for a type that no declared table has.
    """
    target = arrow_type(kind)
    convert: Converter
    if kind.startswith("ARRAY"):
        element = kind.removeprefix("ARRAY<").removesuffix(">")
        convert = _array_of(converter(element, timezone=timezone, on_rounding=on_rounding))
    elif pa.types.is_decimal(target):
        convert = _numeric(target.precision, target.scale, exact=exact, on_rounding=on_rounding)
    elif kind == "TIMESTAMP":
        convert = _timestamp_in(timezone)
    else:
        convert = _CONVERTERS[kind]

    def convert_or_null(value: Any) -> Any:
        python_value = _to_python(value)
        return None if is_null(python_value) else convert(python_value)

    return convert_or_null


def _to_python(value: Any) -> Any:
    """The Python value of a numpy scalar or array or a pandas time stamp; any other value unchanged."""
    if type(value).__module__ != "numpy":
        return value.to_pydatetime(warn=False) if hasattr(value, "to_pydatetime") and not is_null(value) else value
    if value.dtype.kind == "M":
        return value.astype("datetime64[us]").tolist()  # from nanoseconds, tolist() makes an integer
    if value.dtype.kind == "f" and not value.shape:
        return float(str(value))  # the number as a float32 is printed, without its binary error
    return value.tolist()


def _string(value: Any) -> str:
    if isinstance(value, uuid.UUID):
        return str(value)
    if not isinstance(value, str):
        raise ValueError("it must be text")
    value.encode()  # refuses a lone surrogate: UnicodeEncodeError is a ValueError
    return str(value)


def _number(value: Any) -> Decimal:
    """The number as it is printed: the float 20.1 becomes 20.1, not its binary fraction."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise ValueError("it must be a number")
    text = str(value).strip(_BLANKS)
    if isinstance(value, str) and not _NUMBER.fullmatch(text):
        raise ValueError("it must be a number in plain digits, such as 24.5")
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ValueError("it must be a number") from error
    if not number.is_finite():
        raise ValueError("it must be finite")
    return number


def _int64(value: Any) -> int:
    number = _number(value)
    if number.adjusted() > 19 or number != number.to_integral_value() or not -(2**63) <= number < 2**63:
        raise ValueError("it must be a whole number of 64 bits")
    return int(number)


def _float64(value: Any) -> float:
    if isinstance(value, float):
        return float(value)
    number = float(_number(value))
    if math.isinf(number):
        raise ValueError("it must fit FLOAT64")
    return number


def _bool(value: Any) -> bool:
    if isinstance(value, str) and value.strip(_BLANKS).lower() in _BOOLEANS:
        return _BOOLEANS[value.strip(_BLANKS).lower()]
    if isinstance(value, bool | int | float | Decimal) and value in (0, 1):
        return bool(value)
    raise ValueError("it must be true or false, or 1 or 0")


def _moment(value: Any) -> dt.datetime:
    """The time as it is written, with its time zone or without one."""
    if isinstance(value, str):
        text = value.strip(_BLANKS)
        zoned = text.removesuffix(_ZONE_OF_TEXT) + "+00:00" if text.endswith(_ZONE_OF_TEXT) else text
        value = dt.datetime.fromisoformat(zoned)
    if not isinstance(value, dt.datetime):
        raise ValueError("it must be a time stamp")
    return value


def _timestamp_in(timezone: dt.tzinfo) -> Converter:
    """Returns a converter to UTC. A time without a zone is in `timezone`."""

    def convert(value: Any) -> dt.datetime:
        moment = _moment(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone)
            if moment.utcoffset() != moment.replace(fold=1).utcoffset():
                raise ValueError(f"a clock change makes this time ambiguous or invalid in {timezone}; write its offset")
        return moment.astimezone(dt.UTC)

    return convert


def _date(value: Any) -> dt.date:
    """A time stamp with a zone is not a date, not even at midnight UTC, which is the evening before in New York."""
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    moment = _moment(value)
    if moment.tzinfo is not None:
        raise ValueError("it must be a date, without a time zone")
    if moment.time() != _MIDNIGHT:
        raise ValueError("it must be a date, without a time of day")
    return moment.date()


def _json(value: Any) -> str:
    """JSON text is kept; any other value is converted to JSON text."""
    if isinstance(value, str):
        json.loads(value, parse_constant=_refuse_constant)
        return _string(value)
    return json.dumps(_to_json_value(value), ensure_ascii=False, allow_nan=False)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"JSON has no {name}")


def _to_json_value(value: Any) -> Any:
    python_value = _to_python(value)
    if is_null(python_value):
        return None
    match python_value:
        case Mapping():
            return {_string(key): _to_json_value(item) for key, item in python_value.items()}
        case list() | tuple():
            return [_to_json_value(item) for item in python_value]
        case Decimal():
            return int(python_value) if python_value == python_value.to_integral_value() else float(python_value)
        case dt.date():
            return python_value.isoformat()
        case str() | bool() | int() | float():
            return python_value
    raise ValueError(f"a {type(value).__name__} cannot be written as JSON")


def _array_of(convert: Converter) -> Converter:
    def convert_all(value: Any) -> list[Any]:
        items = json.loads(value) if isinstance(value, str) else value
        if not isinstance(items, list | tuple):
            raise ValueError("it must be a list")
        converted = [convert(item) for item in items]
        if None in converted:
            raise ValueError("a list must not contain NULL")
        return converted

    return convert_all


def _numeric(precision: int, scale: int, *, exact: bool, on_rounding: Callable[[Decimal], None]) -> Converter:
    """A number that is not 0 never becomes 0: a player with 0.03 minutes did play."""
    step = Decimal(1).scaleb(-scale)
    limit = Decimal(10) ** (precision - scale)

    def convert(value: Any) -> Decimal:
        number = _number(value)
        if number.copy_abs() >= limit:
            raise ValueError(f"it must be between -{limit} and {limit}")
        rounded = number.quantize(step, context=_DECIMAL_CONTEXT) or _smallest(number, step)
        if abs(rounded) >= limit:
            raise ValueError(f"it must be between -{limit} and {limit}")
        if exact and rounded != number:
            raise ValueError(f"it must be exact to {scale} decimal places: a key is never rounded")
        if rounded != number:
            on_rounding(number)
        return rounded

    return convert


def _smallest(number: Decimal, step: Decimal) -> Decimal:
    """The smallest number of the scale on the same side of 0; 0 itself for 0."""
    return step.copy_sign(number) if abs(number) > _BINARY_ERROR else step * 0


_CONVERTERS: dict[str, Converter] = {
    "STRING": _string,
    "JSON": _json,
    "INT64": _int64,
    "FLOAT64": _float64,
    "BOOL": _bool,
    "DATE": _date,
}
