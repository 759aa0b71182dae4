"""Staging the season from real processes."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nba_consolidation.demo.defects import Refusal
from nba_consolidation.demo.expectation import expectation
from nba_consolidation.demo.season import Season
from nba_consolidation.demo.stager import stage, stage_season
from nba_consolidation.warehouse.errors import WarehouseUnavailable
from nba_consolidation.warehouse.staging.interface import KnownDates
from nba_consolidation.warehouse.staging.parquet import ParquetStaging
from nba_consolidation_tests.demo.conftest import Staged


def _same(one: pa.Table, other: pa.Table) -> bool:
    """Equal with the types; by text, in which a NaN equals a NaN."""
    return one.schema.equals(other.schema) and repr(one.to_pydict()) == repr(other.to_pydict())


def test_the_staged_files_hold_what_the_season_says(staged: Staged) -> None:
    for delivery in staged.season.deliveries():
        if delivery.refusal is not Refusal.CORRUPT:
            assert _same(pq.read_table(staged.area.path_of(delivery.name)), delivery.build())


def test_nothing_else_lies_in_the_folder(staged: Staged) -> None:
    files = {path.name for path in staged.area.folder.iterdir()}
    assert files == {f"{delivery.name}.parquet" for delivery in staged.season.deliveries()}


def test_the_listing_takes_all_tables_but_the_corrupt_one(staged: Staged) -> None:
    known = KnownDates(staged.season.game_dates[0], staged.season.game_dates[-1])
    listed = {table.name: table for table in staged.area.list_tables(known)}
    refused = [table.name for table in listed.values() if table.refusal]
    assert refused == [name for name, rows in staged.expectation.refused.items() if not rows]
    assert sum(table.rows for table in listed.values()) == (
        staged.expectation.total.staged + sum(staged.expectation.refused.values())
    )


def test_progress_ends_with_everything_staged(staged: Staged) -> None:
    last = staged.progress[-1]
    assert last.tables == last.of_tables == len(list(staged.season.deliveries()))
    assert last.rows == staged.expectation.total.staged + sum(staged.expectation.refused.values())
    assert [step.tables for step in staged.progress] == sorted(step.tables for step in staged.progress)


def test_some_deliveries_can_be_staged_alone(tmp_path: Path, season: Season) -> None:
    first = season.game_dates[0]
    some = [delivery for delivery in season.deliveries() if delivery.game_dates == (first,)]
    expected = stage_season(season, ParquetStaging(tmp_path), processes=1, deliveries=some)
    assert list(expected.by_date) == [first]
    assert expected.by_date[first] == expectation(season).by_date[first]


def test_staging_again_changes_no_row(tmp_path: Path, season: Season) -> None:
    area, delivery = ParquetStaging(tmp_path), next(season.deliveries())
    stage(season, [delivery], area)
    stage(season, [delivery], area)
    assert [path.name for path in tmp_path.iterdir()] == [f"{delivery.name}.parquet"]
    assert _same(pq.read_table(area.path_of(delivery.name)), delivery.build())


def test_a_failing_worker_stops_the_staging(tmp_path: Path, season: Season) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    with pytest.raises(WarehouseUnavailable, match="was not written"):
        stage_season(season, ParquetStaging(in_the_way), processes=2)
