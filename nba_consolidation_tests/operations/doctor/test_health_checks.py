"""The health checks of this machine and of the stores: one fault of each kind, and what the doctor says to do."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from nba_consolidation.operations.doctor import installation
from nba_consolidation.operations.doctor.health_checks import Health, HealthResult, run_checks, store_checks
from nba_consolidation.operations.doctor.installation import installation_checks, libraries
from nba_consolidation.schema import ALL_TABLES, BOX_SCORES
from nba_consolidation.settings import Settings
from nba_consolidation.sql import Statement
from nba_consolidation.warehouse.errors import WarehouseUnavailable
from nba_consolidation.warehouse.interface import TransactionResult
from nba_consolidation_tests.pipeline.consolidation.workbench import KNOWN, Workbench
from nba_consolidation_tests.warehouse.test_parquet_staging import without_hard_links

ENOUGH = 100 * 2**30


def result_of(subject: str, settings: Settings, free: int = ENOUGH) -> HealthResult:
    checks = [check for check in installation_checks(settings, lambda _: free) if check[0] == subject]
    (result,) = run_checks(checks)
    return result


def read_only(file: Path, _: bytes) -> int:
    raise OSError(errno.EROFS, "Read-only file system", str(file))


def results_of_stores(bench: Workbench) -> dict[str, HealthResult]:
    checks = store_checks(bench.warehouse, bench.staging, bench.leases, lambda: KNOWN)
    return {result.subject: result for result in run_checks(checks)}


def test_changed_settings_are_named_without_their_values() -> None:
    result = result_of("settings", Settings(slack_token="xoxb-secret", slack_channel="#a"))
    assert result.health is Health.OK
    assert "NBA_CONSOLIDATION_SLACK_CHANNEL, NBA_CONSOLIDATION_SLACK_TOKEN" in result.detail
    assert "xoxb" not in result.detail


def test_a_misspelt_variable_warns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBA_CONSOLIDATION_LEASE_TLL", "90")
    result = result_of("settings", Settings())
    assert result.health is Health.WARNING
    assert "LEASE_TLL is not a setting; did you mean NBA_CONSOLIDATION_LEASE_TTL?" in result.detail


def test_little_disk_space_warns_and_almost_none_fails(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert result_of("disk", settings).health is Health.OK
    low = result_of("disk", settings, installation.LOW_SPACE - 1)
    assert low.health is Health.WARNING
    assert "nba-consolidation cleanup" in low.detail
    assert str(tmp_path) in low.detail
    assert result_of("disk", settings, installation.NO_SPACE - 1).health is Health.FAILED


def test_a_staging_folder_on_another_disk_is_checked_too(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    checks = installation_checks(
        Settings(home=tmp_path, staging=elsewhere), lambda path: 0 if path == elsewhere else ENOUGH
    )
    assert [r.health for r in run_checks(checks) if r.subject == "disk"] == [Health.FAILED]


def test_the_folders_are_checked_by_writing_and_keep_no_file(tmp_path: Path) -> None:
    result = result_of("folders", Settings(home=tmp_path, reports="gs://bucket/reports"))
    assert (result.health, result.detail) == (Health.OK, f"can be written: {tmp_path}, {tmp_path / 'staging'}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["home", "staging", "reports"])
def test_a_folder_that_is_a_file_or_below_one_is_never_fine(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        result = result_of("folders", Settings(home=tmp_path).replace(**{name: str(place)}))
        assert result.health is Health.FAILED
        assert f"{tmp_path / 'file'} is not a folder" in result.detail


def test_a_folder_that_cannot_be_written_is_never_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "write_bytes", read_only)
    result = result_of("folders", Settings(home=tmp_path))
    assert result.health is Health.FAILED
    assert f"{tmp_path} cannot be written (Read-only file system)" in result.detail


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc, where nobody can create a folder")
def test_a_folder_that_cannot_be_created_is_never_fine_whatever_the_permissions_say() -> None:
    result = result_of("folders", Settings(home=Path("/proc/new")))
    assert result.health is Health.FAILED
    assert "/proc/new cannot be created in /proc (" in result.detail


def test_a_staging_folder_that_cannot_be_written_is_never_fine(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "write_bytes", read_only)
    result = results_of_stores(bench)["staging area"]
    assert result.health is Health.FAILED
    assert "(Read-only file system); make it writable" in result.detail


def test_a_folder_without_hard_links_is_never_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "hardlink_to", without_hard_links)
    result = result_of("folders", Settings(home=tmp_path))
    assert result.health is Health.FAILED
    assert "no hard link can be made" in result.detail


def test_the_libraries_of_this_environment_fit_together() -> None:
    health, detail = libraries(Settings())
    assert health is Health.OK, detail
    assert f"duckdb {metadata.version('duckdb')}" in detail


def test_a_conflict_that_pip_finds_fails_with_what_to_install() -> None:
    conflict = "nba-consolidation 0.1.0 has requirement duckdb<3,>=2.0, but you have duckdb 1.4.0."
    health, detail = libraries(Settings(), lambda: [conflict])
    assert health is Health.FAILED
    assert conflict in detail
    assert detail.endswith("Run: pip install --constraint constraints.txt 'nba-consolidation'")


@pytest.mark.parametrize(
    ("settings", "library", "extra"),
    [
        ({"slack_token": "x", "slack_channel": "#a"}, "dagster-slack", "alerts"),
        ({"otlp_endpoint": "http://localhost:4318"}, "opentelemetry-sdk", "telemetry"),
        ({"deployment": "production", "project": "nba-project"}, "dagster-gcp", "production"),
    ],
)
def test_the_extra_that_a_setting_needs_is_named_if_it_is_not_installed(
    settings: Mapping[str, Any], library: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(name: str) -> str:
        if name == library:
            raise metadata.PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(metadata, "version", version)
    assert libraries(Settings(), list)[0] is Health.OK
    health, detail = libraries(Settings(**settings), list)
    assert health is Health.FAILED
    assert f"{library} is missing. Run: pip install" in detail
    assert f"'nba-consolidation[{extra}]'" in detail


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    bench = Workbench(tmp_path)
    bench.warehouse.create_tables([*ALL_TABLES, BOX_SCORES])
    return bench


def test_a_warehouse_that_can_be_read_but_not_written_fails(bench: Workbench) -> None:
    assert {result.health for result in results_of_stores(bench).values()} == {Health.OK}
    run = bench.warehouse.run

    def denied(statements: list[Statement], *arguments: Any, **options: Any) -> TransactionResult:
        if any(statement.name == "write_probe" for statement in statements):
            raise WarehouseUnavailable("no permission bigquery.tables.updateData; grant roles/bigquery.dataEditor")
        return run(statements, *arguments, **options)

    bench.warehouse.run = denied  # type: ignore[method-assign,assignment]
    results = results_of_stores(bench)
    assert {name for name, result in results.items() if result.health is Health.FAILED} == {"permission to write"}
    assert "roles/bigquery.dataEditor" in results["permission to write"].detail


def test_health_checks_write_nothing(bench: Workbench) -> None:
    results_of_stores(bench)
    assert bench.execute("SELECT COUNT(*) AS n FROM consolidation_fences") == [{"n": 0}]


def test_without_tables_the_permission_to_write_is_unknown(tmp_path: Path) -> None:
    results = results_of_stores(Workbench(tmp_path))
    assert results["tables"].health is Health.FAILED
    assert results["permission to write"].health is Health.UNKNOWN
    assert results["box scores"].health is Health.WARNING


def test_box_scores_without_points_fail_and_without_tip_off_do_not(bench: Workbench) -> None:
    bench.execute("ALTER TABLE player_game_summary DROP COLUMN tip_off_at")
    assert "without tip_off_at" in results_of_stores(bench)["box scores"].detail
    bench.execute("ALTER TABLE player_game_summary RENAME COLUMN points TO pts")
    result = results_of_stores(bench)["box scores"]
    assert result.health is Health.FAILED
    assert "Add points" in result.detail
