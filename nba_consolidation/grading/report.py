"""What a grading did, for whoever shows it: Dagster's metadata, the terminal's table, a script's JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.grading.box_scores import Problem


@dataclass(frozen=True)
class GradedDate:
    """One graded date, in rows: what became of its active predictions, and what that changed in prediction_accuracy.

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
        """Bets that were won or lost: what a hit rate is a share of."""
        return self.correct + self.wrong

    @property
    def graded(self) -> int:
        """Active predictions that wait no longer."""
        return self.active - self.waiting

    @property
    def conserved(self) -> bool:
        """The conservation law: every active prediction is accounted for."""
        outcomes = (self.correct, self.wrong, self.push, self.passed, self.not_a_bet, self.voided)
        return self.active == sum(outcomes) + self.waiting


@dataclass(frozen=True)
class Finding:
    """Something that a person should know of, by name: what was not graded and why, what was recognised by a detour.

    `predictions` is how many it touches; `detail` is what the other side says.
    """

    game_date: dt.date
    finding: str
    game_id: str | None
    player_lookup: str | None
    predictions: int
    detail: str | None


@dataclass(frozen=True)
class GradingReport:
    """One grading: what came of each date, what a person should know, what it cost. Times are in milliseconds.

    findings are of predictions, problems of the box scores that they were graded by.
    """

    run_id: str
    dates: tuple[GradedDate, ...] = ()
    findings: tuple[Finding, ...] = ()
    problems: tuple[Problem, ...] = ()
    poisoned: Mapping[dt.date, ConsolidationError] = field(default_factory=dict)
    lease_wait_ms: int = 0
    lease_hold_ms: int = 0
    transaction_ms: int = 0
    cost: Mapping[str, float] = field(default_factory=dict)

    def total(self, figure: str) -> int:
        """The sum of one figure of GradedDate over the dates."""
        return sum(getattr(date, figure) for date in self.dates)
