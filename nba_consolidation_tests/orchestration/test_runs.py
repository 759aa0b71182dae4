"""Runs of the graph: what they record and what fails them."""

import datetime as dt
import json
import shutil
from decimal import Decimal
from pathlib import Path

import dagster as dg
import pytest

from nba_consolidation.leases import Holder, LeaseTiming, hold, lease_key
from nba_consolidation.operations.unfinished_dates import unfinished_dates
from nba_consolidation.orchestration.checks.consolidation import unfit_dates
from nba_consolidation.orchestration.checks.run_checks import check_results
from nba_consolidation.orchestration.resources import resources_of
from nba_consolidation.pipeline.consolidation.result import ConsolidationReport, DateCounts
from nba_consolidation.sql import Statement, over_dates
from nba_consolidation_tests.orchestration.conftest import TIMED_CHECKS, Graph, checks, failed_checks, materialised
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NEXT_DATE, THIRD_DATE, prediction
from nba_consolidation_tests.prepared import connect
from nba_consolidation_tests.real_data import NEEDS_REAL_DATA, REAL

CONSOLIDATED, VALIDATED, PUBLISHED = "player_prop_predictions", "validated_predictions", "published_predictions"
STAGING = "staging_predictions"


def double_a_row(graph: Graph) -> None:
    """As a writer without the lease does."""
    with connect(graph.settings.home / "warehouse.duckdb") as connection:
        connection.execute(
            "INSERT INTO player_prop_predictions SELECT * FROM player_prop_predictions WHERE game_date = ?", [DATE]
        )


def test_what_waits_is_consolidated_and_validated_with_its_counts(graph: Graph) -> None:
    graph.stage("a", [prediction("20.5"), prediction("21.0", minute=1), prediction(None, minute=2)])
    graph.stage("b", [prediction("20.5", minute=3), prediction("22.5", minute=4)])
    run = graph.run(DATE)
    assert run.success
    assert failed_checks(run) == {}
    done = materialised(run, CONSOLIDATED)[str(DATE)]
    assert {name: done[name] for name in ("staged", "inserted", "updated", "stale", "superseded", "quarantined")} == {
        "staged": 5, "inserted": 4, "updated": 0, "stale": 0, "superseded": 1, "quarantined": 0
    }  # fmt: skip
    assert done["staging_tables"] == 2
    assert done["dagster/partition_row_count"] == 4
    assert done["active_rows"] == 1
    assert done["token"] > 0
    assert {"lease_wait_s", "lease_hold_s", "rows_per_second_of_this_run", "sample"} <= set(done)
    assert run.run_id in done["ledger"]
    assert materialised(run, VALIDATED)[str(DATE)]["dagster/partition_row_count"] == 1


def test_a_range_is_one_run_and_records_each_date_with_its_own_counts(graph: Graph) -> None:
    graph.stage("a", [prediction("20.5"), prediction("21.0", game_date=THIRD_DATE)])
    run = graph.run(DATE, THIRD_DATE)
    done = materialised(run, CONSOLIDATED)
    assert {date: done[date]["staged"] for date in done} == {str(DATE): 1, str(NEXT_DATE): 0, str(THIRD_DATE): 1}


def test_a_date_consolidated_by_somebody_else_shows_what_stands(graph: Graph) -> None:
    graph.stage("a", [prediction("20.5"), prediction("21.0", minute=1)])
    graph.consolidate(DATE)
    done = materialised(graph.run(DATE), CONSOLIDATED)[str(DATE)]
    assert (done["staged"], done["dagster/partition_row_count"], done["active_rows"]) == (0, 2, 1)


def test_a_run_completes_what_another_one_had_consolidated_before_it_died(graph: Graph) -> None:
    graph.stage("a", [prediction("20.5"), prediction("21.0", game_date=NEXT_DATE)])
    graph.deployment.consolidator.consolidate([DATE], Holder.here("died"))
    run = graph.run(NEXT_DATE)
    assert run.success
    assert {date: done["dagster/partition_row_count"] for date, done in materialised(run, PUBLISHED).items()} == {
        str(DATE): 1, str(NEXT_DATE): 1
    }  # fmt: skip
    assert set(materialised(run, VALIDATED)) == {str(DATE), str(NEXT_DATE)}
    assert unfinished_dates(graph.deployment.warehouse).all == ()


