"""Which durations a consolidation reports, measured by injected clocks, and the limits of the checks on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nba_consolidation.leases import Holder, LeaseRecord
from nba_consolidation.orchestration.checks.run_checks import check_results
from nba_consolidation.warehouse.duckdb.warehouse import DuckDBWarehouse
from nba_consolidation.warehouse.staging.parquet import ParquetStaging
from nba_consolidation_tests.leases.memory_store import MemoryLeaseStore
from nba_consolidation_tests.pipeline.consolidation.workbench import Workbench, prediction


class Clock:
    """A clock that moves only when a test moves it."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class SlowLeases(MemoryLeaseStore):
    """Needs 1.5 seconds to grant a lease and 0.25 seconds to release it."""

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


def test_the_overhead_of_a_lease_excludes_the_work_under_it(tmp_path: Path) -> None:
    bench, clock = Workbench(tmp_path), Clock()
    bench.stage(prediction())

    def merge_slowly() -> None:
        clock.seconds += 40

    bench.warehouse.before_merge = merge_slowly
    report = bench.consolidate(monotonic=clock, leases=SlowLeases(clock))
    assert report.lease_overhead_ms == 1750


def test_the_duration_of_a_transaction_is_measured_by_the_clock_of_the_warehouse(tmp_path: Path) -> None:
    clock = Clock()
    warehouse = DuckDBWarehouse(tmp_path / "warehouse.duckdb", ParquetStaging(tmp_path / "staging"), monotonic=clock)

    def check_slowly() -> None:
        clock.seconds += 3

    assert warehouse.run([], check=check_slowly).seconds == 3


@pytest.mark.parametrize(
    ("check", "figure", "limit"),
    [("lease_overhead", "lease_overhead_ms", 100), ("consolidation_duration", "transaction_ms", 60_000)],
)
def test_a_check_fails_at_its_limit(tmp_path: Path, check: str, figure: str, limit: int) -> None:
    report = Workbench(tmp_path).consolidate()

    def passes(milliseconds: int) -> bool:
        measured: dict[str, Any] = {figure: milliseconds}
        results = check_results(replace(report, **measured))
        return next(result.passed for result in results if result.check_name == check)

    assert (passes(limit - 1), passes(limit)) == (True, False)
