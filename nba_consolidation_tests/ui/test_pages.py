"""What a person does in Dagster: looks at the graph, materialises, backfills, switches the sensor on, drops a file.

`make test` looks once at the pages of a finished demo. The other tests are slow: they run `dagster dev`.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from nba_consolidation.sql import Statement, over_dates
from nba_consolidation.wiring import deploy
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, prediction, staged
from nba_consolidation_tests.ui.conftest import ReadOnlySite, Site

if TYPE_CHECKING:
    from playwright.sync_api import Page

Keep = Callable[[str], None]
_PATIENCE = 600_000  # ms


def keep_no_picture(name: str) -> None:
    """For tests that keep no pictures."""


def test_the_graph_an_asset_the_figures_of_a_date_and_its_checks_are_shown(demo_site: ReadOnlySite, page: Page) -> None:
    look_at_groups(demo_site.address, page)
    look_at_asset(demo_site.address, page)
    first, last = demo_site.dates[0], demo_site.dates[-1]
    look_at_figures(demo_site.address, page, first)
    look_at_checks(demo_site.address, page)
    look_at_calibration(demo_site.address, page, last)
    look_at_timeline(demo_site.address, page)


def look_at_timeline(address: str, page: Page) -> None:
    page.goto(f"{address}/timeline")
    for job in ("consolidate", "grade", "reliability", "report"):
        page.get_by_text(job, exact=True).first.wait_for()


def look_at_groups(address: str, page: Page, picture: Keep = keep_no_picture) -> None:
    page.goto(f"{address}/asset-groups")
    for group in ("predictions", "accuracy", "analysis", "operations"):
        page.get_by_text(group, exact=True).first.wait_for()
    page.keyboard.press("Escape")
    picture("groups")
    page.goto(f"{address}/locations/nba_consolidation/asset-groups/predictions/lineage")
    for asset in ("staging_predictions", "player_prop_predictions", "validated_predictions"):
        page.get_by_text(asset, exact=True).first.wait_for()
    picture("predictions")


def look_at_asset(address: str, page: Page, picture: Keep = keep_no_picture) -> None:
    page.goto(f"{address}/assets/player_prop_predictions")
    page.get_by_text("Exactly one row per business key").first.wait_for()
    for what in ("DuckDB", "predictions", "grain: business_key"):
        page.get_by_text(what, exact=True).first.wait_for()
    page.get_by_text("The line, on the half point; part of the key; NULL without one.").wait_for()
    page.get_by_text("NUMERIC(4, 1)").first.wait_for()
    picture("asset")


def look_at_figures(address: str, page: Page, date: dt.date, picture: Keep = keep_no_picture) -> None:
    page.goto(f"{address}/assets/player_prop_predictions?partition={date}&view=partitions")
    page.get_by_text("lease_wait_s").first.wait_for()
    page.get_by_text("conserved").or_(page.get_by_text("staged", exact=True)).first.wait_for()
    picture("metadata")


def look_at_checks(address: str, page: Page, picture: Keep = keep_no_picture) -> None:
    page.goto(f"{address}/assets/player_prop_predictions?view=checks")
    page.get_by_text("duplicate_business_keys", exact=True).first.wait_for()
    page.get_by_text("conservation", exact=True).first.click()
    page.get_by_text("Passed").first.wait_for()
    picture("checks")


def look_at_calibration(address: str, page: Page, date: dt.date, picture: Keep = keep_no_picture) -> None:
    page.goto(f"{address}/assets/confidence_calibration?partition={date}&view=partitions")
    page.get_by_text("reliability", exact=True).first.wait_for()
    page.get_by_text("Show Markdown").first.click()
    plot = page.locator("img[src^='data:image/png']").first
    plot.wait_for()
    assert plot.evaluate("image => image.naturalWidth") > 100
    picture("calibration")


@pytest.mark.slow
def test_the_graph_has_its_groups_and_the_assets_of_each(site: Site, page: Page, picture: Keep) -> None:
    look_at_groups(site.address, page, picture)


@pytest.mark.slow
def test_an_asset_says_what_it_is(site: Site, page: Page, picture: Keep) -> None:
    look_at_asset(site.address, page, picture)


@pytest.mark.slow
def test_a_date_is_materialised_and_shows_its_figures_and_checks(site: Site, page: Page, picture: Keep) -> None:
    date = site.season.game_dates[0]
    _materialise(page, site, "player_prop_predictions", f"{date}")
    look_at_figures(site.address, page, date, picture)
    look_at_checks(site.address, page, picture)


@pytest.mark.slow
def test_ten_dates_are_backfilled_in_one_run(site: Site, page: Page, picture: Keep) -> None:
    dates = site.season.game_dates
    _materialise(page, site, "prediction_accuracy", f"[{dates[0]}...{dates[9]}]")
    picture("backfill")
    look_at_calibration(site.address, page, dates[-1], picture)


@pytest.mark.slow
def test_a_file_that_is_dropped_arrives_once_the_sensor_is_on(site: Site, page: Page, picture: Keep) -> None:
    page.goto(f"{site.address}/automation")
    row = page.locator("[class*=ListItem_listItem]").filter(has_text="new_staging_tables")
    row.locator("input[type=checkbox]:not([disabled])").nth(1).wait_for(state="attached")
    row.locator("label").last.click()
    row.locator("input[type=checkbox]:checked").wait_for(state="attached")
    picture("automation")
    deployment = deploy(site.settings)
    deployment.staging.write("_staging_20260115_120000_w1", staged([prediction()]))
    page.goto(f"{site.address}/assets/validated_predictions?partition={DATE}&view=partitions")
    until = time.monotonic() + _PATIENCE / 1_000
    while not (rows := deployment.warehouse.query(Statement("validated_dates", over_dates([DATE])))):
        assert time.monotonic() < until, "nothing was consolidated"
        page.wait_for_timeout(300)
    assert [row["validated_rows"] for row in rows] == [1]
    page.reload()
    page.get_by_text("validated_rows").or_(page.get_by_text("dagster/partition_row_count")).first.wait_for()
    picture("arrived")


def _materialise(page: Page, site: Site, asset: str, partitions: str) -> None:
    """By the button and its dialog; waits until the run that it starts has succeeded."""
    page.goto(f"{site.address}/assets/{asset}")
    page.get_by_role("button", name="Materialize").first.click()
    page.get_by_text("Show all partitions").click()
    field = page.get_by_placeholder("ex:")
    field.fill(partitions)
    field.press("Enter")
    page.get_by_role("button", name="Launch").last.click()
    page.get_by_text("View", exact=True).last.click()
    page.get_by_text(re.compile("^(Success|100% completed)$")).first.wait_for(timeout=_PATIENCE)
