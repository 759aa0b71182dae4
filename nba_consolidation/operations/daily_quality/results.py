"""What a quality check comes to, and the report of all. Knows no check."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from nba_consolidation.warehouse.interface import Row


class Status(Enum):
    """From the best to the worst. `errored`: the check itself could not run, which is never a pass (incident 48)."""

    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"
    ERRORED = "errored"

    def __lt__(self, other: Status) -> bool:
        ranks = list(Status)
        return ranks.index(self) < ranks.index(other)


@dataclass(frozen=True)
class Verdict:
    """What a check found: a figure, what it was held against, and in words what is so and what to do now."""

    status: Status
    value: float | None
    threshold: str
    message: str
    rows: Sequence[Row] = ()


@dataclass(frozen=True)
class CheckResult:
    """The verdict of a check, by its name; `table` is what it is about."""

    name: str
    table: str
    status: Status
    value: float | None
    threshold: str
    message: str
    rows: Sequence[Row] = ()


@dataclass(frozen=True)
class QualityReport:
    """All checks of one game date, as of a moment."""

    game_date: dt.date
    as_of: dt.datetime
    results: Sequence[CheckResult]

    @property
    def status(self) -> Status:
        """The worst of them; a check that could not run counts as worse than one that failed."""
        return max(result.status for result in self.results)
