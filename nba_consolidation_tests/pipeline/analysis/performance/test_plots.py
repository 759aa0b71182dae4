"""The pictures: what they are, how large, and that what they show follows the figures."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from nba_consolidation.pipeline.daily_report import png_plots as plots

LIMIT = 60_000


def hit_rate(day: int, rate: float | None, system: str = "catboost_v9", bets: int = 400) -> dict[str, Any]:
    row: dict[str, Any] = {"system_id": system, "game_date": dt.date(2026, 1, 1) + dt.timedelta(day)}
    if rate is None:
        return row | {"bets": 0} | dict.fromkeys(("hit_rate", "hit_rate_low", "hit_rate_high"))
    return row | {"bets": bets, "hit_rate": rate, "hit_rate_low": rate - 0.05, "hit_rate_high": min(rate + 0.05, 1)}


def bin_of(number: int, rate: float, bets: int = 100, system: str = "catboost_v9") -> dict[str, Any]:
    lower, upper = (number - 1) / 10, number / 10
    return {
        "system_id": system, "bets": bets, "lower_bound": lower, "upper_bound": upper, "mean_confidence": lower + 0.05,
        "hit_rate": rate, "hit_rate_low": max(rate - 0.1, 0), "hit_rate_high": min(rate + 0.1, 1),
    }  # fmt: skip


def score(system: str = "catboost_v9") -> dict[str, Any]:
    return {"system_id": system, "ece": 0.1589, "bets": 9773}


def pixels(png: bytes) -> npt.NDArray[np.int64]:
    """The picture, decoded whole."""
    assert png.startswith(b"\x89PNG")
    assert len(png) < LIMIT
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(np.int64)


def blue(png: bytes) -> npt.NDArray[np.bool_]:
    """Where the picture has the colour of the figures themselves, not the pale one of their intervals."""
    red, _, strong = np.moveaxis(pixels(png), 2, 0)
    found: npt.NDArray[np.bool_] = strong - red > 80
    return found


def middle(where: npt.NDArray[np.bool_]) -> float:
    """How far down the picture's blue lies, on average, left of the legend's end."""
    return float(np.nonzero(where)[0].mean())


def test_a_higher_hit_rate_lies_higher() -> None:
    high = plots.hit_rates([hit_rate(day, 0.58) for day in range(30)], "high")
    low = plots.hit_rates([hit_rate(day, 0.48) for day in range(30)], "high")
    assert middle(blue(high)) < middle(blue(low)) - 20


def test_a_day_without_bets_interrupts_the_line() -> None:
    whole = [hit_rate(day, 0.55) for day in range(30)]
    gap = [hit_rate(day, None if 10 <= day < 20 else 0.55) for day in range(30)]
    assert blue(plots.hit_rates(gap, "t")).sum() < 0.85 * blue(plots.hit_rates(whole, "t")).sum()


def test_a_single_day_is_a_point_that_can_be_seen() -> None:
    nothing = plots.hit_rates([hit_rate(0, None)], "t")
    assert blue(plots.hit_rates([hit_rate(0, 0.5)], "t")).sum() > blue(nothing).sum() + 20


def test_few_bets_at_the_start_do_not_set_the_scale() -> None:
    season = [hit_rate(day, 0.55) for day in range(1, 30)]
    with_a_first_day = plots.hit_rates([hit_rate(0, 1.0, bets=1), *season], "t")
    low = plots.hit_rates([hit_rate(0, 1.0, bets=400), *season], "t")
    assert np.ptp(np.nonzero(blue(low))[0]) > 0
    assert plots.scale_of([hit_rate(0, 1.0, bets=1), *season]) == plots.scale_of(season)
    assert pixels(with_a_first_day).shape == pixels(low).shape


@pytest.mark.parametrize(("systems", "columns", "lines"), [(1, 1, 1), (4, 2, 2), (20, 3, 3)])
def test_each_system_has_a_place_of_its_own_and_the_picture_stays_small(systems: int, columns: int, lines: int) -> None:
    names = [f"a_system_with_a_long_name_v{number}" for number in range(systems)]
    rows = [hit_rate(day, 0.5 + day / 1000, name) for name in names for day in range(175)]
    height, width, _ = pixels(plots.hit_rates(rows, "Hit rate")).shape
    assert (width, height) == pytest.approx((columns * 374, (lines * 2.3 + 0.8) * 110), abs=1)
    bins = [bin_of(number, number / 10, 100, name) for name in names for number in range(1, 11)]
    height, width, _ = pixels(plots.reliability(bins, [score(name) for name in names], "Reliability")).shape
    assert (width, height) == pytest.approx((columns * 374, (lines * 3.2 + 0.8) * 110), abs=1)


def test_a_bin_that_is_right_more_often_lies_higher() -> None:
    high = plots.reliability([bin_of(6, 0.9)], [score()], "t")
    low = plots.reliability([bin_of(6, 0.1)], [score()], "t")
    assert middle(blue(high)) < middle(blue(low)) - 50


def test_a_bin_of_more_bets_is_a_larger_point() -> None:
    """In one picture, above its legend: the bin on the left has the bets."""
    found = blue(plots.reliability([bin_of(2, 0.5, 100), bin_of(9, 0.5, 1)], [score()], "t"))
    points = found[: int(0.75 * len(found))]
    columns = np.nonzero(points.any(axis=0))[0]
    middle_column = int(columns.min() + columns.max()) // 2
    assert points[:, :middle_column].sum() > 1.5 * points[:, middle_column:].sum()


def test_drawing_leaves_no_figure_behind() -> None:
    import sys

    plots.hit_rates([hit_rate(0, 0.5)], "t")
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
