"""`doctor`: whether everything that a consolidation needs is there. What is looked at is decided in the domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nba_consolidation.cli.exit_codes import Exit
from nba_consolidation.cli.output import Column, Grid, emit, json_option
from nba_consolidation.cli.progress import steps
from nba_consolidation.cli.session import Session, pass_session

if TYPE_CHECKING:
    from nba_consolidation.operations.doctor.health_checks import Verdict


@click.command()
@json_option
@pass_session
def doctor(session: Session, as_json: bool) -> None:
    """Check that everything needed is there.

    Settings, versions and disk; the lease store, its latency and clock; the warehouse, its tables and whether we may
    write; box scores; the staging area; Dagster's instance, pools and daemon. Each with what to do. Ends with 1 if
    something is wrong, with 3 if something is to be looked at.
    """
    from nba_consolidation.operations.daily_quality.thresholds import Thresholds
    from nba_consolidation.operations.doctor import installation as machine
    from nba_consolidation.operations.doctor.health_checks import Verdict, examine, stores
    from nba_consolidation.orchestration import dagster_instance as instance

    at, place = session.deployment(), session.settings.place
    if not at.begun:
        emit(as_json, {"place": place, "verdict": Verdict.FINE, "findings": []},
             f"Nothing is in {place} yet; the first consolidation makes it.")  # fmt: skip
        return
    with steps() as on_look:
        looks = (
            *machine.looks(at.settings, lambda: Thresholds.of(at.settings.quality_thresholds)),
            *stores(at.warehouse, at.staging, at.leases, at.known_dates),
            *instance.looks(),
        )
        findings = examine(looks, on_look)
    found = {finding.verdict for finding in findings}
    worst = max(found, key=list(Verdict).index)
    emit(
        as_json,
        {"place": place, "verdict": worst, "findings": findings},
        Grid([Column("what"), Column("verdict"), Column("seen", fold=True)],
             [(finding.subject, finding.verdict.value, finding.told) for finding in findings]),
        f"{place}: {_summary(found, worst)}",
    )  # fmt: skip
    codes = {Verdict.FINE: Exit.DONE, Verdict.WARNING: Exit.NEEDS_A_PERSON, Verdict.FAILED: Exit.FAILED}
    click.get_current_context().exit(codes[worst])


def _summary(found: set[Verdict], worst: Verdict) -> str:
    from nba_consolidation.operations.doctor.health_checks import Verdict

    if worst is Verdict.FAILED:
        return "this does not work yet."
    if worst is Verdict.WARNING:
        return "have a look at the warnings."
    return "all that was looked at is well." if Verdict.UNKNOWN in found else "all is well."
