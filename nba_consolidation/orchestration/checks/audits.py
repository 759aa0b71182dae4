"""The audits of published tables as checks of their own: over all history when alone, over its dates in a run."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.fencing.audits import AUDITS, Audit
from nba_consolidation.fencing.errors import AuditFailed
from nba_consolidation.orchestration.metadata import Metadata, table_of
from nba_consolidation.orchestration.partitions import span_of_run
from nba_consolidation.settings import today
from nba_consolidation.wiring import Deployment

_EXAMPLES = 20


def build_audits(first_date: dt.date) -> list[dg.AssetChecksDefinition]:
    """The audits as checks of their own: alone they read all history, in a run the dates of that run."""
    return [_build_audit(audit, first_date) for audit in AUDITS]


def _build_audit(audit: Audit, first_date: dt.date) -> dg.AssetChecksDefinition:
    severity = dg.AssetCheckSeverity.ERROR if audit.blocking else dg.AssetCheckSeverity.WARN

    @dg.asset_check(
        asset=audit.asset or audit.table,
        name=f"audit_{audit.name}",
        description=f"{audit.looks_for}; over all history when run alone",
    )
    def check(context: dg.AssetCheckExecutionContext, deployment: dg.ResourceParam[Deployment]) -> dg.AssetCheckResult:
        first, last = span_of_run(context.run.tags) or (first_date, today() + dt.timedelta(days=1))
        dates = [first + dt.timedelta(days) for days in range((last - first).days + 1)]
        deployment.create_tables()
        findings = audit.findings(deployment.warehouse, dates)
        return dg.AssetCheckResult(
            passed=not findings,
            severity=severity,
            metadata={"first_date": str(first), "last_date": str(last), **findings_metadata(findings)},
        )

    return check


def findings_metadata(findings: Sequence[dict[str, object]]) -> Metadata:
    """How many, by which date, and some of them."""
    by_date: dict[str, int] = {}
    for finding in findings:
        by_date[str(finding["game_date"])] = by_date.get(str(finding["game_date"]), 0) + 1
    return {
        "findings": len(findings),
        "by_date": table_of([{"game_date": date, "findings": count} for date, count in sorted(by_date.items())]),
        "examples": table_of(findings[:_EXAMPLES]),
    }


def result(name: str, passed: bool, *, warns: bool, **metadata: Any) -> dg.AssetCheckResult:
    """The result of a check that a run emits about itself."""
    severity = dg.AssetCheckSeverity.WARN if warns else dg.AssetCheckSeverity.ERROR
    return dg.AssetCheckResult(check_name=name, passed=passed, severity=severity, metadata=metadata)


def audit_result(
    audit: Audit, findings: Sequence[dict[str, object]], rolled_back: Sequence[dict[str, str]]
) -> dg.AssetCheckResult:
    """The result of an audit that a run emits: of what is published, and of what it rolled back."""
    passed = not findings and not rolled_back
    metadata = {**findings_metadata(findings), "rolled_back": table_of(rolled_back)}
    return result(audit.name, passed, warns=not audit.blocking, **metadata)


def rolled_back_by(audit: str, poisoned: Mapping[dt.date, ConsolidationError]) -> list[dict[str, str]]:
    """The dates that this audit rolled back inside the transaction."""
    return [
        {"game_date": str(date), "reason": str(error)}
        for date, error in sorted(poisoned.items())
        if isinstance(error, AuditFailed) and error.audit == audit
    ]
