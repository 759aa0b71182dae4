"""One question, one check: in a run, after a date is repaired, and executed alone."""

from __future__ import annotations

import collections
import logging
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from nba_consolidation.orchestration.checks.reliability import ReviewOutcome
from nba_consolidation.orchestration.checks.run_checks import RUN_CHECKS, check_results
from nba_consolidation.schema import BLACKLISTED
from nba_consolidation_tests.orchestration.conftest import TIMED_CHECKS, Graph, checks
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NEXT_DATE, prediction
from nba_consolidation_tests.prepared import connect

PREDICTIONS = "player_prop_predictions"
DUPLICATES = "duplicate_business_keys"


def execute(graph: Graph, statement: str) -> None:
    with connect(graph.settings.home / "warehouse.duckdb") as connection:
        connection.execute(statement)


@pytest.fixture
def poisoned(graph: Graph) -> Graph:
    """DATE is published, and its row was doubled by SQL since; a second version of it is staged."""
    graph.stage("a", [prediction("20.5")])
    graph.consolidate(DATE)
    execute(graph, "INSERT INTO player_prop_predictions SELECT * FROM player_prop_predictions")
    graph.stage("b", [prediction("20.5", minute=9)])
    return graph


def repair(graph: Graph) -> None:
    execute(
        graph,
        "DELETE FROM player_prop_predictions WHERE rowid NOT IN "
        "(SELECT min(rowid) FROM player_prop_predictions GROUP BY game_date, game_id, player_lookup, system_id, "
        "current_points_line)",
    )


def red_checks(graph: Graph) -> set[str]:
    """The checks of any asset whose last execution did not succeed."""
    keys = list(graph.definitions.resolve_asset_graph().asset_check_keys)
    latest = graph.instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    return {
        key.name for key, record in latest.items()
        if record.status is not AssetCheckExecutionRecordStatus.SUCCEEDED
    } - TIMED_CHECKS  # fmt: skip


def test_the_cause_of_a_poisoned_date_comes_first_with_date_table_and_next_step(poisoned: Graph) -> None:
    run = poisoned.run(DATE)
    evaluation = next(one for one in run.get_asset_check_evaluations() if one.check_name == DUPLICATES)
    (observation,) = run.get_asset_observation_events()
    (failure,) = run.get_step_failure_events()
    errors = [entry for entry in poisoned.instance.all_logs(run.run_id) if entry.level == logging.ERROR]
    shown = {
        "check": str(evaluation.description),
        "asset": str(observation.asset_observation_data.asset_observation.description),
        "run": str(failure.step_failure_data.user_failure_data),
        "log": errors[0].user_message,
    }
    for place, text in shown.items():
        assert str(DATE) in text, place
        assert DUPLICATES in text, place
        assert PREDICTIONS in text, place
        assert "nba-consolidation repair predictions" in text, place
    assert failure.step_failure_data.user_failure_data is not None
    message = str(failure.step_failure_data.user_failure_data.description)
    assert message.startswith(f"{DATE} could not be consolidated:")
    assert (evaluation.passed, evaluation.severity) == (False, dg.AssetCheckSeverity.ERROR)


def test_a_failed_check_without_a_message_of_its_own_says_the_next_step() -> None:
    player = collections.defaultdict[str, Any](lambda: None, status=BLACKLISTED)
    (few,) = (one for one in check_results(ReviewOutcome(DATE, [player], [])) if one.check_name == "few_blacklisted")
    assert not few.passed
    assert "Next: check whether box scores or names are wrong" in str(few.description)


def test_after_the_repair_the_next_run_leaves_no_check_of_any_asset_failed(poisoned: Graph) -> None:
    assert not poisoned.run(DATE, NEXT_DATE).success
    assert {DUPLICATES, "active_twins"} <= red_checks(poisoned)
    repair(poisoned)
    assert poisoned.run(DATE, NEXT_DATE).success
    assert red_checks(poisoned) == set()


def test_the_check_that_a_run_executes_is_executed_alone_over_all_history_by_the_same_name(poisoned: Graph) -> None:
    run = poisoned.run(NEXT_DATE)
    assert checks(run)[DUPLICATES], "a run checks its own dates"
    alone = poisoned.check_alone(DUPLICATES)[DUPLICATES]
    assert not alone.passed
    assert alone.metadata["findings"].value == 1
    assert alone.metadata["first_date"].value == str(poisoned.settings.first_date)
    repair(poisoned)
    assert poisoned.check_alone(DUPLICATES)[DUPLICATES].passed


def test_conservation_and_quarantine_alone_read_the_ledger_of_all_dates(graph: Graph) -> None:
    graph.stage("a", [prediction("20.5"), prediction("21.0", game_date=NEXT_DATE, confidence_score=-1)])
    graph.consolidate(DATE, NEXT_DATE)
    alone = graph.check_alone("conservation", "quarantined_rows")
    assert alone["conservation"].passed
    assert alone["conservation"].metadata["dates_checked"].value == 2
    assert alone["quarantined_rows"].metadata["rows"].value == 1
    execute(graph, "UPDATE consolidation_ledger SET staged = staged + 1 WHERE game_date = DATE '2026-01-15'")
    lost = graph.check_alone("conservation")["conservation"]
    assert not lost.passed
    assert str(lost.description).startswith(str(DATE))


def test_the_times_and_refused_tables_alone_are_those_of_all_runs(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph.stage("a", [prediction("20.5")])
    assert graph.run(DATE).success
    (graph.settings.home / "staging" / "_staging_20260115_120000_000001_torn.parquet").write_bytes(b"PAR1 torn")
    monkeypatch.setattr("nba_consolidation.orchestration.checks.consolidation.CONSOLIDATION_LIMIT_MS", 0)
    alone = graph.check_alone("consolidation_duration", "refused_tables")
    assert {name: evaluation.passed for name, evaluation in alone.items()} == dict.fromkeys(alone, False)
    transaction_ms = alone["consolidation_duration"].metadata["transaction_ms"].value
    assert isinstance(transaction_ms, int)
    assert transaction_ms >= 10
    assert "torn" in str(alone["refused_tables"].description)
    assert "Next:" in str(alone["consolidation_duration"].description)


def test_every_check_works_alone_before_anything_was_ever_consolidated(graph: Graph) -> None:
    results = graph.check_alone()
    assert set(results) == {check.name for check in RUN_CHECKS}
    assert all(evaluation.passed for evaluation in results.values())
