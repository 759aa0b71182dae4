"""What the demo season is made of."""

import datetime as dt
import hashlib
import math
import os
import pickle
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from nba_consolidation.demo.batch_predictions import Batch
from nba_consolidation.demo.defects import DEFECTS, Defect, Refusal, Shape
from nba_consolidation.demo.league import TEAMS
from nba_consolidation.demo.season import Delivery, Season
from nba_consolidation.demo.systems import PERCENT_SYSTEM, SYSTEMS
from nba_consolidation.schema import PREDICTIONS
from nba_consolidation.warehouse.arrow_types import arrow_type, columns_of
from nba_consolidation.warehouse.column_alignment import compare_columns
from nba_consolidation.warehouse.staging import table_names

_HISTORY = ("prediction_id", "predicted_at", "created_at", "injury_checked_at")


def digest(season: Season, last_first: bool = False) -> str:
    """One figure for all rows of all deliveries, whatever the order of building."""
    deliveries = sorted(season.deliveries(), key=lambda delivery: delivery.name, reverse=last_first)
    digests = {delivery.name: digest_of_table(delivery.build()) for delivery in deliveries}
    return hashlib.sha256(repr(sorted(digests.items())).encode()).hexdigest()


def digest_of_table(table: pa.Table) -> str:
    """By text, in which a NaN equals a NaN."""
    return hashlib.sha256(repr(table.to_pydict()).encode()).hexdigest()


def _of_shape(season: Season, shape: Shape) -> Delivery:
    return next(delivery for delivery in season.deliveries() if delivery.shape is shape and not delivery.bad_rows)


def _good_rows(season: Season) -> pd.DataFrame:
    tables = [delivery.build() for delivery in season.deliveries() if not delivery.refusal]
    names = ["game_date", "game_id", "player_lookup", "system_id", "recommendation", "created_at", "prediction_id"]
    numbers = ["current_points_line", "predicted_points", "confidence_score"]
    frames = [pd.concat([table.select(names).to_pandas(), _floats(table, numbers)], axis="columns") for table in tables]
    rows = pd.concat(frames, ignore_index=True)
    good: pd.DataFrame = rows[~rows["prediction_id"].str.startswith("bad-")]
    return good


def _floats(table: pa.Table, names: list[str]) -> pd.DataFrame:
    return pd.DataFrame({name: table[name].cast(pa.float64()).to_numpy() for name in names})


def test_another_process_builds_the_same_rows_in_any_order(season: Season) -> None:
    script = (
        "import pickle, sys; from nba_consolidation_tests.demo.test_season import digest; "
        "print(digest(pickle.loads(bytes.fromhex(sys.argv[1])), last_first=True))"
    )
    arguments = [sys.executable, "-c", script, pickle.dumps(season).hex()]
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(Path(__file__).parents[2])}
    elsewhere = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=True)
    assert elsewhere.stdout.strip() == digest(season)


def test_another_seed_is_another_season() -> None:
    small = Season(dates=1, max_games=1, players_per_team=2, workers=1, max_lines=1)
    assert digest(small) != digest(Season(seed=1, dates=1, max_games=1, players_per_team=2, workers=1, max_lines=1))


def test_the_default_season_runs_from_october_to_april_with_days_off() -> None:
    dates = Season().game_dates
    assert (dates[0], dates[-1], len(dates)) == (dt.date(2025, 10, 21), dt.date(2026, 4, 16), 170)
    assert dt.date(2025, 12, 24) not in dates


def test_the_default_season_has_one_to_thirteen_games_a_date_and_about_as_many_as_the_league() -> None:
    season = Season()
    games = [len(season.game_ids(date)) for date in season.game_dates]
    assert 1 <= min(games) < max(games) <= 13
    assert sum(games) == pytest.approx(1230, rel=0.1)


def test_a_long_season_has_as_many_dates_as_were_asked_for() -> None:
    assert len(set(Season(dates=1_000).game_dates)) == 1_000


def test_no_team_plays_twice_on_a_date() -> None:
    season = Season(dates=20)
    for date in season.game_dates:
        teams = [team for game in season.game_ids(date) for team in game.split("_")[1:]]
        assert len(teams) == len(set(teams))
        assert set(teams) <= set(TEAMS)


