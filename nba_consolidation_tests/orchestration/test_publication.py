"""One asset for each table, and each asset writes its own table only. Which runs publish which dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.analysis.recalibration.versions import ACTIVE, read_history
from nba_consolidation.pipeline.analysis.reliability.overrides import Override
from nba_consolidation.pipeline.publication.publish import Publisher
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
ACCURACY, PERFORMANCE, CALIBRATION = "prediction_accuracy", "system_performance", "confidence_calibration"
TABLES = {
    CONSOLIDATED: {CONSOLIDATED, "quarantined_predictions", "lost_versions", "consolidation_ledger",
                   "consolidation_ledger_tables", "player_prop_predictions_removed", "prediction_repairs"},
    VALIDATED: {VALIDATED, "withheld_predictions"},
    PUBLISHED: {PUBLISHED},
    ACCURACY: {ACCURACY, "prediction_accuracy_removed", "grading_ledger", "player_aliases", "unsettled_names"},
    PERFORMANCE: {PERFORMANCE},
    CALIBRATION: {CALIBRATION, "calibration_scores"},
    VERSIONS: {VERSIONS},
    EVENTS: {EVENTS},
    PLAYERS: {PLAYERS, "policy_reviews", "player_overrides"},
    "strategy_performance": {"strategy_performance"},
    "staging_cleanups": {"staging_cleanups"},
}  # fmt: skip
"""The tables that each asset writes: its own, and those that only record how it came about."""
ONE_STEP = {frozenset({PERFORMANCE, CALIBRATION}), frozenset({VERSIONS, EVENTS})}
"""Assets whose tables one step writes, in one transaction."""


def contents(graph: Graph) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every table but the fences, which every writer moves."""
    with connect(graph.settings.home / "warehouse.duckdb") as connection:
        return {
            table.name: connection.execute(f"SELECT * FROM {table.name} ORDER BY ALL").fetchall()
            for table in ALL_TABLES
            if table is not FENCES
        }


def materialise(
    graph: Graph, *names: str, first: dt.date = DATE, last: dt.date | None = None, **options: Any
) -> dg.ExecuteInProcessResult:
    """These assets alone, as somebody does who selects them in the UI."""
    job = graph.definitions.resolve_implicit_global_asset_job_def()
    selection = {dg.AssetKey(name) for name in names}
    tags = {
        "dagster/asset_partition_range_start": str(first),
        "dagster/asset_partition_range_end": str(last or first),
    }
    return job.get_subset(asset_selection=selection).execute_in_process(
        instance=graph.instance, tags=tags, raise_on_error=False, **options
    )


def double_every_row(graph: Graph) -> None:
    """As a writer without the lease does."""
    with connect(graph.settings.home / "warehouse.duckdb") as connection:
        connection.execute("INSERT INTO player_prop_predictions SELECT * FROM player_prop_predictions")


def failure_of(run: dg.ExecuteInProcessResult) -> tuple[str, str]:
    """The step that failed, and its message."""
    (event,) = run.get_step_failure_events()
    user_failure = event.step_failure_data.user_failure_data
    assert user_failure is not None
    return str(event.step_key), str(user_failure.description)


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
    assert assets == {*TABLES, "staging_predictions", "daily_report", "daily_quality"}


def _steps(graph: Graph) -> Iterator[frozenset[str]]:
    """The assets in the order of the data, each alone if it can be."""
    done: set[str] = set()
    for key in graph.definitions.resolve_asset_graph().toposorted_asset_keys:
        name = key.to_user_string()
        if name not in done and name != BOX_SCORES.name:
            step = next((step for step in ONE_STEP if name in step), frozenset({name}))
            done |= step
            yield step


def changed_tables(graph: Graph, before: dict[str, list[tuple[Any, ...]]]) -> set[str]:
    return {name for name, rows in contents(graph).items() if rows != before[name]}


def test_every_table_is_written_by_one_step_only(played: Graph) -> None:
    """Each asset is materialised in the order of the data; then the events get a decision, as a second kind of run."""
    writers: dict[str, set[frozenset[str]]] = {}
    for step in _steps(played):
        before = contents(played)
        assert materialise(played, *step).success, step
        for table in changed_tables(played, before):
            writers.setdefault(table, set()).add(step)
    before = contents(played)
    decision = {"version_id": read_history(played.deployment.warehouse).versions[0].version_id, "author": "ann"}
    run_config = {"ops": {"recalibration": {"config": {"decision": "reject", **decision}}}}
    assert materialise(played, EVENTS, run_config=run_config).success
    assert changed_tables(played, before) == {EVENTS}
    owners = {table: step for step in _steps(played) for asset in step for table in TABLES.get(asset, ())}
    assert writers == {table: {owners[table]} for table in writers}
    assert set(writers) >= set(TABLES) - {"staging_cleanups"}


def test_the_step_of_a_recalibration_writes_both_tables_also_if_one_is_selected(played: Graph) -> None:
    run = materialise(played, VERSIONS)
    assert run.success
    assert set(materialised(run, VERSIONS)) == set(materialised(run, EVENTS)) == {str(DATE)}


@pytest.fixture
def poisoned(graph: Graph) -> Graph:
    """DATE is published, and has a duplicate since; a second version of it and a first of NEXT_DATE are staged."""
    graph.stage("a", [prediction("20.5")])
    graph.consolidate(DATE)
    double_every_row(graph)
    graph.stage("b", [prediction("20.5", minute=9), prediction("20.5", game_date=NEXT_DATE)])
    return graph


