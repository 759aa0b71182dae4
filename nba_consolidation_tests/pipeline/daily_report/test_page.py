"""The page: one complete document, text from outside only as text, and every value that it should have."""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from nba_consolidation.operations.status import PipelineStatus
from nba_consolidation.pipeline.daily_report.chart_data import DATA_COLUMNS, charts_of
from nba_consolidation.pipeline.daily_report.contents import Players, Report, Strategies, Work
from nba_consolidation.pipeline.daily_report.page import page
from nba_consolidation_tests.pipeline.analysis.performance.graded import DATE
from nba_consolidation_tests.pipeline.daily_report.conftest import EVIL

_VOID = {"meta", "link", "use", "path", "br", "img"}


class Document(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, Mapping[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("style", "script"):
            self.text += data

    def named(self, tag: str) -> list[Mapping[str, str | None]]:
        """The attributes of every element with that name."""
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def document(html: str) -> Document:
    return Document(html)


def test_the_page_is_complete_and_loads_nothing(document: Document, html: str) -> None:
    assert document.open == []
    for _, attributes in document.elements:
        for name in ("src", "href", "action", "data", "xlink:href"):
            target = attributes.get(name)
            assert target is None or target.startswith(("#", "data:")), (name, target)
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)
    (policy,) = [entry["content"] for entry in document.named("meta") if entry.get("http-equiv")]
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_ids_are_unique_and_every_reference_has_its_target(document: Document) -> None:
    ids = Counter(attributes["id"] for _, attributes in document.elements if "id" in attributes)
    assert set(ids.values()) == {1}
    targets = {attributes.get("href") for _, attributes in document.elements} | {
        reference
        for _, attributes in document.elements
        for value in attributes.values()
        for reference in re.findall(r"url\((#[^)]+)\)", value or "")
    }
    references = {target for target in targets if target and target.startswith("#")}
    assert references
    assert references <= {f"#{name}" for name in ids}


def test_text_from_outside_is_never_markup(document: Document, html: str) -> None:
    assert len(document.named("script")) == 1
    assert EVIL in document.text
    assert '<script>alert("x")' not in html
    assert any(EVIL in (mark.get("data-tip") or "") for mark in document.named("use"))


def test_every_chart_has_a_description_for_screen_readers(document: Document) -> None:
    charts = list(document.named("svg"))
    assert len(charts) >= 6
    assert all(svg["aria-label"] and svg["role"] in ("img", "group") for svg in charts)
    focusable = [mark for mark in document.named("use") if mark.get("tabindex") == "0"]
    assert focusable
    assert all(mark["aria-label"] == mark["data-tip"] for mark in focusable)


def test_every_chart_has_its_values_as_a_csv_file_in_the_page(document: Document, report: Report) -> None:
    links = [link for link in document.named("a") if link.get("download")]
    assert len(links) == len(document.named("figure")) == len({link["download"] for link in links})
    prefix = "data:text/csv;charset=utf-8,"
    texts = [unquote(str(link["href"]).removeprefix(prefix)) for link in links if str(link["href"]).startswith(prefix)]
    tables = [list(csv.DictReader(io.StringIO(text, newline=""))) for text in texts]
    assert len(tables) == len(links)
    by_system = next(table for table in tables if table[0]["chart"] == "hit rate by system")
    shown = {row["system_id"]: row for row in report.performance if row["time_window"] == "30d"}
    assert {row["system_id"]: (int(row["bets"]), float(row["hit_rate"])) for row in by_system} == {
        row["system_id"]: (shown[row["system_id"]]["bets"], shown[row["system_id"]]["hit_rate"]) for row in by_system
    }
    assert EVIL in {row["system_id"] for row in by_system}


def test_the_data_of_all_charts_is_one_table(report: Report) -> None:
    names = [column.name for column in DATA_COLUMNS]
    rows = [dict(zip(names, row, strict=True)) for row in charts_of(report).rows()]
    assert {row["chart"] for row in rows} == {
        "hit rate by system", "hit rate by date", "hit rate by confidence", "hit rate by player", "return by strategy",
        "active predictions",
    }  # fmt: skip
    for row in rows:
        types = {column.type: row[column.name] for column in DATA_COLUMNS if row[column.name] is not None}
        assert all(isinstance(value, _TYPES[kind]) for kind, value in types.items()), row
    series = {row["series"] for row in rows if row["chart"] == "hit rate by confidence" and row["system_id"]}
    assert series == {"as stated", "calibrated"}


_TYPES = {"STRING": str, "DATE": dt.date, "INT64": int, "FLOAT64": float}


def test_charts_use_only_colours_of_the_page(document: Document) -> None:
    styles = [str(attributes["style"]) for _, attributes in document.elements if "style" in attributes]
    colours = {colour for style in styles for colour in re.findall(r"(?:fill|stroke):\s*([^;]+)", style)}
    assert len(colours) >= 4
    assert all(colour in ("none", "currentColor") or colour.startswith("var(--") for colour in colours), colours


def test_the_values_are_in_the_text(document: Document, report: Report) -> None:
    text = " ".join(document.text.split())
    assert "Predictions, Thursday, 15 January 2026" in text
    for row in report.performance:
        if row["bets"]:
            assert f"{row['hit_rate']:.1%}".replace("%", " %") in text
            assert f"{row['hit_rate_low']:.1%} to {row['hit_rate_high']:.1%}".replace("%", " %") in text
    for action in report.actions:
        assert action.what.replace("`", "") in text
        assert action.to_do.replace("`", "") in text
    for system in report.reliability:
        assert f"As stated: ECE {system.stated_scores.ece:.3f}, " in text
        assert f"95 % below {system.stated_scores.ece_noise_high:.3f}" in text
        assert f"{system.constant_log_loss:.4f}" in text
    uninformative = [system.system_id for system in report.reliability if not system.is_informative]
    assert f"{', '.join(uninformative)}: neither as stated nor as calibrated does the confidence beat" in text
    decided = report.work.total_graded("correct") + report.work.total_graded("wrong")
    assert f"Graded{decided}decided bets" in text
    assert all(check.name in text for check in report.checks)


def test_heading_levels_are_never_skipped(document: Document) -> None:
    levels = [int(tag[1]) for tag, _ in document.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels))


def test_the_same_report_gives_the_same_page_byte_for_byte(report: Report, html: str) -> None:
    assert page(report) == html


def test_without_data_the_page_names_the_next_commands_and_shows_no_numbers(report: Report) -> None:
    bare = replace(
        report,
        work=Work([], [], [], {"duplicate_business_keys": 0}, [], PipelineStatus()),
        checks=[], performance=[], over_time=[], reliability=[], waiting_calibrations=[],
        players=Players(None, (), (), ()), strategies=Strategies(None, (), ()), lease_events=[], actions=[],
    )  # fmt: skip
    text = " ".join(Document(page(bare)).text.split())
    assert "all fine" in text
    assert "no decided bet" in text
    for hint in (
        "nba-consolidation grade",
        "nba-consolidation players review",
        "strategies evaluate",
        "No decided bet of these days has a confidence",
    ):
        assert hint in text
    assert "nan" not in text.lower().split()
    assert "%" not in text.split("Hit rates")[0]


def test_the_title_of_a_range_has_both_dates(report: Report) -> None:
    text = Document(page(replace(report, first=DATE.replace(day=2)))).text
    assert "2 January 2026 to 15 January 2026" in text
