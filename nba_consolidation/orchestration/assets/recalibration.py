"""What confidences should have said: the recalibration of a game date, and what a person decides about one."""

import datetime as dt
from collections.abc import Iterator, Sequence
from enum import Enum

import dagster as dg
from pydantic import Field

from nba_consolidation.leases import Holder
from nba_consolidation.orchestration.assets.common import (
    GRAIN,
    INSIGHT,
    OWNERS,
    WRITERS,
    Kinds,
    config_date,
    dates_of,
    picture,
)
from nba_consolidation.orchestration.checks import recalibration as checks
from nba_consolidation.orchestration.metadata import Metadata, column_schema, table_of
from nba_consolidation.orchestration.partitions import span_of_run
from nba_consolidation.pipeline.analysis.recalibration.decision import CalibrationDecision, DecisionOutcome
from nba_consolidation.pipeline.analysis.recalibration.recalibrate import RecalibrationReport
from nba_consolidation.pipeline.analysis.recalibration.versions import (
    CHOICES,
    CalibrationEvent,
    CalibrationHistory,
    read_history,
)
from nba_consolidation.pipeline.daily_report import charts
from nba_consolidation.pipeline.daily_report.chart_files import png
from nba_consolidation.schema import ACCURACY, CALIBRATION_EVENTS, CALIBRATION_VERSIONS
from nba_consolidation.settings import SettingsError
from nba_consolidation.warehouse.interface import Row
from nba_consolidation.wiring import Deployment

_VERSION = ("method", "scope", "mean_shift", "log_loss_before", "log_loss_after", "brier_before", "brier_after",
            "ece_before", "ece_after", "judged_bets")  # fmt: skip

Choice = Enum("Choice", {name: name for name in CHOICES})  # type: ignore[misc]
"""What a person may decide, as the launchpad offers it."""


class DecisionConfig(dg.Config):
    """A person's decision about one calibration. Without a version, what waits is shown and nothing is done."""

    version_id: str | None = Field(
        default=None, description="The calibration, catboost_v9-20260112-1a2b3c4d for instance; without, only look."
    )
    decision: Choice = Field(
        default=Choice["approve"],
        description="approve or reject a proposed one, or rollback: take back one that was active.",
    )
    effective_date: str | None = Field(
        default=None, description="From which game date on; without, from today, or its first date if that is later."
    )
    reason: str = Field(default="", description="Why, for whoever reads the history.")
    author: str | None = Field(default=None, description="Who decides. Needed with a version.")


