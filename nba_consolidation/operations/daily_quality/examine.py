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
CHECK_NAMES = tuple(check.name for check in CHECKS)


@dataclass(frozen=True)
class Quality:
    """Reader, thresholds and clock of the daily quality."""

    reader: Reader
    thresholds: QualityThresholds = field(default_factory=QualityThresholds)
    clock: Callable[[], dt.datetime] = utc_now

    def examine(self, date: dt.date | None = None, names: Collection[str] = CHECK_NAMES) -> QualityReport:
        """Runs the named checks of a game date, by default yesterday's, on what the stores hold now."""
        now = self.clock()
        date = date or now.astimezone(GAME_TIME_ZONE).date() - dt.timedelta(days=1)
        readings = self.reader.read(date, now, self.thresholds)
        results = [check.result(readings, self.thresholds) for check in CHECKS if check.name in names]
        for result in results:
            level = logging.INFO if result.status is CheckStatus.PASSED else logging.WARNING
            log_event(_log, "quality_checked", level, game_date=date, check=result.name, status=result.status.value,
                  value=result.value, message_of_check=result.message)  # fmt: skip
        return QualityReport(date, now, results)
