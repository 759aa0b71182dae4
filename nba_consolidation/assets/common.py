"""What every asset shares: the pool of the writers, the kinds that the UI shows, the dates of a run."""

import datetime as dt
from typing import NamedTuple

import dagster as dg

from nba_consolidation.settings import LOCAL, PRODUCTION

WRITERS = "warehouse_writers"
"""The pool of whatever writes: with a limit of 1, a second writer waits in the queue instead of being sent away."""


class Kinds(NamedTuple):
    """Which storage the UI shows beside an asset."""

    staging: str
    warehouse: str


KINDS = {LOCAL: Kinds("parquet", "duckdb"), PRODUCTION: Kinds("bigquery", "bigquery")}


def dates_of(context: dg.AssetExecutionContext) -> list[dt.date]:
    """The game dates of a run, one or a range."""
    return [dt.date.fromisoformat(key) for key in context.partition_keys]
