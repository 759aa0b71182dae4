"""Converts declared columns and tables to those of BigQuery's client, and back. Nothing is sent here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from nba_consolidation.schema import PREDICTIONS, Column, Table
from nba_consolidation.warehouse.arrow_types import arrow_type, googlesql_type

if TYPE_CHECKING:
    from google.cloud import bigquery

_TYPE = re.compile(r"(?:(ARRAY)<)?(\w+)(?:\((\d+)(?:, *(\d+))?\))?>?")
_LEGACY_NAMES = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL", "RECORD": "STRUCT"}
_NEVER_NULL = frozenset(column.name for column in PREDICTIONS.columns if column.required)
_NUMERIC_SCALE = 9
_NUMERIC_WHOLE_DIGITS = 29


def schema_field(column: Column) -> bigquery.SchemaField:
    """The column as the client represents it. Raises ValueError for a type that no declared table has."""
    from google.cloud.bigquery import SchemaField

    match = _TYPE.fullmatch(column.type)
    if match is None:
        raise ValueError(f"column {column.name}: BigQuery has no type {column.type}")
    repeated, kind, precision, scale = match.groups()
    options: dict[str, Any] = {"description": column.description} if column.description else {}
    if precision:
        options |= {"precision": int(precision), "scale": int(scale or 0)}
    return SchemaField(column.name, kind, mode="REPEATED" if repeated else "NULLABLE", **options)


def described(fields: Sequence[bigquery.SchemaField], table: Table) -> list[bigquery.SchemaField]:
    """The fields of an existing table, those of declared columns with their descriptions."""
    from google.cloud.bigquery import SchemaField

    texts = {column.name: {"description": column.description} for column in table.columns}
    return [SchemaField.from_api_repr(field.to_api_repr() | texts.get(field.name, {})) for field in fields]


def columns_of(fields: Sequence[bigquery.SchemaField]) -> tuple[Column, ...]:
    """The columns of an existing table, with GoogleSQL types."""
    return tuple(Column(field.name, _googlesql_type(field), field.description or "") for field in fields)


def _googlesql_type(field: bigquery.SchemaField) -> str:
    kind = _LEGACY_NAMES.get(field.field_type, field.field_type)
    if field.precision:
        kind += f"({field.precision}, {field.scale or 0})"
    return f"ARRAY<{kind}>" if field.mode == "REPEATED" else kind


def table_resource(table: Table, dataset: bigquery.DatasetReference) -> bigquery.Table:
    """The declared table with its partitioning, clustering and column descriptions.

    Its primary key is declared only if none of the key's columns can be NULL, because BigQuery plans queries by it
    without checking it.
    """
    from google.cloud import bigquery
    from google.cloud.bigquery.table import PrimaryKey, TableConstraints

    resource = bigquery.Table(dataset.table(table.name), schema=[schema_field(column) for column in table.columns])
    resource.description = table.description
    if table.partition_by:
        resource.time_partitioning = bigquery.TimePartitioning(field=table.partition_by)
        resource.require_partition_filter = table.name == PREDICTIONS.name
    if table.cluster_by:
        resource.clustering_fields = list(table.cluster_by)
    if table.primary_key and _NEVER_NULL.issuperset(table.primary_key):
        resource.table_constraints = TableConstraints(
            primary_key=PrimaryKey(columns=list(table.primary_key)), foreign_keys=None
        )
    return resource


def loadable(data: pa.Table) -> tuple[pa.Table, tuple[Column, ...]]:
    """The data in types that BigQuery loads from Parquet, and its columns. A column without a type is left out: NULL.

    Raises ValueError with the name of a column whose type BigQuery does not have.
    """
    typed = data.select([field.name for field in data.schema if not _is_untyped(field.type)])
    columns = tuple(Column(field.name, _loaded_type(field), "") for field in typed.schema)
    schema = pa.schema([(field.name, arrow_type(googlesql_type(field.type))) for field in typed.schema])
    return typed.cast(schema, safe=False), columns  # unsafe: nanoseconds are cut to microseconds


def _is_untyped(kind: pa.DataType) -> bool:
    return bool(pa.types.is_null(kind) or (pa.types.is_list(kind) and pa.types.is_null(kind.value_type)))


def _loaded_type(field: pa.Field) -> str:
    kind = googlesql_type(field.type)
    try:
        arrow_type(kind)
    except KeyError as error:
        raise ValueError(f"column {field.name} is {kind}, a type that BigQuery does not have") from error
    match = _TYPE.fullmatch(kind)
    if match and match[3]:
        precision, scale = int(match[3]), int(match[4] or 0)
        if scale > _NUMERIC_SCALE or precision - scale > _NUMERIC_WHOLE_DIGITS:
            return f"BIG{kind}"
    return kind
