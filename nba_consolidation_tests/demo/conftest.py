"""One small season with everything in it, staged once by two real processes."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from nba_consolidation.demo.expectation import Expectation
from nba_consolidation.demo.season import Season
from nba_consolidation.demo.stager import Progress, stage_season
from nba_consolidation.warehouse.staging.parquet import ParquetStaging
from nba_consolidation_tests.demo.played import played

__all__ = ["played"]


@dataclass(frozen=True)
class Staged:
    season: Season
    area: ParquetStaging
    expectation: Expectation
    progress: list[Progress]


@pytest.fixture(autouse=True)
def _warehouses_kept_open() -> None:
    """None is: other processes open them."""


@pytest.fixture(scope="session")
def season() -> Season:
    return Season(dates=6, max_games=3, players_per_team=4, bad_rows=20, refused_tables=True)


@pytest.fixture(scope="session")
def staged(season: Season, tmp_path_factory: pytest.TempPathFactory) -> Staged:
    folder: Path = tmp_path_factory.mktemp("staging")
    area, progress = ParquetStaging(folder), list[Progress]()
    expectation = stage_season(season, area, processes=2, on_progress=progress.append)
    return Staged(season, area, expectation, progress)
