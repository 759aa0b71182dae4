"""Runs the quality checks of a game date. Read only."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from nba_consolidation.fencing.fenced_writer import utc_now
from nba_consolidation.observability import log_event
from nba_consolidation.operations.daily_quality.daily_checks import CHECKS
from nba_consolidation.operations.daily_quality.readings import Reader
from nba_consolidation.operations.daily_quality.results import CheckStatus, QualityReport
from nba_consolidation.settings import GAME_TIME_ZONE, QualityThresholds

_log = logging.getLogger(__name__)
_MORNING = dt.time(8)
CHECK_NAMES = tuple(check.name for check in CHECKS)


@dataclass(frozen=True)
class Quality:
    """Reader, thresholds and clock of the daily quality."""

    reader: Reader
    thresholds: QualityThresholds = field(default_factory=QualityThresholds)
    clock: Callable[[], dt.datetime] = utc_now

    def examine(self, date: dt.date | None = None, names: Collection[str] = CHECK_NAMES) -> QualityReport:
        """Runs the named checks of a game date; by default yesterday's.

        An earlier date is checked as of 08:00 on the morning after it; leases and staging tables are always current.
        """
        now = self.clock()
        yesterday = now.astimezone(GAME_TIME_ZONE).date() - dt.timedelta(days=1)
        date = date or yesterday
        morning_after = dt.datetime.combine(date + dt.timedelta(days=1), _MORNING, GAME_TIME_ZONE)
        as_of = now if date >= yesterday else morning_after.astimezone(dt.UTC)
        readings = self.reader.read(date, as_of, now, self.thresholds)
        results = [check.result(readings, self.thresholds) for check in CHECKS if check.name in names]
        for result in results:
            level = logging.INFO if result.status is CheckStatus.PASSED else logging.WARNING
            log_event(_log, "quality_checked", level, game_date=date, check=result.name, status=result.status.value,
                  value=result.value, message_of_check=result.message)  # fmt: skip
        return QualityReport(date, as_of, results)
