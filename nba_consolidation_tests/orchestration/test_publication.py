"""One asset for each table, and each asset writes its own table only. Which runs publish which dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.analysis.recalibration.versions import ACTIVE, read_history
from nba_consolidation.pipeline.analysis.reliability.overrides import Override
from nba_consolidation.schema import ALL_TABLES, BOX_SCORES, FENCES
from nba_consolidation.settings import today
from nba_consolidation_tests.orchestration.conftest import Graph, checks, materialised
from nba_consolidation_tests.pipeline.analysis.performance.graded import DATE, Graded
from nba_consolidation_tests.pipeline.analysis.recalibration.simulated import overconfident, shifted
from nba_consolidation_tests.pipeline.consolidation.workbench import NEXT_DATE, prediction
from nba_consolidation_tests.pipeline.grading.workbench import GradingBench, bet, box
from nba_consolidation_tests.prepared import connect

CONSOLIDATED, VALIDATED, PUBLISHED = "player_prop_predictions", "validated_predictions", "published_predictions"
VERSIONS, EVENTS, PLAYERS = "confidence_recalibration", "confidence_recalibration_events", "player_reliability"
TABLES = {
    CONSOLIDATED: {CONSOLIDATED, "quarantined_predictions", "lost_versions", "consolidation_ledger",
                   "consolidation_ledger_tables"},
    VALIDATED: {VALIDATED},
    PUBLISHED: {PUBLISHED},
    "prediction_accuracy": {"prediction_accuracy", "grading_ledger"},
    "prediction_accuracy_removed": {"prediction_accuracy_removed"},
    "system_performance": {"system_performance"},
    "confidence_calibration": {"confidence_calibration", "calibration_scores"},
    VERSIONS: {VERSIONS},
    EVENTS: {EVENTS},
    PLAYERS: {PLAYERS, "policy_reviews", "player_overrides"},
    "strategy_performance": {"strategy_performance"},
    "staging_cleanups": {"staging_cleanups"},
}  # fmt: skip
"""The tables that each asset writes: its own, and those that only record how it came about."""
JOURNALS = {EVENTS, "prediction_accuracy_removed", "grading_ledger"}
"""Rows are only added to these, also by the asset that they are about.

One asset rewrites another table: a repair of legacy rows, `prediction_accuracy_removed` with `dry_run` off.
"""
ONE_STEP = {frozenset({"system_performance", "confidence_calibration"})}
"""Assets that cannot be materialised apart."""


def contents(graph: Graph) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every table but the fences, which every writer moves."""
    with connect(graph.settings.home / "warehouse.duckdb") as connection:
        return {
            table.name: connection.execute(f"SELECT * FROM {table.name} ORDER BY ALL").fetchall()
            for table in ALL_TABLES
            if table is not FENCES
        }


def materialise(graph: Graph, *names: str, date: dt.date = DATE) -> dg.ExecuteInProcessResult:
    """These assets alone, as somebody does who selects them in the UI."""
    job = graph.definitions.resolve_implicit_global_asset_job_def()
    selection = {dg.AssetKey(name) for name in names}
    return job.get_subset(asset_selection=selection).execute_in_process(
        instance=graph.instance, partition_key=str(date), raise_on_error=False
    )


@pytest.fixture
def played(graph: Graph) -> Graph:
    """A month of graded bets before DATE, a staged bet of DATE, and its box score."""
    Graded(graph.settings.home).add(row for row in overconfident() if row["game_date"] < DATE)
    graph.stage("w0", [bet(game_date=DATE)])
    GradingBench(graph.settings.home).append(BOX_SCORES, box(game_date=DATE))
    return graph


def test_every_table_has_one_asset_and_every_asset_its_table(graph: Graph) -> None:
    owners = [table for tables in TABLES.values() for table in tables]
    assert sorted(owners) == sorted(table.name for table in ALL_TABLES if table is not FENCES)
    assets = {key.to_user_string() for key in graph.definitions.resolve_asset_graph().materializable_asset_keys}
    assert assets == {*TABLES, "staging_predictions", "daily_report"}


def _steps(graph: Graph) -> Iterator[frozenset[str]]:
    """The assets in the order of the data, each alone if it can be."""
    done: set[str] = set()
    for key in graph.definitions.resolve_asset_graph().toposorted_asset_keys:
        name = key.to_user_string()
        if name not in done and name != BOX_SCORES.name:
            step = next((step for step in ONE_STEP if name in step), frozenset({name}))
            done |= step
            yield step


def test_an_asset_writes_its_own_table_and_no_other(played: Graph) -> None:
    before = contents(played)
    written: set[str] = set()
    for step in _steps(played):
        assert materialise(played, *step).success, step
        after = contents(played)
        changed = {name for name, rows in after.items() if rows != before[name]}
        foreign = changed - {table for name in step for table in TABLES[name]} if step <= set(TABLES) else changed
        assert foreign <= JOURNALS, (step, foreign)
        assert all(set(before[name]) <= set(after[name]) for name in foreign), (step, foreign)
        written |= step & changed
        before = after
    assert written >= {CONSOLIDATED, VALIDATED, "prediction_accuracy", "system_performance", "confidence_calibration",
                       VERSIONS, PLAYERS, "strategy_performance", PUBLISHED}  # fmt: skip


