"""The page in a browser: on a phone and a screen, light, dark and printed, with pointer and keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nba_consolidation.operations.daily_quality.results import CheckStatus
from nba_consolidation.pipeline.daily_report.contents import Report
from nba_consolidation.pipeline.daily_report.page import page as page_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_FAINT = """() => {
  // Every visible text whose contrast with its background, by WCAG 2, is too low.
  const channels = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const back = channels(getComputedStyle(e).backgroundColor);
      if (back.length === 3 || back[3] > 0.99) return back;
    }
    return [255, 255, 255];
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    const hidden = element.closest("script, style, [hidden], .skip") || !element.getClientRects().length;
    if (hidden || !node.data.trim()) continue;
    const style = getComputedStyle(element);
    const ink = channels(element instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [light(ink), light(behind(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const large = parseFloat(style.fontSize) >= 24;
    if (contrast < (large ? 3 : 4.5)) faint.push([node.data.trim().slice(0, 40), contrast]);
  }
  return faint;
}"""


@pytest.fixture(scope="module")
def file(html: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(html, encoding="utf-8")
    return file


class Opened:
    """The page in a window, with the messages and requests of the browser."""

    def __init__(self, browser: Browser, file: Path, width: int, scheme: Any) -> None:
        self.page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.messages: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.messages.append(message.text))
        self.page.on("pageerror", lambda error: self.messages.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(file.as_uri())


def window(width: int, scheme: str, *marks: pytest.MarkDecorator) -> Any:
    return pytest.param((width, scheme), id=f"{width}-{scheme}", marks=marks)


@pytest.fixture(
    params=[window(390, "light", pytest.mark.slow), window(390, "dark"), window(1440, "light", pytest.mark.slow),
            window(1440, "dark", pytest.mark.slow)]
)  # fmt: skip
def opened(browser: Browser, file: Path, request: pytest.FixtureRequest) -> Iterator[Opened]:
    opened = Opened(browser, file, *request.param)
    yield opened
    opened.page.close()


@pytest.fixture
def page(browser: Browser, file: Path) -> Iterator[Page]:
    page = Opened(browser, file, 1440, "light").page
    yield page
    page.close()


def test_the_page_opens_without_messages_or_requests_fits_the_window_and_has_enough_contrast(
    opened: Opened, file: Path
) -> None:
    assert opened.messages == []
    assert [url for url in opened.requests if not url.startswith("data:")] == [file.as_uri()]
    wide = opened.page.evaluate(
        "[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll, svg, .skip') && "
        "e.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map(e => e.outerHTML.slice(0, 80))"
    )
    assert wide == []
    assert opened.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert opened.page.evaluate(_FAINT) == []


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_enough_contrast_when_all_is_fine(
    browser: Browser, report: Report, tmp_path: Path, scheme: str
) -> None:
    work = replace(report.work, duplicates={})
    checks = [replace(check, status=CheckStatus.PASSED) for check in report.checks]
    file = tmp_path / "fine.html"
    file.write_text(page_of(replace(report, work=work, checks=checks, actions=[])), encoding="utf-8")
    page = Opened(browser, file, 1440, scheme).page
    assert page.locator(".good").count() >= 3
    assert page.evaluate(_FAINT) == []
    page.close()


@pytest.mark.slow
def test_light_and_dark_mode_differ(browser: Browser, file: Path) -> None:
    looks = (
        "[document.body, document.querySelector('svg text')]"
        ".map(e => getComputedStyle(e)).map(s => s.backgroundColor + s.fill)"
    )
    light, dark = (Opened(browser, file, 1440, scheme).page.evaluate(looks) for scheme in ("light", "dark"))
    assert light[0] != dark[0]
    assert light[1] != dark[1]


@pytest.mark.slow
def test_a_tooltip_appears_under_the_pointer_and_disappears(page: Page) -> None:
    tip, point = page.locator("#tip"), page.locator("svg [data-tip]").first
    assert tip.is_hidden()
    point.hover(force=True)
    assert tip.is_visible()
    assert tip.inner_text() == point.get_attribute("data-tip")
    box, of = tip.bounding_box(), point.bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert of
    assert box["y"] + box["height"] <= of["y"]
    page.keyboard.press("Escape")
    assert tip.is_hidden()


@pytest.mark.slow
def test_a_tooltip_follows_its_marker_and_is_below_it_if_there_is_no_room_above(page: Page) -> None:
    tip, point = page.locator("#tip"), page.locator("svg [tabindex]").first
    point.focus()
    to_the_edge = "point => scrollBy({top: point.getBoundingClientRect().top - 5, behavior: 'instant'})"
    point.evaluate(to_the_edge)
    page.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    box, of = tip.bounding_box(), point.bounding_box()
    assert box
    assert of
    assert box["y"] >= of["y"] + of["height"]


@pytest.mark.slow
def test_a_tooltip_appears_for_the_focused_marker(page: Page) -> None:
    seen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        text = page.evaluate("document.activeElement.dataset?.tip")
        if text:
            seen.append(text)
            assert page.locator("#tip").inner_text() == text
    assert len(set(seen)) >= 3


@pytest.mark.slow
def test_the_data_of_a_chart_is_saved_as_a_file(page: Page, tmp_path: Path) -> None:
    with page.expect_download() as download:
        page.locator("a.data").first.click()
    download.value.save_as(tmp_path / "data.csv")
    assert download.value.suggested_filename == "hit-rate-by-system.csv"
    assert (tmp_path / "data.csv").read_text(encoding="utf-8").startswith("chart,system_id,bets,hit_rate,")


def test_the_first_tab_stop_skips_to_the_summary(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.url.endswith("#glance")


@pytest.mark.slow
def test_the_printed_page_is_dark_on_white_and_has_no_links(browser: Browser, file: Path) -> None:
    page = Opened(browser, file, 1440, "dark").page
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("nav").is_hidden()
    assert page.evaluate(_FAINT) == []
    assert page.pdf().startswith(b"%PDF")


@pytest.mark.slow
def test_without_scripts_all_tables_and_charts_are_visible(browser: Browser, file: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    assert page.locator("table").count() >= 5
    assert page.locator("svg").count() >= 6
    context.close()
