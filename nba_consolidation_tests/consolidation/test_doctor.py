"""What `doctor` looks at on this machine: a fault of each kind, and what is said to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nba_consolidation.consolidation import machine
from nba_consolidation.consolidation.doctor import Finding, Verdict, examine, stores
from nba_consolidation.quality.thresholds import Thresholds
from nba_consolidation.settings import Settings
from nba_consolidation.sql import Statement
from nba_consolidation.tables import BOX_SCORES
from nba_consolidation.warehouse.contract import TransactionResult
from nba_consolidation.warehouse.errors import WarehouseUnavailable
from nba_consolidation_tests.consolidation.workbench import KNOWN, Workbench

MUCH = 100 * 2**30


def found(settings: Settings, subject: str, free: int = MUCH) -> Finding:
    looks = machine.looks(settings, lambda: Thresholds.of(settings.quality_thresholds), lambda _: free)
    (finding,) = (finding for finding in examine(looks) if finding.subject == subject)
    return finding


def of_stores(bench: Workbench) -> dict[str, Finding]:
    looks = stores(bench.warehouse, bench.staging, bench.leases, lambda: KNOWN)
    return {finding.subject: finding for finding in examine(looks)}


def test_settings_are_named_and_their_values_are_not() -> None:
    told = found(Settings(slack_token="xoxb-secret", slack_channel="#a"), "settings")
    assert told.verdict is Verdict.FINE
    assert "NBA_CONSOLIDATION_SLACK_TOKEN, NBA_CONSOLIDATION_SLACK_CHANNEL" in told.told
    assert "xoxb" not in told.told


def test_a_misspelt_variable_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBA_CONSOLIDATION_LEASE_TLL", "90")
    told = found(Settings(), "settings")
    assert (told.verdict, "NBA_CONSOLIDATION_LEASE_TLL set nothing" in told.told) == (Verdict.WARNING, True)


@pytest.mark.parametrize("given", [{"quality_thresholds": {"volume": 3.0}}, {"lease_ttl": 0.0}])
def test_a_setting_that_only_its_user_would_refuse_is_refused_here(given: dict[str, Any]) -> None:
    assert found(Settings(**given), "settings").verdict is Verdict.FAILED


def test_little_room_warns_and_none_fails(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert found(settings, "disk").verdict is Verdict.FINE
    little = found(settings, "disk", machine.LITTLE_ROOM - 1)
    assert (little.verdict, "make room" in little.told, str(tmp_path) in little.told) == (Verdict.WARNING, True, True)
    assert found(settings, "disk", machine.NO_ROOM - 1).verdict is Verdict.FAILED


def test_a_staging_folder_on_another_disk_is_looked_at_too(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    settings = Settings(home=tmp_path, staging=elsewhere)
    looks = machine.looks(settings, lambda: None, lambda path: 0 if path == elsewhere else MUCH)
    assert [f.verdict for f in examine(looks) if f.subject == "disk"] == [Verdict.FAILED]


DECLARED = ["duckdb>=2.0,<3", 'dagster-slack>=0.29; extra == "alerts"', 'tomli; python_version < "3"']


@pytest.mark.parametrize(
    ("extras", "installed", "verdict", "told"),
    [
        ([], {"duckdb": "2.0.1"}, Verdict.FINE, "duckdb 2.0.1"),
        ([], {"duckdb": "1.4.0"}, Verdict.FAILED, "duckdb is 1.4.0, not <3,>=2.0"),
        ([], {}, Verdict.FAILED, "duckdb is missing"),
        (
            ["alerts"],
            {"duckdb": "2.0.1"},
            Verdict.FAILED,
            "pip install --constraint constraints.txt 'nba-consolidation[alerts]'",
        ),
    ],
)
def test_a_library_that_is_missing_or_of_another_version_is_named_with_what_to_install(
    extras: list[str], installed: dict[str, str], verdict: Verdict, told: str
) -> None:
    seen = machine.versions(extras, DECLARED, installed)
    assert (seen[0], told in seen[1]) == (verdict, True)


def test_a_token_for_slack_needs_the_library_of_the_alerts() -> None:
    assert machine._extras(Settings(slack_token="x", slack_channel="#a")) == ["alerts"]
    production = Settings(deployment="production", project="nba-project", otlp_endpoint="http://localhost:4318")
    assert machine._extras(production) == ["production", "telemetry"]


def test_what_is_installed_here_fits_what_is_declared() -> None:
    assert machine.versions([])[0] is Verdict.FINE


@pytest.fixture
def bench(bench: Workbench) -> Workbench:
    bench.warehouse.create_tables([BOX_SCORES])
    return bench


def test_a_warehouse_that_can_be_read_and_not_written_is_found(bench: Workbench) -> None:
    assert {finding.verdict for finding in of_stores(bench).values()} == {Verdict.FINE}
    run = bench.warehouse.run

    def denied(statements: list[Statement], *given: Any, **more: Any) -> TransactionResult:
        if any(statement.name == "may_write" for statement in statements):
            raise WarehouseUnavailable("no permission bigquery.tables.updateData; grant roles/bigquery.dataEditor")
        return run(statements, *given, **more)

    bench.warehouse.run = denied  # type: ignore[method-assign,assignment]
    seen = of_stores(bench)
    assert {name for name, finding in seen.items() if finding.verdict is Verdict.FAILED} == {"permission to write"}
    assert "roles/bigquery.dataEditor" in seen["permission to write"].told


def test_looking_writes_nothing(bench: Workbench) -> None:
    of_stores(bench)
    assert bench.execute("SELECT COUNT(*) AS n FROM consolidation_fences") == [{"n": 0}]


def test_without_tables_the_permission_to_write_is_not_said_to_be_there(tmp_path: Path) -> None:
    seen = of_stores(Workbench(tmp_path))
    assert (seen["tables"].verdict, seen["permission to write"].verdict) == (Verdict.FAILED, Verdict.UNKNOWN)
    assert seen["box scores"].verdict is Verdict.WARNING


def test_box_scores_without_points_cannot_be_graded_by(bench: Workbench) -> None:
    bench.execute("ALTER TABLE player_game_summary DROP COLUMN tip_off_at")
    assert "without tip_off_at" in of_stores(bench)["box scores"].told
    bench.execute("ALTER TABLE player_game_summary RENAME COLUMN points TO pts")
    seen = of_stores(bench)["box scores"]
    assert (seen.verdict, "lacks points" in seen.told) == (Verdict.FAILED, True)
