"""Pictures of figures: rows of the tables of performance in, PNG bytes out. Computes nothing, and knows no Dagster.

Figures are made without pyplot, which keeps them alive in a state of its own. The colours are Okabe and Ito's, which
people who see colours differently tell apart.
"""

from __future__ import annotations

import datetime as dt
import io
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row = Mapping[str, Any]
BLUE, ORANGE, GREY, GRID = "#0072b2", "#d55e00", "#767676", "#e6e6e6"
_COLUMNS, _WIDTH = 3, 3.4
_SYSTEMS_SHOWN = 9
_DPI, _COLOURS = 110, 48
"""A picture lies in an event of Dagster's, in a database: each stays below 60 kB."""
_BETS_FOR_SCALE = 50
BREAK_EVEN = 11 / 21
"""The hit rate that odds of -110 take back again."""


def hit_rates(rows: Sequence[Row], title: str) -> bytes:
    """Each system's hit rate over time with its interval, and how many bets it is over; small multiples on one scale.

    rows: of system_performance, one per system and date.
    """
    systems = _by_system(rows)
    figure, places = _grid(len(systems), 2.3, title + _left_out(rows, systems))
    low, high = scale_of(rows)
    span = [min(row["game_date"] for row in rows), max(row["game_date"] for row in rows)]
    for axes, (system, found) in zip(places, systems.items(), strict=True):
        draw_hit_rate(axes, found)
        axes.set_title(_named(system, found[-1]), fontsize=9, loc="left")
        axes.set_ylim(low, high)
        draw_date_axis(axes, span)
    _legend(figure, places[0])
    return _png(figure)


def reliability(rows: Sequence[Row], scores: Sequence[Row], title: str) -> bytes:
    """Each system's hit rate by bin of confidence: on the diagonal where it is worth what it says.

    rows: of confidence_calibration, scores: of calibration_scores, both of one date and window.
    """
    scored = {row["system_id"]: row for row in scores}
    systems = _by_system(rows)
    figure, places = _grid(len(systems), 3.2, title + _left_out(rows, systems))
    for axes, (system, bins) in zip(places, systems.items(), strict=True):
        _reliability(axes, bins)
        axes.set_title(f"{system}\nECE {scored[system]['ece']:.3f}, n = {scored[system]['bets']:,}",
                       fontsize=9, loc="left")  # fmt: skip
    _legend(figure, places[0])
    return _png(figure)


def recalibration(rows: Sequence[Row], title: str) -> bytes:
    """Each system's reliability before and after a calibration, on the same bets.

    rows: one per system, with `method`, `bets`, `ece_before`, `ece_after`, and bins in `before` and `after`.
    """
    shown = sorted(sorted(rows, key=lambda row: -row["bets"])[:_SYSTEMS_SHOWN], key=lambda row: str(row["system_id"]))
    systems = {row["system_id"]: row for row in shown}
    figure, places = _grid(len(shown), 3.2, title + _left_out(rows, systems))
    for axes, (system, row) in zip(places, systems.items(), strict=True):
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--", label="worth what it says")
        _before_or_after(axes, row["before"], ORANGE, "s", "as it came")
        _before_or_after(axes, row["after"], BLUE, "o", "calibrated")
        axes.set(xlim=(0, 1), ylim=(0, 1.02), box_aspect=1)
        axes.set_xlabel("confidence", fontsize=8)
        axes.set_ylabel("hit rate", fontsize=8)
        axes.set_title(
            f"{system}, {row['method']}\nECE {row['ece_before']:.3f} to {row['ece_after']:.3f}, n = {row['bets']:,}",
            fontsize=9, loc="left",
        )  # fmt: skip
    _legend(figure, places[0])
    return _png(figure)


def _before_or_after(axes: Axes, bins: Sequence[Row], colour: str, marker: str, label: str) -> None:
    promised, came = ([row[name] for row in bins] for name in ("mean_confidence", "hit_rate"))
    errors = [[row["hit_rate"] - row["hit_rate_low"] for row in bins],
              [row["hit_rate_high"] - row["hit_rate"] for row in bins]]  # fmt: skip
    most = max(row["bets"] for row in bins)
    axes.errorbar(promised, came, yerr=errors, fmt="none", ecolor=colour, elinewidth=1, capsize=2)
    sizes = [12 + 90 * row["bets"] / most for row in bins]
    axes.scatter(promised, came, s=sizes, color=colour, marker=marker, alpha=0.75, linewidth=0, zorder=3, label=label)


