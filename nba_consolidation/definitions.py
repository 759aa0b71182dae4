"""The code location: `defs` is what Dagster loads, assembled from the settings of the environment."""

from __future__ import annotations

import logging

import dagster as dg

from nba_consolidation.observability import log_event, start_metrics
from nba_consolidation.orchestration.assets import build_assets
from nba_consolidation.orchestration.jobs import JOBS
from nba_consolidation.orchestration.resources import resources_of
from nba_consolidation.orchestration.sensors import build_sensors
from nba_consolidation.settings import LOCAL, Settings, unknown_variables
from nba_consolidation.wiring import deploy

_log = logging.getLogger(__name__)


def build_definitions(settings: Settings) -> dg.Definitions:
    """All definitions for these settings. Steps run in the process of their run: others take seconds to start each."""
    return dg.Definitions(
        assets=build_assets(settings),
        jobs=JOBS,
        sensors=build_sensors(settings),
        resources=resources_of(settings),
        executor=dg.in_process_executor,
    )


def load(settings: Settings) -> dg.Definitions:
    """The definitions, after checks of everything they need: a fault shows when the code location loads, not later."""
    for warning in unknown_variables():
        log_event(_log, "unknown_variable", logging.WARNING, warning=warning)
    definitions = build_definitions(settings)
    if settings.deployment != LOCAL:  # files need no credentials
        deploy(settings).check_access()
    start_metrics(settings.otlp_endpoint)
    return definitions


defs = load(Settings.from_environment())
