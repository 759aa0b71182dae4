"""Staging the season from real processes, and the figures that are held against the product."""

import datetime as dt
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nba_consolidation.demo.season import Refusal, Season
from nba_consolidation.demo.stager import Expectation, Tally, expectation, stage, stage_season
from nba_consolidation.tables import ACTIVATION_KEY, BUSINESS_KEY
from nba_consolidation.warehouse.contract import KnownDates
from nba_consolidation.warehouse.errors import WarehouseUnavailable
from nba_consolidation.warehouse.parquet_staging import ParquetStaging

from .conftest import Staged


@pytest.fixture(scope="module")
def rows(staged: Staged) -> pd.DataFrame:
    """All rows of the tables that can be taken, read back from the files with pandas."""
    taken = [delivery for delivery in staged.season.deliveries() if not delivery.refusal]
    frames = []
    for delivery in taken:
        frame = pq.read_table(staged.area.path_of(delivery.name)).to_pandas()
        frame["home_date"] = min(delivery.game_dates)
        for name in ("predicted_points", "current_points_line"):
            frame[name] = frame[name].astype(float)
        frames.append(frame)
    found: pd.DataFrame = pd.concat(frames, ignore_index=True)
    return found


@pytest.fixture(scope="module")
def sound(rows: pd.DataFrame, staged: Staged) -> pd.DataFrame:
    """The rows that break no rule, by plain conditions."""
    line = rows["current_points_line"]
    found: pd.DataFrame = rows[
        rows["predicted_points"].between(0, 80)
        & (line.isna() | (line * 2 % 1 == 0))
        & rows["player_lookup"].notna()
        & rows["game_date"].isin(staged.season.game_dates)
        & rows["recommendation"].isin(["OVER", "UNDER", "PASS", "HOLD", "NO_LINE", "NO_PREDICTION"])
        & (rows["created_at"] < pd.Timestamp("2027-01-01", tz="UTC"))
    ]
    return found


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


def test_staged_rows_are_all_rows_of_the_files(staged: Staged, rows: pd.DataFrame) -> None:
    dates = rows["game_date"].where(rows["game_date"].isin(staged.season.game_dates), rows["home_date"])
    counts = {date: figures.staged for date, figures in staged.expectation.by_date.items()}
    assert counts == dates.value_counts().to_dict()


def test_consolidated_rows_are_the_distinct_keys_that_pandas_counts(staged: Staged, sound: pd.DataFrame) -> None:
    keys = sound.drop_duplicates(list(BUSINESS_KEY))
    counts = {date: figures.consolidated for date, figures in staged.expectation.by_date.items()}
    assert counts == keys["game_date"].value_counts().to_dict()
    assert staged.expectation.total.consolidated == len(keys) < len(sound)


def test_active_rows_are_the_distinct_predictions_that_pandas_counts(staged: Staged, sound: pd.DataFrame) -> None:
    keys = sound.drop_duplicates(list(ACTIVATION_KEY))
    counts = {date: figures.active for date, figures in staged.expectation.by_date.items()}
    assert counts == keys["game_date"].value_counts().to_dict()


def test_the_newest_rows_are_those_that_pandas_finds(staged: Staged, sound: pd.DataFrame) -> None:
    newest = sound.groupby(list(BUSINESS_KEY), dropna=False)["created_at"].max()
    micros = newest.astype("datetime64[us, UTC]").astype("int64").tolist()
    assert staged.expectation.total.newest_micros == sum(micros)


def test_quarantined_rows_are_the_declared_bad_rows_and_no_others(
    staged: Staged, rows: pd.DataFrame, sound: pd.DataFrame
) -> None:
    assert staged.expectation.total.quarantined == staged.season.bad_rows == len(rows) - len(sound)
    assert sum(staged.expectation.broken_rules.values()) == staged.season.bad_rows
    assert staged.expectation.broken_rules["predicted_points|fits"] == 3
    assert staged.expectation.broken_rules["recommendation|known"] == 2


def test_refused_tables_are_in_no_other_figure(staged: Staged) -> None:
    rows = {
        delivery.name: delivery.build().num_rows if delivery.refusal is Refusal.UNKNOWN_COLUMN else 0
        for delivery in staged.season.deliveries()
        if delivery.refusal
    }
    assert staged.expectation.refused == rows
    assert staged.expectation.tables == len(list(staged.season.deliveries())) - len(rows)


def test_counting_without_staging_gives_the_same_figures(staged: Staged) -> None:
    assert expectation(staged.season) == staged.expectation


def test_the_order_and_the_split_of_the_counting_make_no_difference(staged: Staged) -> None:
    tallies = [Tally.of(delivery, delivery.build()) for delivery in staged.season.deliveries()]
    halves = [Tally.total(staged.season, tallies[1::2]), Tally.total(staged.season, tallies[::2])]
    assert Expectation.of(Tally.total(staged.season, halves)) == staged.expectation


def test_some_deliveries_can_be_staged_alone(tmp_path: Path, season: Season) -> None:
    first = season.game_dates[0]
    some = [delivery for delivery in season.deliveries() if delivery.game_dates == (first,)]
    found = stage_season(season, ParquetStaging(tmp_path), processes=1, deliveries=some)
    assert list(found.by_date) == [first]
    assert found.by_date[first] == expectation(season).by_date[first]


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


def test_nothing_staged_is_nothing_expected(season: Season) -> None:
    assert Expectation.of(Tally.total(season, [])).total.staged == 0


def test_the_default_season_has_about_a_million_rows() -> None:
    found = expectation(Season())
    assert found.total.staged == pytest.approx(1_000_000, rel=0.03)
    assert found.total.consolidated == pytest.approx(630_000, rel=0.03)
    assert found.total.quarantined == 48
    assert min(found.by_date) == dt.date(2025, 10, 21)
