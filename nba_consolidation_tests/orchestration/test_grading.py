"""The grading in Dagster: metadata by date, checks, and runs with a poisoned date."""

from __future__ import annotations

import dagster as dg
import pytest

from nba_consolidation.leases import Holder
from nba_consolidation.orchestration.checks.run_checks import check_specs
from nba_consolidation.schema import ACCURACY, BOX_SCORES
from nba_consolidation_tests.orchestration.conftest import Graph, checks, materialised
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NEXT_DATE
from nba_consolidation_tests.pipeline.grading.workbench import GradingBench, bet, box
from nba_consolidation_tests.prepared import connect

NEXT_GAME = "20260116_BOS_MIA"


@pytest.fixture
def played(graph: Graph) -> Graph:
    """Two dates, consolidated and played: one bet won, and one player who did not play."""
    graph.stage("w0", [bet(), bet(game_date=NEXT_DATE, game_id=NEXT_GAME), bet(player="bamadebayo")])
    graph.consolidate(DATE, NEXT_DATE)
    bench = GradingBench(graph.settings.home)
    bench.append(BOX_SCORES, box(), box(30, game_date=NEXT_DATE, game_id=NEXT_GAME))
    return graph


def test_a_range_is_graded_in_one_run_and_each_date_has_its_figures(played: Graph) -> None:
    run = played.run(DATE, NEXT_DATE, job="grade")
    assert run.success
    by_date = materialised(run, ACCURACY.name)
    assert {date: (m["correct"], m["voided"], m["bets"]) for date, m in by_date.items()} == {
        str(DATE): (1, 1, 1),
        str(NEXT_DATE): (1, 0, 1),
    }
    assert by_date[str(DATE)]["dagster/partition_row_count"] == 2
    (calibration,) = [m for date, m in materialised(run, "confidence_calibration").items() if date == str(DATE)]
    assert calibration["rows"] > 0
    assert all(isinstance(by_date[str(DATE)][name], int) for name in ("active", "inserted"))
    assert isinstance(by_date[str(DATE)]["transaction_s"], float)
    emitted = {spec.name for spec in check_specs([ACCURACY.name])}
    assert {name: passed for name, passed in checks(run).items() if name in emitted} == {
        "duplicate_accuracy_keys": True,
        "accuracy_out_of_scale": True,
        "inconsistent_errors": True,
        "several_lines": True,
        "grading_conservation": True,
        "similar_names": True,
        "missing_box_scores": False,
    }


def test_rows_that_contradict_themselves_fail_the_run_in_a_blocking_check(played: Graph) -> None:
    played.deployment.grader.grade([DATE, NEXT_DATE], Holder.here("terminal"))
    with connect(played.settings.home / "warehouse.duckdb") as connection:
        connection.execute("UPDATE prediction_accuracy SET signed_error = 40, grading_id = NULL, outcome = 'wrong'")
        connection.execute("UPDATE player_prop_predictions SET player_lookup = 'nobody'")
        connection.execute("UPDATE validated_predictions SET player_lookup = 'nobody'")
    run = played.run(DATE, NEXT_DATE, job="grade")
    assert checks(run)["inconsistent_errors"] is False
    assert not run.success
    assert materialised(run, ACCURACY.name) == {}, "what is recorded would be analysed"


def test_a_poisoned_date_is_named_and_the_others_are_recorded_as_graded(played: Graph) -> None:
    with connect(played.settings.home / "warehouse.duckdb") as connection:
        connection.execute("UPDATE player_game_summary SET points = 12345678 WHERE game_date = ?", [NEXT_DATE])
    run = played.run(DATE, NEXT_DATE, job="grade")
    assert not run.success
    assert list(materialised(run, ACCURACY.name)) == [str(DATE)]
    (failure,) = run.get_step_failure_events()
    assert str(NEXT_DATE) in str(failure.step_failure_data.user_failure_data)


def test_box_scores_are_an_external_asset(graph: Graph) -> None:
    node = graph.definitions.resolve_asset_graph().get(dg.AssetKey(BOX_SCORES.name))
    assert node.is_external
    assert node.partitions_def is not None
