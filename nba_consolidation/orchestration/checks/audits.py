"""The audits of the tables as checks of their own: alone they read all history, in a run the dates of that run."""

import datetime as dt
from typing import TYPE_CHECKING

import dagster as dg

from nba_consolidation.fencing.audits import AUDITS
from nba_consolidation.orchestration.checks.evaluation import findings_metadata, severity
from nba_consolidation.orchestration.partitions import span_of_run
from nba_consolidation.settings import today
from nba_consolidation.wiring import Deployment

if TYPE_CHECKING:
    from nba_consolidation.fencing.audits import Audit


def build_audits(first_date: dt.date) -> list[dg.AssetChecksDefinition]:
    """One check per audit. first_date: where history begins."""
    return [_build_audit(audit, first_date) for audit in AUDITS]


def _build_audit(audit: "Audit", first_date: dt.date) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=audit.asset or audit.table,
        name=f"audit_{audit.name}",
        description=f"{audit.looks_for}; over all history when run alone",
    )
    def check(context: dg.AssetCheckExecutionContext, deployment: dg.ResourceParam[Deployment]) -> dg.AssetCheckResult:
        from nba_consolidation.operations.unfinished_dates import audit_findings

        first, last = span_of_run(context.run.tags) or (first_date, today() + dt.timedelta(days=1))
        dates = [first + dt.timedelta(days) for days in range((last - first).days + 1)]
        findings = audit_findings(deployment.to_read().warehouse, audit, dates)
        return dg.AssetCheckResult(
            passed=not findings,
            severity=severity(warns=not audit.blocking),
            metadata={"first_date": str(first), "last_date": str(last), **findings_metadata(findings)},
        )

    return check
