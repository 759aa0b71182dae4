"""What consumers read: which rows, on which scale, with which edge."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from nba_consolidation.tables import FILTERS

from .workbench import DATE, NEXT_DATE, THIRD_DATE, Row, Workbench, at, prediction


def validated(bench: Workbench, **scales: str) -> list[Row]:
    bench.consolidate(DATE, NEXT_DATE)
    bench.validate(DATE, NEXT_DATE, scales=scales)
    return bench.execute("SELECT * FROM validated_predictions ORDER BY game_date, player_lookup, system_id")


def confidences(rows: list[Row]) -> list[Decimal]:
    return [row["confidence"] for row in rows]


def test_only_active_and_valid_rows_are_read_and_the_edge_is_exact(bench: Workbench) -> None:
    bench.stage(
        prediction("20.5"),
        prediction("24.0", 1),
        prediction(None, player_lookup="lukadoncic"),
        prediction("24.0", player_lookup="nikolajokic", invalidated_at=at(1), invalidation_reason="injured"),
    )
    rows = validated(bench)
    assert [(row["player_lookup"], row["edge"]) for row in rows] == [
        ("jaimejaquezjr", Decimal("-2.5")),
        ("lukadoncic", None),
    ]


def test_incident_37_a_batch_with_a_confidence_above_one_is_in_percent(bench: Workbench) -> None:
    bench.stage(
        prediction(confidence_score=Decimal("62.5")),
        prediction(confidence_score=Decimal("0.9"), player_lookup="lukadoncic"),
        prediction(confidence_score=Decimal("0.9"), player_lookup="lukadoncic", system_id="ensemble_v1"),
        prediction(confidence_score=Decimal("0.9"), player_lookup="lukadoncic", game_date=NEXT_DATE),
    )
    bench.stage(prediction(confidence_score=Decimal("0.9"), player_lookup="nikolajokic"), batch="20260115_130000")
    rows = validated(bench)
    assert confidences(rows) == [Decimal(text) for text in ("0.625", "0.009", "0.9", "0.9", "0.9")]
    assert [row["confidence_scale"] for row in rows] == ["percent", "percent", "fraction", "fraction", "fraction"]


def test_incident_37_the_declared_scale_comes_before_the_guess(bench: Workbench) -> None:
    bench.stage(
        prediction(confidence_score=Decimal("0.9")),
        prediction(confidence_score=Decimal("0.9"), system_id="ensemble_v1"),
    )
    assert confidences(validated(bench, catboost_v9="percent")) == [Decimal("0.009"), Decimal("0.9")]


@pytest.mark.parametrize(("largest", "scale"), [("1.25", "percent"), ("1", "fraction")])
def test_incident_37_a_confidence_of_one_is_a_fraction_and_anything_above_it_in_percent(
    bench: Workbench, largest: str, scale: str
) -> None:
    bench.stage(prediction(confidence_score=Decimal(largest)))
    (row,) = validated(bench)
    assert row["confidence_scale"] == scale


def test_a_row_that_somebody_invalidated_by_hand_is_not_read_although_it_is_still_active(bench: Workbench) -> None:
    bench.stage(prediction(), prediction(player_lookup="lukadoncic"))
    bench.consolidate()
    bench.execute(
        "UPDATE player_prop_predictions SET invalidated_at = ? WHERE player_lookup = 'jaimejaquezjr' AND is_active",
        at(60),
    )
    assert [row["player_lookup"] for row in validated(bench)] == ["lukadoncic"]


def test_the_count_of_a_date_says_what_is_read_of_it(bench: Workbench) -> None:
    bench.stage(
        prediction(confidence_score=Decimal(63)),
        prediction(None, player_lookup="lukadoncic", confidence_score=Decimal(63)),
        prediction(None, player_lookup="lukadoncic", system_id="ensemble_v1"),
    )
    bench.consolidate()
    [counts] = bench.validate()
    assert (counts.validated_rows, counts.percent_scale_rows, counts.without_line) == (3, 2, 2)
    assert (counts.players, counts.systems) == (2, 2)


def reviewed(bench: Workbench, status: str, date: dt.date = DATE) -> None:
    """A review that knows one player."""
    bench.execute(f"INSERT INTO policy_reviews (game_date, policy) VALUES ('{date}', 'p')")
    bench.execute(
        "INSERT INTO player_reliability (game_date, player_lookup, status, variance_flag) "
        f"VALUES ('{date}', 'jaimejaquezjr', '{status}', 'high')"
    )


def filtered(bench: Workbench, **changes: object) -> tuple[object, ...]:
    bench.stage(prediction(**{"is_actionable": True, **changes}))  # type: ignore[arg-type]
    (row,) = validated(bench)
    return tuple(row[name] for name in ("is_actionable", "filter_reason", "player_status", "variance_flag"))


def test_a_sound_bet_is_what_the_worker_says_and_of_the_player_nothing_is_known(bench: Workbench) -> None:
    assert filtered(bench) == (True, None, None, None)


def test_a_worker_who_says_nothing_is_not_answered_for(bench: Workbench) -> None:
    assert filtered(bench, is_actionable=None) == (None, None, None, None)


def test_a_blacklisted_player_is_no_bet_and_the_workers_reason_comes_first(bench: Workbench) -> None:
    reviewed(bench, "blacklisted")
    known = filtered(bench, is_actionable=False, filter_reason="low_confidence")
    assert known == (False, "low_confidence, blacklisted_player", "blacklisted", "high")


def test_a_blacklisted_player_is_recognised_in_another_spelling(bench: Workbench) -> None:
    reviewed(bench, "blacklisted")
    assert filtered(bench, player_lookup="Jaime Jáquez Jr.")[:2] == (False, "blacklisted_player")


def test_high_variance_alone_stops_no_bet(bench: Workbench) -> None:
    reviewed(bench, "watch")
    assert filtered(bench) == (True, None, "watch", "high")


def test_the_review_of_the_week_before_counts_until_there_is_a_newer_one(bench: Workbench) -> None:
    reviewed(bench, "blacklisted", DATE - dt.timedelta(7))
    assert filtered(bench)[:2] == (False, "blacklisted_player")
    reviewed(bench, "normal", DATE - dt.timedelta(1))
    reviewed(bench, "blacklisted", NEXT_DATE)
    bench.validate(DATE)
    (row,) = bench.execute("SELECT * FROM validated_predictions")
    assert (row["is_actionable"], row["player_status"]) == (True, "normal")


def test_over_a_range_of_dates_each_has_the_last_review_of_its_own_week(bench: Workbench) -> None:
    reviewed(bench, "blacklisted", DATE - dt.timedelta(7))
    reviewed(bench, "watch", THIRD_DATE)
    dates = (DATE, NEXT_DATE, THIRD_DATE, THIRD_DATE + dt.timedelta(1))
    bench.stage(*(prediction(game_date=date, is_actionable=True) for date in dates))
    bench.consolidate(*dates)
    bench.validate(*dates)
    rows = bench.execute("SELECT game_date, player_status, is_actionable FROM validated_predictions ORDER BY game_date")
    assert [(row["player_status"], row["is_actionable"]) for row in rows] == [
        ("blacklisted", False), (None, True), ("watch", True), ("watch", True)
    ]  # fmt: skip


def test_an_older_review_says_nothing(bench: Workbench) -> None:
    reviewed(bench, "blacklisted", DATE - dt.timedelta(8))
    assert filtered(bench) == (True, None, None, None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"recommendation": "PASS"}, "no_bet_wanted"),
        ({"line": None}, "no_line"),
        ({"prediction_made_before_game": False}, "made_after_tip_off"),
        ({"is_actionable": False}, "worker"),
    ],
)
def test_every_filter_says_its_name(bench: Workbench, changes: dict[str, object], reason: str) -> None:
    assert filtered(bench, **changes)[:2] == (False, reason)
    assert reason in {*FILTERS, "worker"}
