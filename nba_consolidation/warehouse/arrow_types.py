"""Converts GoogleSQL types to Arrow types and back. Staged data is written and read as Arrow tables."""

from __future__ import annotations

import re

import pyarrow as pa

from nba_consolidation.schema import Column

_FROM_GOOGLESQL: dict[str, pa.DataType] = {
    "STRING": pa.string(),
    "JSON": pa.string(),
    "INT64": pa.int64(),
    "FLOAT64": pa.float64(),
    "BOOL": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us", tz="UTC"),
    "NUMERIC": pa.decimal128(38, 9),
}
_PARAMETERISED = re.compile(r"(NUMERIC|ARRAY)[(<](.+)[)>]")
_MAX_PRECISION = 38


def arrow_type(kind: str) -> pa.DataType:
    """The Arrow type that holds a GoogleSQL type exactly. Raises KeyError for a type that no declared table has."""
    match = _PARAMETERISED.fullmatch(kind)
    if match is None:
        return _FROM_GOOGLESQL[kind]
    if match[1] == "ARRAY":
        return pa.list_(arrow_type(match[2]))
    precision, _, scale = match[2].partition(",")
    return pa.decimal128(int(precision), int(scale or 0))


def googlesql_type(kind: pa.DataType) -> str:
    """The GoogleSQL type of Arrow data; if GoogleSQL has none, Arrow's own name, which matches no live column.

    A time stamp without a zone counts as UTC, as in BigQuery's client.
    """
    if pa.types.is_dictionary(kind):
        return googlesql_type(kind.value_type)
    if pa.types.is_decimal(kind) and kind.precision <= _MAX_PRECISION:
        return f"NUMERIC({kind.precision}, {kind.scale})"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return f"ARRAY<{googlesql_type(kind.value_type)}>"
    if pa.types.is_uint64(kind):
        return str(kind)  # half of its values do not fit INT64
    for test, name in _TO_GOOGLESQL:
        if test(kind):
            return name
    return str(kind)


_TO_GOOGLESQL = (
    (pa.types.is_null, "NULL"),
    (pa.types.is_boolean, "BOOL"),
    (pa.types.is_integer, "INT64"),
    (pa.types.is_floating, "FLOAT64"),
    (pa.types.is_date, "DATE"),
    (pa.types.is_timestamp, "TIMESTAMP"),
    (pa.types.is_string, "STRING"),
    (pa.types.is_large_string, "STRING"),
    (pa.types.is_string_view, "STRING"),
)


def columns_of(schema: pa.Schema) -> tuple[Column, ...]:
    """The columns of Arrow data, with GoogleSQL types."""
    return tuple(Column(field.name, googlesql_type(field.type), "") for field in schema)
