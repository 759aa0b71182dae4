"""Every check that a run emits about itself, declared once: its asset, what it looks for, and how it is evaluated.

Dagster's specs and results are made from this table. A run evaluates the checks of the outcome that its step returns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import dagster as dg

from nba_consolidation.orchestration.checks import consolidation, grading, performance, recalibration, reliability
from nba_consolidation.orchestration.checks import strategies as betting
from nba_consolidation.orchestration.checks.consolidation import ConsolidationOutcome
from nba_consolidation.orchestration.checks.evaluation import Evaluation, evaluate_audit, severity
from nba_consolidation.orchestration.checks.grading import GradingOutcome
from nba_consolidation.orchestration.checks.performance import PerformanceOutcome
from nba_consolidation.orchestration.checks.recalibration import RecalibrationOutcome
from nba_consolidation.orchestration.checks.reliability import ReviewOutcome
from nba_consolidation.orchestration.checks.strategies import StrategyOutcome
from nba_consolidation.schema import (
    ACCURACY,
    CALIBRATION_VERSIONS,
    CONFIDENCE_CALIBRATION,
    PLAYER_RELIABILITY,
    PREDICTIONS,
    STRATEGY_PERFORMANCE,
    SYSTEM_PERFORMANCE,
    Table,
)

if TYPE_CHECKING:
    from nba_consolidation.fencing.audits import Audit


@dataclass(frozen=True)
class RunCheck:
    """One check. outcome: the type that `evaluate` takes. warns: its failure fails no run and holds no date back.

    blocking: its failure fails the step. A consolidation's checks do not: it holds back the dates with findings.
    """

    table: Table
    name: str
    outcome: type
    evaluate: Callable[[Any], Evaluation]
    looks_for: str
    warns: bool = True
    blocking: bool = False


def _audit(audit: Audit, table: Table, outcome: type, *, blocking: bool) -> RunCheck:
    def evaluate(result: ConsolidationOutcome | GradingOutcome) -> Evaluation:
        return evaluate_audit(audit, result.audited)

    return RunCheck(table, audit.name, outcome, evaluate, audit.looks_for, not audit.blocking, blocking)


_consolidation = partial(RunCheck, PREDICTIONS, outcome=ConsolidationOutcome)
_grading = partial(RunCheck, ACCURACY, outcome=GradingOutcome)
RUN_CHECKS: Sequence[RunCheck] = (
    *(_audit(audit, PREDICTIONS, ConsolidationOutcome, blocking=False) for audit in consolidation.AUDITS_AFTER_COMMIT),
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
    *(_audit(audit, ACCURACY, GradingOutcome, blocking=audit.blocking) for audit in grading.AUDITS_AFTER_COMMIT),
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
    _grading(
        "ungraded", evaluate=grading.ungraded,
        looks_for=f"at most {grading.UNGRADED_LIMIT} predictions of a past date that still wait",
    ),
    RunCheck(
        SYSTEM_PERFORMANCE, "losing_systems", PerformanceOutcome, performance.losing_systems,
        f"systems whose whole 95 % interval of the hit rate lies below {performance.LOSING_BELOW:.0%}, "
        f"{performance.SYSTEMS_CHECKED}",
    ),
    RunCheck(
        CONFIDENCE_CALIBRATION, "calibration_error", PerformanceOutcome, performance.calibration_error,
        f"systems whose ECE is above {performance.CALIBRATION_ERROR_LIMIT:.2f}, {performance.SYSTEMS_CHECKED}",
    ),
    RunCheck(
        CALIBRATION_VERSIONS, "calibrations_waiting", RecalibrationOutcome, recalibration.calibrations_waiting,
        "calibrations that wait for a person's approval",
    ),
    RunCheck(
        CALIBRATION_VERSIONS, "calibrations_rolled_back", RecalibrationOutcome, recalibration.calibrations_rolled_back,
        "calibrations that were rolled back because they did worse than the ones that they replaced",
    ),
    RunCheck(
        PLAYER_RELIABILITY, "few_blacklisted", ReviewOutcome, reliability.few_blacklisted,
        f"at most {reliability.BLACKLISTED_LIMIT:.0%} of the players with enough data are blacklisted",
    ),
    RunCheck(
        PLAYER_RELIABILITY, "policy_holds", ReviewOutcome, reliability.policy_holds,
        "later bets on players whom the policy in use flagged did not go better than all others, beyond noise",
    ),
    RunCheck(
        STRATEGY_PERFORMANCE, "losing_picks", StrategyOutcome, betting.losing_picks,
        "betting by the strategy that was best before each date does not lose money, beyond noise",
    ),
    RunCheck(
        STRATEGY_PERFORMANCE, "misleading_thresholds", StrategyOutcome, betting.misleading_thresholds,
        "no selection of a system's bets went worse than all of them, beyond noise",
    ),
)  # fmt: skip


def check_specs(assets: Iterable[str]) -> list[dg.AssetCheckSpec]:
    """The specs of the checks of these assets."""
    names = set(assets)
    return [
        dg.AssetCheckSpec(check.name, asset=check.table.name, description=check.looks_for, blocking=check.blocking)
        for check in RUN_CHECKS
        if check.table.name in names
    ]


def check_results(outcome: object) -> Iterator[dg.AssetCheckResult]:
    """The results of the checks that evaluate outcomes of this type, in the order of their specs."""
    for check in RUN_CHECKS:
        if isinstance(outcome, check.outcome):
            passed, metadata = check.evaluate(outcome)
            yield dg.AssetCheckResult(
                asset_key=check.table.name, check_name=check.name, passed=passed, metadata=metadata,
                severity=severity(warns=check.warns),
            )  # fmt: skip


def fails_step(results: Iterable[dg.AssetCheckResult]) -> bool:
    """Whether a blocking check failed."""
    blocking = {check.name for check in RUN_CHECKS if check.blocking}
    return any(result.check_name in blocking and not result.passed for result in results)
