"""Every asset check, declared once: its asset, what it looks for, and how it is evaluated.

Dagster's specs and results are made from this table. A step evaluates the checks of the outcomes that it has.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import dagster as dg

from nba_consolidation.fencing.audits import AUDITS
from nba_consolidation.operations.daily_quality.daily_checks import CHECKS as DAILY_CHECKS
from nba_consolidation.orchestration.checks import (
    audits,
    consolidation,
    daily_quality,
    grading,
    performance,
    recalibration,
    reliability,
)
from nba_consolidation.orchestration.checks import strategies as betting
from nba_consolidation.orchestration.checks.audits import AuditOutcome
from nba_consolidation.orchestration.checks.daily_quality import QualityOutcome
from nba_consolidation.orchestration.checks.evaluation import Evaluation, described, severity
from nba_consolidation.orchestration.checks.performance import PerformanceOutcome
from nba_consolidation.orchestration.checks.recalibration import RecalibrationOutcome
from nba_consolidation.orchestration.checks.reliability import ReviewOutcome
from nba_consolidation.orchestration.checks.strategies import StrategyOutcome
from nba_consolidation.orchestration.metadata import as_markdown
from nba_consolidation.pipeline.consolidation.result import ConsolidationReport
from nba_consolidation.pipeline.grading.result import GradingReport
from nba_consolidation.schema import (
    ACCURACY,
    CALIBRATION_VERSIONS,
    CONFIDENCE_CALIBRATION,
    PLAYER_RELIABILITY,
    PREDICTIONS,
    STRATEGY_PERFORMANCE,
    SYSTEM_PERFORMANCE,
)

if TYPE_CHECKING:
    from nba_consolidation.fencing.audits import Audit

DAILY_QUALITY = "daily_quality"
_HISTORY, _LAST_DATE, _YESTERDAY = "all history", "the last date", "yesterday"


@dataclass(frozen=True)
class RunCheck:
    """One check. outcome: the type that `evaluate` takes. warns: its failure fails no run and holds no date back.

    blocking: its failure fails the step. A consolidation's checks do not: it holds back the dates with findings.
    alone: what it is about when somebody executes it alone.
    """

    asset: str
    name: str
    outcome: type
    evaluate: Callable[[Any], Evaluation | None]
    looks_for: str
    warns: bool = True
    blocking: bool = False
    alone: str = _HISTORY

    @property
    def spec(self) -> dg.AssetCheckSpec:
        """The check as Dagster has it."""
        description = f"{self.looks_for}. In a run: its dates; executed alone: {self.alone}. See docs/operating.md"
        return dg.AssetCheckSpec(self.name, asset=self.asset, description=description, blocking=self.blocking)

    def result(self, outcome: object) -> dg.AssetCheckResult | None:
        """The result for an outcome of its type; None if the check could not run."""
        evaluation = self.evaluate(outcome)
        if evaluation is None:
            return None
        warns = self.warns if evaluation.warns is None else evaluation.warns
        message = evaluation.message
        if not (evaluation.passed or message):
            message = described(self.name, [f"failed: {self.looks_for}"])
        return dg.AssetCheckResult(
            asset_key=self.asset, check_name=self.name, passed=evaluation.passed, metadata=evaluation.metadata,
            severity=severity(warns=warns), description=as_markdown(message) or None,
        )  # fmt: skip


def _audit(audit: Audit) -> RunCheck:
    key = audits.key_of(audit)
    return RunCheck(
        key.asset_key.to_user_string(), audit.name, AuditOutcome, audits.evaluation_of(audit), audit.looks_for,
        warns=not audit.blocking, blocking=audit.blocking and audit.table == ACCURACY.name,
    )  # fmt: skip


_consolidation = partial(RunCheck, PREDICTIONS.name, outcome=ConsolidationReport)
_grading = partial(RunCheck, ACCURACY.name, outcome=GradingReport)
_performance = partial(RunCheck, outcome=PerformanceOutcome, alone=_LAST_DATE)
_calibrations = partial(RunCheck, CALIBRATION_VERSIONS.name, outcome=RecalibrationOutcome)
_players = partial(RunCheck, PLAYER_RELIABILITY.name, outcome=ReviewOutcome, alone=_LAST_DATE)
_strategies = partial(RunCheck, STRATEGY_PERFORMANCE.name, outcome=StrategyOutcome, alone=_LAST_DATE)
RUN_CHECKS: Sequence[RunCheck] = (
    *map(_audit, AUDITS),
    _consolidation(
        "conservation", evaluate=consolidation.conservation, warns=False,
        looks_for="staged = inserted + updated + stale + superseded + quarantined, for each date",
    ),
    _consolidation(
        "quarantined_rows", evaluate=consolidation.quarantined_rows, looks_for="staged rows that broke a row rule"
    ),
    _consolidation(
        "refused_tables", evaluate=consolidation.refused_tables,
        looks_for="staging tables that cannot be read, or do not fit the live table",
    ),
    _consolidation(
        "lease_overhead", evaluate=consolidation.lease_overhead,
        looks_for=f"lease acquisition and release in under {consolidation.LEASE_OVERHEAD_LIMIT_MS} ms",
    ),
    _consolidation(
        "consolidation_duration", evaluate=consolidation.duration,
        looks_for=f"the transaction in under {consolidation.CONSOLIDATION_LIMIT_MS // 1000} s",
    ),
    _grading(
        "grading_conservation", evaluate=grading.conservation, warns=False, blocking=True,
        looks_for="active = correct + wrong + push + passed + not a bet + voided + waiting",
    ),
    _grading(
        "similar_names", evaluate=grading.similar_names,
        looks_for="predicted players without a box score, if the game has one with a similar name and no prediction",
    ),
    _grading(
        "missing_box_scores", evaluate=grading.missing_box_scores,
        looks_for=f"at most {grading.MISSING_BOX_SCORES_LIMIT:.0%} of the players of a past date without box scores",
    ),
    _performance(
        SYSTEM_PERFORMANCE.name, "losing_systems", evaluate=performance.losing_systems,
        looks_for=f"systems whose whole 95 % interval of the hit rate lies below {performance.LOSING_BELOW:.0%}, "
        f"{performance.SYSTEMS_CHECKED}",
    ),
    _performance(
        CONFIDENCE_CALIBRATION.name, "calibration_error", evaluate=performance.calibration_error,
        looks_for=f"systems whose ECE is above {performance.CALIBRATION_ERROR_LIMIT:.2f}, "
        f"{performance.SYSTEMS_CHECKED}",
    ),
    _calibrations(
        "calibrations_waiting", evaluate=recalibration.calibrations_waiting,
        looks_for="calibrations that wait for a person's approval",
    ),
    _calibrations(
        "calibrations_rolled_back", evaluate=recalibration.calibrations_rolled_back,
        looks_for="calibrations that were rolled back because they did worse than the ones that they replaced",
    ),
    _players(
        "few_blacklisted", evaluate=reliability.few_blacklisted,
        looks_for=f"at most {reliability.BLACKLISTED_LIMIT:.0%} of the players with enough data are blacklisted",
    ),
    _players(
        "policy_holds", evaluate=reliability.policy_holds,
        looks_for="later bets on players whom the policy in use flagged did not go better than all others, beyond "
        "noise",
    ),
    _strategies(
        "losing_picks", evaluate=betting.losing_picks,
        looks_for="betting by the strategy that was best before each date does not lose money, beyond noise",
    ),
    _strategies(
        "misleading_thresholds", evaluate=betting.misleading_thresholds,
        looks_for="no selection of a system's bets went worse than all of them, beyond noise",
    ),
    *(
        RunCheck(
            DAILY_QUALITY, check.name, QualityOutcome, daily_quality.evaluation_of(check.name), check.looks_for,
            alone=_YESTERDAY,
        )
        for check in DAILY_CHECKS
    ),
)  # fmt: skip


def check_specs(assets: Iterable[str]) -> list[dg.AssetCheckSpec]:
    """The specs of the checks of these assets."""
    names = set(assets)
    return [check.spec for check in RUN_CHECKS if check.asset in names]


def check_results(
    *outcomes: object, checks: Collection[dg.AssetCheckKey] | None = None
) -> Iterator[dg.AssetCheckResult]:
    """The results of these checks, by default all, that evaluate outcomes of these types."""
    for check in RUN_CHECKS:
        key = dg.AssetCheckKey(dg.AssetKey(check.asset), check.name)
        for outcome in outcomes:
            if isinstance(outcome, check.outcome) and (checks is None or key in checks):
                result = check.result(outcome)
                if result is not None:
                    yield result


def fails_step(results: Iterable[dg.AssetCheckResult]) -> bool:
    """Whether a blocking check failed."""
    blocking = {check.name for check in RUN_CHECKS if check.blocking}
    return any(result.check_name in blocking and not result.passed for result in results)
