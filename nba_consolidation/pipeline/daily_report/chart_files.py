"""Two ways to save charts: as one PNG, a panel for each, for Dagster's metadata; or one as an SVG within the page.

Figures are made without pyplot, which would keep every one of them in memory. Text from outside is never parsed as
mathematical markup: a `$` in a name is a `$`. A chart that cannot be drawn is replaced by a sentence and logged: a
picture is never a reason for a step or a page to fail.
"""

from __future__ import annotations

import io
import logging
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING
from warnings import catch_warnings, filterwarnings
from xml.etree import ElementTree as ET

from nba_consolidation.observability import log_event
from nba_consolidation.pipeline.daily_report.charts import BLUE, GREY, GRID, ORANGE, Chart, most_bets

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_log = logging.getLogger(__name__)
_NOT_DRAWN = "This picture could not be drawn; the log has the reason."
_PANELS, _PANELS_PER_LINE = 9, 3
_DPI, _COLOURS = 110, 48
"""Dagster keeps a PNG in an event in its database: with few colours, each stays below 60 kB."""
_PAGE_WIDTH = 3.9
"""Inches; narrow enough to be legible on a phone. The page enlarges the chart where there is room."""
_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_PAGE_COLOURS = {BLUE: "var(--blue)", ORANGE: "var(--orange)", GREY: "var(--grey)", GRID: "var(--grid)",
                 "#000000": "currentColor"}  # fmt: skip
_KEPT_STYLES = ("fill", "stroke", "opacity", "font", "text-anchor", "display", "clip")
_LEFT_OUT = (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style")
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def png(charts: Sequence[Chart], title: str) -> bytes:
    """The charts as panels of one picture with a title and a legend; of very many, those with the most bets."""
    try:
        return _png(charts, title)
    except Exception as error:  # noqa: BLE001  of any name, figure or library
        _log_failure(title, error)
        return _png_of_a_sentence(_NOT_DRAWN)


def svg(chart: Chart) -> str:
    """The chart as an element of the page: no colours, fonts or ids of its own, and tooltips in `data-tip`."""
    try:
        return _svg(chart)
    except Exception as error:  # noqa: BLE001  of any name, figure or library
        _log_failure(chart.heading, error)
        return f'<svg viewBox="0 0 400 40" role="img"><text x="4" y="24">{_NOT_DRAWN}</text></svg>'


def _log_failure(title: str, error: Exception) -> None:
    log_event(_log, "picture_not_drawn", logging.WARNING, title=title, error=f"{type(error).__name__}: {error}")


def _png_of_a_sentence(sentence: str) -> bytes:
    from PIL import Image, ImageDraw

    target, image = io.BytesIO(), Image.new("RGB", (460, 40), "white")
    ImageDraw.Draw(image).text((8, 14), sentence, fill="black")
    image.save(target, format="png")
    return target.getvalue()


def _png(charts: Sequence[Chart], title: str) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    panels = most_bets(charts, _PANELS)
    if len(panels) < len(charts):
        title += f" (the {len(panels)} of {len(charts)} systems with the most bets)"
    drawn, target = io.BytesIO(), io.BytesIO()
    with _drawing_settings():
        figure = _draw_panels(panels)
        figure.suptitle(title, fontsize=11, x=0.01, ha="left")
        FigureCanvasAgg(figure)
        figure.savefig(drawn, format="png")
    Image.open(drawn).convert("RGB").quantize(_COLOURS).save(target, format="png", optimize=True)
    return target.getvalue()


def _svg(chart: Chart) -> str:
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    target = io.StringIO()
    with _drawing_settings(chart.description):
        figure = _empty_figure(_PAGE_WIDTH, chart.height)
        figure.patch.set_visible(False)
        FigureCanvasSVG(figure)
        tooltips = chart.draw(_axes(figure))
        groups = {f"points_{number}": texts for number, texts in enumerate(tooltips.values())}
        for name, points in zip(groups, tooltips, strict=True):
            points.set_gid(name)
        figure.savefig(target, format="svg", metadata={"Date": None})
    root = ET.fromstring(_NOT_IN_XML.sub("\ufffd", target.getvalue()))  # noqa: S314 (matplotlib's own output)
    _add_tooltips(root, groups, focusable=chart.focusable)
    _keep_only_used_ids(root)
    _use_page_styles(root)
    root.attrib |= {"role": "group" if chart.focusable else "img", "aria-label": chart.description}
    return _serialised(root)


@contextmanager
def _drawing_settings(salt: str = "") -> Iterator[None]:
    """Names are not markup, and the text of an SVG stays text, which can be searched and read aloud.

    salt: makes the ids of an SVG differ from those of charts with another salt; without one they would be random.
    """
    from matplotlib import rc_context

    with rc_context({"text.parse_math": False, "svg.fonttype": "none", "svg.hashsalt": salt}), catch_warnings():
        filterwarnings("ignore", "Glyph .* missing from font")  # a name may be in any script
        yield


def _empty_figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=_DPI, layout="constrained")


