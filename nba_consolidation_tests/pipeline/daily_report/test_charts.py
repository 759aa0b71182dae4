"""The charts: their size, that what they show follows the values, and that names from outside are never markup."""

from __future__ import annotations

import datetime as dt
import io
import sys
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from nba_consolidation.pipeline.daily_report import charts
from nba_consolidation.pipeline.daily_report.chart_files import png, svg
from nba_consolidation.pipeline.daily_report.charts import Chart
from nba_consolidation_tests.pipeline.daily_report.conftest import EVIL

MAX_BYTES = 60_000
FIRST = dt.date(2026, 1, 1)


def hit_rate(day: int, rate: float | None, system: str = "catboost_v9", bets: int = 400) -> dict[str, Any]:
    row: dict[str, Any] = {"system_id": system, "game_date": FIRST + dt.timedelta(day)}
    if rate is None:
        return row | {"bets": 0} | dict.fromkeys(("hit_rate", "hit_rate_low", "hit_rate_high"))
    return row | {"bets": bets, "hit_rate": rate, "hit_rate_low": rate - 0.05, "hit_rate_high": min(rate + 0.05, 1)}


def bin_row(number: int, rate: float, bets: int = 100, system: str = "catboost_v9") -> dict[str, Any]:
    lower, upper = (number - 1) / 10, number / 10
    return {
        "system_id": system, "bets": bets, "lower_bound": lower, "upper_bound": upper, "mean_confidence": lower + 0.05,
        "hit_rate": rate, "hit_rate_low": max(rate - 0.1, 0), "hit_rate_high": min(rate + 0.1, 1),
    }  # fmt: skip


def strategy(number: int, roi: float, verdict: str = "noise", name: str = "catboost_v9") -> dict[str, Any]:
    return {"strategy": f"{name}, confidence 0.8+, edge {number}+", "bets": 400, "roi": roi, "roi_low": roi - 0.05,
            "roi_high": roi + 0.05, "verdict": verdict}  # fmt: skip


def profit(day: int, units: float, name: str = "ALL") -> dict[str, Any]:
    return {"strategy": name, "game_date": FIRST + dt.timedelta(day), "profit": units}


def player(number: int, name: str) -> dict[str, Any]:
    return {"player_lookup": name, "bets": 10 + number, "correct": 5, "effective_bets": 9.5 + number, "hit_rate": 0.5,
            "hit_rate_low": 0.2, "hit_rate_high": 0.8}  # fmt: skip


def over_time(rows: list[dict[str, Any]]) -> bytes:
    return png(charts.hit_rates_over_time(rows), "Hit rate")


def reliability(*bins: dict[str, Any]) -> bytes:
    return png([charts.reliability("catboost_v9", "ECE", [], bins)], "Reliability")


def returns(rows: list[dict[str, Any]]) -> bytes:
    chart = charts.returns_by_strategy(rows)
    assert chart
    return png([chart], "Returns")


def pixels(image: bytes) -> npt.NDArray[np.int64]:
    """The decoded PNG."""
    assert image.startswith(b"\x89PNG")
    assert len(image) < MAX_BYTES
    return np.asarray(Image.open(io.BytesIO(image)).convert("RGB")).astype(np.int64)


def blue(image: bytes) -> npt.NDArray[np.bool_]:
    """Where the picture has the blue of lines and markers, not the pale blue of intervals."""
    red, _, strong = np.moveaxis(pixels(image), 2, 0)
    mask: npt.NDArray[np.bool_] = strong - red > 80
    return mask


def mean_row(mask: npt.NDArray[np.bool_]) -> float:
    """How far down the pixels are, on average."""
    return float(np.nonzero(mask)[0].mean())


def test_a_higher_hit_rate_is_drawn_higher() -> None:
    high, low = (over_time([hit_rate(day, rate) for day in range(30)]) for rate in (0.58, 0.48))
    assert mean_row(blue(high)) < mean_row(blue(low)) - 20


def test_a_day_without_bets_interrupts_the_line() -> None:
    whole = [hit_rate(day, 0.55) for day in range(30)]
    gap = [hit_rate(day, None if 10 <= day < 20 else 0.55) for day in range(30)]
    assert blue(over_time(gap)).sum() < 0.85 * blue(over_time(whole)).sum()


def test_a_single_day_is_a_visible_point() -> None:
    nothing = over_time([hit_rate(0, None)])
    assert blue(over_time([hit_rate(0, 0.5)])).sum() > blue(nothing).sum() + 20


def test_a_first_day_with_few_bets_does_not_change_the_common_axis() -> None:
    season = [hit_rate(day, 0.55) for day in range(1, 30)]
    assert charts.hit_rate_limits([hit_rate(0, 1.0, bets=1), *season]) == charts.hit_rate_limits(season)
    assert charts.hit_rate_limits([hit_rate(0, 1.0, bets=400), *season]) != charts.hit_rate_limits(season)


@pytest.mark.parametrize(
    ("systems", "columns", "lines"), [(1, 1, 1), (4, 2, 2), pytest.param(20, 3, 3, marks=pytest.mark.slow)]
)
def test_each_system_has_a_panel_and_the_file_stays_small(systems: int, columns: int, lines: int) -> None:
    names = [f"a_system_with_a_long_name_v{number}" for number in range(systems)]
    rows = [hit_rate(day, 0.5 + day / 1000, name) for name in names for day in range(175)]
    bins = [bin_row(number, number / 10, 100, name) for name in names for number in range(1, 11)]
    scores = [{"system_id": name, "ece": 0.1589, "ece_noise_high": 0.02, "bets": 9773} for name in names]
    for panels in (charts.hit_rates_over_time(rows), charts.reliability_by_system(bins, scores)):
        height, width, _ = pixels(png(panels, "title")).shape
        assert (width, height) == pytest.approx((columns * 374, (lines * panels[0].height + 0.8) * 110), abs=1)


