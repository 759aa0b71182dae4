"""The jobs `recalibrate` and `decide_calibration`: what they write and list, their warnings, and what is published."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import dagster as dg
import pytest

from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.analysis.recalibration.versions import ACTIVE, read_history
from nba_consolidation.settings import today
from nba_consolidation_tests.orchestration.conftest import Graph, checks, materialised
from nba_consolidation_tests.pipeline.analysis.performance.graded import DATE, Graded
from nba_consolidation_tests.pipeline.analysis.recalibration.simulated import overconfident, shifted
from nba_consolidation_tests.pipeline.consolidation.workbench import prediction

STEP = "recalibration"
VERSIONS, EVENTS, PUBLISHED = (
    "confidence_recalibration", "confidence_recalibration_events", "published_predictions"
)  # fmt: skip


@pytest.fixture
def drifting(graph: Graph) -> Graph:
    """A month of bets of an overconfident system, up to yesterday."""
    Graded(graph.settings.home).add(shifted(overconfident(), today() - DATE))
    return graph


def decide(graph: Graph, **config: Any) -> dg.ExecuteInProcessResult:
    """The job as the launchpad starts it, with today's partition; without a config it only lists what waits."""
    job = graph.definitions.resolve_job_def("decide_calibration")
    return job.execute_in_process(
        instance=graph.instance, partition_key=str(today()), run_config={"ops": {STEP: {"config": config}}},
        raise_on_error=False,
    )  # fmt: skip


def history(run: dg.ExecuteInProcessResult) -> dict[str, Any]:
    """The metadata of the one event about the decisions: an observation unless one was made."""
    events = [event for event in run.all_events if event.asset_key == dg.AssetKey(EVENTS)]
    records: list[Any] = [
        event.asset_observation_data.asset_observation if event.is_asset_observation else event.materialization
        for event in events if event.is_asset_observation or event.is_step_materialization
    ]  # fmt: skip
    (record,) = records
    return {name: entry.value for name, entry in record.metadata.items()}


def read(graph: Graph) -> set[tuple[str | None, bool]]:
    """The published rows: the calibration, and whether it changed the confidence."""
    rows = Graded(graph.settings.home).frame("SELECT * FROM published_predictions").to_dict("records")
    return {(row["calibration_version"], row["calibrated_confidence"] != row["confidence"]) for row in rows}


def test_a_recalibration_lists_every_system_and_warns_of_waiting_calibrations(drifting: Graph) -> None:
    run = drifting.run(today(), job="recalibrate")
    assert run.success
    metadata = materialised(run, VERSIONS)[str(today())]
    assert (metadata["versions_written"], metadata["events_written"], metadata["systems_waiting"]) == (1, 1, 1)
    (row,) = (record.data for record in metadata["decisions"].records)
    assert (row["system_id"], row["outcome"]) == ("catboost_v9", "waiting")
    assert row["ece_after"] < row["ece_before"]
    assert row["log_loss_after"] < row["log_loss_before"]
    assert "data:image/png;base64," in metadata["reliability"]
    results = checks(run)
    assert (results["calibrations_waiting"], results["calibrations_rolled_back"]) == (False, True)
    assert results["duplicate_calibrations"]
    again = drifting.run(today(), job="recalibrate")
    assert materialised(again, VERSIONS)[str(today())]["events_written"] == 0
    assert not checks(again)["calibrations_waiting"]


def test_an_approval_in_the_ui_changes_what_is_published_for_today(drifting: Graph) -> None:
    drifting.stage("w1", [prediction(game_date=today(), confidence_score=Decimal("0.9"))])
    drifting.consolidate(today())
    drifting.run(today(), job="recalibrate")
    assert read(drifting) == {(None, False)}
    waiting = history(decide(drifting))
    assert waiting["waiting"] == 1
    version_id = waiting["versions_waiting"].records[0].data["version_id"]
    assert not decide(drifting, version_id=version_id).success  # a decision without an author
    run = decide(drifting, version_id=version_id, decision="approve", author="ann", reason="looked")
    assert materialised(run, PUBLISHED)[str(today())]["changed"]
    assert history(run)["waiting"] == 0
    assert read(drifting) == {(version_id, True)}
    again = drifting.run(today(), job="recalibrate")
    assert not materialised(again, PUBLISHED)[str(today())]["changed"]
    assert checks(again)["calibrations_waiting"]
    back = history(decide(drifting, version_id=version_id, decision="rollback", author="ann"))
    assert back["decided"].records[0].data["state"] == "rolled_back"
    assert read(drifting) == {(None, False)}


def test_a_published_date_with_another_calibration_only_warns(drifting: Graph) -> None:
    drifting.stage("w1", [prediction(game_date=today(), confidence_score=Decimal("0.9"))])
    drifting.consolidate(today())
    recalibrator, holder = drifting.deployment.recalibrator, Holder.here("person")
    recalibrator.recalibrate([today()], holder)
    history = read_history(drifting.deployment.warehouse)
    recalibrator.decide(history.versions[0].version_id, ACTIVE, today(), "", "ann", holder)
    audit = drifting.check_alone("outdated_calibrations")["outdated_calibrations"]
    assert (audit.passed, audit.severity) == (False, dg.AssetCheckSeverity.WARN)
    drifting.deployment.publisher.publish([today()], holder)
    assert drifting.check_alone("outdated_calibrations")["outdated_calibrations"].passed


def test_a_version_that_was_rolled_back_warns_with_its_figures(graph: Graph) -> None:
    home = Graded(graph.settings.home)
    home.add(overconfident())
    graph.deployment.recalibrator.recalibrate([DATE], Holder.here("run"), approve="ann")
    home.add([row | {"outcome": "correct"} for row in shifted(overconfident(), dt.timedelta(30))])
    run = graph.run(DATE + dt.timedelta(14), job="recalibrate")
    assert run.success
    (check,) = (one for one in run.get_asset_check_evaluations() if one.check_name == "calibrations_rolled_back")
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    (row,) = check.metadata["versions"].value.records  # type: ignore[union-attr]
    assert row.data["ratio"] > 1.1
    assert row.data["now_in_force"] is None


def test_every_field_of_the_config_of_a_decision_is_described(graph: Graph) -> None:
    node = graph.definitions.resolve_job_def("decide_calibration").get_node_named(STEP).definition
    assert isinstance(node, dg.OpDefinition)
    assert node.config_schema is not None
    kind: Any = node.config_schema.config_type
    assert set(kind.fields) == {"version_id", "decision", "effective_date", "reason", "author"}
    assert all(field.description for field in kind.fields.values())


@pytest.mark.parametrize("config", [{"version_id": "none-such"}, {"version_id": "x", "effective_date": "soon"}])
def test_an_invalid_decision_fails_and_writes_nothing(drifting: Graph, config: dict[str, str]) -> None:
    drifting.deployment.recalibrator.recalibrate([today()], Holder.here("terminal"))
    before = read_history(drifting.deployment.warehouse)
    assert not decide(drifting, author="ann", **config).success
    assert read_history(drifting.deployment.warehouse) == before
