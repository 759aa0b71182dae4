"""The checks of a consolidation, which run with it: blocking where a finding must not go further."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from nba_consolidation.fencing.audits import ACTIVE_TWINS, DUPLICATE_BUSINESS_KEYS, Audit
from nba_consolidation.orchestration.checks.audits import audit_result, result, rolled_back_by
from nba_consolidation.orchestration.metadata import table_of
from nba_consolidation.pipeline.consolidation.result import ConsolidationReport
from nba_consolidation.warehouse.interface import Row, Warehouse

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


def blocking_findings(warehouse: Warehouse, dates: Sequence[dt.date]) -> dict[Audit, list[Row]]:
    """What the blocking audits find in the table after the commit, whoever wrote it."""
    return {audit: audit.findings(warehouse, dates) for audit in (DUPLICATE_BUSINESS_KEYS, ACTIVE_TWINS)}


def dates_held_back(report: ConsolidationReport, findings: Mapping[Audit, Sequence[Row]]) -> set[dt.date]:
    """The dates that must not be validated: poisoned ones, and those in which a blocking audit finds something."""
    found = {row["game_date"] for rows in findings.values() for row in rows}
    return found | set(report.poisoned) | {counts.game_date for counts in report.dates if not counts.conserved}


def alone(
    selected: Collection[dg.AssetCheckKey], warehouse: Warehouse, dates: Sequence[dt.date]
) -> Iterator[dg.AssetCheckResult]:
    """The results of checks that are executed without a consolidation. Raises Failure for one that judges a run."""
    names = {key.name for key in selected}
    for audit, findings in (blocking_findings(warehouse, dates) if names else {}).items():
        if audit.name in names:
            yield audit_result(audit, findings, [])
            names.remove(audit.name)
    if names:
        raise dg.Failure(
            f"{', '.join(sorted(names))}: the result belongs to a consolidation. Materialize player_prop_predictions.",
            allow_retries=False,
        )


def of_a_consolidation(
    report: ConsolidationReport, findings: Mapping[Audit, Sequence[Row]]
) -> Iterator[dg.AssetCheckResult]:
    """The results, in the order of the specs."""
    for audit, rows in findings.items():
        yield audit_result(audit, rows, rolled_back_by(audit.name, report.poisoned))
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
