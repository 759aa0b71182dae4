"""The audits as checks: over the committed rows of the dates of a run, and over all history when executed alone."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import dagster as dg

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.fencing.audits import ACTIVE_TWINS, AUDITS, DUPLICATE_BUSINESS_KEYS
from nba_consolidation.orchestration.checks.evaluation import Evaluation, by_date, described, rolled_back_by
from nba_consolidation.orchestration.metadata import table_of

if TYPE_CHECKING:
    from nba_consolidation.fencing.audits import Audit
    from nba_consolidation.warehouse.interface import Row, Warehouse

HOLD_BACK = (DUPLICATE_BUSINESS_KEYS, ACTIVE_TWINS)
"""The audits that hold a date back: its predictions must not be validated."""
_EXAMPLES = 20


class AuditOutcome(NamedTuple):
    """The findings of each audit in the committed rows of the dates, and the dates that could not be written."""

    dates: Sequence[dt.date]
    findings: "Mapping[Audit, Sequence[Row]]"
    poisoned: Mapping[dt.date, ConsolidationError]

    def unfit_dates(self) -> dict[dt.date, str]:
        """The dates to hold back though they could be written, and why."""
        return {
            date: described(audit.name, [_cause(audit, count)])
            for audit in reversed(HOLD_BACK)
            for date, count in _counts(self.findings.get(audit, ())).items()
        }


def audit(
    warehouse: "Warehouse",
    dates: Sequence[dt.date],
    *,
    checks: Collection[dg.AssetCheckKey],
    assets: Collection[str],
    poisoned: Mapping[dt.date, ConsolidationError],
) -> AuditOutcome:
    """Audits the committed rows by these checks, and the assets by those audits that hold dates back."""
    from nba_consolidation.operations.unfinished_dates import audit_findings

    chosen = [one for one in AUDITS if key_of(one) in checks or (one in HOLD_BACK and one.table in assets)]
    return AuditOutcome(dates, {one: audit_findings(warehouse, one, dates) for one in chosen}, poisoned)


def key_of(audit: "Audit") -> dg.AssetCheckKey:
    """The check that the audit is."""
    return dg.AssetCheckKey(dg.AssetKey(audit.asset or audit.table), audit.name)


def evaluation_of(audit: "Audit") -> partial[Evaluation]:
    """The function that evaluates the audit's part of an outcome."""
    return partial(_evaluate, audit)


def _evaluate(audit: "Audit", outcome: AuditOutcome) -> Evaluation:
    """Findings in the committed rows, or dates that the audit rolled back."""
    findings = outcome.findings[audit]
    counts = _counts(findings)
    committed = {date: _cause(audit, count) for date, count in counts.items()}
    causes = rolled_back_by(audit.name, outcome.poisoned) | committed
    metadata = {
        "findings": len(findings),
        "first_date": str(min(outcome.dates, default="none")),
        "last_date": str(max(outcome.dates, default="none")),
    }
    if findings:
        metadata["by_date"] = table_of({"game_date": date, "findings": count} for date, count in counts.items())
        metadata["examples"] = table_of(findings[:_EXAMPLES])
    return Evaluation(not causes, metadata, described(audit.name, by_date(causes)))


def _counts(findings: "Sequence[Row]") -> dict[dt.date, int]:
    return dict(sorted(Counter(finding["game_date"] for finding in findings).items()))


def _cause(audit: "Audit", count: int) -> str:
    findings = "1 finding" if count == 1 else f"{count:,} findings"
    return f"{findings} of {audit.name} in {audit.table} ({audit.looks_for})"
