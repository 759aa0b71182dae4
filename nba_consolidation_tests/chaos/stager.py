"""A process that stages one table after another, and notes the rows of each before and after writing it."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path

from nba_consolidation.warehouse.staging.parquet import ParquetStaging
from nba_consolidation_tests.chaos.flags import dates_of_sleepers, is_over
from nba_consolidation_tests.chaos.journal import Journal
from nba_consolidation_tests.chaos.plan import Order
from nba_consolidation_tests.chaos.rows import Batch, StagedTable


def run(order: Order) -> None:
    """Stages tables until the storm is over."""
    folder, rng = Path(order.folder), order.rng
    staging, journal = ParquetStaging(folder / "staging"), Journal(folder, order.name)
    batch = Batch(order.name, rng)
    while not is_over(folder):
        stage(staging, batch.next(new=dates_of_sleepers(folder) is not None), journal)
        time.sleep(rng.uniform(0.2, 0.8))


def stage(staging: ParquetStaging, table: StagedTable, journal: Journal) -> None:
    """Stages one table. If the process is killed in between, the table may or may not exist."""
    version = {"table": table.name, "version": table.version}
    journal.note(**version, rows=[asdict(row) for row in table.rows])
    staging.write(table.name, table.written())
    journal.note(**version)
