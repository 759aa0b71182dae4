"""Real games: the results equal those counted with pandas alone, and no luck is called significant."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from nba_consolidation.leases import Holder
from nba_consolidation.schema import PICKED
from nba_consolidation_tests.pipeline.analysis.performance.graded import Graded, Row
from nba_consolidation_tests.pipeline.analysis.performance.test_real_data import expected, rows
from nba_consolidation_tests.real_data import NEEDS_REAL_DATA

pytestmark = NEEDS_REAL_DATA
__all__ = ["expected", "rows"]


@pytest.fixture(scope="module")
def strategies(rows: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    """The rows of the last date, by name, from graded rows without an outcome column."""
    home = Graded(tmp_path_factory.mktemp("real"))
    home.add(
        {str(k): None if pd.isna(v) else v for k, v in row.items() if k != "outcome"} for row in rows.to_dict("records")
    )
    home.deployment.strategist.evaluate([max(rows["game_date"])], Holder.here("run"))
    return {row["strategy"]: row for row in home.read("strategy_performance")}


def test_baselines_equal_what_was_counted(strategies: dict[str, Row], expected: Any) -> None:
    row = strategies["ALL"]
    assert (row["correct"], row["wrong"]) == (expected["correct"], expected["wrong"]) == (4910, 4863)
    assert row["bet_days"] == expected["dates"]
    assert row["roi"] == pytest.approx((4910 * 100 / 110 - 4863) / 9773, abs=1e-6)
    for system, counted in expected["by_system"].items():
        assert (strategies[system]["correct"], strategies[system]["wrong"]) == (
            counted["right"], counted["wrong"]
        )  # fmt: skip


def test_the_best_strategy_in_hindsight_is_noise_and_picking_in_advance_lost_money(strategies: dict[str, Row]) -> None:
    known = [row for row in strategies.values() if row["pays"] != "not_enough"]
    best = max(known, key=lambda row: row["roi"])
    assert best["roi"] > 0.15
    assert (best["pays"], best["verdict"]) == ("noise", "noise")
    assert "profit" not in {row["pays"] for row in known}
    assert "better" not in {row["verdict"] for row in known}
    picked = strategies[PICKED]
    assert picked["bets"] > 1000
    assert picked["roi_low"] < picked["roi"] < 0
    assert picked["verdict"] == "noise"


def test_plain_bets_lost_money_and_are_not_judged_as_if_picked_from_hundreds(strategies: dict[str, Row]) -> None:
    losing = {name for name, row in strategies.items() if row["pays"] == "loss"}
    assert losing == {"ALL", "last5_v1"}
    assert strategies["ALL"]["roi_high"] < 0
    assert strategies["ALL"]["roi_p"] < 0.01
