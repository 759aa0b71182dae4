"""The contents of a report before they become a page: values and rows, as the use cases return them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nba_consolidation.operations.daily_quality.results import CheckResult
from nba_consolidation.operations.lease_history import LeaseHistoryEntry
from nba_consolidation.operations.quarantine import BrokenRule
from nba_consolidation.operations.status import PipelineStatus
from nba_consolidation.pipeline.analysis.recalibration.evaluation import BucketDrift, Scores
from nba_consolidation.pipeline.analysis.recalibration.versions import CalibrationVersion
from nba_consolidation.pipeline.daily_report.action_required import RequiredAction
from nba_consolidation.warehouse.interface import Row


@dataclass(frozen=True)
class Work:
    """The work on the game dates, and their current rows.

    predictions: `game_date`, `total_rows` and `active_rows`, also of the earlier dates that the charts show.
    consolidated: by date, the sums over its consolidations. graded: by date, the number of predictions per outcome.
    duplicates: by audit, how many duplicates there are in the dates. status: of the pipeline now.
    """

    predictions: Sequence[Row]
    consolidated: Sequence[Row]
    graded: Sequence[Row]
    duplicates: Mapping[str, int]
    broken_rules: Sequence[BrokenRule]
    status: PipelineStatus

    def total_consolidated(self, column: str) -> int:
        """The sum of one column of `consolidated` over the dates."""
        return sum(row[column] for row in self.consolidated)

    def total_graded(self, outcome: str) -> int:
        """How many predictions of all the dates have the outcome."""
        return sum(row[outcome] for row in self.graded)


NO_WORK = Work((), (), (), {}, (), PipelineStatus())


@dataclass(frozen=True)
class SystemReliability:
    """Hit rates by confidence of one system over some days: as the system stated it, and as calibrated.

    Both are over the same bets, each calibrated as on its own date. calibrated: empty if no calibration was in force.
    in_force: the version in force on the last date, if any. constant_log_loss: of the hit rate of these bets, which
    is known afterwards only. is_informative: whether the confidence, stated or calibrated, beats it beyond chance.
    """

    system_id: str
    bets: int
    stated: Sequence[BucketDrift]
    calibrated: Sequence[BucketDrift]
    stated_scores: Scores
    calibrated_scores: Scores
    constant_log_loss: float
    is_informative: bool
    in_force: CalibrationVersion | None


@dataclass(frozen=True)
class Players:
    """The newest player review that precedes the report: rows of player_reliability and policy_reviews.

    date: None if players have not been reviewed.
    """

    date: dt.date | None
    rows: Sequence[Row]
    policies: Sequence[Row]
    overrides: Sequence[Row]

    @property
    def flagged(self) -> list[Row]:
        """The players whose status is not simply normal."""
        return [row for row in self.rows if row["status"] not in ("normal", "not_enough")]

    @property
    def biased_or_variable(self) -> list[Row]:
        """The players whose points are predicted too high or too low, and then those whose points vary unusually."""
        biased = [row for row in self.rows if row["bias_flag"] not in ("normal", "not_enough")]
        return biased + [row for row in self.rows if row["variance_flag"] == "high_for_volume"]


NO_PLAYERS = Players(None, (), (), ())


@dataclass(frozen=True)
class Strategies:
    """The newest strategy evaluation that precedes the report: rows of strategy_performance.

    date: None if strategies have not been evaluated. highlighted: the baselines and PICKED, then the best others.
    """

    date: dt.date | None
    rows: Sequence[Row]
    highlighted: Sequence[Row]

    def count(self, column: str, value: str) -> int:
        """The number of strategies with that value in `pays` or `verdict`."""
        return sum(row[column] == value for row in self.rows)


NO_STRATEGIES = Strategies(None, (), ())


@dataclass(frozen=True)
class Report:
    """Everything that the page shows about the game dates from first to last.

    performance: rows of system_performance of the last analysed date, of every window. over_time: those of the window
    of 30 days, of every date of the season until then. unread: by section, why it could not be read; it is empty here.
    """

    first: dt.date
    last: dt.date
    place: str
    version: str
    made_at: dt.datetime
    work: Work
    checks: Sequence[CheckResult]
    performance: Sequence[Row]
    over_time: Sequence[Row]
    reliability: Sequence[SystemReliability]
    waiting_calibrations: Sequence[CalibrationVersion]
    players: Players
    strategies: Strategies
    lease_events: Sequence[LeaseHistoryEntry]
    actions: Sequence[RequiredAction]
    unread: Mapping[str, str] = field(default_factory=dict)

    @property
    def dates(self) -> str:
        """The date, or the first and the last."""
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"
