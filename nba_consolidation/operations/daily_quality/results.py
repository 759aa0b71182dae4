"""Outcomes of the quality checks, and their report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from nba_consolidation.warehouse.interface import Row


class CheckStatus(Enum):
    """From best to worst. ERRORED: the check could not run, which never counts as passed (incident 48)."""

    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"
    ERRORED = "errored"

    def __lt__(self, other: CheckStatus) -> bool:
        ranks = list(CheckStatus)
        return ranks.index(self) < ranks.index(other)


@dataclass(frozen=True)
class CheckOutcome:
    """The outcome of a check: a figure, its threshold, and a message with the finding and the next step."""

    status: CheckStatus
    value: float | None
    threshold: str
    message: str
    rows: Sequence[Row] = ()


@dataclass(frozen=True, kw_only=True)
class CheckResult(CheckOutcome):
    """The outcome of a check, with its name and table."""

    name: str
    table: str


@dataclass(frozen=True)
class QualityReport:
    """The results of all checks of one game date."""

    game_date: dt.date
    as_of: dt.datetime
    results: Sequence[CheckResult]

    @property
    def status(self) -> CheckStatus:
        """The worst status; a check that could not run is worse than one that failed."""
        return max(result.status for result in self.results)
