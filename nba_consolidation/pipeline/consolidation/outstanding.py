"""Which staging tables wait and which are refused, over all dates: one reading for all who count them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nba_consolidation.pipeline.consolidation.staging_manifest import LedgerKey, Manifest, finished, freeze
from nba_consolidation.schema import PREDICTIONS, Column
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.column_alignment import columns_to_add
from nba_consolidation.warehouse.interface import Warehouse
from nba_consolidation.warehouse.staging.interface import StagingTable


def read_manifest(
    warehouse: Warehouse, listed: Sequence[StagingTable], *, evolve: bool
) -> tuple[Manifest, list[StagingTable]]:
    """What a consolidation of all dates would read and refuse, and the tables that it would only drop.

    evolve: whether it would add the columns that the live table lacks. Raises WarehouseError.
    """
    dates = {date for table in listed for date in table.dates}
    in_ledger: set[LedgerKey] = set()
    live: Sequence[Column] = ()
    if dates:
        rows = warehouse.query(
            Statement("consolidated_staging_tables", {"first_date": min(dates), "last_date": max(dates)})
        )
        in_ledger = {(row["staging_table"], row["fingerprint"], row["game_date"]) for row in rows}
        live = warehouse.live_columns(PREDICTIONS.name)
        live = [*live, *columns_to_add((table.columns for table in listed), live)] if evolve else live
    return freeze(listed, dates, in_ledger, live), finished(listed, in_ledger)


def outstanding(warehouse: Warehouse, listed: Sequence[StagingTable], *, evolve: bool) -> list[StagingTable]:
    """The tables that wait, and the refused ones: `refusal` says why, also if only the live table's columns differ."""
    manifest, _ = read_manifest(warehouse, listed, evolve=evolve)
    refused = {table.name: table.reason for table in manifest.refused}
    waiting = {entry.table.name for entry in manifest.entries}
    return [
        replace(table, refusal=refused.get(table.name))
        for table in listed
        if table.name in refused or table.name in waiting
    ]
