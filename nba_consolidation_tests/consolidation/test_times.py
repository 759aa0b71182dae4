"""What a consolidation measures, by clocks of a test's own, and which figures its checks let pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from nba_consolidation.checks.predictions import of_a_consolidation
from nba_consolidation.consolidation.report import ConsolidationReport
from nba_consolidation.locking import Holder, LeaseRecord, MemoryLeaseStore
from nba_consolidation.warehouse.duckdb_warehouse import DuckDBWarehouse
from nba_consolidation.warehouse.parquet_staging import ParquetStaging

from .workbench import DATE, Workbench, prediction


class Clock:
    """Stands still, but for the seconds that a test lets pass."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class SlowLeases(MemoryLeaseStore):
    """Takes 1.5 seconds to give a lease and 0.25 to take it back."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._seconds = clock

    def try_acquire(
        self, keys: Iterable[str], holder: Holder, ttl: float, *, operation_id: str
    ) -> tuple[LeaseRecord, ...]:
        self._seconds.seconds += 1.5
        return super().try_acquire(keys, holder, ttl, operation_id=operation_id)

    def release(self, records: Sequence[LeaseRecord]) -> tuple[str, ...]:
        self._seconds.seconds += 0.25
        return super().release(records)


def test_the_overhead_of_a_lease_is_all_that_is_no_work(tmp_path: Path) -> None:
    bench, clock = Workbench(tmp_path), Clock()
    bench.stage(prediction())

    def merge() -> None:
        clock.seconds += 40

    bench.warehouse.before_merge = merge
    report = bench.consolidate(monotonic=clock, leases=SlowLeases(clock))
    assert report.lease_overhead_ms == 1750


def test_the_time_of_a_transaction_is_measured_by_the_clock_of_the_warehouse(tmp_path: Path) -> None:
    clock = Clock()
    warehouse = DuckDBWarehouse(tmp_path / "warehouse.duckdb", ParquetStaging(tmp_path / "staging"), monotonic=clock)

    def check() -> None:
        clock.seconds += 3

    assert warehouse.run([], check=check).seconds == 3


@pytest.mark.parametrize(
    ("check", "figure", "limit"),
    [("lease_overhead", "lease_overhead_ms", 100), ("consolidation_duration", "transaction_ms", 60_000)],
)
def test_a_check_fails_from_its_limit_on(tmp_path: Path, check: str, figure: str, limit: int) -> None:
    bench = Workbench(tmp_path)
    report = bench.consolidate()

    def passed(milliseconds: int) -> bool:
        measured = ConsolidationReport(**{**vars(report), figure: milliseconds})
        results = {result.check_name: result for result in of_a_consolidation(measured, bench.warehouse, [DATE])}
        return results[check].passed

    assert (passed(limit - 1), passed(limit)) == (True, False)