def test_a_season_can_be_a_few_hundred_rows() -> None:
    season = Season(dates=2, max_games=2, players_per_team=2, workers=2, max_lines=1, bad_rows=3)
    assert 100 < sum(delivery.build().num_rows for delivery in season.deliveries()) < 500


@pytest.mark.parametrize("sizes", [{"dates": 0}, {"bad_rows": -1}, {"max_games": 16}, {"workers": 27}])
def test_an_impossible_size_is_refused(sizes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"Season|workers"):
        Season(**sizes)  # type: ignore[arg-type]


def test_players_have_distinct_plain_names() -> None:
    players = Season().players
    assert len(players) == len(set(players)) == 30 * 13
    assert all(name.isascii() and name.isalnum() and name == name.lower() for name in players)


def test_every_name_is_a_valid_staging_table_name_of_its_own() -> None:
    names = [delivery.name for delivery in Season(refused_tables=True).deliveries()]
    assert len(names) == len(set(names))
    assert all(table_names.is_valid(name) and table_names.batch_and_worker(name)[1] for name in names)
    assert any(table_names.batch_and_worker(name)[0].startswith("regen_") for name in names)


def test_one_table_holds_two_dates(season: Season) -> None:
    late = [delivery for delivery in season.deliveries() if len(delivery.game_dates) > 1]
    assert [delivery.shares[0].batch for delivery in late] == [Batch.LATE]
    assert pc.unique(late[0].build()["game_date"]).to_pylist() == list(late[0].game_dates)


def test_a_delivery_has_the_dates_it_says(season: Season) -> None:
    for delivery in season.deliveries():
        result = set(delivery.build()["game_date"].to_pylist()) - {dt.date(1900, 1, 1)}
        assert result == set(delivery.game_dates)


def test_a_redelivery_is_the_same_rows_a_fraction_of_a_second_later_under_new_ids() -> None:
    season = Season(dates=12, max_games=2, players_per_team=3)
    by_name = {delivery.name: delivery for delivery in season.deliveries()}
    again = [delivery for delivery in by_name.values() if delivery.redelivered]
    assert again
    for delivery in again:
        second, first = delivery.build(), by_name[delivery.name.removesuffix("r")].build()
        kept = [name for name in first.column_names if name not in _HISTORY]
        assert second.select(kept).equals(first.select(kept))
        assert not set(second["prediction_id"].to_pylist()) & set(first["prediction_id"].to_pylist())
        later = pc.subtract(second["created_at"], first["created_at"])
        assert pc.unique(later).to_pylist() == [dt.timedelta(milliseconds=392)]


def test_a_current_worker_stages_the_columns_as_they_are_declared() -> None:
    schema = _of_shape(Season(dates=2), Shape.CURRENT).build().schema
    assert len(schema) > 35
    assert all(field.type == arrow_type(PREDICTIONS.column(field.name).type) for field in schema)


@pytest.mark.parametrize("shape", Shape)
def test_drifted_tables_can_be_taken(shape: Shape) -> None:
    staged = columns_of(_of_shape(Season(dates=40), shape).build().schema)
    result = compare_columns(staged, PREDICTIONS.columns)
    assert result.refusal() is None
    assert ("similar_games_count" in result.missing) == (shape is Shape.OLDER)


def test_drifted_tables_store_other_types() -> None:
    season = Season(dates=40)
    assert _of_shape(season, Shape.FLOATS).build()["current_points_line"].type == pa.float64()
    assert _of_shape(season, Shape.WHOLE_POINTS).build()["predicted_points"].type == pa.int64()


def test_a_table_to_be_refused_comes_only_when_asked_for(season: Season) -> None:
    assert not any(delivery.refusal for delivery in Season(dates=6).deliveries())
    refused = {delivery.refusal: delivery for delivery in season.deliveries() if delivery.refusal}
    assert set(refused) == set(Refusal)
    staged = columns_of(refused[Refusal.UNKNOWN_COLUMN].build().schema)
    assert [column.name for column in compare_columns(staged, PREDICTIONS.columns).unknown] == ["hype_score"]


