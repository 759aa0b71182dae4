"""How a recalibration is evaluated: calibrations that wait for approval, and those that were rolled back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nba_consolidation.orchestration.checks.evaluation import Evaluation
from nba_consolidation.orchestration.metadata import table_of
from nba_consolidation.pipeline.analysis.recalibration.versions import ROLLED_BACK

if TYPE_CHECKING:
    from nba_consolidation.pipeline.analysis.recalibration.recalibrate import RecalibrationReport
    from nba_consolidation.pipeline.analysis.recalibration.versions import CalibrationHistory, CalibrationVersion
    from nba_consolidation.warehouse.interface import Row

_VERSION_COLUMNS = ("version_id", "system_id", "game_date", "method", "mean_shift", "log_loss_before",
                    "log_loss_after", "judged_bets")  # fmt: skip


@dataclass(frozen=True)
class RecalibrationOutcome:
    """The versions that are proposed, no matter since when, and those that were rolled back, with the reason."""

    waiting: "Sequence[CalibrationVersion]"
    rolled_back: "Sequence[Row]"


def calibrations_waiting(outcome: RecalibrationOutcome) -> Evaluation:
    """Versions that nobody has approved or rejected yet."""
    versions = [{name: getattr(version, name) for name in _VERSION_COLUMNS} for version in outcome.waiting]
    return Evaluation(not versions, {"waiting": len(versions), "versions": table_of(versions)})


def calibrations_rolled_back(outcome: RecalibrationOutcome) -> Evaluation:
    """The versions that were rolled back, and how much worse they were."""
    versions = outcome.rolled_back
    return Evaluation(not versions, {"rolled_back": len(versions), "versions": table_of(versions)})


def rolled_back_by(report: "RecalibrationReport") -> "list[Row]":
    """The versions that a recalibration rolled back."""
    return [
        {"game_date": one.game_date, "system_id": one.system_id, "version_id": one.rolled_back,
         "now_in_force": one.in_force, **(vars(one.comparison) if one.comparison else {})}
        for one in report.rolled_back
    ]  # fmt: skip


def rolled_back_in(history: "CalibrationHistory") -> "list[Row]":
    """The versions that recalibrations rolled back, without those that a person did."""
    return [
        {"game_date": event.effective_date, "system_id": event.system_id, "version_id": event.version_id,
         "reason": event.reason}
        for event in history.events
        if event.state is ROLLED_BACK and event.author is None
    ]  # fmt: skip
