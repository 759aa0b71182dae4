"""Analyses the played games: calibrations of the last Mondays, player reviews, strategies, and the report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path

from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.daily_report.page import page
from nba_consolidation.pipeline.daily_report.storage import file_name, save
from nba_consolidation.settings import Settings
from nba_consolidation.wiring import deploy

_MONDAYS = 4
_MONDAY = 0
_AUTHOR = "demo"


def analyse(settings: Settings, played: Sequence[dt.date], on_news: Callable[[str], None]) -> Path:
    """Recalibrates for each of the last Mondays, reviews players, evaluates strategies, and writes the report.

    Returns the file of the report.
    """
    deployment, holder = deploy(settings), Holder.here("demo-analysis")
    mondays = [date for date in played if date.weekday() == _MONDAY][-_MONDAYS:]
    recalibrated = deployment.recalibrator.recalibrate(mondays or played[-1:], holder, approve=_AUTHOR)
    morning_after = played[-1] + dt.timedelta(1)
    reviewed = deployment.reviewer.review([played[-1], morning_after], holder)
    evaluated = deployment.strategist.evaluate(played[-1:], holder)
    on_news(
        f"{recalibrated.versions_written} calibrations of {len(mondays)} Mondays; {reviewed.dates[-1].players:,} "
        f"players reviewed for {morning_after}; {evaluated.total('strategies'):,} strategies evaluated"
    )
    last = played[-1]
    return Path(save(page(deployment.reporter.report(last, last)), settings.reports_place, file_name(last, last)))