def test_a_poisoned_date_does_not_keep_the_others_from_being_published(graph: Graph) -> None:
    graph.stage("a", [prediction("20.5")])
    assert graph.run(DATE).success
    before = contents(graph)[PUBLISHED]
    with connect(graph.settings.home / "warehouse.duckdb") as connection:
        connection.execute("INSERT INTO player_prop_predictions SELECT * FROM player_prop_predictions")
    graph.stage("b", [prediction("20.5", minute=9), prediction("20.5", game_date=NEXT_DATE)])
    run = graph.run(DATE, NEXT_DATE)
    assert not run.success
    for asset in (CONSOLIDATED, VALIDATED, PUBLISHED):
        assert list(materialised(run, asset)) == [str(NEXT_DATE)]
    assert [row for row in contents(graph)[PUBLISHED] if row in before] == before
    assert len(contents(graph)[PUBLISHED]) == 2


def test_a_date_with_old_duplicates_is_held_back_and_the_others_are_published(graph: Graph) -> None:
    """The date has nothing new, so its consolidation succeeds; the audits find what somebody else doubled."""
    graph.stage("a", [prediction("20.5")])
    assert graph.run(DATE).success
    with connect(graph.settings.home / "warehouse.duckdb") as connection:
        connection.execute("INSERT INTO player_prop_predictions SELECT * FROM player_prop_predictions")
    graph.stage("b", [prediction("20.5", game_date=NEXT_DATE)])
    run = graph.run(DATE, NEXT_DATE)
    assert not run.success
    assert checks(run)["duplicate_business_keys"] is False
    assert list(materialised(run, PUBLISHED)) == [str(NEXT_DATE)]


def test_the_blocking_audits_can_be_executed_alone_and_other_checks_say_why_not(graph: Graph) -> None:
    graph.stage("a", [prediction("20.5")])
    assert graph.run(DATE).success
    job = graph.definitions.resolve_implicit_global_asset_job_def()

    def execute(check: str) -> dg.ExecuteInProcessResult:
        key = dg.AssetCheckKey(dg.AssetKey(CONSOLIDATED), check)
        subset = job.get_subset(asset_selection=set(), asset_check_selection={key})
        return subset.execute_in_process(instance=graph.instance, partition_key=str(DATE), raise_on_error=False)

    assert checks(execute("active_twins")) == {"active_twins": True}
    run = execute("conservation")
    (failure,) = (event for event in run.all_events if event.event_type == dg.DagsterEventType.STEP_FAILURE)
    assert failure.step_failure_data.user_failure_data is not None
    assert "conservation" in str(failure.step_failure_data.user_failure_data.description)


@pytest.fixture
def published(graph: Graph) -> Graph:
    """A month of bets that promise too much; yesterday and today are published without a calibration."""
    Graded(graph.settings.home).add(shifted(overconfident(), today() - DATE))
    graph.stage("w1", [prediction(game_date=date, is_actionable=True) for date in (yesterday(), today())])
    assert graph.run(yesterday(), today()).success
    return graph


def yesterday() -> dt.date:
    return today() - dt.timedelta(1)


def read(graph: Graph, column: str) -> dict[dt.date, Any]:
    """The column of the one prediction of each date."""
    rows = Graded(graph.settings.home).read(PUBLISHED)
    return {row["game_date"]: row[column] for row in rows}


def test_a_recalibration_of_a_past_date_publishes_the_upcoming_dates_and_keeps_the_past(published: Graph) -> None:
    published.deployment.recalibrator.recalibrate([yesterday()], Holder.here("run"), approve="ann")
    (version,) = read_history(published.deployment.warehouse).versions
    assert read_history(published.deployment.warehouse).state(version) is ACTIVE
    run = published.run(yesterday(), job="recalibrate")
    assert run.success
    assert {date: metadata["changed"] for date, metadata in materialised(run, PUBLISHED).items()} == {
        str(today()): True
    }
    assert read(published, "calibration_version") == {yesterday(): None, today(): version.version_id}
    assert materialise(published, PUBLISHED, date=yesterday()).success
    assert read(published, "calibration_version") == {yesterday(): version.version_id, today(): version.version_id}


def test_a_review_of_past_dates_publishes_the_upcoming_dates_and_keeps_the_past(published: Graph) -> None:
    reviewer, holder = published.deployment.reviewer, Holder.here("person")
    reviewer.decide(Override("o", "jaimejaquezjr", "blacklisted", yesterday(), None, "ann", "a knee"), holder)
    run = published.run(yesterday(), today(), job="reliability")
    assert run.success
    assert list(materialised(run, PUBLISHED)) == [str(today())]
    assert read(published, "is_actionable") == {yesterday(): True, today(): False}
    assert materialise(published, PUBLISHED, date=yesterday()).success
    assert read(published, "is_actionable") == {yesterday(): False, today(): False}
