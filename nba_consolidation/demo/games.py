"""Plays the games after the consolidation: writes their box scores, and loads all but those of the last date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from nba_consolidation.demo.programs import terminal
from nba_consolidation.demo.season import Season
from nba_consolidation.settings import Settings

BOX_SCORES = "box_scores"
"""The folder of the demo with a file of box scores per date."""


def play(settings: Settings, season: Season, on_news: Callable[[str], None]) -> Sequence[dt.date]:
    """Loads the box scores of every date except the last. Returns the played dates.

    The file of the last date is written but not loaded: its predictions wait until a user loads it and grades again.
    """
    dates = season.game_dates
    played = dates[:-1] or dates
    files = [_write(settings.home / BOX_SCORES, season, date) for date in dates]
    loaded = terminal(settings, "box-scores", *(str(file) for file in files[: len(played)]))
    on_news(f"box scores loaded: {loaded['rows']['new']:,} of {len(played)} dates; Dagster grades and analyses them")
    return played


def _write(folder: Path, season: Season, date: dt.date) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / f"{date}.parquet"
    pq.write_table(season.box_scores(date), file)
    return file
