"""Values as typed SQL literals. A value has a shape, by which a statement is rendered once, and texts that fill it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlglot import exp

from nba_consolidation.sql.statement import Scalar, Value


@dataclass(frozen=True, slots=True)
class ScalarShape:
    """One text: quoted or a number, behind a minus or not, cast to a GoogleSQL type or to none."""

    quoted: bool
    type: str | None = None
    negative: bool = False


@dataclass(frozen=True, slots=True)
class StructShape:
    """A struct's fields, by name and shape."""

    fields: tuple[tuple[str, Shape], ...]


@dataclass(frozen=True, slots=True)
class ArrayShape:
    """An array's elements, by their shapes."""

    elements: tuple[Shape, ...]


Shape = None | bool | ScalarShape | StructShape | ArrayShape
"""What a literal is made of, without its texts. NULL, TRUE and FALSE have no text."""


def literal(value: Value) -> exp.Expr:
    """The value as a typed literal; a sequence of mappings becomes an array of structs.

    Raises TypeError for a type that has no literal, ValueError for a number that is not finite and for a timestamp
    without a time zone.
    """
    texts: list[exp.Literal] = []
    shape = take_apart(value, texts)
    return build(shape, (text.name for text in texts))


def take_apart(value: Value, texts: list[exp.Literal]) -> Shape:
    """The value's shape; appends its texts in the order in which `build` takes them. Raises what `literal` raises."""
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return ArrayShape(tuple(_take_element_apart(element, texts) for element in value))
    if value is None or isinstance(value, bool):
        return value
    for kind, write, quoted, type_ in _SCALARS:
        if isinstance(value, kind):
            text = write(value)
            negative = not quoted and text.startswith("-")
            texts.append(exp.Literal(this=text.removeprefix("-") if negative else text, is_string=quoted))
            return ScalarShape(quoted, type_, negative)
    raise TypeError(f"no SQL literal for a value of type {type(value).__name__}")


def _take_element_apart(element: Scalar | Mapping[str, Scalar], texts: list[exp.Literal]) -> Shape:
    if isinstance(element, Mapping):
        return StructShape(tuple((name, take_apart(value, texts)) for name, value in element.items()))
    return take_apart(element, texts)


def build(shape: Shape, texts: Iterator[str]) -> exp.Expr:
    """The literal of that shape with the next of these texts."""
    if isinstance(shape, ArrayShape):
        return exp.Array(expressions=[build(element, texts) for element in shape.elements])
    if isinstance(shape, StructShape):
        return exp.Struct(expressions=[exp.PropertyEQ(this=exp.to_identifier(name), expression=build(field, texts))
                                       for name, field in shape.fields])  # fmt: skip
    if not isinstance(shape, ScalarShape):
        return exp.convert(shape)
    text = exp.Literal(this=next(texts), is_string=shape.quoted)
    scalar = exp.Neg(this=text) if shape.negative else text
    return scalar if shape.type is None else exp.cast(scalar, shape.type, dialect="bigquery")


def _timestamp(value: dt.datetime) -> str:
    if value.tzinfo is None:
        raise ValueError(f"a timestamp without a time zone cannot be bound: {value!r}")
    return value.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f+00:00")


def _float(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError(f"a float that is not finite cannot be bound: {value!r}")
    return repr(value)


def _numeric(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError(f"a decimal that is not finite cannot be bound: {value!r}")
    return str(value)


# In this order: a datetime is a date. Each with its text, whether that is quoted, and the type it is cast to.
_SCALARS: tuple[tuple[type, Callable[..., str], bool, str | None], ...] = (
    (int, str, False, None),
    (float, _float, False, "FLOAT64"),
    (str, str, True, None),
    (Decimal, _numeric, True, "NUMERIC(38, 9)"),
    (dt.datetime, _timestamp, True, "TIMESTAMP"),
    (dt.date, dt.date.isoformat, True, "DATE"),
)
