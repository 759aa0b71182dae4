"""How the outcome of a grading is evaluated."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nba_consolidation.fencing.audits import (
    ACCURACY_OUT_OF_SCALE,
    DUPLICATE_ACCURACY_KEYS,
    INCONSISTENT_ERRORS,
    SEVERAL_LINES,
)
from nba_consolidation.orchestration.checks.evaluation import AuditedOutcome, Evaluation, evaluate_conservation
from nba_consolidation.orchestration.metadata import table_of
from nba_consolidation.settings import today

if TYPE_CHECKING:
    from nba_consolidation.pipeline.grading.result import GradedDate, GradingReport
    from nba_consolidation.warehouse.interface import Warehouse

MISSING_BOX_SCORES_LIMIT = 0.05
UNGRADED_LIMIT = 50
AUDITS_AFTER_COMMIT = (DUPLICATE_ACCURACY_KEYS, ACCURACY_OUT_OF_SCALE, INCONSISTENT_ERRORS, SEVERAL_LINES)


@dataclass(frozen=True)
class GradingOutcome:
    """The report, and the audits' findings after the commit."""

    report: "GradingReport"
    audited: AuditedOutcome

    @classmethod
    def of(cls, report: "GradingReport", warehouse: "Warehouse", dates: Sequence[dt.date]) -> "GradingOutcome":
        """Reads the committed rows of the dates."""
        return cls(report, AuditedOutcome.of(AUDITS_AFTER_COMMIT, warehouse, dates, report.poisoned))

    def past_dates(self) -> "list[GradedDate]":
        """The dates whose games are over."""
        return [date for date in self.report.dates if date.game_date < today()]


def conservation(outcome: GradingOutcome) -> Evaluation:
    """Predictions without exactly one outcome, or dates rolled back because of such predictions."""
    return evaluate_conservation("unconserved_gradings", outcome.report.dates, outcome.report.poisoned)


def similar_names(outcome: GradingOutcome) -> Evaluation:
    """Predicted players who wait, because a box score of their game has a similar name."""
    names = outcome.report.unsettled_names
    return Evaluation(not names, {"players": table_of(names)})


def missing_box_scores(outcome: GradingOutcome) -> Evaluation:
    """Past dates with too many players without box scores."""
    missing = [d for d in outcome.past_dates() if d.without_box_score > MISSING_BOX_SCORES_LIMIT * d.active]
    return Evaluation(not missing, {"dates": table_of(missing), "limit": MISSING_BOX_SCORES_LIMIT})


def ungraded(outcome: GradingOutcome) -> Evaluation:
    """Past dates with too many predictions that wait."""
    waiting = [date for date in outcome.past_dates() if date.waiting > UNGRADED_LIMIT]
    return Evaluation(not waiting, {"dates": table_of(waiting), "limit": UNGRADED_LIMIT})
