"""The pictures of strategies: what they are, how large, and that what they show follows the figures."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest

from nba_consolidation.pipeline.daily_report import png_plots as plots
from nba_consolidation_tests.pipeline.analysis.performance.test_plots import blue, pixels


def strategy(number: int, roi: float, verdict: str = "noise") -> dict[str, Any]:
    return {"strategy": f"catboost_v9, confidence 0.8+, edge {number}+", "bets": 400, "roi": roi, "roi_low": roi - 0.05,
            "roi_high": roi + 0.05, "verdict": verdict}  # fmt: skip


def profit(number: int, units: float, name: str = "ALL") -> dict[str, Any]:
    return {"strategy": name, "game_date": dt.date(2026, 1, 1) + dt.timedelta(number), "profit": units}


def test_a_higher_return_lies_further_right() -> None:
    def right(roi: float) -> float:
        places = np.nonzero(blue(plots.strategies([strategy(1, roi), strategy(2, 0.3), strategy(3, -0.3)], "returns")))
        return float(np.sort(places[1])[len(places[1]) // 2])

    assert right(0.2) > right(-0.2) + 20


def test_plain_bets_have_a_colour_of_their_own() -> None:
    def orange(verdict: str) -> int:
        red, _, strong = np.moveaxis(pixels(plots.strategies([strategy(1, 0.1, verdict)] * 4, "returns")), 2, 0)
        return int((red - strong > 100).sum())

    assert orange("baseline") > 2 * orange("noise")


@pytest.mark.parametrize("rows", [1, 22])
def test_every_strategy_has_its_line_in_a_small_picture(rows: int) -> None:
    found = pixels(plots.strategies([strategy(number, 0.01 * number) for number in range(rows)], "returns"))
    assert found.shape[0] >= 110 * (1.3 + 0.24 * rows) - 5


def test_profits_are_drawn_of_those_that_are_named() -> None:
    rows = [profit(number, 2.0 * number, name) for number in range(60) for name in ("ALL", "best", "PICKED")]
    all_three = plots.profits(rows, {"ALL": "plain", "best": "best", "PICKED": "picked"}, "profit")
    plain = plots.profits(rows, {"ALL": "plain"}, "profit")
    assert blue(all_three).sum() > blue(plain).sum() + 200
    assert len(pixels(plots.profits(rows[:3], {"ALL": "plain", "PICKED": "picked"}, "one date"))) > 300