def _axes(figure: Figure, lines: int = 1, columns: int = 1, number: int = 1) -> Axes:
    axes = figure.add_subplot(lines, columns, number)
    axes.patch.set_visible(False)
    axes.tick_params(labelsize=8, color=GREY)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["bottom", "left"]].set_color(GREY)
    axes.grid(color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    return axes


def _draw_panels(charts: Sequence[Chart]) -> Figure:
    columns = 2 if len(charts) == 4 else min(len(charts), _PANELS_PER_LINE)
    lines = math.ceil(len(charts) / columns)
    figure = _empty_figure(charts[0].width * columns, charts[0].height * lines + 0.8)
    for number, chart in enumerate(charts, start=1):
        axes = _axes(figure, lines, columns, number)
        chart.draw(axes)
        if chart.subtitle:
            axes.set_title(f"{chart.heading}\n{chart.subtitle}", fontsize=9, loc="left")
    labels = {
        label: handle for axes in figure.axes for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    per_line = max(1, int(figure.get_figwidth() // 1.9))
    figure.legend(labels.values(), labels, loc="outside lower left", ncols=per_line, fontsize=8, frameon=False)
    return figure


def _add_tooltips(root: ET.Element, groups: Mapping[str, Sequence[str]], *, focusable: bool) -> None:
    for group in root.iter():
        for text, mark in zip(groups.get(group.get("id", ""), ()), group.iter(f"{{{_SVG}}}use"), strict=False):
            mark.set("data-tip", text)
            if focusable:
                mark.attrib |= {"tabindex": "0", "role": "img", "aria-label": text}


def _keep_only_used_ids(root: ET.Element) -> None:
    used: set[str] = set()
    for part in root.iter():
        if (target := part.attrib.pop(f"{{{_XLINK}}}href", None)) is not None:
            part.set("href", target)
        for value in part.attrib.values():
            used.update(re.findall(r"(?:^|url\()#([^)]+)", value))
    for part in root.iter():
        if part.get("id") not in used:
            part.attrib.pop("id", None)


def _use_page_styles(root: ET.Element) -> None:
    for parent in root.iter():
        for part in [part for part in parent if part.tag in _LEFT_OUT]:
            parent.remove(part)
        if "style" in parent.attrib:
            parent.set("style", _page_style(parent.attrib["style"]))
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)


def _page_style(style: str) -> str:
    kept = []
    for declaration in style.split(";"):
        name, _, value = (piece.strip() for piece in declaration.partition(":"))
        if name.startswith(_KEPT_STYLES) and name != "stroke-miterlimit":
            # A font is "8px 'DejaVu Sans', ...": keep the size, and take the page's family.
            value = re.sub(r"^([\d.]+px).*", r"\1 var(--font)", value) if name == "font" else value
            kept.append(f"{name}:{_PAGE_COLOURS.get(value.lower(), value)}")
    return ";".join(kept)


def _serialised(root: ET.Element) -> str:
    ET.register_namespace("", _SVG)
    text = _NOT_IN_XML.sub("\ufffd", ET.tostring(root, encoding="unicode"))
    return re.sub(r">\s+<", "><", text).replace(f' xmlns="{_SVG}"', "", 1)
