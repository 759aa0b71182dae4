"""Which rows are usable, on which scale their confidence is, and their edge."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NEXT_DATE, Row, Workbench, at, prediction


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
def test_incident_37_a_confidence_of_one_is_a_fraction_and_a_larger_one_is_in_percent(
    bench: Workbench, largest: str, scale: str
) -> None:
    bench.stage(prediction(confidence_score=Decimal(largest)))
    (row,) = validated(bench)
    assert row["confidence_scale"] == scale


def test_a_row_invalidated_by_hand_is_not_read_although_it_is_still_active(bench: Workbench) -> None:
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


def test_validated_rows_follow_from_the_consolidated_ones_alone(bench: Workbench) -> None:
    bench.stage(prediction(is_actionable=False, filter_reason="low_confidence", recommendation="PASS"))
    before = validated(bench)
    bench.execute("INSERT INTO policy_reviews (game_date, policy) VALUES (?, 'p')", DATE)
    bench.execute(
        "INSERT INTO player_reliability (game_date, player_lookup, status) VALUES (?, 'jaimejaquezjr', 'blacklisted')",
        DATE,
    )
    bench.validate()
    after = bench.execute("SELECT * FROM validated_predictions")
    assert [{**row, "lease_token": 0} for row in after] == [{**row, "lease_token": 0} for row in before]
    assert (after[0]["is_actionable"], after[0]["filter_reason"]) == (False, "low_confidence")
