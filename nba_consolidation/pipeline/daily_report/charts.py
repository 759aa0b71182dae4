"""The charts of the report's page and of Dagster's metadata: what each of them draws, from rows of the tables.

A chart is drawn when it is saved (see `chart_files`), as one panel of a PNG or as an SVG in the page. The colours are
Okabe and Ito's, which people with a colour vision deficiency can tell apart.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from nba_consolidation.schema.display import Row, percent, percent_range, system_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection

BLUE, ORANGE, GREY, GRID = "#0072b2", "#d55e00", "#767676", "#e6e6e6"
BREAK_EVEN = 11 / 21
"""The hit rate at which bets at odds of -110 neither win nor lose money."""
_BETS_FOR_SCALE = 50
_WIDE = 8.2
_SMALL = 8  # points
_HIT_RATE = ("bets", "hit_rate", "hit_rate_low", "hit_rate_high")
_BIN = ("system_id", "series", "lower_bound", "upper_bound", "mean_confidence")
Tooltips = Mapping["PathCollection", Sequence[str]]


@dataclass(frozen=True)
class Chart:
    """One chart. draw: draws on empty axes and returns the tooltips of its markers.

    heading, subtitle: texts above or below it; only a panel of several has a subtitle. description: for screen readers.
    height, width: in inches; the page has a width of its own. bets: how many bets it is about; if there is no room for
    all charts, those with the most bets are drawn. focusable: whether the keyboard reaches each marker. data: what it
    draws, a row for each point.
    """

    heading: str
    description: str
    height: float
    draw: Callable[[Axes], Tooltips]
    subtitle: str = ""
    bets: int = 0
    width: float = 3.4
    focusable: bool = False
    data: Sequence[Row] = ()


def most_bets(charts: Sequence[Chart], limit: int) -> list[Chart]:
    """The charts with the most bets, in their order."""
    kept = sorted(charts, key=lambda chart: -chart.bets)[:limit]
    return [chart for chart in charts if chart in kept]


def hit_rates_over_time(rows: Sequence[Row]) -> list[Chart]:
    """One chart per system, all with the same axes. rows: of system_performance, one per system and date."""
    limits = hit_rate_limits(rows)
    dates = [row["game_date"] for row in rows]
    return [
        Chart(
            system_name(system),
            f"Hit rate of {system_name(system)} by date, with its 95 % interval.",
            2.1,
            partial(_draw_hit_rate, rows=of_system, limits=limits, dates=(min(dates), max(dates))),
            subtitle=f"last {_estimate(of_system[-1])}" if of_system[-1]["bets"] else "no bets",
            bets=sum(row["bets"] for row in of_system),
            data=_drawn("hit rate by date", of_system, "game_date", "system_id", *_HIT_RATE),
        )
        for system, of_system in _by_system(rows).items()
    ]


def reliability(system: str, subtitle: str, stated: Sequence[Row], calibrated: Sequence[Row] = ()) -> Chart:
    """Hit rate by confidence, as the system stated it and as calibrated: on the diagonal, both are equal.

    stated, calibrated: one row per bin that holds bets.
    """
    return Chart(
        system,
        f"Hit rate of {system} by confidence.",
        3.5,
        partial(_draw_reliability, stated=stated, calibrated=calibrated),
        subtitle=subtitle,
        bets=sum(row["bets"] for row in stated),
        focusable=True,
        data=[
            {**row, "system_id": system, "series": series}
            for series, rows in (("as stated", stated), ("calibrated", calibrated))
            for row in _drawn("hit rate by confidence", rows, *_BIN, *_HIT_RATE)
        ],
    )


def reliability_by_system(bins: Sequence[Row], scores: Sequence[Row]) -> list[Chart]:
    """One chart per system. bins: of confidence_calibration, scores: of calibration_scores, of one date and window."""
    by_system = {row["system_id"]: row for row in scores}
    return [
        reliability(
            system,
            f"ECE {by_system[system]['ece']:.3f} (chance: below {by_system[system]['ece_noise_high']:.3f}), "
            f"n = {by_system[system]['bets']:,}",
            rows,
        )
        for system, rows in _by_system(bins).items()
    ]


def hit_rates_by_system(rows: Sequence[Row]) -> Chart:
    """The hit rate of each system with its interval. rows: of system_performance, with bets."""
    named = [{**row, "label": system_name(row["system_id"])} for row in rows]
    data = _drawn("hit rate by system", rows, "system_id", *_HIT_RATE)
    return _intervals("Hit rate by system", "hit_rate", "hit rate", BREAK_EVEN, named, data)


def returns_by_strategy(rows: Sequence[Row]) -> Chart | None:
    """The return of each strategy with its interval; None if no interval is known.

    rows: of strategy_performance, of one date, in the order from top to bottom. Baselines are orange squares.
    """
    known = [{**row, "label": row["strategy"]} for row in rows if row["roi_low"] is not None]
    data = _drawn("return by strategy", known, "strategy", "bets", "roi", "roi_low", "roi_high")
    return _intervals("Return by strategy", "roi", "return per unit staked", 0, known, data) if known else None


def profits_over_time(rows: Sequence[Row], labels: Mapping[str, str]) -> Chart:
    """The profit of strategies after each date. rows: of strategy_performance. labels: by strategy, in order."""
    draw = partial(_draw_profits, rows=rows, labels=labels)
    return Chart("Profit over time", "Profit of strategies by date.", 3, draw, width=_WIDE)


def player_funnel(rows: Sequence[Row], labelled: Collection[str]) -> Chart | None:
    """Each player's hit rate by his effective bets; None if nobody has bets.

    rows: of player_reliability, of one date. labelled: the players whose names are drawn beside their points.
    """
    with_bets = [row for row in rows if row["bets"]]
    if not with_bets:
        return None
    draw = partial(_draw_funnel, rows=with_bets, labelled=labelled)
    data = _drawn("hit rate by player", with_bets, "player_lookup", *_HIT_RATE, "effective_bets", "margin")
    return Chart("Hit rate by player", "Hit rate of each player by effective bets.", 3.4, draw, width=_WIDE, data=data)


def active_predictions(rows: Sequence[Row]) -> Chart | None:
    """How many predictions of each game date are active; None if there are none. rows: in the order of dates."""
    if not any(row["active_rows"] for row in rows):
        return None
    draw = partial(_draw_volume, rows=rows)
    data = _drawn("active predictions", rows, "game_date", "active_rows")
    description = "Number of active predictions of each game date."
    return Chart("Active predictions by game date", description, 1.7, draw, data=data)


def hit_rate_limits(rows: Sequence[Row]) -> tuple[float, float]:
    """The limits of a common axis. The first days of a season, with few bets each, do not widen it."""
    known = [row for row in rows if row["bets"] >= _BETS_FOR_SCALE] or [row for row in rows if row["bets"]]
    low, high = ([row[name] for row in known] for name in ("hit_rate_low", "hit_rate_high"))
    return max(min([0.45, *low]) - 0.02, 0), min(max([0.6, *high]) + 0.02, 1)


def _drawn(chart: str, rows: Sequence[Row], *columns: str) -> list[Row]:
    """The columns that a chart draws, after its name."""
    return [{"chart": chart, **{name: row.get(name) for name in columns}} for row in rows]


def _by_system(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """In the order of the rows."""
    systems: dict[str, list[Row]] = {}
    for row in rows:
        systems.setdefault(row["system_id"], []).append(row)
    return systems


def _estimate(row: Row, key: str = "hit_rate") -> str:
    sign = "" if key == "hit_rate" else "+"
    interval = percent_range(row[f"{key}_low"], row[f"{key}_high"], sign)
    return f"{percent(row[key], sign)} ({interval}), n = {row['bets']:,}"


def _draw_hit_rate(
    axes: Axes, rows: Sequence[Row], limits: tuple[float, float], dates: tuple[dt.date, dt.date]
) -> Tooltips:
    """A date without bets interrupts the line."""
    days = [row["game_date"] for row in rows]
    rate, low, high = (
        [math.nan if row[name] is None else row[name] for row in rows]
        for name in ("hit_rate", "hit_rate_low", "hit_rate_high")
    )
    _draw_break_even(axes)
    axes.fill_between(days, low, high, color=BLUE, alpha=0.2, linewidth=0, label="95 % interval by date")
    few = len(rows) < 3  # too few for the band to be visible
    if few:
        axes.vlines(days, low, high, color=BLUE, alpha=0.4, linewidth=5)
    axes.plot(days, rate, color=BLUE, linewidth=1.6, label="hit rate")
    known = [row for row in rows if row["bets"]]
    points = axes.scatter([row["game_date"] for row in known], [row["hit_rate"] for row in known], s=16, color=BLUE,
                          alpha=float(few), zorder=3)  # fmt: skip
    _percent_axis(axes.yaxis)
    axes.set_ylim(*limits)
    _date_axis(axes, *dates)
    return {points: [f"{row['game_date']}: {_estimate(row)}" for row in known]}


def _draw_reliability(axes: Axes, stated: Sequence[Row], calibrated: Sequence[Row]) -> Tooltips:
    """Markers grow with the number of their bets; the bars at the bottom show how the bets spread over the bins."""
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--", label="well calibrated")
    most = max((row["bets"] for row in (*stated, *calibrated)), default=1)
    middles = [(row["lower_bound"] + row["upper_bound"]) / 2 for row in stated]
    axes.bar(middles, [0.25 * row["bets"] / most for row in stated], width=0.094, color=GREY, alpha=0.3, linewidth=0,
             label="bets by confidence")  # fmt: skip
    tooltips: dict[PathCollection, list[str]] = {}
    for bins, colour, marker, series in ((stated, ORANGE, "s", "as stated"), (calibrated, BLUE, "o", "calibrated")):
        if bins:
            confidence, rate, low, high = (
                [row[name] for row in bins] for name in ("mean_confidence", "hit_rate", "hit_rate_low", "hit_rate_high")
            )
            sizes = [12 + 100 * row["bets"] / most for row in bins]
            axes.vlines(confidence, low, high, color=colour, linewidth=1.2)
            points = axes.scatter(confidence, rate, s=sizes, color=colour, marker=marker, alpha=0.75, linewidth=0,
                                  zorder=3, label=f"{series}, with interval")  # fmt: skip
            tooltips[points] = [
                f"confidence {series} {percent(row['mean_confidence'])}, hit rate {_estimate(row)}" for row in bins
            ]
    axes.set(xlim=(0, 1), ylim=(0, 1.02), box_aspect=1)
    _label_axes(axes, "confidence", "hit rate")
    return tooltips


def _intervals(heading: str, key: str, axis: str, break_even: float, rows: Sequence[Row], data: Sequence[Row]) -> Chart:
    draw = partial(_draw_intervals, rows=rows, key=key, axis=axis, break_even=break_even)
    description = f"{heading}, each with its 95 % interval."
    return Chart(heading, description, 0.6 + 0.33 * len(rows), draw, width=_WIDE, focusable=True, data=data)


def _draw_intervals(axes: Axes, rows: Sequence[Row], key: str, axis: str, break_even: float) -> Tooltips:
    axes.axvline(break_even, color=GREY, linewidth=1, linestyle="--", label="break even")
    tooltips = {}
    for is_baseline, colour, marker, label in (
        (False, BLUE, "o", "with 95 % interval"),
        (True, ORANGE, "s", "baseline"),
    ):
        chosen = {place: row for place, row in enumerate(rows) if (row.get("verdict") == "baseline") is is_baseline}
        values, low, high = ([row[name] for row in chosen.values()] for name in (key, f"{key}_low", f"{key}_high"))
        if chosen:
            axes.hlines(list(chosen), low, high, color=colour, linewidth=2)
            points = axes.scatter(values, list(chosen), s=26, color=colour, marker=marker, zorder=3, label=label)
            tooltips[points] = [f"{row['label']}: {_estimate(row, key)}" for row in chosen.values()]
    for place, row in enumerate(rows):  # above its line rather than beside it: a strategy has a long name
        label = f"{row['label']}, n = {row['bets']:,}"
        axes.text(0.01, place - 0.2, label, fontsize=7, transform=axes.get_yaxis_transform())
    axes.set_yticks([])
    axes.set_ylim(len(rows) - 0.7, -0.8)
    _percent_axis(axes.xaxis)
    _label_axes(axes, axis, "")
    return tooltips


def _draw_profits(axes: Axes, rows: Sequence[Row], labels: Mapping[str, str]) -> Tooltips:
    axes.axhline(0, color=GREY, linewidth=1, linestyle="--")
    for (strategy, label), colour in zip(labels.items(), (ORANGE, GREY, BLUE), strict=False):
        of_strategy = [row for row in rows if row["strategy"] == strategy]
        axes.plot([row["game_date"] for row in of_strategy], [row["profit"] for row in of_strategy], color=colour,
                  linewidth=1.6, label=label, marker="." if len(of_strategy) < 3 else None)  # fmt: skip
    dates = [row["game_date"] for row in rows]
    _date_axis(axes, min(dates), max(dates))
    _label_axes(axes, "", "units")
    return {}


def _draw_funnel(axes: Axes, rows: Sequence[Row], labelled: Collection[str]) -> Tooltips:
    """The funnel is where 95 % of the players lie if they differ by chance alone."""
    effective = [float(row["effective_bets"]) for row in rows]
    mean = sum(row["correct"] for row in rows) / sum(row["bets"] for row in rows)
    steps = [max(effective) * step / 100 for step in range(1, 101)]
    half = [1.96 * math.sqrt(mean * (1 - mean) / step) for step in steps]
    axes.fill_between(steps, [max(mean - h, 0) for h in half], [min(mean + h, 1) for h in half], color=GREY, alpha=0.2,
                      linewidth=0, label="95 % of players, by chance alone")  # fmt: skip
    _draw_break_even(axes)
    points = axes.scatter(effective, [row["hit_rate"] for row in rows], s=14, color=BLUE, alpha=0.65, linewidth=0,
                          label="hit rate of a player")  # fmt: skip
    for row, x in zip(rows, effective, strict=True):
        if row["player_lookup"] in labelled:
            axes.annotate(row["player_lookup"], (x, row["hit_rate"]), fontsize=7)
    axes.set(ylim=(0, 1.02), xlim=(0, 1.05 * max(effective)))
    _percent_axis(axes.yaxis)
    _label_axes(axes, "effective bets", "hit rate")
    return {points: [f"{row['player_lookup']}: {_estimate(row)}" for row in rows]}


def _draw_volume(axes: Axes, rows: Sequence[Row]) -> Tooltips:
    dates, heights = ([row[name] for row in rows] for name in ("game_date", "active_rows"))
    axes.bar(dates, heights, width=0.8, color=BLUE, linewidth=0)
    points = axes.scatter(dates, heights, s=16, alpha=0, color=BLUE)
    axes.grid(visible=False, axis="x")
    axes.set_ylim(0, 1.1 * max(heights))
    _date_axis(axes, min(dates), max(dates))
    return {points: [f"{row['game_date']}: {row['active_rows']:,} predictions" for row in rows]}


def _draw_break_even(axes: Axes) -> None:
    axes.axhline(BREAK_EVEN, color=ORANGE, linewidth=1, linestyle="--", label="break even at -110 (52.4 %)")


def _label_axes(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(x, fontsize=_SMALL)
    axes.set_ylabel(y, fontsize=_SMALL)


def _percent_axis(axis: Any) -> None:
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))


def _date_axis(axes: Axes, first: dt.date, last: dt.date) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    margin = dt.timedelta(2)
    axes.set_xlim(first - margin, last + margin)  # type: ignore[arg-type]
    locator = AutoDateLocator(minticks=2, maxticks=6)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.get_offset_text().set_fontsize(_SMALL)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
