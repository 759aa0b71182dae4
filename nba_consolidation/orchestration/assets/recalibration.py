"""The calibrations of each system's confidence, and the decisions about them: two tables that one step writes."""

import datetime as dt
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from nba_consolidation.orchestration.assets.asset_step import AssetResult, AssetRun, asset_step
from nba_consolidation.orchestration.assets.common import ANALYSIS_GROUP, config_date, table_asset
from nba_consolidation.orchestration.automation_conditions import at_time
from nba_consolidation.orchestration.checks.recalibration import (
    RecalibrationOutcome,
    rolled_back_by,
    rolled_back_in,
)
from nba_consolidation.orchestration.metadata import Metadata, table_of
from nba_consolidation.pipeline.analysis.recalibration.versions import CHOICES
from nba_consolidation.schema import ACCURACY, CALIBRATION_EVENTS, CALIBRATION_VERSIONS
from nba_consolidation.settings import SettingsError

if TYPE_CHECKING:
    from nba_consolidation.pipeline.analysis.recalibration.decision import CalibrationDecision
    from nba_consolidation.pipeline.analysis.recalibration.recalibrate import RecalibrationReport
    from nba_consolidation.pipeline.analysis.recalibration.versions import CalibrationEvent, CalibrationHistory
    from nba_consolidation.warehouse.interface import Row

STEP = "recalibration"
_MONDAYS = at_time("0 10 * * 1")
_VERSION_COLUMNS = ("method", "scope", "mean_shift", "log_loss_before", "log_loss_after", "log_loss_constant",
                    "brier_before", "brier_after", "ece_before", "ece_noise_high_before", "ece_after",
                    "ece_noise_high_after", "judged_bets")  # fmt: skip

Choice = Enum("Choice", {name: name for name in CHOICES})  # type: ignore[misc]
"""The decisions that the launchpad offers."""


class DecisionConfig(dg.Config):
    """A person's decision about one calibration, for the job `decide_calibration`."""

    version_id: str | None = Field(
        default=None,
        description="The calibration, like catboost_v9-20260112-1a2b3c4d; without it, the job lists what waits.",
    )
    decision: Choice = Field(
        default=Choice["approve"],
        description="approve or reject a proposed calibration, or rollback: take back one that was active.",
    )
    effective_date: str | None = Field(
        default=None, description="The first game date; by default today, or its first date if that is later."
    )
    reason: str = Field(default="", description="Why, for readers of the history.")
    author: str | None = Field(default=None, description="Who decides. Required with a version.")


def _committed(run: AssetRun) -> AssetResult:
    """What waits, and what was rolled back, in all history."""
    from nba_consolidation.pipeline.analysis.recalibration.versions import read_history

    history = read_history(run.deployment.warehouse)
    return AssetResult(outcome=RecalibrationOutcome(history.waiting(), rolled_back_in(history)))


@asset_step(
    table_asset(CALIBRATION_VERSIONS, ANALYSIS_GROUP, "calibration", ACCURACY.name, automation=_MONDAYS),
    table_asset(CALIBRATION_EVENTS, ANALYSIS_GROUP, "decision", ACCURACY.name, automation=_MONDAYS),
    name=STEP,
    config=DecisionConfig,
    examine=_committed,
)
def recalibration(run: AssetRun) -> AssetResult:
    """Recalibrates for the dates. If only the events are selected: records a decision, or lists what waits."""
    config: DecisionConfig = run.config
    if CALIBRATION_VERSIONS.name in run.selected:
        if config.version_id is not None:
            raise SettingsError("a decision about a version belongs to the job decide_calibration; nothing was done")
        return _recalibrated(run)
    return _listed(run) if config.version_id is None else _decided(run, config, config.version_id)


def _recalibrated(run: AssetRun) -> AssetResult:
    from nba_consolidation.pipeline.analysis.recalibration.versions import read_history

    report = run.deployment.recalibrator.recalibrate(run.dates, run.holder, on_step=run.log_step)
    cost = _run_metadata(report)
    versions = {date: cost | _decisions_metadata(report.of_date(date)) for date in run.dates}
    waiting = read_history(run.deployment.warehouse.reader()).waiting()
    return AssetResult(
        {CALIBRATION_VERSIONS.name: versions, CALIBRATION_EVENTS.name: dict.fromkeys(run.dates, cost)},
        images={CALIBRATION_VERSIONS.name: _images(run.last, report.of_date(run.last))},
        outcome=RecalibrationOutcome(waiting, rolled_back_by(report)),
    )