def players(rows: Sequence[Row], title: str, flagged: str) -> bytes:
    """Each player's hit rate by what his bets are worth, and where it is drawn to; chance alone fills the funnel.

    rows: of player_reliability, of one date, with bets. flagged: the status that is named in the picture.
    """
    figure, (axes,) = _grid(1, 3.4, title)
    figure.set_size_inches(2 * _WIDTH, 4.2)
    worth = draw_funnel(axes, rows)
    axes.scatter(worth, [row["hit_rate"] for row in rows], s=14, color=BLUE, alpha=0.6, linewidth=0, label="a player")
    axes.scatter(worth, [row["shrunken_rate"] for row in rows], s=4, color=GREY, label="drawn towards all players")
    for row in rows:
        if row["status"] == flagged:
            axes.annotate(row["player_lookup"], (row["effective_bets"], row["hit_rate"]), fontsize=7)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower left", ncols=2, fontsize=8, frameon=False)
    return _png(figure)


def draw_funnel(axes: Axes, rows: Sequence[Row]) -> list[float]:
    """Where 19 of 20 players lie by chance alone, by what their bets are worth; returns that worth of each row."""
    from matplotlib.ticker import PercentFormatter

    worth = [float(row["effective_bets"]) for row in rows]
    common = sum(row["correct"] for row in rows) / sum(row["bets"] for row in rows)
    steps = [max(worth) * step / 100 for step in range(1, 101)]
    half = [1.96 * math.sqrt(common * (1 - common) / step) for step in steps]
    axes.fill_between(steps, [max(common - h, 0) for h in half], [min(common + h, 1) for h in half], color=GREY,
                      alpha=0.2, linewidth=0, label="19 of 20 players, by chance alone")  # fmt: skip
    axes.axhline(BREAK_EVEN, color=ORANGE, linewidth=1, linestyle="--", label="breaks even at -110 (52.4 %)")
    axes.set(ylim=(0, 1.02), xlim=(0, 1.05 * max(worth)))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("bets, as independent ones", fontsize=8)
    axes.set_ylabel("hit rate", fontsize=8)
    return worth


def strategies(rows: Sequence[Row], title: str) -> bytes:
    """Each strategy's return with its interval, from top to bottom as the rows come.

    rows: of strategy_performance, of one date, with an interval. Those that are held against others are orange squares.
    """
    from matplotlib.ticker import PercentFormatter

    figure, (axes,) = _grid(1, 0.5 + 0.24 * len(rows), title)
    figure.set_size_inches(2.4 * _WIDTH, 1.3 + 0.24 * len(rows))
    axes.axvline(0, color=GREY, linewidth=1, linestyle="--", label="breaks even")
    kinds = (("a strategy", BLUE, "o", False), ("plain bets, which it is held against", ORANGE, "s", True))
    for label, colour, marker, plain in kinds:
        chosen = [(place, row) for place, row in enumerate(rows) if (row["verdict"] == "baseline") is plain]
        places, roi = [place for place, _ in chosen], [row["roi"] for _, row in chosen]
        low, high = ([row[name] for _, row in chosen] for name in ("roi_low", "roi_high"))
        axes.hlines(places, low, high, color=colour, linewidth=1.6, alpha=0.6)
        axes.scatter(roi, places, color=colour, marker=marker, s=22, zorder=3, label=label)
    axes.set_yticks(range(len(rows)), [f"{row['strategy']}, n = {row['bets']:,}" for row in rows], fontsize=7)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("return per unit staked, with its 95 % bootstrap interval by game date", fontsize=8)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower left", ncols=3, fontsize=8, frameon=False)
    return _png(figure)


def profits(rows: Sequence[Row], named: Mapping[str, str], title: str) -> bytes:
    """What strategies had won or lost after each date. named: what to call each of them, by its name, in this order.

    rows: of strategy_performance, of several dates.
    """
    figure, (axes,) = _grid(1, 3, title)
    figure.set_size_inches(2.4 * _WIDTH, 3.6)
    axes.axhline(0, color=GREY, linewidth=1, linestyle="--")
    for (strategy, label), colour in zip(named.items(), (ORANGE, GREY, BLUE), strict=False):
        found = [row for row in rows if row["strategy"] == strategy]
        dates, profit = [row["game_date"] for row in found], [row["profit"] for row in found]
        axes.plot(dates, profit, color=colour, linewidth=1.6, label=label, marker="." if len(found) < 3 else None)
    draw_date_axis(axes, [min(row["game_date"] for row in rows), max(row["game_date"] for row in rows)])
    axes.set_ylabel("units", fontsize=8)
    _legend(figure, axes)
    return _png(figure)


