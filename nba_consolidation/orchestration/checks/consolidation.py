"""The checks of a consolidation, which run with it: blocking where a finding must not go further."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from nba_consolidation.fencing.audits import ACTIVE_TWINS, DUPLICATE_BUSINESS_KEYS
from nba_consolidation.orchestration.checks.audits import audit_result, result, rolled_back_by
from nba_consolidation.orchestration.metadata import table_of
from nba_consolidation.pipeline.consolidation.result import ConsolidationReport
from nba_consolidation.warehouse.interface import Warehouse

LEASE_OVERHEAD_LIMIT_MS = 100
CONSOLIDATION_LIMIT_MS = 60_000


def specs_of_a_consolidation(asset: str) -> list[dg.AssetCheckSpec]:
    """The checks that every consolidation emits, on the asset of that name."""
    described = (
        (DUPLICATE_BUSINESS_KEYS.name, DUPLICATE_BUSINESS_KEYS.looks_for, True),
        (ACTIVE_TWINS.name, ACTIVE_TWINS.looks_for, True),
        ("conservation", "staged = inserted + updated + stale + superseded + quarantined, for each date", True),
        ("quarantined_rows", "staged rows that broke a row rule", False),
        ("refused_tables", "staging tables that cannot be taken as they are", False),
        ("lease_overhead", f"taking and giving back the lease in under {LEASE_OVERHEAD_LIMIT_MS} ms", False),
        ("consolidation_duration", f"the transaction in under {CONSOLIDATION_LIMIT_MS // 1000} s", False),
    )
    return [
        dg.AssetCheckSpec(name, asset=asset, description=looks_for, blocking=blocking)
        for name, looks_for, blocking in described
    ]


def of_a_consolidation(
    report: ConsolidationReport, warehouse: Warehouse, dates: Sequence[dt.date]
) -> Iterator[dg.AssetCheckResult]:
    """The results, in the order of the specs. The published table is read again, after the commit."""
    for audit in (DUPLICATE_BUSINESS_KEYS, ACTIVE_TWINS):
        yield audit_result(audit, audit.findings(warehouse, dates), rolled_back_by(audit.name, report.poisoned))
    lost = [counts for counts in report.dates if not counts.conserved]
    rolled_back = rolled_back_by("unconserved_dates", report.poisoned)
    yield _result(
        "conservation", not lost and not rolled_back, dates=table_of(report.dates), rolled_back=table_of(rolled_back)
    )
    quarantined = [counts for counts in report.dates if counts.quarantined]
    yield _result("quarantined_rows", not quarantined, rows=report.total("quarantined"), dates=table_of(quarantined))
    yield _result("refused_tables", not report.refused, tables=table_of(report.refused))
    yield _result(
        "lease_overhead",
        report.lease_overhead_ms < LEASE_OVERHEAD_LIMIT_MS,
        lease_overhead_ms=report.lease_overhead_ms,
        lease_wait_ms=report.lease_wait_ms,
        lease_hold_ms=report.lease_hold_ms,
    )
    yield _result(
        "consolidation_duration",
        report.transaction_ms < CONSOLIDATION_LIMIT_MS,
        transaction_ms=report.transaction_ms,
        rows_per_second=round(report.rows_per_second),
    )


_WARNINGS = frozenset({"quarantined_rows", "refused_tables", "lease_overhead", "consolidation_duration"})


def _result(name: str, passed: bool, **metadata: Any) -> dg.AssetCheckResult:
    return result(name, passed, warns=name in _WARNINGS, **metadata)