def _listed(run: AssetRun) -> AssetResult:
    """An observation only, so nothing runs downstream: without a decision nothing has changed."""
    from nba_consolidation.pipeline.analysis.recalibration.versions import read_history

    metadata = _history_metadata(read_history(run.deployment.to_read().warehouse), [])
    run.context.log_event(dg.AssetObservation(CALIBRATION_EVENTS.name, partition=str(run.last), metadata=metadata))
    return AssetResult()


def _decided(run: AssetRun, config: DecisionConfig, version_id: str) -> AssetResult:
    """Raises SettingsError without an author, or for an invalid effective date."""
    from nba_consolidation.pipeline.analysis.recalibration.versions import read_history

    if not config.author:
        raise SettingsError("a decision needs its author; nothing was done")
    effective = None
    if config.effective_date is not None:
        effective = config_date("effective_date", config.effective_date, dt.date.max)
    state = CHOICES[config.decision.value]
    event = run.deployment.recalibrator.decide(version_id, state, effective, config.reason, config.author, run.holder)
    metadata = _history_metadata(read_history(run.deployment.warehouse.reader()), [event])
    return AssetResult({CALIBRATION_EVENTS.name: dict.fromkeys(run.dates, metadata)})


def _run_metadata(report: "RecalibrationReport") -> Metadata:
    return {
        "versions_written": report.versions_written,
        "events_written": report.events_written,
        "recalibration_ms": round(1000 * report.seconds),
        "lease_wait_ms": report.lease_wait_ms,
        "lease_hold_ms": report.lease_hold_ms,
    }


def _decisions_metadata(decisions: "Sequence[CalibrationDecision]") -> Metadata:
    """The number of systems by outcome, and the decision about each with its reason."""
    from nba_consolidation.pipeline.analysis.recalibration.decision import DecisionOutcome

    counts = {f"systems_{one.name.lower()}": sum(d.outcome is one for d in decisions) for one in DecisionOutcome}
    return {**counts, "decisions": table_of(_decision_row(one) for one in decisions)}


def _decision_row(decision: "CalibrationDecision") -> "Row":
    version = decision.version
    figures = {name: getattr(version, name) if version else None for name in _VERSION_COLUMNS}
    return {"system_id": decision.system_id, "outcome": decision.outcome.value, "bets": decision.bets,
            "in_force": decision.in_force, "version_id": version.version_id if version else None, **figures,
            "rolled_back": decision.rolled_back, "reason": decision.reason,
            "evaluation": decision.trial.summary if decision.trial else None}  # fmt: skip


def _images(date: dt.date, decisions: "Sequence[CalibrationDecision]") -> Mapping[str, bytes]:
    """Reliability before and after, for systems with a trial, on bets that no candidate was fitted on."""
    from nba_consolidation.pipeline.daily_report import charts
    from nba_consolidation.pipeline.daily_report.chart_files import png

    diagrams = [
        charts.reliability(
            one.system_id,
            f"{one.trial.best.method}, ECE {one.trial.before.ece:.3f} to {one.trial.best.scores.ece:.3f} "
            f"(chance: below {one.trial.best.scores.ece_noise_high:.3f}), n = {one.trial.before.bets:,}",
            [vars(bucket) for bucket in one.trial.candidates[0].buckets],
            [vars(bucket) for bucket in one.trial.best.buckets],
        )
        for one in decisions if one.trial
    ]  # fmt: skip
    return {"reliability": png(diagrams, f"Reliability before and after, weeks up to {date}")} if diagrams else {}


def _history_metadata(history: "CalibrationHistory", decided: "Sequence[CalibrationEvent]") -> Metadata:
    waiting = [
        {"version_id": one.version_id, "system_id": one.system_id, "game_date": one.game_date}
        | {name: getattr(one, name) for name in _VERSION_COLUMNS}
        for one in history.waiting()
    ]
    return {
        "decided": table_of(event.as_row() for event in decided),
        "waiting": len(waiting),
        "versions_waiting": table_of(waiting),
    }
