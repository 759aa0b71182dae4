"""Runs Dagster's jobs on the instance of the demo, in one process with its own log: few runs, over many dates each.

The race has two such processes, one for each half of the season; a third one does everything that follows.
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
_EXAMINED = 7
"""The last played game dates, whose daily quality is examined."""
_CONSOLIDATE, _FOLLOW = "consolidate", "follow"
_CODE_LOCATION, _REPOSITORY = "nba_consolidation", "__repository__"
"""The names that `workspace.yaml` gives to what it loads."""


def follow(settings: Settings, dates: Sequence[dt.date], played: Sequence[dt.date]) -> None:
    """Grades and analyses the dates, recalibrates and reports. Raises DemoFailed if a run fails."""
    _program(settings, "dagster-analysis", _FOLLOW, dates[-1], *played)


def consolidate(settings: Settings, dates: Sequence[dt.date], name: str) -> None:
    """One run over the range of dates. Raises DemoFailed unless it succeeds."""
    _program(settings, name, _CONSOLIDATE, dates[0], dates[-1])


def _program(settings: Settings, name: str, what: str, *dates: dt.date) -> None:
    dagster_program(settings, "nba_consolidation.demo.dagster_runs", what, *map(str, dates), name=name)


def _run_all(instance: dg.DagsterInstance, last: dt.date, played: Sequence[dt.date]) -> None:
    import dagster as dg

    for date in played:
        instance.report_runless_asset_event(dg.AssetMaterialization(BOX_SCORES.name, partition=str(date)))
    _run(instance, "grade", played[0], last)
    _run(instance, "reliability", played[0], last)
    for monday in [date for date in played if date.weekday() == _MONDAY][-_MONDAYS:]:
        _run(instance, "recalibrate", monday, monday)
    _run(instance, "clean_up")
    _run(instance, "quality", played[-_EXAMINED:][0], played[-1])
    _run(instance, "report", played[0], last)
    _run(instance, "report", played[-1], played[-1])


def _run(instance: dg.DagsterInstance, job: str, *dates: dt.date) -> None:
    """dates: the first and the last game date, unless the job has none."""
    from nba_consolidation.definitions import defs
    from nba_consolidation.orchestration.partitions import RANGE_END, RANGE_START

    resolved = defs.resolve_job_def(job)
    span = dict(zip((RANGE_START, RANGE_END), map(str, dates), strict=False))
    tags: Mapping[str, Any] = {**resolved.tags, **span, ".dagster/repository": f"{_REPOSITORY}@{_CODE_LOCATION}"}
    run = resolved.execute_in_process(instance=instance, tags=tags, raise_on_error=False)
    if not run.success:
        raise DemoFailed(f"the Dagster run {job} of the demo failed; see {run.run_id}")


def _record_origins(instance: dg.DagsterInstance) -> None:
    """Makes each run name the workspace's code location, without which Dagster's timeline leaves it out.

    Dagster does so for runs in a process of their own; `execute_in_process` has no parameter for it.
    """
    from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

    repository = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin(_CODE_LOCATION), _REPOSITORY)
    create = instance.create_run_for_job

    def create_with_origin(job_def: dg.JobDefinition, **parameters: Any) -> dg.DagsterRun:
        return create(job_def, **parameters, remote_job_origin=RemoteJobOrigin(repository, job_def.name))

    instance.create_run_for_job = create_with_origin  # type: ignore[assignment, method-assign]


def _main(what: str, *texts: str) -> None:
    import dagster as dg

    first, *others = (dt.date.fromisoformat(text) for text in texts)
    with dg.DagsterInstance.get() as instance:
        _record_origins(instance)
        if what == _CONSOLIDATE:
            _run(instance, "consolidate", first, *others)
        else:
            _run_all(instance, first, others)


if __name__ == "__main__":
    _main(*sys.argv[1:])
