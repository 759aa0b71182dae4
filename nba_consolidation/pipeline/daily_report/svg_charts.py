"""Charts of a page: figures in, SVG out. What is drawn takes the page's colours, so that it is light or dark with it.

Narrow enough for a phone, and magnified where there is room. Each point can be pointed at, or reached by keyboard; what
it then tells stands in `data-tip`.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from nba_consolidation.pipeline.daily_report.png_plots import (
    BLUE,
    GREY,
    GRID,
    ORANGE,
    draw_date_axis,
    draw_funnel,
    draw_hit_rate,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.figure import Figure

Row = Mapping[str, Any]
_WIDTH = 3.9
_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_PAGE_COLOURS = {BLUE: "var(--blue)", ORANGE: "var(--orange)", GREY: "var(--grey)", GRID: "var(--grid)",
                 "#000000": "currentColor"}  # fmt: skip
_KEPT_STYLES = ("fill", "stroke", "opacity", "font", "text-anchor", "display", "clip")
_NOT_SHOWN = (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style")


def intervals(rows: Sequence[Row], alt: str, *, even: float, axis: str = "hit rate") -> str:
    """A line per row: its value, the interval around it, and where it would break even.

    rows: `label`, `value`, `low`, `high` (shares of 1; None where nothing is known) and `tip`.
    """
    from matplotlib.ticker import PercentFormatter

    shown = [row for row in rows if row["value"] is not None]
    figure, axes = _figure(0.62 + 0.26 * len(shown))
    places = list(range(len(shown)))[::-1]
    axes.axvline(even, color=ORANGE, linewidth=1, linestyle="--")
    axes.hlines(places, [row["low"] for row in shown], [row["high"] for row in shown], color=BLUE, linewidth=2)
    points = axes.scatter([row["value"] for row in shown], places, s=26, color=BLUE, zorder=3)
    axes.set_yticks(places, [row["label"] for row in shown])
    axes.set_ylim(-0.6, len(shown) - 0.4)
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel(axis, fontsize=8)
    return _svg(figure, alt, {points: [row["tip"] for row in shown]}, by_keyboard=True)


def hit_rate_over_time(rows: Sequence[Row], alt: str, limits: tuple[float, float]) -> str:
    """One system's hit rate with its interval, by date. rows: of system_performance, in order, with bets."""
    figure, axes = _figure(1.9)
    draw_hit_rate(axes, rows)
    shown = [row for row in rows if row["bets"]]
    points = axes.scatter([row["game_date"] for row in shown], [row["hit_rate"] for row in shown], s=16, alpha=0,
                          color=BLUE)  # fmt: skip
    axes.set_ylim(*limits)
    draw_date_axis(axes, [rows[0]["game_date"], rows[-1]["game_date"]])
    tips = [
        f"{row['game_date']}: {row['hit_rate']:.1%} ({row['hit_rate_low']:.1%} to {row['hit_rate_high']:.1%}), "
        f"n = {row['bets']:,}"
        for row in shown
    ]
    return _svg(figure, alt, {points: tips})


def reliability(before: Sequence[Row], after: Sequence[Row], alt: str) -> str:
    """What was promised against what came, by bucket: as it came, and as calibrated where there is any calibration.

    before, after: `mean_confidence`, `hit_rate`, `hit_rate_low`, `hit_rate_high`, `bets` of each bucket.
    """
    figure, axes = _figure(3.5)
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--")
    tips: dict[PathCollection, list[str]] = {}
    most = max((row["bets"] for row in (*before, *after)), default=1)
    for bins, colour, marker, what in ((before, ORANGE, "s", "as it came"), (after, BLUE, "o", "calibrated")):
        if not bins:
            continue
        promised, came, low, high, bets = (
            [row[name] for row in bins]
            for name in ("mean_confidence", "hit_rate", "hit_rate_low", "hit_rate_high", "bets")
        )
        axes.vlines(promised, low, high, color=colour, linewidth=1.2)
        points = axes.scatter(promised, came, s=[14 + 80 * count / most for count in bets], color=colour, marker=marker,
                              alpha=0.8, linewidth=0, zorder=3)  # fmt: skip
        tips[points] = [
            f"{what}: promised {row['mean_confidence']:.1%}, came {row['hit_rate']:.1%} "
            f"({row['hit_rate_low']:.1%} to {row['hit_rate_high']:.1%}), n = {row['bets']:,}"
            for row in bins
        ]
    axes.set(xlim=(0, 1), ylim=(0, 1), box_aspect=1)
    axes.set_xlabel("confidence", fontsize=8)
    axes.set_ylabel("hit rate", fontsize=8)
    return _svg(figure, alt, tips, by_keyboard=True)


