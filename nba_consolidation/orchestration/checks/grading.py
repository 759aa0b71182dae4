"""How a grading is evaluated: its report, or one of what was recorded for a check that is executed alone."""

from typing import TYPE_CHECKING

from nba_consolidation.orchestration.checks.evaluation import Evaluation, by_date, described, evaluate_conservation
from nba_consolidation.orchestration.metadata import table_of
from nba_consolidation.settings import today

if TYPE_CHECKING:
    from nba_consolidation.pipeline.grading.result import GradingReport

MISSING_BOX_SCORES_LIMIT = 0.05


def conservation(report: "GradingReport") -> Evaluation:
    """Predictions without exactly one outcome, or dates rolled back because of such predictions."""
    return evaluate_conservation("grading_conservation", "unconserved_gradings", report.dates, report.poisoned)


def similar_names(report: "GradingReport") -> Evaluation:
    """Predicted players who wait, because a box score of their game has a similar name."""
    names = report.unsettled_names
    causes = [f"{name.game_date}: {name.player_lookup} or {name.detail}" for name in names]
    return Evaluation(not names, {"players": table_of(names)}, described("similar_names", causes))


def missing_box_scores(report: "GradingReport") -> Evaluation:
    """Past dates with too many players without box scores."""
    past = [date for date in report.dates if date.game_date < today()]
    missing = [date for date in past if date.without_box_score > MISSING_BOX_SCORES_LIMIT * date.active]
    causes = {date.game_date: f"{date.without_box_score:,} of {date.active:,} predictions" for date in missing}
    metadata = {"dates": table_of(missing), "limit": MISSING_BOX_SCORES_LIMIT}
    return Evaluation(not missing, metadata, described("missing_box_scores", by_date(causes)))
