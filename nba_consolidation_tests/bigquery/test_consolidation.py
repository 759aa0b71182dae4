"""The consolidation on BigQuery, end to end."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nba_consolidation.fencing.errors import AuditFailed, FencedOut
from nba_consolidation_tests.bigquery.workbench import BigQueryBench
from nba_consolidation_tests.leases.memory_store import MemoryLeaseStore
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NEXT_DATE, outcome, prediction


@pytest.mark.slow
def test_incident_3_null_lines_are_one_key_and_every_row_is_counted(bench: BigQueryBench) -> None:
    bench.stage(prediction(None, 0), prediction("20.5", 1), prediction("21.0", 2))
    bench.stage(prediction(None, 3), prediction("20.5", 4, recommendation="MAYBE"), worker="w1")
    report = bench.consolidate()
    assert [outcome(counts) for counts in report.dates] == [(5, 3, 0, 0, 1, 1)]
    assert [row["current_points_line"] for row in bench.published()] == [None, Decimal("20.5"), Decimal("21.0")]
    assert [row["is_active"] for row in bench.published()] == [True, False, False]
    assert len(report.dropped) == 2


@pytest.mark.slow
def test_a_newer_version_updates_and_an_older_one_is_stale(bench: BigQueryBench) -> None:
    bench.stage(prediction(minute=1, predicted_points=Decimal("20.0")))
    bench.consolidate()
    bench.stage(prediction(minute=2, predicted_points=Decimal("25.5")), prediction(minute=0))
    assert [outcome(counts) for counts in bench.consolidate().dates] == [(2, 0, 1, 0, 1, 0)]
    bench.stage(prediction(minute=1.5), worker="w1")
    assert [outcome(counts) for counts in bench.consolidate().dates] == [(1, 0, 0, 1, 0, 0)]
    (row,) = bench.published()
    assert (row["prediction_id"], row["prediction_version"]) == ("made-1", 2)
    assert row["predicted_points"] == Decimal("25.5")


@pytest.mark.slow
def test_a_row_that_breaks_a_rule_is_quarantined_unchanged(bench: BigQueryBench) -> None:
    bench.stage(prediction(), prediction(predicted_points=Decimal("99.0"), player_lookup="other"))
    bench.consolidate()
    (row,) = bench.select("SELECT rule, original_row FROM {dataset}.quarantined_predictions")
    assert row["rule"] == "range"
    assert '"player_lookup":"other"' in row["original_row"]


@pytest.mark.slow
def test_several_dates_are_one_transaction(bench: BigQueryBench) -> None:
    bench.stage(prediction(), prediction(game_date=NEXT_DATE, game_id="20260116_BOS_MIA"))
    report = bench.consolidate(DATE, NEXT_DATE)
    assert [counts.inserted for counts in report.dates] == [1, 1]
    assert len({row["consolidation_id"] for row in bench.published()}) == 1


@pytest.mark.slow
def test_tables_in_the_ledger_are_not_merged_again(bench: BigQueryBench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.stage(prediction())
    with monkeypatch.context() as patched:
        patched.setattr(bench.staging, "drop", lambda _: [])
        assert bench.consolidate().dates
    report = bench.consolidate()
    assert (report.dates, report.dropped) == ((), ("_staging_20260115_120000_w0",))


def test_a_smaller_token_is_fenced_out_and_nothing_is_written(bench: BigQueryBench) -> None:
    bench.stage(prediction())
    bench.consolidate()
    bench.select("UPDATE {dataset}.consolidation_fences SET token = 9000000000000000000 WHERE TRUE")
    bench.stage(prediction(minute=5), worker="w1")
    report = bench.consolidate(leases=MemoryLeaseStore())
    assert isinstance(report.poisoned[DATE], FencedOut)
    assert [row["prediction_version"] for row in bench.published()] == [1]
    assert report.dropped == ()


def test_a_failed_audit_rolls_everything_back(bench: BigQueryBench) -> None:
    bench.stage(prediction())
    bench.consolidate()
    bench.select(
        "INSERT INTO {dataset}.player_prop_predictions "
        "SELECT * FROM {dataset}.player_prop_predictions WHERE game_date > '2000-01-01'"
    )
    bench.stage(prediction("22.5", 9), prediction("22.5", 8, predicted_points=None), worker="w1")
    failure = bench.consolidate().poisoned[DATE]
    assert isinstance(failure, AuditFailed)
    assert failure.audit == "duplicate_business_keys"
    assert len(bench.published()) == 2
    assert bench.select("SELECT rule FROM {dataset}.quarantined_predictions") == []


@pytest.mark.slow
def test_validated_rows_are_rebuilt(bench: BigQueryBench) -> None:
    bench.stage(
        prediction("20.5", 1),
        prediction(None, 2, player_lookup="other", confidence_score=Decimal("0.9")),
        prediction("20.5", 1, player_lookup="stray", confidence_score=Decimal("1.05")),
    )
    bench.consolidate()
    for _ in range(2):
        (validated,) = bench.validate()
        assert (validated.validated_rows, validated.without_line, validated.withheld_rows) == (2, 1, 1)
