"""Real games, which hold no lasting effect of a player: margins equal those of pandas, and nobody is flagged."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from nba_consolidation.leases import Holder
from nba_consolidation_tests.pipeline.analysis.performance.graded import Graded, Row
from nba_consolidation_tests.pipeline.analysis.performance.test_real_data import rows
from nba_consolidation_tests.real_data import NEEDS_REAL_DATA

pytestmark = NEEDS_REAL_DATA
__all__ = ["rows"]


@pytest.fixture(scope="module")
def reviews(rows: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """The players as reviewed for the day after each date."""
    home = Graded(tmp_path_factory.mktemp("real"))
    home.add(
        {str(k): None if pd.isna(v) else v for k, v in row.items() if k != "outcome"} for row in rows.to_dict("records")
    )
    home.deployment.reviewer.review([date + dt.timedelta(1) for date in set(rows["game_date"])], Holder.here("run"))
    return home.read("player_reliability")


def test_the_margins_equal_pandas(reviews: list[Row], rows: pd.DataFrame) -> None:
    bets = rows[rows["outcome"].isin(["correct", "wrong", "push"])]
    margin = (bets["actual_points"].astype(float) - bets["line_value"].astype(float)).where(
        bets["recommendation"] == "OVER", bets["line_value"].astype(float) - bets["actual_points"].astype(float)
    )
    of_dates = margin.groupby([bets["player_lookup"], bets["game_date"]]).mean()
    expected = of_dates.groupby(level=0).agg(["mean", "count"])
    newest = max(row["game_date"] for row in reviews)
    last = {row["player_lookup"]: row for row in reviews if row["game_date"] == newest}
    assert len(expected) > 300
    for player, (mean, dates) in expected.iterrows():
        row = last[str(player)]
        assert (row["margin"], row["margin_days"]) == (pytest.approx(mean, abs=1e-6), dates)


def test_nobody_is_flagged_on_any_date(reviews: list[Row]) -> None:
    tested = [row for row in reviews if row["worse_q"] is not None]
    assert len({row["player_lookup"] for row in tested}) > 200
    assert min(row["worse_q"] for row in tested) > 0.05
    assert not [row["player_lookup"] for row in reviews if "false_discovery" in (row["flagged_by"] or "")]
    assert {row["status"] for row in reviews} <= {"normal", "watch", "not_enough"}
