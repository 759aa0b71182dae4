"""What a report says, before it is a page: plain figures and rows, each as its use case has them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nba_consolidation.operations.daily_quality.results import CheckResult
from nba_consolidation.operations.lease_history import Happening
from nba_consolidation.operations.quarantine import BrokenRule
from nba_consolidation.operations.status import Status
from nba_consolidation.pipeline.analysis.recalibration.drift import BucketDrift
from nba_consolidation.pipeline.analysis.recalibration.versions import Version
from nba_consolidation.pipeline.daily_report.action_required import Need
from nba_consolidation.warehouse.interface import Row

OUTCOMES = ("correct", "wrong", "push", "passed", "not_a_bet", "voided", "waiting")


@dataclass(frozen=True)
class Work:
    """What was done for the game dates, and what stands.

    standing: `game_date`, `total_rows`, `active_rows`, of the dates and of as many days before as charts show.
    merged: of each date the sums of its consolidations. graded: of each date what became of its predictions.
    duplicates: what each audit of duplicates found in the dates, by its name. status: what waits now.
    """

    standing: Sequence[Row]
    merged: Sequence[Row]
    graded: Sequence[Row]
    duplicates: Mapping[str, int]
    broken_rules: Sequence[BrokenRule]
    status: Status

    def merged_total(self, figure: str) -> int:
        """The sum of one figure of merged over the dates."""
        return sum(row[figure] for row in self.merged)

    def graded_total(self, figure: str) -> int:
        """The sum of one figure of OUTCOMES over the dates."""
        return sum(row[figure] for row in self.graded)


@dataclass(frozen=True)
class Reliability:
    """What one system's confidence was worth over some days, as it came and as the calibration then in force has it.

    Both are over the same bets. in_force: the version that holds on the last date; None: confidences as they come.
    """

    system_id: str
    bets: int
    before: Sequence[BucketDrift]
    after: Sequence[BucketDrift]
    ece_before: float
    ece_after: float
    in_force: Version | None


@dataclass(frozen=True)
class Players:
    """The last review that the report may know of: rows of player_reliability and policy_reviews; none: no date."""

    date: dt.date | None
    rows: Sequence[Row]
    policies: Sequence[Row]
    overrides: Sequence[Row]

    @property
    def told(self) -> list[Row]:
        """Whoever is not simply normal."""
        return [row for row in self.rows if row["status"] not in ("normal", "not_enough")]

    @property
    def biased(self) -> list[Row]:
        """Of whom too much or too little is predicted, for sure."""
        return [row for row in self.rows if row["bias_flag"] not in ("normal", "not_enough")]

    @property
    def scattered(self) -> list[Row]:
        """Whose points scatter more than those of players of like volume."""
        return [row for row in self.rows if row["variance_flag"] == "high_for_volume"]


@dataclass(frozen=True)
class Strategies:
    """The last evaluation that the report may know of: rows of strategy_performance; none: no date.

    told: plain bets and what was picked, then the best of the others.
    """

    date: dt.date | None
    rows: Sequence[Row]
    told: Sequence[Row]

    def judged(self, column: str, value: str) -> int:
        """Of how many strategies that is the judgement, with all of them considered."""
        return sum(row[column] == value for row in self.rows)


@dataclass(frozen=True)
class Report:
    """Everything that the page shows.

    first, last: the game dates that it is about. performance: rows of system_performance of the last date, every
    window. over_time: those of the 30 days' window, of every date of the season until then.
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
    reliability: Sequence[Reliability]
    waiting_calibrations: Sequence[Version]
    players: Players
    strategies: Strategies
    happenings: Sequence[Happening]
    needs: Sequence[Need]

    @property
    def dates(self) -> str:
        """The dates in words."""
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"
