"""The expected figures of the demo, compared with what pandas counts in the staged files."""

import datetime as dt

import pandas as pd
import pyarrow.parquet as pq
import pytest

from nba_consolidation.demo.defects import Refusal
from nba_consolidation.demo.expectation import Expectation, expectation
from nba_consolidation.demo.season import Season
from nba_consolidation.demo.staged_row_counts import StagedRowCounts
from nba_consolidation.schema import ACTIVATION_KEY, BUSINESS_KEY
from nba_consolidation_tests.demo.conftest import Staged


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
    result: pd.DataFrame = pd.concat(frames, ignore_index=True)
    return result


@pytest.fixture(scope="module")
def sound(rows: pd.DataFrame, staged: Staged) -> pd.DataFrame:
    """The rows that break no rule, by plain conditions."""
    line = rows["current_points_line"]
    result: pd.DataFrame = rows[
        rows["predicted_points"].between(0, 80)
        & (line.isna() | (line * 2 % 1 == 0))
        & rows["player_lookup"].notna()
        & rows["game_date"].isin(staged.season.game_dates)
        & rows["recommendation"].isin(["OVER", "UNDER", "PASS", "HOLD", "NO_LINE", "NO_PREDICTION"])
        & (rows["created_at"] < pd.Timestamp("2027-01-01", tz="UTC"))
    ]
    return result


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


def test_what_active_rows_come_to_is_what_pandas_finds_in_the_box_scores(staged: Staged, sound: pd.DataFrame) -> None:
    active = sound.sort_values("created_at").drop_duplicates(list(ACTIVATION_KEY), keep="last")
    scores = pd.concat([staged.season.box_scores(date).to_pandas() for date in staged.season.game_dates])
    rows = active.merge(scores[["game_id", "player_lookup", "points"]], how="left", on=["game_id", "player_lookup"])
    bet = rows["recommendation"].isin(["OVER", "UNDER"])
    over = rows["points"] > rows["current_points_line"]
    push = rows["points"] == rows["current_points_line"]
    outcome = (over == (rows["recommendation"] == "OVER")).map({True: "correct", False: "wrong"})
    outcome = outcome.mask(push, "push").mask(~bet, "passed").mask(rows["points"].isna(), "voided")
    total = staged.expectation.total
    result = {name: getattr(total, name) for name in ("correct", "wrong", "push", "passed", "voided")}
    assert result == outcome.value_counts().to_dict()
    assert min(result.values()) > 0


def test_dates_without_box_scores_have_no_outcomes(staged: Staged) -> None:
    dates = sorted(staged.expectation.by_date)
    figures = staged.expectation.once_played(dates[:-1])
    assert figures.active == staged.expectation.total.active
    assert figures.voided == sum(staged.expectation.by_date[date].voided for date in dates[:-1])
    assert figures.correct == staged.expectation.total.correct - staged.expectation.by_date[dates[-1]].correct


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
    all_counts = [StagedRowCounts.of(delivery, delivery.build()) for delivery in staged.season.deliveries()]
    halves = [StagedRowCounts.total(staged.season, half) for half in (all_counts[1::2], all_counts[::2])]
    assert Expectation.of(StagedRowCounts.total(staged.season, halves)) == staged.expectation


def test_nothing_staged_is_nothing_expected(season: Season) -> None:
    assert Expectation.of(StagedRowCounts.total(season, [])).total.staged == 0


@pytest.mark.slow
def test_the_default_season_has_about_a_million_rows() -> None:
    result = expectation(Season())
    assert result.total.staged == pytest.approx(1_000_000, rel=0.03)
    assert result.total.consolidated == pytest.approx(630_000, rel=0.03)
    assert result.total.quarantined == 48
    assert min(result.by_date) == dt.date(2025, 10, 21)
