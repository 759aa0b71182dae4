"""How an asset is declared: its table, group, owners, kinds and what one row is. Also the pool of all writers."""

import base64
import datetime as dt
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import dagster as dg

from nba_consolidation.orchestration.automation_conditions import Condition
from nba_consolidation.orchestration.metadata import Metadata, column_schema
from nba_consolidation.schema import Table
from nba_consolidation.settings import LOCAL, PRODUCTION, SettingsError

WRITERS = "warehouse_writers"
"""The pool of every step that writes: with a limit of 1, a second writer waits in the queue instead of failing."""

OWNERS = ("team:predictions",)
GRAIN = "grain"
"""The tag that says what one row of an asset is."""

ACCURACY_GROUP, ANALYSIS_GROUP = "accuracy", "analysis"
"""The groups of graded and of derived assets."""


class Kinds(NamedTuple):
    """Which storage the UI shows beside an asset."""

    staging: str
    warehouse: str


KINDS = {LOCAL: Kinds("parquet", "duckdb"), PRODUCTION: Kinds("bigquery", "bigquery")}


@dataclass(frozen=True)
class AssetDeclaration:
    """One asset of the graph.

    kinds: fields of Kinds, or the name of a format. table: the table that it writes. automation: when it is requested
    without a person or a sensor.
    """

    name: str
    description: str
    group: str
    grain: str
    deps: tuple[str | dg.AssetDep, ...] = ()
    kinds: tuple[str, ...] = ("warehouse",)
    table: Table | None = None
    automation: Condition | None = None

    def spec(self, kinds: Kinds, function: Callable[..., object] | None = None, **arguments: Any) -> dg.AssetSpec:
        """The asset as Dagster has it. function: the one that makes it. The arguments are those of AssetSpec."""
        metadata: Metadata = {} if self.table is None else {"dagster/column_schema": column_schema(self.table)}
        metadata |= {} if function is None else {"dagster/code_references": _source(function)}
        return dg.AssetSpec(
            self.name,
            description=self.description,
            deps=self.deps,
            group_name=self.group,
            owners=OWNERS,
            tags={GRAIN: self.grain},
            kinds={getattr(kinds, kind, kind) for kind in self.kinds},
            metadata=metadata,
            automation_condition=self.automation,
            **arguments,
        )


def _source(function: Callable[..., object]) -> dg.CodeReferencesMetadataValue:
    """The file and the line of a function, which the asset's page links to."""
    code = inspect.unwrap(function).__code__
    place = dg.LocalFileCodeReference(file_path=code.co_filename, line_number=code.co_firstlineno)
    return dg.CodeReferencesMetadataValue(code_references=[place])


def table_asset(
    table: Table,
    group: str,
    grain: str,
    *deps: str | dg.AssetDep,
    note: str = "",
    automation: Condition | None = None,
) -> AssetDeclaration:
    """The asset of a table. note: a sentence after the table's own description."""
    description = f"{table.description} {note}".strip()
    return AssetDeclaration(table.name, description, group, grain, deps, table=table, automation=automation)


def config_date(name: str, text: str | None, otherwise: dt.date) -> dt.date:
    """The date in a field of a config. Raises SettingsError if the text is no date."""
    try:
        return otherwise if text is None else dt.date.fromisoformat(text)
    except ValueError as error:
        raise SettingsError(f"{name} cannot be {text!r}: write a date like 2026-01-15; nothing was done") from error


def embedded_image(png: bytes) -> dg.MarkdownMetadataValue:
    """The image itself as metadata."""
    return dg.MetadataValue.md(f"![plot](data:image/png;base64,{base64.b64encode(png).decode()})")