def _by_system(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """In the order of the rows; of very many systems those with the most bets."""
    systems: dict[str, list[Row]] = {}
    for row in rows:
        systems.setdefault(row["system_id"], []).append(row)
    kept = sorted(systems, key=lambda system: -sum(row["bets"] for row in systems[system]))[:_SYSTEMS_SHOWN]
    return {system: found for system, found in systems.items() if system in kept}


def _left_out(rows: Sequence[Row], shown: Mapping[str, object]) -> str:
    of = len({row["system_id"] for row in rows})
    return "" if of == len(shown) else f" (the {len(shown)} of {of} systems with the most bets)"


def _grid(count: int, height: float, title: str) -> tuple[Figure, list[Axes]]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = 2 if count == 4 else min(count, _COLUMNS)
    lines = math.ceil(count / columns)
    figure = Figure(figsize=(_WIDTH * columns, height * lines + 0.8), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    places = [figure.add_subplot(lines, columns, number + 1) for number in range(count)]
    for axes in places:
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color=GRID, linewidth=0.7)
        axes.set_axisbelow(True)
    return figure, places


def draw_hit_rate(axes: Axes, rows: Sequence[Row]) -> None:
    """A date without bets interrupts the line: nothing is known of it."""
    from matplotlib.ticker import PercentFormatter

    dates = [row["game_date"] for row in rows]
    rate, low, high = (
        [math.nan if row[name] is None else row[name] for row in rows]
        for name in ("hit_rate", "hit_rate_low", "hit_rate_high")
    )
    axes.axhline(BREAK_EVEN, color=ORANGE, linewidth=1, linestyle="--", label="breaks even at -110 (52.4 %)")
    axes.fill_between(dates, low, high, color=BLUE, alpha=0.2, linewidth=0, label="95 % interval (Wilson)")
    if len(rows) < 3:  # too few for a band to be seen
        axes.vlines(dates, low, high, color=BLUE, alpha=0.4, linewidth=5)
        axes.scatter(dates, rate, color=BLUE, s=20, zorder=3)
    axes.plot(dates, rate, color=BLUE, linewidth=1.6, label="hit rate")
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))


def _named(system: str, last: Row) -> str:
    if last["hit_rate"] is None:
        return f"{system}\nno bets, n = 0"
    interval = f"{100 * last['hit_rate_low']:.1f} to {100 * last['hit_rate_high']:.1f}"
    return f"{system}\nlast {100 * last['hit_rate']:.1f} % ({interval}), n = {last['bets']:,}"


def scale_of(rows: Sequence[Row]) -> tuple[float, float]:
    """One scale for all. The first days of a season, of a few bets each, do not set it: the band leaves the picture."""
    known = [row for row in rows if row["bets"] >= _BETS_FOR_SCALE] or [row for row in rows if row["bets"]]
    low, high = ([row[name] for row in known] for name in ("hit_rate_low", "hit_rate_high"))
    return max(min([0.45, *low]) - 0.02, 0), min(max([0.6, *high]) + 0.02, 1)


def draw_date_axis(axes: Axes, span: Sequence[dt.date]) -> None:
    """Dates from the first to the last of the span, as short as they can be told apart."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    edge = dt.timedelta(2)
    axes.set_xlim(span[0] - edge, span[1] + edge)  # type: ignore[arg-type]
    locator = AutoDateLocator(minticks=2, maxticks=6)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.get_offset_text().set_fontsize(8)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def _reliability(axes: Axes, bins: Sequence[Row]) -> None:
    """Points as large as the bets that they stand for; below, how the bets lie over the bins."""
    promised = [row["mean_confidence"] for row in bins]
    came = [row["hit_rate"] for row in bins]
    errors = [[row["hit_rate"] - row["hit_rate_low"] for row in bins],
              [row["hit_rate_high"] - row["hit_rate"] for row in bins]]  # fmt: skip
    bets = [row["bets"] for row in bins]
    axes.plot([0, 1], [0, 1], color=ORANGE, linewidth=1, linestyle="--", label="worth what it says")
    counts = axes.twinx()
    middles = [(row["lower_bound"] + row["upper_bound"]) / 2 for row in bins]
    counts.bar(middles, bets, width=0.094, color=GREY, alpha=0.3, linewidth=0)
    counts.set_ylim(0, 4 * max(bets))
    counts.axis("off")
    axes.errorbar(promised, came, yerr=errors, fmt="none", ecolor=BLUE, elinewidth=1.1, capsize=2.5)
    sizes = [12 + 110 * count / max(bets) for count in bets]
    axes.scatter(promised, came, s=sizes, color=BLUE, alpha=0.75, linewidth=0, zorder=3,
                 label="hit rate with its 95 % interval (size: bets)")  # fmt: skip
    axes.bar([0], [0], color=GREY, alpha=0.3, label="bets by confidence")
    axes.set(xlim=(0, 1), ylim=(0, 1.02), box_aspect=1)
    axes.set_xlabel("confidence", fontsize=8)
    axes.set_ylabel("hit rate", fontsize=8)


def _legend(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    columns = len(handles) if len(figure.axes) > 1 else 1
    figure.legend(handles, labels, loc="outside lower left", ncols=columns, fontsize=8, frameon=False)


def _png(figure: Figure) -> bytes:
    """In as few colours as are told apart, which halves it."""
    from PIL import Image

    drawn, target = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png")
    Image.open(drawn).convert("RGB").quantize(_COLOURS).save(target, format="png", optimize=True)
    return target.getvalue()
