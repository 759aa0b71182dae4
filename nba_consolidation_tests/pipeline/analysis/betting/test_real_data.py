"""Real games: what was counted with pandas alone is reached, and no luck is called skill."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from nba_consolidation.leases import Holder
from nba_consolidation.schema import PICKED
from nba_consolidation_tests.pipeline.analysis.performance.graded import Graded, Row
from nba_consolidation_tests.pipeline.analysis.performance.test_real_data import REAL, rows, wanted

pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason=f"the real games are not at {REAL}")
__all__ = ["rows", "wanted"]


@pytest.fixture(scope="module")
def strategies(rows: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    """Of the last date, by name; from rows that do not say what became of them."""
    home = Graded(tmp_path_factory.mktemp("real"))
    home.add(
        {str(k): None if pd.isna(v) else v for k, v in row.items() if k != "outcome"} for row in rows.to_dict("records")
    )
    home.deployment.strategist.evaluate([max(rows["game_date"])], Holder.here("run"))
    return {row["strategy"]: row for row in home.read("strategy_performance")}


def test_plain_bets_are_what_was_counted(strategies: dict[str, Row], wanted: Any) -> None:
    found = strategies["ALL"]
    assert (found["correct"], found["wrong"]) == (wanted["correct"], wanted["wrong"]) == (4910, 4863)
    assert found["bet_days"] == wanted["dates"]
    assert found["roi"] == pytest.approx((4910 * 100 / 110 - 4863) / 9773, abs=1e-6)
    for system, counted in wanted["by_system"].items():
        assert (strategies[system]["correct"], strategies[system]["wrong"]) == (
            counted["right"], counted["wrong"]
        )  # fmt: skip


def test_the_best_in_hindsight_is_called_luck_and_picking_it_in_time_did_not_pay(strategies: dict[str, Row]) -> None:
    judged = [row for row in strategies.values() if row["pays"] != "not_enough"]
    best = max(judged, key=lambda row: row["roi"])
    assert best["roi"] > 0.15
    assert (best["pays"], best["verdict"]) == ("noise", "noise")
    assert "profit" not in {row["pays"] for row in judged}
    assert "better" not in {row["verdict"] for row in judged}
    picked = strategies[PICKED]
    assert picked["bets"] > 1000
    assert picked["roi_low"] < picked["roi"] < 0
    assert picked["verdict"] == "noise"


def test_flat_bets_on_everything_lost_money(strategies: dict[str, Row]) -> None:
    """By itself its interval says so; `pays` has all the others considered."""
    assert strategies["ALL"]["roi_high"] < 0
    assert strategies["ALL"]["roi_p"] < 0.1