def test_the_bad_rows_are_exactly_the_declared_ones(season: Season) -> None:
    result = {}
    for delivery in season.deliveries():
        for row in delivery.build().to_pylist():
            if row["prediction_id"].startswith("bad-"):
                result[int(row["prediction_id"][4:8])] = row
    assert sorted(result) == list(range(season.bad_rows))
    for number, row in result.items():
        assert _is_wrong(row, DEFECTS[number % len(DEFECTS)])


def _is_wrong(row: dict[str, object], defect: Defect) -> bool:
    value = row[defect.column]
    if isinstance(defect.value, float) and isinstance(value, float | Decimal):
        return math.isnan(float(value)) if math.isnan(defect.value) else float(value) == defect.value
    return value == defect.value


def test_bad_rows_are_spread_over_the_whole_season() -> None:
    tables = [delivery for delivery in Season().deliveries() if delivery.bad_rows]
    assert Counter(len(delivery.bad_rows) for delivery in tables) == {1: 48}
    assert len({delivery.game_dates[0].month for delivery in tables}) == 7


def test_good_rows_have_all_that_a_row_must_have(season: Season) -> None:
    required = [column.name for column in PREDICTIONS.columns if column.required]
    for delivery in season.deliveries():
        table = delivery.build()
        good = table.filter(pc.invert(pc.starts_with(table["prediction_id"], "bad-")))
        assert all(good[name].null_count == 0 for name in required)


def test_good_rows_were_made_on_their_day_or_the_evening_before(season: Season) -> None:
    rows = _good_rows(season)
    ahead = pd.to_datetime(rows["game_date"]).dt.tz_localize("UTC") + pd.Timedelta(days=1) - rows["created_at"]
    assert ahead.min() > pd.Timedelta(0)
    assert ahead.max() < pd.Timedelta(days=2)


def test_lines_stand_on_the_half_point_and_the_evening_moves_some_of_them() -> None:
    rows = _good_rows(Season(dates=3, bad_rows=0))
    key = ["game_id", "player_lookup", "current_points_line"]
    evening = rows["created_at"].dt.hour >= 22
    assert (rows["current_points_line"].dropna() * 2 % 1 == 0).all()
    assert rows["current_points_line"].isna().any()
    before, after = (set(map(tuple, part[key].dropna().values)) for part in (rows[~evening], rows[evening]))
    assert before - after
    assert after - before
    assert before & after


def test_one_system_alone_gives_its_confidence_in_percent(season: Season) -> None:
    highest = _good_rows(season).groupby("system_id")["confidence_score"].max()
    assert set(highest.index) == set(SYSTEMS)
    assert list(highest[highest > 1].index) == [PERCENT_SYSTEM]


def test_box_scores_have_one_row_per_player_who_played() -> None:
    season = Season(dates=5)
    for date in season.game_dates:
        scores = season.box_scores(date).to_pandas()
        assert not scores.duplicated(["game_id", "player_lookup"]).any()
        assert set(scores["game_id"]) == set(season.game_ids(date))
        assert 0 < len(scores) < 26 * len(season.game_ids(date))
        assert scores["points"].between(0, 80).all()


def test_predictions_beat_a_coin_by_a_little_and_confidence_tells_something() -> None:
    season = Season(dates=60, bad_rows=0)
    rows = _good_rows(season).sort_values("created_at")
    active = rows.drop_duplicates(["game_id", "player_lookup", "system_id"], keep="last")
    scores = pa.concat_tables([season.box_scores(date) for date in season.game_dates]).to_pandas()
    graded = active.merge(scores[["game_id", "player_lookup", "points"]], on=["game_id", "player_lookup"])
    bets = graded[
        graded["recommendation"].isin(["OVER", "UNDER"]) & (graded["points"] != graded["current_points_line"])
    ]
    correct = (bets["points"] > bets["current_points_line"]) == (bets["recommendation"] == "OVER")
    assert correct.groupby(bets["system_id"]).mean().between(0.5, 0.57).all()
    sure = bets.groupby("system_id")["confidence_score"].rank(pct=True)
    assert correct[sure > 0.75].mean() > correct[sure < 0.25].mean() + 0.01