def test_of_many_systems_those_with_the_most_bets_are_drawn_in_their_order() -> None:
    rows = [hit_rate(0, 0.5, f"s{number}", bets=100 + number % 7) for number in range(12)]
    kept = charts.most_bets(charts.hit_rates_over_time(rows), 4)
    assert [chart.heading for chart in kept] == ["s4", "s5", "s6", "s11"]


def test_a_bin_with_a_higher_hit_rate_is_drawn_higher() -> None:
    assert mean_row(blue(reliability(bin_row(6, 0.9)))) < mean_row(blue(reliability(bin_row(6, 0.1)))) - 50


def test_a_bin_with_more_bets_has_a_larger_marker() -> None:
    """In one picture, above its legend, the bin on the left has the bets."""
    mask = blue(reliability(bin_row(2, 0.5, 100), bin_row(9, 0.5, 1)))
    markers = mask[: int(0.75 * len(mask))]
    columns = np.nonzero(markers.any(axis=0))[0]
    middle = int(columns.min() + columns.max()) // 2
    assert markers[:, :middle].sum() > 1.5 * markers[:, middle:].sum()


def test_a_higher_return_is_drawn_further_right() -> None:
    def median_column(roi: float) -> float:
        columns = np.nonzero(blue(returns([strategy(1, roi), strategy(2, 0.3), strategy(3, -0.3)])))[1]
        return float(np.median(columns))

    assert median_column(0.2) > median_column(-0.2) + 20


def test_baselines_have_another_colour() -> None:
    def orange(verdict: str) -> int:
        red, _, strong = np.moveaxis(pixels(returns([strategy(number, 0.1, verdict) for number in range(4)])), 2, 0)
        return int((red - strong > 100).sum())

    assert orange("baseline") > 2 * orange("noise")


@pytest.mark.parametrize("rows", [1, 22])
def test_each_strategy_has_a_line(rows: int) -> None:
    picture = pixels(returns([strategy(number, 0.01 * number) for number in range(rows)]))
    assert picture.shape[0] >= 110 * (1.3 + 0.33 * rows) - 5


def test_only_the_labelled_strategies_have_a_line_of_profits() -> None:
    rows = [profit(day, 2.0 * day, name) for day in range(60) for name in ("ALL", "best", "PICKED")]

    def lines(labels: dict[str, str], rows: list[dict[str, Any]] = rows) -> bytes:
        return png([charts.profits_over_time(rows, labels)], "Profit")

    labels = {"ALL": "every bet", "best": "best", "PICKED": "picked"}
    assert blue(lines(labels)).sum() > blue(lines({"ALL": "every bet"})).sum() + 200
    assert len(pixels(lines({"ALL": "every bet", "PICKED": "picked"}, rows[:3]))) > 300


def with_name(name: str) -> list[Chart]:
    """Every kind of chart that shows a name from outside."""
    rates = [hit_rate(day, 0.5, name) for day in range(5)]
    possible = [
        *charts.hit_rates_over_time(rates), charts.hit_rates_by_system(rates[:1]),
        charts.reliability(name, name, [bin_row(5, 0.5)]), charts.returns_by_strategy([strategy(1, 0.1, name=name)]),
        charts.player_funnel([player(number, name) for number in range(3)], [name]),
        charts.profits_over_time([profit(0, 1.0, name), profit(1, 2.0, name)], {name: name}),
    ]  # fmt: skip
    return [chart for chart in possible if chart]


@pytest.mark.parametrize(
    "name",
    [EVIL, "$x^2$", "a\x01b\x00"]
    + [pytest.param(name, marks=pytest.mark.slow) for name in ("$", "\\alpha_1 {}", "ジョキッチ", "]]>&amp;<!--")],
)
def test_names_from_outside_are_drawn_as_they_are(name: str) -> None:
    """An invalid formula was an error, and a valid one was typeset."""
    visible = "".join(letter if letter.isprintable() else "\ufffd" for letter in name)
    drawn = 0
    for chart in with_name(name):
        pixels(png([chart], name))
        texts = [element.text or "" for element in ET.fromstring(svg(chart)).iter() if element.tag == "text"]
        drawn += any(visible in text for text in texts)
    assert drawn >= 3


def test_a_picture_that_cannot_be_drawn_becomes_a_sentence_and_fails_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A name that matplotlib took for a formula made the step `performance` fail each time."""

    def fail(_: object) -> dict[Any, Any]:
        raise ValueError("Unknown symbol: $<script>")

    chart = Chart("$$", "a chart", 2.1, fail)
    assert len(pixels(png([chart], "Hit rate"))) > 0
    root = ET.fromstring(svg(chart))
    assert [element.text for element in root] == ["This picture could not be drawn; the log has the reason."]
    assert "script" not in svg(chart)
    assert caplog.text.count("picture_not_drawn") == 3


def test_drawing_leaves_no_figure_and_no_setting_behind() -> None:
    over_time([hit_rate(0, 0.5)])
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
    assert sys.modules["matplotlib"].rcParams["text.parse_math"] is True
