"""An operator's terminal in production: the same commands, chosen by the environment alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from nba_consolidation.cli import main
from nba_consolidation.fencing.fenced_writer import utc_now
from nba_consolidation.leases import lease_key
from nba_consolidation.schema import ALL_TABLES
from nba_consolidation_tests.bigquery.front import body_of, failed, for_query_jobs
from nba_consolidation_tests.firestore_double import Fault
from nba_consolidation_tests.leases.google_client import google_client
from nba_consolidation_tests.leases.predecessor import PredecessorLock
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, prediction
from nba_consolidation_tests.production.conftest import PROJECT, Cloud


def run(cloud: Cloud, *arguments: object, exit_code: int = 0) -> str:
    result = CliRunner().invoke(main, list(map(str, arguments)), env=cloud.environment)
    assert result.exit_code == exit_code, (result.stdout, result.stderr, result.exception)
    return result.stdout if exit_code == 0 else result.output


def read(cloud: Cloud, *arguments: object) -> Any:
    return json.loads(run(cloud, *arguments, "--json"))


def doctor(cloud: Cloud, health: str, exit_code: int) -> dict[str, str]:
    """By subject, the details of the health checks with this outcome."""
    result = CliRunner().invoke(main, ["doctor", "--json"], env=cloud.environment)
    assert result.exit_code == exit_code, result.output
    return {
        check["subject"]: check["detail"] for check in json.loads(result.stdout)["checks"] if check["health"] == health
    }


@pytest.fixture
def staged_cloud(cloud: Cloud, rows: Path) -> Cloud:
    """With its tables, and staged rows of one date."""
    run(cloud, "bootstrap", "--apply")
    run(cloud, "stage", rows)
    return cloud


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "_staging_20260115_120000_w1.jsonl"
    staged = [prediction("20.5", 0), prediction("21.0", 1), prediction(None, 2), prediction(predicted_points=99)]
    path.write_text("".join(json.dumps(row, default=str) + "\n" for row in staged))
    return path


def test_a_new_project_is_planned_created_checked_and_used(cloud: Cloud, rows: Path) -> None:
    planned = read(cloud, "bootstrap")
    assert [table["creates"] for table in planned["tables"]] == [True] * len(ALL_TABLES)
    assert ["consolidation", "roles/datastore.user"] in [[r["account"], r["role"]] for r in planned["roles"]]
    run(cloud, "bootstrap", "--apply")
    # Another system owns the table of box scores, so bootstrap does not create it.
    assert list(doctor(cloud, "warning", exit_code=3)) == ["box scores"]
    assert doctor(cloud, "failed", exit_code=3) == {}
    run(cloud, "stage", rows)
    assert read(cloud, "status")["totals"]["waiting_rows"] == 4
    done = read(cloud, "consolidate")
    assert (done["totals"]["inserted"], done["totals"]["quarantined"], done["conserved"]) == (3, 1, True)
    assert set(done["cost"]) == {"bytes_processed", "bytes_billed", "slot_seconds"}
    assert [date["validated_rows"] for date in done["validation"]["dates"]] == [1]
    assert read(cloud, "status")["totals"]["waiting_rows"] == 0
    assert read(cloud, "duplicates")["blocking_findings"] == 0
    assert read(cloud, "quarantine")["quarantined"] == 1
    assert len(read(cloud, "explain", "--date", DATE, "--player", "jaimejaquezjr")["predictions"]) == 3
    assert read(cloud, "locks", "list")["leases"] == []


def test_a_lease_is_acquired_and_released_with_one_call_each(staged_cloud: Cloud) -> None:
    run(staged_cloud, "consolidate", "--no-validate")
    assert staged_cloud.firestore.calls["Commit"] == 2


def test_incident_10_a_missing_permission_is_reported_at_once_with_its_role(staged_cloud: Cloud) -> None:
    staged_cloud.firestore.faults.add(Fault("Commit", code="PERMISSION_DENIED", times=-1))
    assert "roles/datastore.user" in run(staged_cloud, "consolidate", exit_code=1)
    assert "roles/datastore.user" in doctor(staged_cloud, "failed", exit_code=1)["lease store"]


def test_a_missing_permission_to_write_is_found_by_the_doctor(staged_cloud: Cloud) -> None:
    def denied(request: Any, _: Any) -> Any:
        query = body_of(request)["configuration"]["query"]["query"]
        return failed(request, 403, "accessDenied", "no bigquery.tables.updateData") if "WHERE FALSE" in query else None

    staged_cloud.front.faults.append(for_query_jobs(denied))
    failed_checks = doctor(staged_cloud, "failed", exit_code=1)
    assert set(failed_checks) == {"permission to write"}
    assert "bigquery.tables.updateData" in failed_checks["permission to write"]


def test_a_lease_that_the_predecessor_holds_is_named(staged_cloud: Cloud) -> None:
    client = google_client(
        str(staged_cloud.settings.firestore_emulator), PROJECT, staged_cloud.settings.firestore_database
    )
    key = lease_key("consolidation", DATE)
    assert PredecessorLock(client, key, "old-coordinator", utc_now, lambda _seconds: None).try_acquire()
    assert "old-coordinator" in run(staged_cloud, "--lease-wait", 0, "consolidate", exit_code=4)


def test_production_without_a_project_exits_with_two_and_names_the_variable() -> None:
    result = CliRunner().invoke(main, ["status"], env={"NBA_CONSOLIDATION_DEPLOYMENT": "production"})
    assert (result.exit_code, "NBA_CONSOLIDATION_PROJECT" in result.stderr) == (2, True)