def test_a_publication_leaves_a_date_that_was_not_validated_to_the_validation(graph: Graph) -> None:
    graph.stage("a", [prediction("20.5"), prediction("21.0", game_date=NEXT_DATE)])
    graph.consolidate(NEXT_DATE)
    graph.deployment.consolidator.consolidate([DATE], Holder.here("died"))
    job = graph.definitions.resolve_implicit_global_asset_job_def().get_subset(asset_selection={dg.AssetKey(PUBLISHED)})
    run = job.execute_in_process(instance=graph.instance, partition_key=str(NEXT_DATE), raise_on_error=False)
    assert set(materialised(run, PUBLISHED)) == {str(NEXT_DATE)}
    assert unfinished_dates(graph.deployment.warehouse).unvalidated == (DATE,)


def test_staging_predictions_says_what_waits_and_its_data_version_moves_with_it(graph: Graph) -> None:
    def version() -> tuple[dict[str, object], str]:
        run = dg.materialize(
            [asset for asset in graph.definitions.assets or [] if isinstance(asset, dg.AssetsDefinition)],
            selection=STAGING,
            partition_key=str(DATE),
            resources=graph.definitions.resources,
        )
        (event,) = run.get_asset_materialization_events()
        tags = event.materialization.tags or {}
        return materialised(run, STAGING)[str(DATE)], tags["dagster/data_version"]

    graph.stage("a", [prediction("20.5"), prediction("21.0")])
    waiting, first = version()
    assert (waiting["tables"], waiting["dagster/partition_row_count"]) == (1, 2)
    assert waiting["batches"] == ["20260115_120000_000001"]
    assert waiting["workers"] == ["a"]
    assert waiting["fingerprint"] == first
    assert version()[1] == first
    graph.stage("b", [prediction("22.5")])
    assert version()[1] != first


def test_incident_47_a_date_with_duplicates_is_not_validated(graph: Graph) -> None:
    graph.stage("a", [prediction("20.5")])
    graph.consolidate(DATE)
    double_a_row(graph)
    run = graph.run(DATE)
    assert not run.success
    assert checks(run)["duplicate_business_keys"] is False
    assert checks(run)["active_twins"] is False
    assert materialised(run, VALIDATED) == {}


def test_a_staged_row_that_is_in_no_count_is_an_error_and_holds_its_date_back() -> None:
    counts = DateCounts(
        DATE, token=1, staging_tables=1, staged=3, inserted=1, updated=1, stale=0, superseded=0, quarantined=0,
        total_rows=2, active_rows=2,
    )  # fmt: skip
    report = ConsolidationReport("run", (counts,))
    failed = {result.check_name: result.severity for result in check_results(report) if not result.passed}
    assert failed == {"conservation": dg.AssetCheckSeverity.ERROR}
    assert list(unfit_dates(report)) == [DATE]


def test_a_poisoned_date_fails_the_run_by_name_and_the_others_are_recorded_and_can_be_read(graph: Graph) -> None:
    graph.stage("a", [prediction("20.5")])
    graph.consolidate(DATE)
    double_a_row(graph)
    graph.stage("b", [prediction("20.5", minute=9), prediction("20.5", game_date=NEXT_DATE)])
    run = graph.run(DATE, NEXT_DATE)
    assert not run.success
    assert list(materialised(run, CONSOLIDATED)) == [str(NEXT_DATE)]
    (failure,) = (event for event in run.all_events if event.event_type == dg.DagsterEventType.STEP_FAILURE)
    assert failure.step_failure_data.user_failure_data is not None
    message = str(failure.step_failure_data.user_failure_data.description)
    assert str(DATE) in message
    assert str(NEXT_DATE) not in message
    assert checks(run)["duplicate_business_keys"] is False
    assert {date: done["dagster/partition_row_count"] for date, done in materialised(run, VALIDATED).items()} == {
        str(NEXT_DATE): 1
    }
    bounds = {"first_date": DATE, "last_date": NEXT_DATE}
    validated = graph.deployment.warehouse.query(Statement("validated_dates", bounds))
    assert NEXT_DATE in {row["game_date"] for row in validated}


