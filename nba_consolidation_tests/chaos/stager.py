"""A process that stages one table after another, and notes before and after each what is in it."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path

from nba_consolidation.warehouse.staging.parquet import ParquetStaging
from nba_consolidation_tests.chaos.journal import Journal
from nba_consolidation_tests.chaos.plan import Order
from nba_consolidation_tests.chaos.rows import Batch, StagedTable
from nba_consolidation_tests.chaos.signs import is_over, slept_over


def run(order: Order) -> None:
    """Until the storm is over."""
    folder, rng = Path(order.folder), order.rng
    staging, journal = ParquetStaging(folder / "staging"), Journal(folder, order.name)
    batch = Batch(order.name, rng)
    while not is_over(folder):
        stage(staging, batch.next(new=slept_over(folder) is not None), journal)
        time.sleep(rng.uniform(0.2, 0.8))


def stage(staging: ParquetStaging, table: StagedTable, journal: Journal) -> None:
    """Of one that is killed in here nobody knows whether the table is there."""
    known = {"table": table.name, "version": table.version}
    journal.note(**known, rows=[asdict(row) for row in table.rows])
    staging.write(table.name, table.written())
    journal.note(**known)
