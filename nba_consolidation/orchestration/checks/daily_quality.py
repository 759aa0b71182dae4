"""How the daily quality is evaluated: each of its checks over the reports of one or more game dates."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from nba_consolidation.operations.daily_quality.results import CheckStatus
from nba_consolidation.orchestration.checks.evaluation import Evaluation
from nba_consolidation.orchestration.metadata import Metadata, table_of

if TYPE_CHECKING:
    from nba_consolidation.operations.daily_quality.results import CheckResult, QualityReport

_MOST_ROWS = 50


@dataclass(frozen=True)
class QualityOutcome:
    """The report of each date."""

    reports: "Sequence[QualityReport]"


def evaluation_of(check: str) -> partial[Evaluation | None]:
    """The function that evaluates this check of the daily quality."""
    return partial(_evaluate, check)


def _evaluate(check: str, outcome: QualityOutcome) -> Evaluation | None:
    """The worst result of the dates. None if the check could run for no date (incident 48)."""
    results = {
        report.game_date: result
        for report in outcome.reports
        for result in report.results
        if result.name == check and result.status is not CheckStatus.ERRORED
    }
    if not results:
        return None
    date, worst = max(results.items(), key=lambda item: (item[1].status, item[0]))
    not_passed = {one: result for one, result in results.items() if result.status is not CheckStatus.PASSED}
    metadata: Metadata = {"game_date": str(date), **_metadata(worst)}
    if len(not_passed) > 1:
        metadata["dates"] = table_of({"game_date": one, **_row(result)} for one, result in not_passed.items())
    message = f"{date}: {worst.message}"
    return Evaluation(not not_passed, metadata, message, warns=worst.status is CheckStatus.WARNED)


def quality_metadata(report: "QualityReport") -> Metadata:
    """The numbers of checks by status, and the result of each, the worst first."""
    results = sorted(report.results, key=lambda result: result.status, reverse=True)
    counts = {status.value: sum(result.status is status for result in results) for status in CheckStatus}
    return {
        "status": report.status.value,
        **counts,
        "checks": table_of({"check": result.name, **_row(result)} for result in results),
    }


def _metadata(result: "CheckResult") -> Metadata:
    value = {} if result.value is None else {"value": float(result.value)}
    rows = {"rows": table_of(result.rows[:_MOST_ROWS])} if result.rows else {}
    return {"status": result.status.value, **value, "threshold": result.threshold, **rows}


def _row(result: "CheckResult") -> Metadata:
    return {"status": result.status.value, "value": result.value, "threshold": result.threshold,
            "message": result.message}  # fmt: skip
