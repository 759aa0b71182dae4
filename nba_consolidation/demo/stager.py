"""Stages the demo season from several real processes, as workers on several machines would.

`season` decides what is staged, `expectation` computes the expected result; nothing is consolidated here.
"""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass

from nba_consolidation.demo.defects import Refusal
from nba_consolidation.demo.expectation import Expectation
from nba_consolidation.demo.season import Delivery, Season
from nba_consolidation.demo.staged_row_counts import StagedRowCounts
from nba_consolidation.warehouse.staging.parquet import ParquetStaging

_TABLES_AT_ONCE = 24


@dataclass(frozen=True)
class Progress:
    """How far the staging is."""

    tables: int
    of_tables: int
    rows: int


def stage_season(
    season: Season,
    staging_area: ParquetStaging,
    processes: int,
    on_progress: Callable[[Progress], None] = lambda _: None,
    deliveries: Sequence[Delivery] | None = None,
) -> Expectation:
    """Stages all deliveries of the season, or only these, and returns the expected result.

    The processes are spawned, as workers on other machines would be; nothing is shared with them but the folder.
    A delivery that is staged again replaces its own table.
    """
    chosen = list(season.deliveries()) if deliveries is None else list(deliveries)
    done, rows, all_counts = 0, 0, []
    for tables, counts in _staged(season, chosen, staging_area, processes):
        done += tables
        rows += counts.staged.total() + sum(counts.refused.values())
        all_counts.append(counts)
        on_progress(Progress(done, len(chosen), rows))
    return Expectation.of(StagedRowCounts.total(season, all_counts))


def _staged(
    season: Season, deliveries: Sequence[Delivery], staging_area: ParquetStaging, processes: int
) -> Iterator[tuple[int, StagedRowCounts]]:
    """Number of tables and row counts of every portion, as it is done."""
    portions = [deliveries[first : first + _TABLES_AT_ONCE] for first in range(0, len(deliveries), _TABLES_AT_ONCE)]
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        running = {pool.submit(stage, season, portion, staging_area): len(portion) for portion in portions}
        try:
            for future in as_completed(running):
                yield running[future], future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def stage(season: Season, deliveries: Sequence[Delivery], staging_area: ParquetStaging) -> StagedRowCounts:
    """Builds and writes these deliveries in this process."""
    return StagedRowCounts.total(season, (_stage_one(delivery, staging_area) for delivery in deliveries))


def _stage_one(delivery: Delivery, staging_area: ParquetStaging) -> StagedRowCounts:
    table = delivery.build()
    staging_area.write(delivery.name, table)
    if delivery.refusal is Refusal.CORRUPT:
        _tear(staging_area, delivery.name)
    return StagedRowCounts.of(delivery, table)


def _tear(staging_area: ParquetStaging, name: str) -> None:
    """Leaves half of the file, like a killed worker without an atomic writer."""
    path = staging_area.path_of(name)
    torn = path.with_name(f".{name[:80]}.torn.tmp")
    try:
        torn.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        torn.rename(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            torn.unlink()
