"""How a recalibration is evaluated: calibrations that wait for approval, and those that were rolled back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nba_consolidation.orchestration.checks.evaluation import Evaluation
from nba_consolidation.orchestration.metadata import table_of

if TYPE_CHECKING:
    from nba_consolidation.pipeline.analysis.recalibration.recalibrate import RecalibrationReport
    from nba_consolidation.pipeline.analysis.recalibration.versions import CalibrationVersion

_VERSION_COLUMNS = ("version_id", "system_id", "game_date", "method", "mean_shift", "log_loss_before",
                    "log_loss_after", "judged_bets")  # fmt: skip


@dataclass(frozen=True)
class RecalibrationOutcome:
    """The report, and the versions that are proposed, no matter since when."""

    report: "RecalibrationReport"
    waiting: "Sequence[CalibrationVersion]"


def calibrations_waiting(outcome: RecalibrationOutcome) -> Evaluation:
    """Versions that nobody has approved or rejected yet."""
    versions = [{name: getattr(version, name) for name in _VERSION_COLUMNS} for version in outcome.waiting]
    return Evaluation(not versions, {"waiting": len(versions), "versions": table_of(versions)})


def calibrations_rolled_back(outcome: RecalibrationOutcome) -> Evaluation:
    """The versions that the run rolled back, and how much worse they were."""
    versions = [
        {"game_date": one.game_date, "system_id": one.system_id, "version_id": one.rolled_back,
         "now_in_force": one.in_force, **(vars(one.comparison) if one.comparison else {})}
        for one in outcome.report.rolled_back
    ]  # fmt: skip
    return Evaluation(not versions, {"rolled_back": len(versions), "versions": table_of(versions)})
