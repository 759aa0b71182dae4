"""The demo: a season staged by several processes, while Dagster and a terminal race to consolidate it.

Starts the processes and holds what came out against what was staged. The season itself is in `season`, the staging
in `stager`, what must come out in `expectation`; what is printed is up to the terminal.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from threading import Event

from nba_consolidation.audits import AUDITS
from nba_consolidation.demo.expectation import Expectation
from nba_consolidation.demo.season import Season
from nba_consolidation.demo.stager import Progress, stage_season
from nba_consolidation.deployment import deploy, staging_folder
from nba_consolidation.errors import ConsolidationError
from nba_consolidation.settings import Settings
from nba_consolidation.sql import Statement

_MARKER = "made-by-nba-consolidation-demo"
_ASSETS = 'key:"staging_predictions"+'
_STRETCH = 12
_FINE = (0, 3)  # done; done, and some tables refused, as the season wants it


class DemoFailed(ConsolidationError):
    """A process of the demo failed; the message says which, and where its log is."""


@dataclass(frozen=True)
class Racer:
    """What one of the two consolidators did: runs, and the staged rows that it was the one to consolidate."""

    name: str
    runs: int
    rows: int


@dataclass(frozen=True)
class Outcome:
    """What came out of the season, to be held against what was expected. Everything in rows but the seconds."""

    expected: Expectation
    consolidated: int
    active: int
    quarantined: int
    staged: int
    superseded: int
    updated: int
    stale: int
    duplicates: int
    newest_everywhere: bool
    racers: tuple[Racer, ...]
    seconds: float

    @property
    def lost(self) -> int:
        """Business keys that were staged and do not stand."""
        return self.expected.total.consolidated - self.consolidated

    @property
    def as_expected(self) -> bool:
        """Whether every figure is the one that was counted while staging, without the product's SQL."""
        wanted = self.expected.total
        return (
            (wanted.staged, wanted.consolidated, wanted.active, wanted.quarantined)
            == (self.staged, self.consolidated, self.active, self.quarantined)
            and self.duplicates == 0
            and self.newest_everywhere
        )


def run_demo(
    home: Path,
    season: Season,
    processes: int,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_news: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Makes the demo anew in the folder, and tells as it goes.

    Raises DemoFailed where a process of it fails, or where the folder holds something else.
    """
    settings = Settings(home=home.absolute())
    _make_room(settings.home)
    began = time.monotonic()
    staged, half_staged = Event(), Event()
    dates = season.game_dates
    middle = len(dates) // 2
    first_half = sum(min(delivery.game_dates) < dates[middle] for delivery in season.deliveries())

    def progress(done: Progress) -> None:
        on_progress(done)
        if done.tables >= first_half:
            half_staged.set()

    with ThreadPoolExecutor(2) as pool:
        terminal = pool.submit(_race_from_the_terminal, settings, dates, staged, on_news)
        dagster = pool.submit(
            _race_from_dagster, settings, (dates[:middle], dates[middle:]), half_staged, staged, on_news
        )
        try:
            expected = stage_season(season, staging_folder(settings), processes, progress)
        finally:
            half_staged.set()
            staged.set()
        passes = terminal.result()
        runs = dagster.result()
    passes.append(_consolidate_from_terminal(settings))  # whatever came late
    return _outcome(settings, expected, runs, passes, time.monotonic() - began)


def _make_room(home: Path) -> None:
    """Only what an earlier demo made is removed."""
    if home.exists() and any(home.iterdir()) and not (home / _MARKER).exists():
        raise DemoFailed(f"the folder {home} holds something that no demo made; name another one with --home")
    shutil.rmtree(home, ignore_errors=True)
    (home / "dagster_home").mkdir(parents=True)
    (home / "logs").mkdir()
    (home / _MARKER).touch()
    instance = resources.files(__package__).joinpath("dagster.yaml").read_text(encoding="utf-8")
    (home / "dagster_home" / "dagster.yaml").write_text(instance, encoding="utf-8")


def _race_from_the_terminal(
    settings: Settings, dates: Sequence[dt.date], staged: Event, on_news: Callable[[str], None]
) -> list[int]:
    """Consolidates a stretch of dates at a time until all is staged; returns the rows of each pass."""
    passes: list[int] = []
    while not staged.wait(1.0):
        first = len(passes) * _STRETCH % len(dates)
        stretch = dates[first : first + _STRETCH]
        rows = _consolidate_from_terminal(settings, "--from", str(stretch[0]), "--to", str(stretch[-1]))
        on_news(f"terminal consolidated {rows:,} rows of {stretch[0]} to {stretch[-1]}")
        passes.append(rows)
    return passes


def _consolidate_from_terminal(settings: Settings, *options: str) -> int:
    command = [sys.executable, "-m", "nba_consolidation.cli", "consolidate", "--json", *options]
    log = settings.home / "logs" / "terminal.log"
    with log.open("ab") as errors:
        done = subprocess.run(
            command, env=settings.child_environment(), stdout=subprocess.PIPE, stderr=errors, check=False
        )
    if done.returncode not in _FINE:
        raise DemoFailed(f"the consolidation from the terminal ended with {done.returncode}; see {log}")
    return int(json.loads(done.stdout)["totals"]["staged"])


def _race_from_dagster(
    settings: Settings,
    halves: Sequence[Sequence[dt.date]],
    half_staged: Event,
    staged: Event,
    on_news: Callable[[str], None],
) -> int:
    """One run over each half of the season, each once that half is staged; returns the number of runs."""
    for number, (dates, ready) in enumerate(zip(halves, (half_staged, staged), strict=True), start=1):
        ready.wait()
        on_news(f"Dagster run {number} over {dates[0]} to {dates[-1]} begins")
        _materialise(settings, dates, settings.home / "logs" / f"dagster-{number}.log")
        on_news(f"Dagster run {number} is done")
    return len(halves)


def _materialise(settings: Settings, dates: Sequence[dt.date], log: Path) -> None:
    command = [sys.executable, "-m", "dagster", "asset", "materialize", "-m", "nba_consolidation.definitions",
               "--select", _ASSETS, "--partition-range", f"{dates[0]}...{dates[-1]}"]  # fmt: skip
    environment = settings.child_environment(DAGSTER_HOME=str(settings.home / "dagster_home"))
    with log.open("wb") as output:
        done = subprocess.run(command, env=environment, stdout=output, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise DemoFailed(f"the Dagster run over {dates[0]} to {dates[-1]} failed; see {log}")


def _outcome(settings: Settings, expected: Expectation, runs: int, passes: Sequence[int], seconds: float) -> Outcome:
    warehouse = deploy(settings).warehouse
    dates = sorted(expected.by_date)
    bounds = {"first_date": dates[0], "last_date": dates[-1]}
    (totals,) = warehouse.query(Statement("totals", bounds))
    findings = [audit.findings(warehouse, dates) for audit in AUDITS if audit.blocking]
    staged = int(totals["staged"])
    return Outcome(
        expected=expected,
        consolidated=totals["consolidated"],
        active=totals["active"],
        quarantined=totals["quarantined"],
        staged=staged,
        superseded=int(totals["superseded"]),
        updated=int(totals["updated"]),
        stale=int(totals["stale"]),
        duplicates=sum(len(found) for found in findings),
        newest_everywhere=int(totals["newest_micros"]) == expected.total.newest_micros,
        racers=(
            Racer("Dagster", runs, staged - sum(passes)),
            Racer("terminal", len(passes), sum(passes)),
        ),
        seconds=seconds,
    )
