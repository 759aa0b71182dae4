"""The whole demo: consolidates a season in a folder of its own, plays and analyses its games, compares the result."""

from __future__ import annotations

import datetime as dt
import shutil
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path

from nba_consolidation.demo.comparison import DemoComparison, compare_with_expectation
from nba_consolidation.demo.dagster_runs import follow
from nba_consolidation.demo.games import play
from nba_consolidation.demo.programs import DemoFailed
from nba_consolidation.demo.race import race
from nba_consolidation.demo.season import Season
from nba_consolidation.demo.stager import Progress
from nba_consolidation.pipeline.daily_report.storage import file_name
from nba_consolidation.settings import Settings
from nba_consolidation.wiring import deploy

_MARKER = "made-by-nba-consolidation-demo"


def run_demo(
    home: Path,
    season: Season,
    processes: int,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_news: Callable[[str], None] = lambda _: None,
) -> DemoComparison:
    """Runs the demo in the folder, after removing an earlier one, and reports its progress.

    Raises DemoFailed if a process fails, or if the folder contains anything else.
    """
    settings = Settings(home=home.absolute(), first_date=season.first_date)
    _make_room(settings.home, season.first_date)
    began = time.monotonic()
    raced = race(settings, season, processes, on_progress, on_news)
    played = play(settings, season, on_news)
    follow(settings, season.game_dates, played)
    report = Path(settings.reports_place) / file_name(played[-1], played[-1])
    return compare_with_expectation(deploy(settings).warehouse, raced, played, report, time.monotonic() - began)


def _make_room(home: Path, first_date: dt.date) -> None:
    """Removes an earlier demo, and nothing else. The marker has the first date, for `make ui`."""
    if home.exists() and any(home.iterdir()) and not (home / _MARKER).exists():
        raise DemoFailed(f"the folder {home} contains files that no demo wrote; name another folder with --home")
    shutil.rmtree(home, ignore_errors=True)
    (home / "dagster_home").mkdir(parents=True)
    (home / "logs").mkdir()
    (home / _MARKER).write_text(f"{first_date}\n", encoding="utf-8")
    instance = resources.files(__package__).joinpath("dagster.yaml").read_text(encoding="utf-8")
    (home / "dagster_home" / "dagster.yaml").write_text(instance, encoding="utf-8")