def recalibration_assets(
    partitions: dg.PartitionsDefinition, single_run: dg.BackfillPolicy, kinds: Kinds
) -> list[dg.AssetsDefinition]:
    """The recalibration, one partition per game date, and the decisions, which are about any of them."""

    @dg.asset(
        name=CALIBRATION_VERSIONS.name,
        deps=[ACCURACY.name],
        group_name=INSIGHT,
        partitions_def=partitions,
        backfill_policy=single_run,
        pool=WRITERS,
        kinds={kinds.warehouse},
        owners=OWNERS,
        tags={GRAIN: "calibration"},
        check_specs=checks.specs_of_a_recalibration(),
        description=f"{CALIBRATION_VERSIONS.description} A partition is decided from bets of earlier dates; a small "
        "change becomes active, a major one waits for the job `decide_calibration`. The job `recalibrate` publishes "
        "the upcoming game dates with the calibrations in force.",
        metadata={"dagster/column_schema": column_schema(CALIBRATION_VERSIONS)},
    )
    def confidence_recalibration(
        context: dg.AssetExecutionContext, deployment: dg.ResourceParam[Deployment]
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        dates = dates_of(context)
        holder = Holder.here(context.run.run_id)
        report = deployment.recalibrator.recalibrate(dates, holder, on_step=context.log.debug)
        run = _of_run(report)
        for date in dates:
            context.add_asset_metadata(run | _of_date(report.of_date(date)), partition_key=str(date))
        _plot(context, dates[-1], report.of_date(dates[-1]))
        yield checks.waiting(read_history(deployment.warehouse).waiting())
        yield checks.rolled_back(report)
        yield dg.MaterializeResult()

    @dg.asset(
        name=CALIBRATION_EVENTS.name,
        output_required=False,
        deps=[CALIBRATION_VERSIONS.name],
        group_name=INSIGHT,
        pool=WRITERS,
        kinds={kinds.warehouse},
        owners=OWNERS,
        tags={GRAIN: "decision"},
        description=f"{CALIBRATION_EVENTS.description} A run shows what waits for a person; with a version and a "
        "decision in its config it approves, rejects or takes back that one.",
        metadata={"dagster/column_schema": column_schema(CALIBRATION_EVENTS)},
    )
    def confidence_recalibration_events(
        context: dg.AssetExecutionContext, config: DecisionConfig, deployment: dg.ResourceParam[Deployment]
    ) -> Iterator[dg.AssetMaterialization | dg.MaterializeResult[None]]:
        deployment.create_tables()
        if config.version_id is None:
            # Without a result nothing downstream runs: only a decision changes what is published.
            shown = _of_decision(None, read_history(deployment.warehouse))
            yield dg.AssetMaterialization(CALIBRATION_EVENTS.name, metadata=shown)
            return
        if span_of_run(context.run.tags) is None:
            raise SettingsError("choose today's partition, so that the run can publish; nothing was done")
        made = _decide(deployment, config, config.version_id, Holder.here(context.run.run_id))
        yield dg.MaterializeResult(metadata=_of_decision(made, read_history(deployment.warehouse)))

    return [confidence_recalibration, confidence_recalibration_events]


def _decide(deployment: Deployment, config: DecisionConfig, version_id: str, holder: Holder) -> CalibrationEvent:
    if not config.author:
        raise SettingsError("a decision needs its author; nothing was done")
    effective = None
    if config.effective_date is not None:
        effective = config_date("effective_date", config.effective_date, dt.date.max)
    state = CHOICES[config.decision.value]
    return deployment.recalibrator.decide(version_id, state, effective, config.reason, config.author, holder)


def _of_run(report: RecalibrationReport) -> Metadata:
    return {
        "versions_written": report.versions_written,
        "events_written": report.events_written,
        "recalibration_ms": round(1000 * report.seconds),
        "lease_wait_ms": report.lease_wait_ms,
        "lease_hold_ms": report.lease_hold_ms,
    }


def _of_date(decisions: Sequence[CalibrationDecision]) -> Metadata:
    """How many systems came to what, and each with why."""
    counts = {f"systems_{one.name.lower()}": sum(d.outcome is one for d in decisions) for one in DecisionOutcome}
    return {**counts, "decisions": table_of(_row(one) for one in decisions)}


def _row(decision: CalibrationDecision) -> Row:
    version = decision.version
    about = {name: getattr(version, name) if version else None for name in _VERSION}
    return {"system_id": decision.system_id, "outcome": decision.outcome.value, "bets": decision.bets,
            "in_force": decision.in_force, "version_id": version.version_id if version else None, **about,
            "rolled_back": decision.rolled_back, "reason": decision.reason}  # fmt: skip


def _plot(context: dg.AssetExecutionContext, date: dt.date, decisions: Sequence[CalibrationDecision]) -> None:
    """Reliability before and after, of systems for which something was tried, on bets that nothing was fit_all on."""
    diagrams = [
        charts.reliability(
            one.system_id,
            f"{one.trial.best.method}, ECE {one.trial.before.ece:.3f} to {one.trial.best.scores.ece:.3f}, "
            f"n = {one.trial.before.bets:,}",
            [vars(bucket) for bucket in one.trial.candidates[0].buckets],
            [vars(bucket) for bucket in one.trial.best.buckets],
        )
        for one in decisions if one.trial
    ]  # fmt: skip
    if diagrams:
        diagram = png(diagrams, f"Reliability before and after, weeks up to {date}")
        context.add_asset_metadata({"reliability": picture(diagram)}, partition_key=str(date))


def _of_decision(made: CalibrationEvent | None, history: CalibrationHistory) -> Metadata:
    waiting = [
        {"version_id": one.version_id, "system_id": one.system_id, "game_date": one.game_date}
        | {name: getattr(one, name) for name in _VERSION}
        for one in history.waiting()
    ]
    told = [] if made is None else [made.as_row()]
    return {
        "decided": table_of(told),
        "waiting": len(waiting),
        "versions_waiting": table_of(waiting),
    }
