"""Which rows are usable, on which scale their confidence is, and their edge."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from nba_consolidation.fencing.audits import WITHHELD_BY_GROUP
from nba_consolidation.fencing.errors import AuditFailed
from nba_consolidation.operations.unfinished_dates import unfinished_dates
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NEXT_DATE, Row, Workbench, at, prediction
from nba_consolidation_tests.warehouse.rows import statement_factory


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


def of_each(*scores: str, **changes: Any) -> list[Row]:
    """A prediction for each confidence, of a player of its own, by two versions of the model in turn."""
    return [
        prediction(
            confidence_score=Decimal(score), player_lookup=f"p{number}", model_version=f"v{number % 2}", **changes
        )
        for number, score in enumerate(scores)
    ]


@pytest.mark.parametrize(
    ("scores", "scale", "withheld"),
    [
        (["0.62"] * 9 + ["1.0001"], "fraction", ["1.0001"]),
        (["0.62"] * 9 + ["1.05"], "fraction", ["1.05"]),
        (["0.62"] * 9 + ["62"], "fraction", ["62"]),
        (["0.62", "1.05"], "fraction", ["1.05"]),
        (["62"] * 9 + ["0.62"], "percent", ["0.62"]),
        (["62.5", "0", "0", "0", "100"], "percent", []),
        (["62.1234", "0"], "percent", []),
        (["1", "0.5", "0"], "fraction", []),
        (["1", "1", "0.5"], "fraction", []),
        (["1.05"] * 3, None, ["1.05"] * 3),
    ],
)
def test_incident_37_a_group_has_the_scale_of_its_median_and_what_does_not_fit_it_is_withheld_and_not_rescaled(
    bench: Workbench, scores: list[str], scale: str | None, withheld: list[str]
) -> None:
    bench.stage(*of_each(*scores))
    bench.consolidate()
    [counts] = bench.validate()
    rows = bench.execute("SELECT * FROM validated_predictions")
    assert {row["confidence_scale"] for row in rows} == ({scale} if scale else set())
    fitting = [Decimal(score) for score in scores if score not in withheld]
    assert sorted(confidences(rows)) == sorted(score / (100 if scale == "percent" else 1) for score in fitting)
    assert (counts.validated_rows, counts.withheld_rows) == (len(fitting), len(withheld))
    kept = bench.execute("SELECT * FROM withheld_predictions")
    assert [row["confidence_score"] for row in kept] == [Decimal(score) for score in withheld]
    assert all("does not fit the scale of its batch" in row["reason"] for row in kept)
    groups = WITHHELD_BY_GROUP.findings(bench.warehouse, [DATE])
    assert [group["withheld_rows"] for group in groups] == ([len(withheld)] if withheld else [])


def test_incident_37_each_system_date_and_batch_has_a_scale_of_its_own(bench: Workbench) -> None:
    bench.stage(
        prediction(confidence_score=Decimal("62.5")),
        prediction(confidence_score=Decimal("0.9"), player_lookup="lukadoncic", system_id="ensemble_v1"),
        prediction(confidence_score=Decimal("0.9"), player_lookup="lukadoncic", game_date=NEXT_DATE),
    )
    bench.stage(prediction(confidence_score=Decimal("0.9"), player_lookup="nikolajokic"), batch="20260115_130000")
    rows = validated(bench)
    assert confidences(rows) == [Decimal(text) for text in ("0.625", "0.9", "0.9", "0.9")]
    assert [row["confidence_scale"] for row in rows] == ["percent", "fraction", "fraction", "fraction"]


def test_incident_37_what_does_not_fit_a_declared_scale_is_withheld_with_that_reason(bench: Workbench) -> None:
    bench.stage(*of_each("0.62", "1.05", "62"))
    assert confidences(validated(bench, catboost_v9="fraction")) == [Decimal("0.62")]
    kept = bench.execute("SELECT * FROM withheld_predictions ORDER BY confidence_score")
    assert [row["reason"].partition(" does ")[2] for row in kept] == ["not fit the declared scale, 0 to 1"] * 2
    assert len(validated(bench, catboost_v9="percent")) == 3
    assert bench.execute("SELECT * FROM withheld_predictions") == []


def test_a_date_whose_rows_are_all_withheld_counts_as_validated(bench: Workbench) -> None:
    bench.stage(*of_each("1.05"))
    bench.consolidate()
    assert unfinished_dates(bench.warehouse).unvalidated == (DATE,)
    bench.validate()
    assert unfinished_dates(bench.warehouse).unvalidated == ()


def test_incident_37_the_declared_scale_comes_before_the_guess(bench: Workbench) -> None:
    bench.stage(
        prediction(confidence_score=Decimal("0.9")),
        prediction(confidence_score=Decimal("0.9"), system_id="ensemble_v1"),
    )
    assert confidences(validated(bench, catboost_v9="percent")) == [Decimal("0.009"), Decimal("0.9")]


def test_a_row_that_is_not_active_is_not_withheld(bench: Workbench) -> None:
    bench.stage(prediction("20.5", confidence_score=Decimal(62)), prediction("24.0", 1))
    bench.consolidate()
    [counts] = bench.validate()
    assert (counts.validated_rows, counts.withheld_rows) == (1, 0)


@pytest.mark.parametrize("confidence", ["0.62", "62"])
def test_a_row_invalidated_by_hand_is_not_read_although_it_is_still_active(bench: Workbench, confidence: str) -> None:
    bench.stage(prediction(confidence_score=Decimal(confidence)), prediction(player_lookup="lukadoncic"))
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


@pytest.mark.parametrize(
    ("scores", "left_out", "audit"),
    [
        (["0.62", "62"], "validate", "unconserved_validations"),
        (["0.62", "62"], "withhold", "unconserved_validations"),
        (["0.62", "62"], "delete_dates", "duplicate_validated_predictions"),
        (["1.05"], "delete_dates", "unconserved_validations"),
    ],
)
def test_a_validation_that_would_lose_a_row_or_have_it_twice_is_rolled_back(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, scores: list[str], left_out: str, audit: str
) -> None:
    bench.stage(*of_each(*scores))
    before = validated(bench)
    statement_factory(monkeypatch)(left_out, "SELECT 1 AS writes_nothing")
    with pytest.raises(AuditFailed) as caught:
        bench.validate()
    assert caught.value.audit == audit
    assert bench.execute("SELECT * FROM validated_predictions ORDER BY game_date, player_lookup, system_id") == before
