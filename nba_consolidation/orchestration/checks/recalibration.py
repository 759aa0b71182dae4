"""The checks of a recalibration, which warn and stop nothing: what a person has to decide, or to know."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from nba_consolidation.orchestration.checks.audits import result
from nba_consolidation.orchestration.metadata import table_of
from nba_consolidation.pipeline.analysis.recalibration.recalibrate import RecalibrationReport
from nba_consolidation.pipeline.analysis.recalibration.versions import CalibrationVersion
from nba_consolidation.schema import CALIBRATION_VERSIONS

WAITING, ROLLED_BACK = "calibrations_waiting", "calibrations_rolled_back"


def specs_of_a_recalibration() -> list[dg.AssetCheckSpec]:
    """The checks that every recalibration emits."""
    return [
        dg.AssetCheckSpec(
            WAITING, asset=CALIBRATION_VERSIONS.name, description="calibrations that wait for a person's approval"
        ),
        dg.AssetCheckSpec(
            ROLLED_BACK,
            asset=CALIBRATION_VERSIONS.name,
            description="calibrations that did worse than what they had replaced, and were taken back",
        ),
    ]


def waiting(versions: Sequence[CalibrationVersion]) -> dg.AssetCheckResult:
    """Versions that are proposed, whenever that was."""
    shown = [
        {"version_id": one.version_id, "system_id": one.system_id, "game_date": one.game_date, "method": one.method,
         "mean_shift": one.mean_shift, "log_loss_before": one.log_loss_before, "log_loss_after": one.log_loss_after,
         "judged_bets": one.judged_bets}
        for one in versions
    ]  # fmt: skip
    return result(WAITING, not versions, warns=True, waiting=len(versions), versions=table_of(shown))


def rolled_back(report: RecalibrationReport) -> dg.AssetCheckResult:
    """What the dates of the run took back, and by how much it was worse."""
    found = [
        {"game_date": one.game_date, "system_id": one.system_id, "version_id": one.rolled_back,
         "now_in_force": one.in_force, **(vars(one.comparison) if one.comparison else {})}
        for one in report.rolled_back
    ]  # fmt: skip
    return result(ROLLED_BACK, not found, warns=True, rolled_back=len(found), versions=table_of(found))
