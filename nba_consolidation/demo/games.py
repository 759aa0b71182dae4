"""Once everything is consolidated, the games are played: their box scores come in, and Dagster grades and analyses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from nba_consolidation.demo.programs import materialise, terminal
from nba_consolidation.demo.season import Season
from nba_consolidation.settings import Settings

BOX_SCORES = "box_scores"
"""The folder of the demo with a file of box scores per date."""


def play(settings: Settings, season: Season, on_news: Callable[[str], None]) -> Sequence[dt.date]:
    """Loads the box scores of every date but the last, whose games are still to come; then one run grades all dates.

    The last date's file is there too: whoever loads it sees what waits become graded. Returns the dates played.
    """
    dates = season.game_dates
    played = dates[:-1] or dates
    files = [_write(settings.home / BOX_SCORES, season, date) for date in dates]
    loaded = terminal(settings, "box-scores", *(str(file) for file in files[: len(played)]))
    on_news(f"box scores loaded: {loaded['rows']['new']:,} of {len(played)} dates; a Dagster run grades and analyses")
    materialise(
        settings,
        'key:"prediction_accuracy" or key:"system_performance" or key:"confidence_calibration"',
        dates,
        "dagster-grading",
    )
    return played


def _write(folder: Path, season: Season, date: dt.date) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / f"{date}.parquet"
    pq.write_table(season.box_scores(date), file)
    return file