def test_bad_rows_refused_tables_and_slow_steps_warn_and_stop_nothing(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nba_consolidation.orchestration.checks.consolidation.LEASE_OVERHEAD_LIMIT_MS", 0)
    monkeypatch.setattr("nba_consolidation.orchestration.checks.consolidation.CONSOLIDATION_LIMIT_MS", 0)
    graph.stage("a", [prediction("20.5"), prediction("21.0", predicted_points=Decimal("99.0"))])
    (graph.settings.home / "staging" / "_staging_20260115_120000_000001_torn.parquet").write_bytes(b"PAR1 torn")
    run = graph.run(DATE)
    assert run.success
    failed = {e.check_name: e.severity for e in run.get_asset_check_evaluations() if not e.passed}
    assert failed == dict.fromkeys(("quarantined_rows", "refused_tables", *TIMED_CHECKS), dg.AssetCheckSeverity.WARN)


def test_incident_05_a_run_really_takes_the_lease_and_names_who_has_it(graph: Graph) -> None:
    graph.stage("a", [prediction("20.5")])
    other = Holder.here("someone-else")
    with hold(graph.deployment.leases, [lease_key("consolidation", DATE)], other, timing=LeaseTiming(30)):
        run = graph.run(DATE)
    assert not run.success
    (failure,) = (event for event in run.all_events if event.event_type == dg.DagsterEventType.STEP_FAILURE)
    assert other.holder_id in str(failure.step_failure_data.error)
    assert graph.deployment.warehouse.query(Statement("row_counts_by_date", over_dates([DATE]))) == []


def test_the_lease_and_the_warehouse_are_set_in_the_launchpad(graph: Graph, tmp_path: Path) -> None:
    graph.stage("a", [prediction("20.5")])
    resources = resources_of(graph.settings)
    config = {**resources["warehouse"].model_dump(), "home": str(tmp_path / "elsewhere")}
    run = graph.run(DATE, run_config={"resources": {"warehouse": {"config": config}}})
    assert run.success
    assert materialised(run, CONSOLIDATED)[str(DATE)]["staged"] == 0
    assert (tmp_path / "elsewhere" / "warehouse.duckdb").exists()


def test_incident_r33b_a_range_that_ends_before_it_starts_is_refused_before_anything_is_recorded(graph: Graph) -> None:
    graph.stage("a", [prediction()])
    run = graph.run(NEXT_DATE, DATE)
    assert not run.success
    assert run.get_asset_materialization_events() == []
    [error] = [event.step_failure_data.error for event in run.all_events if event.is_step_failure]
    assert "starts at '2026-01-16' and ends before, at '2026-01-15'; nothing was done" in str(error)


def test_incident_33_a_game_under_two_ids_is_found_and_stops_nothing(graph: Graph) -> None:
    graph.stage("a", [prediction("20.5"), prediction("20.5", minute=1, game_id="20260115_MIA_BOS")])
    run = graph.run(DATE)
    assert run.success
    assert checks(run)["players_in_two_games"] is False


@pytest.mark.slow
@NEEDS_REAL_DATA
def test_the_real_games_come_out_as_counted_in_one_backfill_run(tmp_path: Path) -> None:
    expected = json.loads((REAL / "expected.json").read_text())
    graph = Graph(tmp_path / "home", first_date=dt.date.fromisoformat(expected["first"]))
    shutil.copytree(REAL / "staging", graph.settings.home / "staging")
    run = graph.run(dt.date.fromisoformat(expected["first"]), dt.date.fromisoformat(expected["last"]))
    assert run.success
    done = materialised(run, CONSOLIDATED)
    with_rows = [date for date, figures in done.items() if figures["staged"]]
    assert len(with_rows) == expected["dates"]
    assert sum(done[date]["staged"] for date in with_rows) == expected["staged_rows"]
    assert sum(done[date]["dagster/partition_row_count"] for date in done) == expected["consolidated_rows"]
    assert sum(done[date]["active_rows"] for date in done) == expected["active_rows"]
    assert failed_checks(run) == {}
