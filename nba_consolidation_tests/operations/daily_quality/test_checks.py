"""Each check on figures: what passes, what warns, what fails, and what stays quiet. Nothing is read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from nba_consolidation.leases import Holder, LeaseRecord
from nba_consolidation.operations.daily_quality.daily_checks import CHECKS, robust_z
from nba_consolidation.operations.daily_quality.readings import Readings
from nba_consolidation.operations.daily_quality.results import CheckResult, CheckStatus, QualityReport
from nba_consolidation.settings import QualityThresholds
from nba_consolidation.warehouse.staging.interface import StagingTable

DATE = dt.date(2026, 1, 15)
NOW = dt.datetime(2026, 1, 16, 13, tzinfo=dt.UTC)
PASSED, WARNED, FAILED, ERRORED = CheckStatus
THRESHOLDS = QualityThresholds()


def day(offset: int) -> dt.date:
    return DATE + dt.timedelta(days=offset)


def readings(
    active: Mapping[int, Mapping[str, int]] | None = None,
    games: Sequence[int] = (),
    consolidated: Mapping[int, float] | None = None,
    staged: tuple[int, int] = (100, 0),
    **more: Any,
) -> Readings:
    """Active rows by day and system, days with games, hours since the consolidation of a day; 0 is DATE."""
    rows: dict[str, list[dict[str, Any]]] = {
        "active_by_system": [
            {"game_date": day(offset), "system_id": system, "active_rows": count}
            for offset, systems in (active or {}).items()
            for system, count in systems.items()
        ],
        "games_by_date": [{"game_date": day(offset), "games": 6} for offset in games],
        "consolidated_by_date": [
            {"game_date": day(offset), "staged": staged[0], "quarantined": staged[1],
             "consolidated_at": NOW - dt.timedelta(hours=hours)}
            for offset, hours in (consolidated or {}).items()
        ],
        "confidence_out_of_scale": [],
        "ungraded_by_date": [],
    }  # fmt: skip
    return Readings(DATE, NOW, rows | more.pop("rows", {}), **more)


def evaluate(name: str, examined: Readings, thresholds: QualityThresholds = THRESHOLDS) -> CheckResult:
    (check,) = (check for check in CHECKS if check.name == name)
    return check.result(examined, thresholds)


@pytest.mark.parametrize(
    ("count", "status"), [(299, WARNED), (300, PASSED), (2000, PASSED), (2001, WARNED), (0, FAILED)]
)
def test_the_volume_of_a_date_with_games_has_bounds_and_none_at_all_fails(count: int, status: CheckStatus) -> None:
    active = {0: {"a": count - 1, "b": 1}} if count else {}
    assert evaluate("volume", readings(active, games=[0])).status is status


def test_a_date_without_games_expects_no_predictions() -> None:
    examined = readings({-9: {"a": 500}}, games=[-9], consolidated={-9: 200})
    checks = ("volume", "systems", "freshness")
    assert {evaluate(name, examined).status for name in checks} == {PASSED}


def test_predictions_before_their_game_was_played_are_judged_too() -> None:
    assert evaluate("volume", readings({0: {"a": 5}})).status is WARNED


HISTORY = {-offset: {"a": 500 + 10 * (offset % 5)} for offset in range(1, 15)}


@pytest.mark.parametrize(("count", "status"), [(520, PASSED), (700, WARNED), (380, WARNED)])
def test_a_volume_far_off_its_own_history_warns(count: int, status: CheckStatus) -> None:
    assert evaluate("volume", readings({**HISTORY, 0: {"a": count}})).status is status


def test_off_days_do_not_count_as_history_and_a_short_one_says_nothing() -> None:
    spread_out = {-3 * offset: {"a": 500 + offset % 3} for offset in range(1, 15)}
    assert evaluate("volume", readings({**spread_out, 0: {"a": 900}})).status is WARNED
    assert evaluate("volume", readings({-1: {"a": 500}, 0: {"a": 900}})).status is PASSED


def test_a_robust_z_forgives_outliers_in_the_history_and_a_history_without_spread() -> None:
    assert robust_z(500, [500, 510, 490, 505, 9000]) == pytest.approx(-0.2, abs=0.3)
    assert abs(robust_z(501, [500] * 9)) < 1
    assert robust_z(9000, [500] * 9) > 100


def test_ungraded_predictions_of_the_date_itself_only_warn_and_older_ones_fail() -> None:
    def ungraded(*counts: tuple[int, int, int]) -> CheckStatus:
        rows = [{"game_date": day(o), "ungraded": all_, "playable": playable} for o, all_, playable in counts]
        return evaluate("ungraded", readings(rows={"ungraded_by_date": rows})).status

    assert ungraded((0, 50, 0)) is PASSED
    assert ungraded((0, 51, 0)) is WARNED
    assert ungraded((-2, 51, 51)) is FAILED
    assert ungraded((-2, 400, 0)) is PASSED  # postponed: no box score will come
    assert ungraded((-1, 30, 30), (0, 30, 0)) is WARNED


def test_a_single_finding_that_must_not_be_fails() -> None:
    assert evaluate("confidence_scale", readings()).status is PASSED
    result = evaluate("confidence_scale", readings(rows={"confidence_out_of_scale": [{"game_date": DATE}]}))
    assert (result.status, result.value, list(result.rows)) == (FAILED, 1, [{"game_date": DATE}])


@pytest.mark.parametrize(("hours", "status"), [(30, PASSED), (30.5, WARNED), (48.5, FAILED)])
def test_consolidations_that_stopped_although_games_go_on_alarm(hours: float, status: CheckStatus) -> None:
    assert evaluate("freshness", readings(games=[-1, 0], consolidated={-1: hours})).status is status


def test_an_all_star_break_and_a_summer_are_quiet() -> None:
    assert evaluate("freshness", readings(games=[-6], consolidated={-6: 150})).status is PASSED
    assert evaluate("freshness", readings(games=[-50], consolidated={-50: 1200})).status is PASSED
    assert evaluate("freshness", readings()).status is PASSED


def test_games_after_which_nothing_was_consolidated_at_all_fail() -> None:
    assert evaluate("freshness", readings(games=[0])).status is FAILED
    assert evaluate("freshness", readings(games=[-6, 0], consolidated={-20: 500})).status is FAILED


def test_a_backfill_of_an_old_date_does_not_make_things_fresh() -> None:
    assert evaluate("freshness", readings(games=[0], consolidated={-30: 1, -1: 60})).status is FAILED


def test_a_system_that_predicted_before_and_does_not_now_warns() -> None:
    both = {-offset: {"a": 100, "b": 100} for offset in range(1, 8)}
    result = evaluate("systems", readings({**both, 0: {"a": 100}}))
    assert (result.status, [row["system_id"] for row in result.rows]) == (WARNED, ["b"])
    assert evaluate("systems", readings({**both, 0: {"a": 1, "b": 1, "new": 1}})).status is PASSED


def test_a_system_that_was_an_experiment_is_not_expected() -> None:
    days = {-offset: {"a": 100} | ({"b": 1} if offset < 3 else {}) for offset in range(1, 8)}
    assert evaluate("systems", readings({**days, 0: {"a": 100}})).status is PASSED


def lease(held: float, left: float) -> LeaseRecord:
    """Held for so many minutes, with so many left."""
    return LeaseRecord(
        key="consolidation_2026-01-15", token=1, version=1, operation_id="x", holder=Holder.here("run"),
        acquired_at=NOW - dt.timedelta(minutes=held), expires_at=NOW + dt.timedelta(minutes=left), read_at=NOW,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("held", "left", "status"), [(59, 1, PASSED), (61, 1, FAILED), (10, -4, PASSED), (10, -6, WARNED)]
)
def test_a_lease_that_is_held_too_long_fails_and_one_that_is_left_over_warns(
    held: float, left: float, status: CheckStatus
) -> None:
    assert evaluate("stuck_leases", readings(leases=[lease(held, left)])).status is status


@pytest.mark.parametrize(("hours", "status"), [(0.9, PASSED), (1.1, WARNED), (25, FAILED)])
def test_incident_17_staging_tables_that_wait_are_told(hours: float, status: CheckStatus) -> None:
    table = StagingTable("_staging_1_w", "x", 30, NOW - dt.timedelta(hours=hours), dates={DATE: 30})
    assert evaluate("waiting_staging", readings(waiting=[table])).status is status


@pytest.mark.parametrize(("quarantined", "status"), [(0, PASSED), (10, PASSED), (11, WARNED), (101, FAILED)])
def test_a_share_of_quarantined_rows_is_judged(quarantined: int, status: CheckStatus) -> None:
    examined = readings(consolidated={0: 5}, staged=(1000, quarantined))
    assert evaluate("quarantine_rate", examined).status is status


def test_incident_48_a_reading_that_failed_is_never_a_pass() -> None:
    for check in CHECKS:
        for need in check.needs:
            result = check.result(replace(readings(), errors={need: "no such table"}), THRESHOLDS)
            assert (result.status, result.value) == (ERRORED, None)
            assert "no such table" in result.message


def test_a_check_that_could_not_run_is_worse_than_one_that_failed() -> None:
    failed = CheckResult(FAILED, 1, "", "", name="x", table="t")
    assert QualityReport(DATE, NOW, [failed, replace(failed, status=ERRORED)]).status is ERRORED
    assert QualityReport(DATE, NOW, [replace(failed, status=WARNED), failed]).status is FAILED


def test_every_result_that_is_no_pass_says_what_to_do() -> None:
    table = StagingTable("_staging_1_w", "x", 30, NOW - dt.timedelta(hours=30), dates={DATE: 30})
    bad = readings(
        {**{-offset: {"a": 500, "b": 9} for offset in range(1, 9)}, 0: {"a": 5}}, games=[0], consolidated={-1: 60},
        leases=[lease(99, 1)], waiting=[table],
        rows={name: [{"game_date": day(-1), "ungraded": 99, "playable": 99}] for name in (
            "confidence_out_of_scale", "ungraded_by_date")},
    )  # fmt: skip
    results = [check.result(bad, THRESHOLDS) for check in CHECKS if check.name != "quarantine_rate"]
    assert all(result.status in (WARNED, FAILED) for result in results), results
    assert all("; " in result.message for result in results)


def test_a_threshold_that_is_set_counts() -> None:
    thresholds = QualityThresholds(fewest_predictions=3)
    assert evaluate("volume", readings({0: {"a": 3}}), thresholds).status is PASSED
