"""The daily quality as asset checks: one step examines the date once and records each check on its table."""

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from nba_consolidation.operations.daily_quality.daily_checks import CHECKS
from nba_consolidation.operations.daily_quality.results import CheckStatus
from nba_consolidation.orchestration.checks.evaluation import severity
from nba_consolidation.orchestration.metadata import as_markdown, table_of
from nba_consolidation.orchestration.partitions import span_of_run
from nba_consolidation.wiring import Deployment

if TYPE_CHECKING:
    from nba_consolidation.operations.daily_quality.results import CheckResult, QualityReport

PREFIX = "daily_"
_MOST_ROWS = 50


class QualityConfig(dg.Config):
    """Which date is examined."""

    date: str | None = Field(default=None, description="The game date, like 2026-01-15; by default yesterday.")


def daily_keys() -> list[dg.AssetCheckKey]:
    """The keys of all daily checks, in the order of their declaration."""
    return [dg.AssetCheckKey(dg.AssetKey(check.table), PREFIX + check.name) for check in CHECKS]


def build_quality() -> dg.AssetChecksDefinition:
    """All daily checks as one definition, so that the figures are read once."""
    specs = [
        dg.AssetCheckSpec(key.name, asset=key.asset_key, description=f"{check.looks_for}; see docs/operating.md")
        for key, check in zip(daily_keys(), CHECKS, strict=True)
    ]

    @dg.multi_asset_check(specs=specs, name="daily_quality", can_subset=True)
    def daily_quality(
        context: dg.AssetCheckExecutionContext,
        config: QualityConfig,
        deployment: dg.ResourceParam[Deployment],
    ) -> Iterator[dg.AssetCheckResult]:
        keys = {key.name.removeprefix(PREFIX): key for key in context.selected_asset_check_keys}
        report = deployment.to_read().quality.examine(dt.date.fromisoformat(config.date) if config.date else None, keys)
        for result in report.results:
            if result.status is not CheckStatus.ERRORED:
                yield _result(keys[result.name], report, result)
        if span_of_run(context.run.tags) is None:
            _raise_errored(report)  # a run over partitions does not fail because of another date's quality

    return daily_quality


def _result(key: dg.AssetCheckKey, report: "QualityReport", result: "CheckResult") -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=result.status is CheckStatus.PASSED,
        severity=severity(warns=result.status is CheckStatus.WARNED),
        description=as_markdown(result.message),
        metadata={
            "game_date": str(report.game_date),
            "status": result.status.value,
            **({} if result.value is None else {"value": float(result.value)}),
            "threshold": result.threshold,
            "rows": table_of(result.rows[:_MOST_ROWS]),
        },
    )


def _raise_errored(report: "QualityReport") -> None:
    """A check that could not run has no result, and fails the run (incident 48)."""
    errored = [result for result in report.results if result.status is CheckStatus.ERRORED]
    if errored:
        messages = "\n".join(f"  {result.name}: {result.message}" for result in errored)
        raise dg.Failure(f"{len(errored)} check(s) could not run:\n{messages}", allow_retries=False)
