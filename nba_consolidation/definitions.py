"""The code location: assembled from settings here, and nowhere else. `defs` is what Dagster loads."""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from nba_consolidation.assets import build_assets
from nba_consolidation.checks import build_audits
from nba_consolidation.deployment import deploy
from nba_consolidation.jobs import clean_up_job, consolidate_job, grade_job, reliability_job
from nba_consolidation.resources import resources_of
from nba_consolidation.schedules import build_schedules
from nba_consolidation.sensors import build_sensors
from nba_consolidation.settings import Settings


def build_definitions(settings: Settings, *, resource_overrides: Mapping[str, object] | None = None) -> dg.Definitions:
    """Everything for these settings. In-process by default: one step costs milliseconds so, and seconds otherwise."""
    jobs = [consolidate_job, grade_job, reliability_job, clean_up_job]
    names = [job.name for job in jobs]
    return dg.Definitions(
        assets=build_assets(settings),
        asset_checks=build_audits(settings.first_date),
        jobs=jobs,
        schedules=build_schedules(settings, names),
        sensors=build_sensors(settings, names),
        resources={**resources_of(settings), **(resource_overrides or {})},
        executor=dg.in_process_executor,
    )


def load(settings: Settings) -> dg.Definitions:
    """The definitions, once what they need has answered: the code location fails to load, not the first batch."""
    definitions = build_definitions(settings)
    deploy(settings).check()
    return definitions


defs = load(Settings.from_environment())
