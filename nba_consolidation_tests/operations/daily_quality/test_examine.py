"""The figures, read from stores that something is wrong with; and the terminal."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from nba_consolidation.cli import main
from nba_consolidation.leases import Holder
from nba_consolidation.operations.daily_quality.examine import Quality
from nba_consolidation.operations.daily_quality.readings import Reader
from nba_consolidation.operations.daily_quality.results import CheckResult, CheckStatus
from nba_consolidation.settings import QualityThresholds
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, KNOWN, Workbench, prediction
from nba_consolidation_tests.prepared import WITH_BOX_SCORES, prepare

MORNING_AFTER = dt.datetime(2026, 1, 16, 13, tzinfo=dt.UTC)
FEW = QualityThresholds(fewest_predictions=1, most_ungraded=0, staged_hours_warned=1e6, staged_hours_failed=1e6)


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    """One consolidated and validated prediction of DATE, whose game was played, and which was graded."""
    bench = Workbench(tmp_path)
    prepare(bench.warehouse.path, WITH_BOX_SCORES)
    bench.stage(prediction())
    bench.consolidate(clock=lambda: MORNING_AFTER - dt.timedelta(hours=20))
    bench.validate()
    bench.execute("INSERT INTO player_game_summary (player_lookup, game_id, game_date, team_abbr) "
                  "VALUES ('jaimejaquezjr', '20260115_BOS_MIA', DATE '2026-01-15', 'MIA')")  # fmt: skip
    grade(bench)
    return bench


def grade(bench: Workbench, line: str = "20.5") -> None:
    bench.execute(
        "INSERT INTO prediction_accuracy (player_lookup, game_id, game_date, system_id, line_value, confidence_score) "
        f"VALUES ('jaimejaquezjr', '20260115_BOS_MIA', DATE '2026-01-15', 'catboost_v9', {line}, 0.62)"
    )


def examined(
    bench: Workbench, thresholds: QualityThresholds = FEW, date: dt.date | None = None
) -> dict[str, CheckResult]:
    reader = Reader(bench.warehouse, bench.staging, bench.leases, lambda: KNOWN)
    report = Quality(reader, thresholds, lambda: MORNING_AFTER).examine(date)
    assert report.game_date == (date or DATE)
    return {result.name: result for result in report.results}


def not_passed(results: dict[str, CheckResult]) -> dict[str, CheckStatus]:
    return {name: result.status for name, result in results.items() if result.status is not CheckStatus.PASSED}


def test_a_sound_date_passes_every_check_in_one_transaction_and_one_query(bench: Workbench) -> None:
    before = bench.warehouse.transactions
    assert not_passed(examined(bench)) == {}
    assert bench.warehouse.transactions == before + 1


def test_what_was_played_and_not_graded_is_found_by_game_or_by_team(bench: Workbench) -> None:
    bench.execute("DELETE FROM prediction_accuracy")
    assert not_passed(examined(bench)) == {"ungraded": CheckStatus.WARNED}
    assert not_passed(examined(bench, date=DATE + dt.timedelta(days=1)))["ungraded"] is CheckStatus.FAILED
    bench.execute("UPDATE player_game_summary SET game_id = '0022500001'")
    assert not_passed(examined(bench, date=DATE + dt.timedelta(days=1)))["ungraded"] is CheckStatus.FAILED
    bench.execute("UPDATE player_game_summary SET team_abbr = 'LAL'")
    assert "ungraded" not in not_passed(examined(bench, date=DATE + dt.timedelta(days=1)))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE prediction_accuracy SET confidence_score = 62",
        "UPDATE player_prop_predictions SET confidence_score = 101",
        "UPDATE validated_predictions SET confidence = 1.5",
    ],
)
def test_incident_37_a_confidence_out_of_scale_is_found_in_each_table(bench: Workbench, change: str) -> None:
    bench.execute(change)
    assert not_passed(examined(bench)) == {"confidence_scale": CheckStatus.FAILED}


def test_predictions_that_stopped_although_games_go_on_are_found(bench: Workbench) -> None:
    bench.execute("INSERT INTO player_game_summary (player_lookup, game_id, game_date, team_abbr) "
                  "VALUES ('x', '20260116_BOS_MIA', DATE '2026-01-16', 'BOS')")  # fmt: skip
    outcomes = not_passed(examined(bench, date=DATE + dt.timedelta(days=1)))
    assert outcomes == {"volume": CheckStatus.FAILED}
    late = Quality(
        Reader(bench.warehouse, bench.staging, bench.leases, lambda: KNOWN), FEW,
        lambda: MORNING_AFTER + dt.timedelta(days=2),
    ).examine(DATE + dt.timedelta(days=2))  # fmt: skip
    assert {r.name: r.status for r in late.results}["freshness"] is CheckStatus.FAILED


def test_a_date_that_was_consolidated_long_after_its_games_passes_every_check(tmp_path: Path) -> None:
    bench = Workbench(tmp_path)
    prepare(bench.warehouse.path, WITH_BOX_SCORES)
    bench.execute("INSERT INTO player_game_summary (player_lookup, game_id, game_date, team_abbr) "
                  "VALUES ('jaimejaquezjr', '20260115_BOS_MIA', DATE '2026-01-15', 'MIA')")  # fmt: skip
    later = MORNING_AFTER + dt.timedelta(days=40)
    reader = Reader(bench.warehouse, bench.staging, bench.leases, lambda: KNOWN)
    quality = Quality(reader, FEW, lambda: later + dt.timedelta(days=3))
    assert {r.name: r.status for r in quality.examine(DATE).results}["freshness"] is CheckStatus.FAILED

    bench.stage(prediction())
    bench.consolidate(clock=lambda: later)
    bench.validate()
    grade(bench)
    assert not_passed({r.name: r for r in quality.examine(DATE).results}) == {}


def test_staging_tables_that_wait_are_found_and_merged_ones_are_not(bench: Workbench) -> None:
    bench.staging.drops = False
    bench.stage(prediction("22.5", minute=5), worker="merged")
    bench.consolidate()
    bench.stage(prediction("23.5", minute=6), worker="waits")
    (bench.staging.folder / "_staging_1_torn.parquet").write_bytes(b"torn")
    strict = QualityThresholds(fewest_predictions=1)
    reader = Reader(bench.warehouse, bench.staging, bench.leases, lambda: KNOWN)
    later = Quality(reader, strict, lambda: dt.datetime.now(dt.UTC) + dt.timedelta(hours=2)).examine(DATE)
    (waiting,) = (result for result in later.results if result.name == "waiting_staging")
    assert [row["staging_table"] for row in waiting.rows] == ["_staging_1_torn", "_staging_20260115_120000_waits"]
    assert (waiting.status, waiting.value) == (CheckStatus.WARNED, 2.0)


def test_a_stuck_lease_is_found(bench: Workbench) -> None:
    bench.leases.try_acquire(["consolidation_2026-01-15"], Holder.here("run"), 600, operation_id="x")
    assert not_passed(examined(bench)) == {}
    thresholds = QualityThresholds(fewest_predictions=1, lease_held_minutes=0, staged_hours_failed=1e6)
    assert not_passed(examined(bench, thresholds))["stuck_leases"] is CheckStatus.FAILED


def test_incident_48_a_table_that_is_missing_errs_its_checks_and_no_others(bench: Workbench) -> None:
    bench.execute("DROP TABLE player_game_summary")
    outcomes = not_passed(examined(bench))
    assert outcomes == dict.fromkeys(("volume", "ungraded", "freshness"), CheckStatus.ERRORED)


def test_a_lease_store_that_cannot_be_read_errs_its_check_and_no_others(bench: Workbench) -> None:
    from nba_consolidation.leases import LeaseUnavailable

    def broken() -> Any:
        raise LeaseUnavailable("the store is gone")

    bench.leases.list = broken  # type: ignore[method-assign]
    outcomes = examined(bench)
    assert not_passed(outcomes) == {"stuck_leases": CheckStatus.ERRORED}
    assert "the store is gone" in outcomes["stuck_leases"].message


def terminal(home: Path, *arguments: str, **environment: str) -> tuple[int, Any]:
    result = CliRunner().invoke(main, ["--home", str(home), "quality", *arguments, "--json"], env=environment)
    return result.exit_code, json.loads(result.stdout) if result.stdout.startswith("{") else result.stderr


THRESHOLD = "NBA_CONSOLIDATION_QUALITY_THRESHOLDS"
LENIENT = "fewest_predictions=1,staged_hours_warned=1e6,staged_hours_failed=1e6"


def test_the_terminal_ends_with_a_code_for_fine_failed_warned_and_could_not_run(bench: Workbench) -> None:
    date = ("--date", str(DATE))
    code, outcomes = terminal(bench.folder, *date, **{THRESHOLD: LENIENT})
    assert (code, outcomes["status"], outcomes["game_date"]) == (0, "passed", str(DATE))
    assert terminal(bench.folder, *date)[0] == 2  # one prediction is too few
    bench.execute("UPDATE prediction_accuracy SET confidence_score = 62")
    assert terminal(bench.folder, *date, **{THRESHOLD: LENIENT})[0] == 1
    bench.execute("ALTER TABLE player_game_summary RENAME COLUMN game_id TO id")
    code, outcomes = terminal(bench.folder, *date, **{THRESHOLD: LENIENT})
    assert (code, outcomes["status"]) == (5, "errored")
    assert {check["status"] for check in outcomes["checks"]} == {"passed", "failed", "errored"}


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (["--date", "yesterday"], {}),
        (["--nonsense"], {}),
        ([], {THRESHOLD: "volume=3"}),
        ([], {THRESHOLD: "robust_z"}),
        ([], {"NBA_CONSOLIDATION_HOME": ""}),
    ],
)
def test_whatever_keeps_the_terminal_from_checking_never_looks_like_a_verdict(
    tmp_path: Path, arguments: list[str], environment: dict[str, str]
) -> None:
    code, _ = terminal(tmp_path / "nothing here", *arguments, **environment)
    assert code == 5