def funnel(rows: Sequence[Row], alt: str, named: Sequence[str]) -> str:
    """Each player's hit rate by what his bets are worth; inside the funnel lie 19 of 20 by chance alone.

    rows: of player_reliability, of one date, with bets. named: players whose names stand beside their points.
    """
    figure, axes = _figure(2.9)
    worth = draw_funnel(axes, rows)
    points = axes.scatter(worth, [row["hit_rate"] for row in rows], s=14, color=BLUE, alpha=0.65, linewidth=0)
    for row in rows:
        if row["player_lookup"] in named:
            axes.annotate(row["player_lookup"], (float(row["effective_bets"]), row["hit_rate"]), fontsize=6.5)
    tips = [
        f"{row['player_lookup']}: {row['correct']:,} of {row['bets']:,} bets, {row['hit_rate']:.1%}" for row in rows
    ]
    return _svg(figure, alt, {points: tips})


def volume(rows: Sequence[Row], alt: str) -> str:
    """Predictions that stand, by game date. rows: `game_date`, `active_rows`, in order."""
    figure, axes = _figure(1.7)
    dates = [row["game_date"] for row in rows]
    heights = [row["active_rows"] for row in rows]
    axes.bar(dates, heights, width=0.8, color=BLUE, linewidth=0)
    points = axes.scatter(dates, heights, s=16, alpha=0, color=BLUE)
    axes.grid(visible=False, axis="x")
    axes.set_ylim(0, 1.1 * max(heights))
    draw_date_axis(axes, [min(dates), max(dates)])
    tips = [f"{row['game_date']}: {row['active_rows']:,} predictions" for row in rows]
    return _svg(figure, alt, {points: tips})


def _figure(height: float) -> tuple[Figure, Axes]:
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    FigureCanvasSVG(figure)
    figure.patch.set_visible(False)
    axes = figure.add_subplot()
    axes.patch.set_visible(False)
    axes.tick_params(labelsize=8, color=GREY)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["bottom", "left"]].set_color(GREY)
    axes.grid(color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    return figure, axes


def _svg(figure: Figure, alt: str, tips: Mapping[PathCollection, Sequence[str]], *, by_keyboard: bool = False) -> str:
    """The figure for a page: no ids that clash with those of another, no colour or font of its own, and its tips.

    by_keyboard: whether each point can be reached; of a hundred nobody wants to, and a table has them too.
    """
    from matplotlib import rc_context

    groups = {f"points_{number}": texts for number, texts in enumerate(tips.values())}
    for name, points in zip(groups, tips, strict=True):
        points.set_gid(name)
    target = io.StringIO()
    # Text stays text: it can be read aloud, found and scaled. The salt makes equal figures equal to the byte.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "chart"}):
        figure.savefig(target, format="svg", metadata={"Date": None})
    root = ET.fromstring(target.getvalue())  # noqa: S314 (matplotlib's own output)
    for parent in root.iter():
        for part in [part for part in parent if part.tag in _NOT_SHOWN]:
            parent.remove(part)
    for group in root.iter():
        for text, mark in zip(groups.get(group.get("id", ""), ()), group.iter(f"{{{_SVG}}}use"), strict=False):
            mark.set("data-tip", text)
            if by_keyboard:
                mark.attrib |= {"tabindex": "0", "role": "img", "aria-label": text}
    _settle_ids(root, prefix=hashlib.sha256(target.getvalue().encode()).hexdigest()[:8])
    for part in root.iter():
        if "style" in part.attrib:
            part.set("style", _page_style(part.attrib["style"]))
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.attrib |= {"role": "group" if by_keyboard else "img", "aria-label": alt}
    return _serialised(root)


def _settle_ids(root: ET.Element, prefix: str) -> None:
    """Only ids that something refers to stay, under a name that no other chart of the page has."""
    reference = re.compile(r"url\(#([^)]+)\)")
    used: set[str] = set()
    for part in root.iter():
        if (target := part.get(f"{{{_XLINK}}}href")) is not None:
            used.add(target.removeprefix("#"))
            part.attrib.pop(f"{{{_XLINK}}}href")
            part.set("href", f"#c{prefix}-{target.removeprefix('#')}")
        for name, value in part.attrib.items():
            used.update(reference.findall(value))
            part.set(name, reference.sub(lambda found: f"url(#c{prefix}-{found[1]})", value))
    for part in root.iter():
        if (own := part.attrib.pop("id", None)) in used:
            part.set("id", f"c{prefix}-{own}")


def _page_style(style: str) -> str:
    kept = []
    for declaration in style.split(";"):
        name, _, value = (piece.strip() for piece in declaration.partition(":"))
        if name.startswith(_KEPT_STYLES) and name != "stroke-miterlimit":
            # A font is "8px 'DejaVu Sans', ...": its size stays, its family is the page's.
            value = re.sub(r"^([\d.]+px).*", r"\1 var(--font)", value) if name == "font" else value
            kept.append(f"{name}:{_PAGE_COLOURS.get(value.lower(), value)}")
    return ";".join(kept)


def _serialised(root: ET.Element) -> str:
    ET.register_namespace("", _SVG)
    text = ET.tostring(root, encoding="unicode")
    return re.sub(r">\s+<", "><", text).replace(f' xmlns="{_SVG}"', "", 1)