def test_a_poisoned_date_does_not_keep_the_others_from_being_published(poisoned: Graph) -> None:
    before = contents(poisoned)[PUBLISHED]
    run = poisoned.run(DATE, NEXT_DATE)
    assert not run.success
    for asset in (CONSOLIDATED, VALIDATED, PUBLISHED):
        assert list(materialised(run, asset)) == [str(NEXT_DATE)]
    assert [row for row in contents(poisoned)[PUBLISHED] if row in before] == before
    assert len(contents(poisoned)[PUBLISHED]) == 2
    step, message = failure_of(run)
    assert (step, str(DATE) in message, str(NEXT_DATE) in message) == (PUBLISHED, True, False)


def test_when_everything_is_materialised_the_dates_that_are_not_poisoned_go_through_all_of_it(poisoned: Graph) -> None:
    assets = [name for name in (*TABLES, "staging_predictions") if name != "staging_cleanups"]
    run = materialise(poisoned, *assets, first=DATE, last=NEXT_DATE)
    assert failure_of(run)[0] == PUBLISHED
    recorded = {asset: set(materialised(run, asset)) for asset in assets}
    assert recorded == {asset: {str(NEXT_DATE)} for asset in assets} | {
        "staging_predictions": {str(DATE), str(NEXT_DATE)}
    }
    published = {row["game_date"] for row in Graded(poisoned.settings.home).read(PUBLISHED)}
    assert published == {DATE, NEXT_DATE}


@pytest.mark.parametrize("last", [CONSOLIDATED, VALIDATED])
def test_a_run_without_publication_fails_after_the_last_step_on_the_way_to_it(poisoned: Graph, last: str) -> None:
    run = materialise(poisoned, *{CONSOLIDATED, last}, first=DATE, last=NEXT_DATE)
    step, message = failure_of(run)
    assert step == last
    assert str(DATE) in message
    assert list(materialised(run, last)) == [str(NEXT_DATE)]


def test_the_reason_is_on_the_partition_that_is_held_back(poisoned: Graph) -> None:
    run = poisoned.run(DATE, NEXT_DATE)
    (event,) = run.get_asset_observation_events()
    observation = event.asset_observation_data.asset_observation
    assert (observation.asset_key, observation.partition) == (dg.AssetKey(CONSOLIDATED), str(DATE))
    assert observation.metadata["poisoned"].value is True
    assert "duplicate_business_keys" in str(observation.metadata["reason"].value)


def test_a_failure_after_a_date_was_held_back_still_names_that_date(
    poisoned: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ConsolidationError("the warehouse has gone")

    monkeypatch.setattr(Publisher, "publish", broken)
    step, message = failure_of(poisoned.run(DATE, NEXT_DATE))
    assert (step, str(DATE) in message) == (PUBLISHED, True)


def test_a_date_with_old_duplicates_is_held_back_and_the_others_are_published(graph: Graph) -> None:
    """The date has nothing new, so its consolidation succeeds; the audits find what another writer doubled."""
    graph.stage("a", [prediction("20.5")])
    graph.consolidate(DATE)
    double_every_row(graph)
    graph.stage("b", [prediction("20.5", game_date=NEXT_DATE)])
    run = graph.run(DATE, NEXT_DATE)
    assert not run.success
    assert checks(run)["duplicate_business_keys"] is False
    assert list(materialised(run, PUBLISHED)) == [str(NEXT_DATE)]


def test_a_run_of_which_every_date_is_held_back_ends_with_its_consolidation(graph: Graph) -> None:
    graph.stage("a", [prediction("20.5")])
    graph.consolidate(DATE)
    double_every_row(graph)
    run = graph.run(DATE)
    assert failure_of(run)[0] == CONSOLIDATED
    assert not run.get_asset_materialization_events()[1:]  # only staging_predictions


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
    assert materialise(published, PUBLISHED, first=yesterday()).success
    assert read(published, "calibration_version") == {yesterday(): version.version_id, today(): version.version_id}


def test_a_player_blacklisted_by_hand_is_stopped_on_dates_that_come_later_until_it_ends(published: Graph) -> None:
    first, second = (today() + dt.timedelta(days) for days in (1, 2))
    override = Override("o", "Jaime Jáquez Jr.", "blacklisted", today(), first, "ann", "a knee")
    published.deployment.reviewer.decide(override, Holder.here("person"), [today()])
    published.stage("w2", [prediction(game_date=date, is_actionable=True) for date in (first, second)])
    assert published.run(first, second).success
    assert read(published, "is_actionable") == {yesterday(): True, today(): True, first: False, second: True}
    run = published.run(today(), second, job="reliability")
    assert run.success
    assert read(published, "is_actionable") == {yesterday(): True, today(): False, first: False, second: True}


def test_a_review_of_past_dates_publishes_the_upcoming_dates_and_keeps_the_past(published: Graph) -> None:
    reviewer, holder = published.deployment.reviewer, Holder.here("person")
    reviewer.decide(Override("o", "jaimejaquezjr", "blacklisted", yesterday(), None, "ann", "a knee"), holder)
    run = published.run(yesterday(), today(), job="reliability")
    assert run.success
    assert list(materialised(run, PUBLISHED)) == [str(today())]
    assert read(published, "is_actionable") == {yesterday(): True, today(): False}
    assert materialise(published, PUBLISHED, first=yesterday()).success
    assert read(published, "is_actionable") == {yesterday(): False, today(): False}
