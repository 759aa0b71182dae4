"""Runs Dagster's jobs on the instance of the demo, in one process with its own log: few runs, over many dates each.

The race has processes of its own; this is for everything that follows from it.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nba_consolidation.demo.programs import DemoFailed, dagster_program
from nba_consolidation.schema import BOX_SCORES
from nba_consolidation.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

_MONDAYS = 4
_MONDAY = 0


def follow(settings: Settings, dates: Sequence[dt.date], played: Sequence[dt.date]) -> None:
    """Grades and analyses the dates, recalibrates and reports. Raises DemoFailed if a run fails."""
    texts = [dates[-1].isoformat(), *(date.isoformat() for date in played)]
    dagster_program(settings, "nba_consolidation.demo.dagster_runs", *texts, name="dagster-analysis")


def _run_all(instance: dg.DagsterInstance, last: dt.date, played: Sequence[dt.date]) -> None:
    import dagster as dg

    for date in played:
        instance.report_runless_asset_event(dg.AssetMaterialization(BOX_SCORES.name, partition=str(date)))
    _run(instance, "grade", played[0], last)
    _run(instance, "reliability", played[0], last)
    for monday in [date for date in played if date.weekday() == _MONDAY][-_MONDAYS:]:
        _run(instance, "recalibrate", monday, monday)
    _run(instance, "clean_up")
    _run(instance, "report", played[0], last)
    _run(instance, "report", played[-1], played[-1])


def _run(instance: dg.DagsterInstance, job: str, *dates: dt.date) -> None:
    """dates: the first and the last game date, unless the job has none."""
    from nba_consolidation.definitions import defs
    from nba_consolidation.orchestration.partitions import RANGE_END, RANGE_START

    resolved = defs.resolve_job_def(job)
    span = dict(zip((RANGE_START, RANGE_END), map(str, dates), strict=False))
    tags: Mapping[str, Any] = {**resolved.tags, **span}
    run = resolved.execute_in_process(instance=instance, tags=tags, raise_on_error=False)
    if not run.success:
        raise DemoFailed(f"the Dagster run {job} of the demo failed; see {run.run_id}")


def _main(last: str, *played: str) -> None:
    import dagster as dg

    with dg.DagsterInstance.get() as instance:
        _run_all(instance, dt.date.fromisoformat(last), [dt.date.fromisoformat(date) for date in played])


if __name__ == "__main__":
    _main(*sys.argv[1:])
