"""The asset checks: what each looks for, and its result. The looking is done by the audits and the report.

Checks of a consolidation run with it, blocking where a finding must not go further. The same duplicate checks stand
alone too, over all history or over the dates of the run that they are part of.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from nba_consolidation.consolidation.audits import (
    ACTIVE_TWINS,
    AUDITS,
    DUPLICATE_BUSINESS_KEYS,
    Audit,
)
from nba_consolidation.consolidation.report import ConsolidationReport
from nba_consolidation.fencing import AuditFailed
from nba_consolidation.metadata import Metadata, table_of
from nba_consolidation.resources import LeaseResource, WarehouseResource
from nba_consolidation.settings import today
from nba_consolidation.warehouse.contract import Warehouse

LEASE_OVERHEAD_LIMIT_MS = 100
CONSOLIDATION_LIMIT_MS = 60_000
_EXAMPLES = 20
_RANGE_START, _RANGE_END, _SINGLE = (
    "dagster/asset_partition_range_start",
    "dagster/asset_partition_range_end",
    "dagster/partition",
)


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
        yield _of_audit(audit, audit.findings(warehouse, dates), _rolled_back(report, audit.name))
    lost = [counts for counts in report.dates if not counts.conserved]
    rolled_back = _rolled_back(report, "unconserved_dates")
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


def build_audits(first_date: dt.date) -> list[dg.AssetChecksDefinition]:
    """The audits as checks of their own: alone they read all history, in a run the dates of that run."""
    return [_build_audit(audit, first_date) for audit in AUDITS]


def _build_audit(audit: Audit, first_date: dt.date) -> dg.AssetChecksDefinition:
    severity = dg.AssetCheckSeverity.ERROR if audit.blocking else dg.AssetCheckSeverity.WARN

    @dg.asset_check(
        asset=audit.table, name=f"audit_{audit.name}", description=f"{audit.looks_for}; over all history when run alone"
    )
    def check(
        context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource, leases: LeaseResource
    ) -> dg.AssetCheckResult:
        first, last = _span(context.run.tags, first_date)
        dates = [first + dt.timedelta(days) for days in range((last - first).days + 1)]
        deployment = warehouse.deployment(leases)
        deployment.prepare()
        findings = audit.findings(deployment.warehouse, dates)
        return dg.AssetCheckResult(
            passed=not findings,
            severity=severity,
            metadata={"first_date": str(first), "last_date": str(last), **_findings_metadata(findings)},
        )

    return check


def _span(tags: Mapping[str, str], first_date: dt.date) -> tuple[dt.date, dt.date]:
    """The dates of the run that the check is part of; all history where it runs alone."""
    if _RANGE_START in tags:
        return dt.date.fromisoformat(tags[_RANGE_START]), dt.date.fromisoformat(tags[_RANGE_END])
    if _SINGLE in tags:
        return (dt.date.fromisoformat(tags[_SINGLE]),) * 2
    return first_date, today() + dt.timedelta(days=1)


def _rolled_back(report: ConsolidationReport, audit: str) -> list[dict[str, str]]:
    """The dates that this audit rolled back inside the transaction."""
    return [
        {"game_date": str(date), "reason": str(error)}
        for date, error in sorted(report.poisoned.items())
        if isinstance(error, AuditFailed) and error.audit == audit
    ]


def _of_audit(
    audit: Audit, findings: Sequence[dict[str, object]], rolled_back: list[dict[str, str]]
) -> dg.AssetCheckResult:
    passed = not findings and not rolled_back
    return _result(audit.name, passed, **_findings_metadata(findings), rolled_back=table_of(rolled_back))


def _findings_metadata(findings: Sequence[dict[str, object]]) -> Metadata:
    by_date: dict[str, int] = {}
    for finding in findings:
        by_date[str(finding["game_date"])] = by_date.get(str(finding["game_date"]), 0) + 1
    return {
        "findings": len(findings),
        "by_date": table_of([{"game_date": date, "findings": count} for date, count in sorted(by_date.items())]),
        "examples": table_of(findings[:_EXAMPLES]),
    }


_WARNINGS = frozenset({"quarantined_rows", "refused_tables", "lease_overhead", "consolidation_duration"})


def _result(name: str, passed: bool, **metadata: Any) -> dg.AssetCheckResult:
    severity = dg.AssetCheckSeverity.WARN if name in _WARNINGS else dg.AssetCheckSeverity.ERROR
    return dg.AssetCheckResult(check_name=name, passed=passed, severity=severity, metadata=metadata)
