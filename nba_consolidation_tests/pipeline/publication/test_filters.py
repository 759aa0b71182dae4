"""Which bets are stopped, and why: the worker's own filters, ours, and player reviews."""

from __future__ import annotations

import datetime as dt

import pytest

from nba_consolidation.schema import FILTERS
from nba_consolidation_tests.pipeline.consolidation.workbench import (
    DATE,
    NEXT_DATE,
    THIRD_DATE,
    Row,
    Workbench,
    prediction,
)


def published(bench: Workbench) -> list[Row]:
    bench.consolidate()
    bench.validate()
    bench.publish()
    return bench.execute("SELECT * FROM published_predictions")


def reviewed(bench: Workbench, status: str, date: dt.date = DATE) -> None:
    """A review of one player."""
    bench.execute(f"INSERT INTO policy_reviews (game_date, policy) VALUES ('{date}', 'p')")
    bench.execute(
        "INSERT INTO player_reliability (game_date, player_lookup, status, variance_flag) "
        f"VALUES ('{date}', 'jaimejaquezjr', '{status}', 'high')"
    )


def published_with(bench: Workbench, **changes: object) -> tuple[object, ...]:
    bench.stage(prediction(**{"is_actionable": True, **changes}))  # type: ignore[arg-type]
    (row,) = published(bench)
    return tuple(row[name] for name in ("is_actionable", "filter_reason", "player_status", "variance_flag"))


def test_without_a_filter_or_a_review_the_worker_decides(bench: Workbench) -> None:
    assert published_with(bench) == (True, None, None, None)


def test_if_the_worker_does_not_decide_it_stays_undecided(bench: Workbench) -> None:
    assert published_with(bench, is_actionable=None) == (None, None, None, None)


def test_a_bet_on_a_blacklisted_player_is_stopped_and_the_workers_reason_comes_first(bench: Workbench) -> None:
    reviewed(bench, "blacklisted")
    columns = published_with(bench, is_actionable=False, filter_reason="low_confidence")
    assert columns == (False, "low_confidence, blacklisted_player", "blacklisted", "high")


def test_a_blacklisted_player_is_recognised_in_another_spelling(bench: Workbench) -> None:
    reviewed(bench, "blacklisted")
    bench.stage(prediction())
    bench.consolidate()
    bench.execute("UPDATE player_prop_predictions SET player_lookup = 'Jaime Jáquez Jr.'")  # in an adopted table
    (row,) = published(bench)
    assert (row["player_lookup"], row["filter_reason"]) == ("Jaime Jáquez Jr.", "blacklisted_player")


@pytest.mark.parametrize(("last", "stopped"), [(DATE, True), (DATE - dt.timedelta(1), False), (None, True)])
def test_an_override_that_ended_since_the_review_stops_no_bet(
    bench: Workbench, last: dt.date | None, stopped: bool
) -> None:
    reviewed(bench, "blacklisted", DATE - dt.timedelta(2))
    bench.execute("UPDATE player_reliability SET override_id = 'o', computed_status = 'watch'")
    bench.execute(
        "INSERT INTO player_overrides (override_id, player_lookup, first_date, last_date, author, reason, created_at) "
        f"VALUES ('o', 'p', '{DATE}', {repr(str(last)) if last else 'NULL'}, 'ann', 'a knee', CURRENT_TIMESTAMP)"
    )
    assert published_with(bench)[:3] == (
        (False, "blacklisted_player", "blacklisted") if stopped else (True, None, "watch")
    )


def test_high_variance_alone_stops_no_bet(bench: Workbench) -> None:
    reviewed(bench, "watch")
    assert published_with(bench) == (True, None, "watch", "high")


def test_the_newest_review_of_the_week_before_counts(bench: Workbench) -> None:
    reviewed(bench, "blacklisted", DATE - dt.timedelta(7))
    assert published_with(bench)[:2] == (False, "blacklisted_player")
    reviewed(bench, "normal", DATE - dt.timedelta(1))
    reviewed(bench, "blacklisted", NEXT_DATE)
    bench.publish(DATE)
    (row,) = bench.execute("SELECT * FROM published_predictions")
    assert (row["is_actionable"], row["player_status"]) == (True, "normal")


def test_each_date_of_a_range_has_the_last_review_of_its_own_week(bench: Workbench) -> None:
    reviewed(bench, "blacklisted", DATE - dt.timedelta(7))
    reviewed(bench, "watch", THIRD_DATE)
    dates = (DATE, NEXT_DATE, THIRD_DATE, THIRD_DATE + dt.timedelta(1))
    bench.stage(*(prediction(game_date=date, is_actionable=True) for date in dates))
    bench.consolidate(*dates)
    bench.validate(*dates)
    bench.publish(*dates)
    rows = bench.execute("SELECT game_date, player_status, is_actionable FROM published_predictions ORDER BY game_date")
    assert [(row["player_status"], row["is_actionable"]) for row in rows] == [
        ("blacklisted", False), (None, True), ("watch", True), ("watch", True)
    ]  # fmt: skip


def test_a_review_older_than_a_week_does_not_count(bench: Workbench) -> None:
    reviewed(bench, "blacklisted", DATE - dt.timedelta(8))
    assert published_with(bench) == (True, None, None, None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"recommendation": "PASS"}, "no_bet_wanted"),
        ({"line": None}, "no_line"),
        ({"prediction_made_before_game": False}, "made_after_tip_off"),
        ({"is_actionable": False}, "worker"),
    ],
)
def test_every_filter_that_stops_a_bet_is_named(bench: Workbench, changes: dict[str, object], reason: str) -> None:
    assert published_with(bench, **changes)[:2] == (False, reason)
    assert reason in {*FILTERS, "worker"}
