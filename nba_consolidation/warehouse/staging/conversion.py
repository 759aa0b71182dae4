"""Values as workers and files have them (Python's, numpy's, pandas', text) made into those of a GoogleSQL type.

Nothing is repaired here and nothing judged: a value either has an exact counterpart (measurements are rounded to
their scale), or is refused. Which columns there are is the staging writer's business.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import uuid
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any

import pyarrow as pa

from nba_consolidation.warehouse.arrow import arrow_type

Converter = Callable[[Any], Any]
_MIDNIGHT = dt.time()
_DECIMALS = Context(prec=80, rounding=ROUND_HALF_UP)
_BOOLEANS = {"true": True, "false": False}


def is_null(value: object) -> bool:
    """None, NaN, NaT and pandas' NA are all NULL (incident 22)."""
    if value is None or type(value).__name__ == "NAType":
        return True
    if isinstance(value, Decimal):
        return value.is_nan()
    return isinstance(value, float | dt.datetime) and value != value  # NaN and NaT are not themselves


def converter(kind: str, *, exact: bool = False) -> Converter:
    """What makes a value, NULL or not, one of that GoogleSQL type: a function that raises ValueError.

    exact: a number is refused rather than rounded, as in the business key. Raises KeyError for a type that no table
    here has.
    """
    wanted = arrow_type(kind)
    if kind.startswith("ARRAY"):
        convert = _array_of(converter(kind.removeprefix("ARRAY<").removesuffix(">")))
    elif pa.types.is_decimal(wanted):
        convert = _numeric(wanted.precision, wanted.scale, exact=exact)
    else:
        convert = _CONVERTERS[kind]

    def convert_or_null(value: Any) -> Any:
        plain = _plain(value)
        return None if is_null(plain) else convert(plain)

    return convert_or_null


def _plain(value: Any) -> Any:
    """Python's own value of a numpy scalar or array or a pandas time stamp; anything else as it is."""
    if type(value).__module__ != "numpy":
        return value.to_pydatetime(warn=False) if hasattr(value, "to_pydatetime") and not is_null(value) else value
    if value.dtype.kind == "M":
        return value.astype("datetime64[us]").tolist()  # nanoseconds would come as a bare number
    if value.dtype.kind == "f" and not value.shape:
        return float(str(value))  # the number that a float32 shows, not the noise behind it
    return value.tolist()


def _string(value: Any) -> str:
    if isinstance(value, uuid.UUID):
        return str(value)
    if not isinstance(value, str):
        raise ValueError("it must be text")
    value.encode()  # a lone surrogate is no text; UnicodeEncodeError is a ValueError
    return str(value)


def _number(value: Any) -> Decimal:
    """The number that a value shows: the float 20.1 is 20.1, not the binary fraction behind it."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise ValueError("it must be a number")
    try:
        number = Decimal(str(value).strip())
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
    if isinstance(value, str) and value.strip().lower() in _BOOLEANS:
        return _BOOLEANS[value.strip().lower()]
    if isinstance(value, bool | int | float) and value in (0, 1):
        return bool(value)
    raise ValueError("it must be true or false")


def _timestamp(value: Any) -> dt.datetime:
    """In UTC; one without a zone is in UTC already, as BigQuery's client has it."""
    if isinstance(value, str):
        text = value.strip()
        value = dt.datetime.fromisoformat(text.removesuffix(" UTC") + "+00:00" if text.endswith(" UTC") else text)
    if not isinstance(value, dt.datetime):
        raise ValueError("it must be a time stamp")
    return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


def _date(value: Any) -> dt.date:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    moment = _timestamp(value)
    if moment.time() != _MIDNIGHT:
        raise ValueError("it must be a date, without a time of day")
    return moment.date()


def _json(value: Any) -> str:
    """JSON text stays as it is; anything else becomes JSON text."""
    if isinstance(value, str):
        json.loads(value, parse_constant=_refuse_constant)
        return _string(value)
    return json.dumps(_jsonable(value), ensure_ascii=False, allow_nan=False)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"JSON has no {name}")


def _jsonable(value: Any) -> Any:
    plain = _plain(value)
    if is_null(plain):
        return None
    if isinstance(plain, Mapping):
        return {_string(key): _jsonable(item) for key, item in plain.items()}
    if isinstance(plain, list | tuple):
        return [_jsonable(item) for item in plain]
    if isinstance(plain, Decimal):
        return int(plain) if plain == plain.to_integral_value() else float(plain)
    if isinstance(plain, dt.date):
        return plain.isoformat()
    if isinstance(plain, str | bool | int | float):
        return plain
    raise ValueError(f"a {type(value).__name__} has no JSON")


def _array_of(convert: Converter) -> Converter:
    def convert_all(value: Any) -> list[Any]:
        items = json.loads(value) if isinstance(value, str) else value
        if not isinstance(items, list | tuple):
            raise ValueError("it must be a list")
        converted = [convert(item) for item in items]
        if None in converted:
            raise ValueError("a list must hold no NULL")
        return converted

    return convert_all


def _numeric(precision: int, scale: int, *, exact: bool) -> Converter:
    step = Decimal(1).scaleb(-scale)
    limit = Decimal(10) ** (precision - scale)

    def convert(value: Any) -> Decimal:
        number = _number(value)
        if number.copy_abs() >= limit:
            raise ValueError(f"it must lie between -{limit} and {limit}")
        rounded = number.quantize(step, context=_DECIMALS)
        if abs(rounded) >= limit:
            raise ValueError(f"it must lie between -{limit} and {limit}")
        if exact and rounded != number:
            raise ValueError(f"it must be exact with {scale} decimal places: a key is never rounded")
        return rounded

    return convert


_CONVERTERS: dict[str, Converter] = {
    "STRING": _string,
    "JSON": _json,
    "INT64": _int64,
    "FLOAT64": _float64,
    "BOOL": _bool,
    "DATE": _date,
    "TIMESTAMP": _timestamp,
}
