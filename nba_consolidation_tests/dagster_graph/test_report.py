"""The daily report as an asset: its page, its metadata, one page of a range, and a date without anything."""

import datetime as dt
from pathlib import Path

from nba_consolidation_tests.consolidation.workbench import DATE, prediction
from nba_consolidation_tests.dagster_graph.conftest import Graph, materialised


def test_a_run_writes_the_page_of_its_date_and_says_what_needs_a_person(graph: Graph) -> None:
    graph.stage("a", [prediction()])
    graph.consolidate(DATE)
    run = graph.run(DATE, job="report")
    assert run.success
    metadata = materialised(run, "daily_report")[str(DATE)]
    page = Path(metadata["report"])
    assert page == (graph.settings.home / "reports" / f"report-{DATE}.html").absolute()
    assert metadata["bytes"] == len(page.read_bytes())
    told = [record.data for record in metadata["needs_a_person"].records]
    assert metadata["needs"] == len(told) > 0
    assert any(row["what"].startswith("volume: 1 active") for row in told)


def test_a_run_over_many_dates_writes_one_page(graph: Graph) -> None:
    graph.stage("a", [prediction()])
    graph.consolidate(DATE)
    first = DATE - dt.timedelta(3)
    assert graph.run(first, DATE, job="report").success
    (page,) = (graph.settings.home / "reports").iterdir()
    assert page.name == f"report-{first}-to-{DATE}.html"


def test_a_date_of_which_nothing_stands_fails_by_name_and_writes_no_page(graph: Graph) -> None:
    graph.deployment.prepare()
    run = graph.run(DATE, job="report")
    assert not run.success
    assert "nothing stands from 2026-01-15" in str(run.get_step_failure_events()[0].step_failure_data.error)
    assert not (graph.settings.home / "reports").exists()
