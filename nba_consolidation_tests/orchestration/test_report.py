"""The daily report as an asset: its page, its metadata, one page of a range, and a date without rows."""

import datetime as dt
from pathlib import Path

from nba_consolidation_tests.orchestration.conftest import Graph, materialised
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, prediction


def test_a_run_writes_the_page_of_its_date_and_lists_the_required_actions(graph: Graph) -> None:
    graph.stage("a", [prediction()])
    graph.consolidate(DATE)
    run = graph.run(DATE, job="report")
    assert run.success
    metadata = materialised(run, "daily_report")[str(DATE)]
    page = Path(metadata["report"])
    assert page == (graph.settings.home / "reports" / f"report-{DATE}.html").absolute()
    assert metadata["bytes"] == len(page.read_bytes())
    assert f"Made by Dagster run <code>{run.run_id}</code>" in page.read_text(encoding="utf-8")
    actions = [record.data for record in metadata["actions"].records]
    assert metadata["actions_required"] == len(actions) > 0
    assert any(row["what"].startswith("volume: 1 active") for row in actions)


def test_the_page_links_to_its_run_if_the_address_of_dagsters_pages_is_set(tmp_path: Path) -> None:
    graph = Graph(tmp_path, webserver_url="https://dagster.example/")
    graph.stage("a", [prediction()])
    graph.consolidate(DATE)
    run = graph.run(DATE, job="report")
    (page,) = (graph.settings.home / "reports").iterdir()
    assert f'<a href="https://dagster.example/runs/{run.run_id}">{run.run_id}</a>' in page.read_text(encoding="utf-8")


def test_a_run_over_many_dates_writes_one_page(graph: Graph) -> None:
    graph.stage("a", [prediction()])
    graph.consolidate(DATE)
    first = DATE - dt.timedelta(3)
    assert graph.run(first, DATE, job="report").success
    (page,) = (graph.settings.home / "reports").iterdir()
    assert page.name == f"report-{first}-to-{DATE}.html"


def test_a_date_without_rows_fails_with_its_name_and_writes_no_page(graph: Graph) -> None:
    graph.deployment.create_tables()
    run = graph.run(DATE, job="report")
    assert not run.success
    assert "no rows from 2026-01-15" in str(run.get_step_failure_events()[0].step_failure_data.error)
    assert not (graph.settings.home / "reports").exists()
