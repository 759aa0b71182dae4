"""`doctor`: health checks of everything that a consolidation needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from nba_consolidation.cli.exit_codes import Exit
from nba_consolidation.cli.output import Grid, GridColumn
from nba_consolidation.cli.progress import steps
from nba_consolidation.cli.session import Session, session_command

if TYPE_CHECKING:
    from nba_consolidation.operations.doctor.health_checks import HealthCheck
    from nba_consolidation.wiring import Deployment


@click.command()
@session_command
def doctor(session: Session) -> Exit:
    """Check settings, stores, permissions and Dagster.

    Settings, libraries, disk space, and whether the folders can be written; the lease store, its latency and clock; the
    warehouse, its tables and the permission to write; box scores; the staging area; Dagster's instance, pools and
    daemon. Each fault is printed with the next step. Ends with 1 if a check failed, with 3 if one warns.
    """
    from nba_consolidation.operations.doctor.health_checks import Health, run_checks

    deployment, place = session.deployment(), session.settings.place
    with steps() as on_step:
        results = run_checks(_checks(deployment), on_step)
    worst = max((result.health for result in results), key=list(Health).index)
    rows = [(result.subject, result.health.value, result.detail) for result in results]
    summaries = {Health.FAILED: "some checks failed.", Health.WARNING: "no check failed, some warn."}
    session.show(
        {"place": place, "health": worst, "checks": results},
        Grid([GridColumn("subject"), GridColumn("health"), GridColumn("detail", fold=True)], rows),
        f"{place}: {summaries.get(worst, 'every check passed.')}",
        ""
        if deployment.settings.exists or worst is Health.FAILED
        else f"{place} does not exist yet; the first consolidation creates it.",
    )
    codes = {Health.OK: Exit.DONE, Health.WARNING: Exit.REQUIRES_ATTENTION, Health.FAILED: Exit.FAILED}
    return codes[worst]


def _checks(deployment: Deployment) -> Sequence[HealthCheck]:
    from nba_consolidation.operations.doctor.installation import installation_checks

    if not deployment.settings.exists:
        return installation_checks(deployment.settings)
    from dagster import DagsterInstance

    from nba_consolidation.operations.doctor.dagster_checks import dagster_checks
    from nba_consolidation.operations.doctor.health_checks import store_checks
    from nba_consolidation.orchestration.assets.common import WRITERS

    return (
        *installation_checks(deployment.settings),
        *store_checks(
            deployment.warehouse,
            deployment.staging,
            deployment.leases,
            deployment.known_dates,
            evolve=deployment.settings.schema_evolution,
        ),
        *dagster_checks(DagsterInstance.get, WRITERS),
    )
