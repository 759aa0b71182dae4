"""Translates between Dagster and `decision`, for every sensor that requests runs of game dates."""

import time
from collections.abc import Collection, Mapping, Sequence
from datetime import date

import dagster as dg

from nba_consolidation.orchestration.partitions import RANGE_END, RANGE_START, span_of_run
from nba_consolidation.orchestration.sensors.decision import Cursor, Pace, RangeRequest, decide
from nba_consolidation.settings import LOCAL, Settings, today

_IN_PROGRESS = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def default_status(settings: Settings) -> dg.DefaultSensorStatus:
    """On in production; on a laptop a person switches it on."""
    return dg.DefaultSensorStatus.STOPPED if settings.deployment == LOCAL else dg.DefaultSensorStatus.RUNNING


def result_of(
    context: dg.SensorEvaluationContext,
    listing: Mapping[date, str],
    settings: Settings,
    *,
    job: str,
    assets: Sequence[str],
    recurs: bool = False,
) -> dg.SensorResult:
    """The runs to request. listing: the fingerprint of each date with data. assets: those of the job."""
    decision = decide(
        listing,
        Cursor.load(context.cursor),
        dates_in_progress(context.instance, job, assets, listing),
        time.time(),
        Pace(settings.arrivals_quiet, settings.arrivals_wait),
        what=job,
        until=today(),
        recurs=recurs,
    )
    return dg.SensorResult(
        run_requests=[_run_request(request, assets) for request in decision.requests],
        skip_reason=None if decision.requests else dg.SkipReason(decision.reason),
        cursor=decision.cursor.dump(),
    )


def dates_in_progress(
    instance: dg.DagsterInstance, job: str, assets: Sequence[str], dates: Collection[date]
) -> set[date]:
    """Those of the dates with an unfinished run that writes one of the assets: a run of the job, or another one."""
    keys = {dg.AssetKey(asset) for asset in assets}
    in_progress = instance.get_runs(dg.RunsFilter(statuses=_IN_PROGRESS))
    runs_of_asset = [run for run in in_progress if run.job_name == job or keys & (run.asset_selection or set())]
    spans = [span for run in runs_of_asset if (span := span_of_run(run.tags)) is not None]
    return {day for day in dates if any(first <= day <= last for first, last in spans)}


def _run_request(request: RangeRequest, assets: Sequence[str]) -> dg.RunRequest:
    """With its assets named, so that conditions know what the run makes: a run of a whole job does not record that."""
    tags = {RANGE_START: str(request.first), RANGE_END: str(request.last)}
    return dg.RunRequest(run_key=request.run_key, tags=tags, asset_selection=[dg.AssetKey(asset) for asset in assets])
