"""The result of a grading: counts by date, findings, and the cost of the run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nba_consolidation.errors import ConsolidationError

if TYPE_CHECKING:
    from nba_consolidation.pipeline.grading.box_scores import BoxScoreProblem

SIMILAR_NAME = "similar_box_score_name"
"""A predicted player has no box score, but a box score of his game has a similar name and matches no prediction."""


@dataclass(frozen=True)
class GradedDate:
    """Counts of one graded date: outcomes of its active predictions, and rows of prediction_accuracy that changed.

    without_box_score: active predictions whose player has no box score, of played games and of others.
    """

    game_date: dt.date
    token: int
    active: int
    correct: int
    wrong: int
    push: int
    passed: int
    not_a_bet: int
    voided: int
    waiting: int
    without_box_score: int
    inserted: int
    updated: int
    unchanged: int
    removed: int
    total_rows: int

    @property
    def bets(self) -> int:
        """Bets that were won or lost: the denominator of a hit rate."""
        return self.correct + self.wrong

    @property
    def graded(self) -> int:
        """Active predictions with a grade."""
        return self.active - self.waiting

    @property
    def conserved(self) -> bool:
        """Whether every active prediction has exactly one outcome or is waiting."""
        outcomes = (self.correct, self.wrong, self.push, self.passed, self.not_a_bet, self.voided)
        return self.active == sum(outcomes) + self.waiting


@dataclass(frozen=True)
class GradingFinding:
    """A finding for a person: a prediction that was not graded and why, or a match by another name or game id.

    predictions: how many it concerns. detail: the name, id or team in the box scores.
    """

    game_date: dt.date
    finding: str
    game_id: str | None
    player_lookup: str | None
    predictions: int
    detail: str | None


@dataclass(frozen=True)
class GradingReport:
    """One grading of one or many dates. Times are in milliseconds.

    findings: about predictions. problems: about the box scores that they were graded by.
    """

    run_id: str
    dates: tuple[GradedDate, ...] = ()
    findings: tuple[GradingFinding, ...] = ()
    problems: tuple[BoxScoreProblem, ...] = ()
    poisoned: Mapping[dt.date, ConsolidationError] = field(default_factory=dict)
    lease_wait_ms: int = 0
    lease_hold_ms: int = 0
    transaction_ms: int = 0
    cost: Mapping[str, float] = field(default_factory=dict)

    @property
    def unsettled_names(self) -> tuple[GradingFinding, ...]:
        """Predicted players who wait because a box score of their game has a similar name, which is the detail."""
        return tuple(finding for finding in self.findings if finding.finding == SIMILAR_NAME)

    def total(self, figure: str) -> int:
        """The sum of one figure of GradedDate over the dates."""
        return sum(getattr(date, figure) for date in self.dates)
