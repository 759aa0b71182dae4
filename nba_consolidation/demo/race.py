"""The race: several processes stage a season, while Dagster and a terminal consolidate it.

The season is made in `season` and staged in `stager`; `comparison` compares the result with the counts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event

from nba_consolidation.demo.dagster_runs import consolidate
from nba_consolidation.demo.expectation import Expectation
from nba_consolidation.demo.programs import make_instance, terminal
from nba_consolidation.demo.season import Season
from nba_consolidation.demo.stager import Progress, stage_season
from nba_consolidation.settings import Settings
from nba_consolidation.wiring import staging_folder

_STRETCH = 12


@dataclass(frozen=True)
class Race:
    """The expected result. passes: the rows that each terminal pass consolidated. runs: the number of Dagster runs."""

    expected: Expectation
    passes: tuple[int, ...]
    runs: int


def race(
    settings: Settings,
    season: Season,
    processes: int,
    on_progress: Callable[[Progress], None],
    on_news: Callable[[str], None],
) -> Race:
    """Stages and consolidates the whole season. Raises DemoFailed if a process fails."""
    staged, half_staged = Event(), Event()
    dates = season.game_dates
    middle = len(dates) // 2
    first_half = sum(min(delivery.game_dates) < dates[middle] for delivery in season.deliveries())

    def progress(done: Progress) -> None:
        on_progress(done)
        if done.tables >= first_half:
            half_staged.set()

    make_instance(settings)
    with ThreadPoolExecutor(3) as pool:
        terminal_passes = pool.submit(_race_from_the_terminal, settings, dates, staged, on_news)
        halves = ((dates[:middle], half_staged), (dates[middle:], staged))
        runs = [
            pool.submit(_race_from_dagster, settings, number, half, ready, on_news)
            for number, (half, ready) in enumerate(halves, start=1)
        ]
        try:
            expected = stage_season(season, staging_folder(settings), processes, progress)
        finally:
            half_staged.set()
            staged.set()
        passes = terminal_passes.result()
        for run in runs:
            run.result()
    return Race(expected, (*passes, _consolidate(settings)), len(runs))  # the last pass consolidates late tables


def _race_from_the_terminal(
    settings: Settings, dates: Sequence[dt.date], staged: Event, on_news: Callable[[str], None]
) -> list[int]:
    """Consolidates a few dates at a time until everything is staged; returns the rows of each pass."""
    passes: list[int] = []
    while not staged.wait(1.0):
        first = len(passes) * _STRETCH % len(dates)
        stretch = dates[first : first + _STRETCH]
        rows = _consolidate(settings, "--from", str(stretch[0]), "--to", str(stretch[-1]))
        on_news(f"terminal consolidated {rows:,} rows of {stretch[0]} to {stretch[-1]}")
        passes.append(rows)
    return passes


def _consolidate(settings: Settings, *options: str) -> int:
    return int(terminal(settings, "consolidate", *options)["totals"]["staged"])


def _race_from_dagster(
    settings: Settings, number: int, dates: Sequence[dt.date], ready: Event, on_news: Callable[[str], None]
) -> None:
    """One run over a half of the season, once that half is staged."""
    ready.wait()
    on_news(f"Dagster run {number} over {dates[0]} to {dates[-1]} begins")
    consolidate(settings, dates, f"dagster-{number}")
    on_news(f"Dagster run {number} is done")
