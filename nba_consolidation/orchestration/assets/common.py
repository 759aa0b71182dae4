"""What every asset shares: the pool of the writers, the kinds that the UI shows, the dates of a run and how it ends."""

import base64
import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

import dagster as dg

from nba_consolidation.fencing.errors import DatesPoisoned
from nba_consolidation.orchestration.metadata import Metadata, table_of
from nba_consolidation.settings import LOCAL, PRODUCTION, SettingsError

WRITERS = "warehouse_writers"
"""The pool of whatever writes: with a limit of 1, a second writer waits in the queue instead of being sent away."""

OWNERS = ("team:predictions",)
"""Whom the UI names for an asset: whoever runs the consolidation."""

INSIGHT = "insight"
"""The group of what is learnt from graded predictions."""

GRAIN = "grain"
"""The tag that says what one row of an asset is."""


class Kinds(NamedTuple):
    """Which storage the UI shows beside an asset."""

    staging: str
    warehouse: str


KINDS = {LOCAL: Kinds("parquet", "duckdb"), PRODUCTION: Kinds("bigquery", "bigquery")}


def record(
    context: dg.AssetExecutionContext, asset: str, by_date: Mapping[dt.date, Metadata], *, run_will_fail: bool
) -> None:
    """The metadata of each date. In a run that will fail, events of their own: the dates that went well are done.

    Dagster takes in logged events at the next yield only, so this comes before the checks.
    """
    for date, metadata in by_date.items():
        if run_will_fail:
            context.log_event(dg.AssetMaterialization(asset, partition=str(date), metadata=metadata))
        else:
            context.add_asset_metadata(metadata, partition_key=str(date))


def failure(error: DatesPoisoned) -> dg.Failure:
    """What ends a run of which some dates could not be written; trying again would not help."""
    poisoned = [{"date": str(date), "reason": str(reason)} for date, reason in sorted(error.errors.items())]
    return dg.Failure(str(error), metadata={"poisoned": table_of(poisoned)}, allow_retries=False)


def dates_of(context: dg.AssetExecutionContext) -> list[dt.date]:
    """The game dates of a run, one or a range."""
    return [dt.date.fromisoformat(key) for key in context.partition_keys]


def config_date(name: str, text: str | None, otherwise: dt.date) -> dt.date:
    """The date that a field of a config has. Raises SettingsError for what is none."""
    try:
        return otherwise if text is None else dt.date.fromisoformat(text)
    except ValueError as error:
        raise SettingsError(f"{name} cannot be {text!r}: write a date like 2026-01-15; nothing was done") from error


def picture(png: bytes) -> dg.MarkdownMetadataValue:
    """The picture, in the metadata itself."""
    return dg.MetadataValue.md(f"![plot](data:image/png;base64,{base64.b64encode(png).decode()})")
