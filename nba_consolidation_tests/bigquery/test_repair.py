"""Repair and restore of a legacy table on BigQuery, end to end."""

from __future__ import annotations

import pytest

from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder
from nba_consolidation.operations.repair.accuracy import AccuracyRepairer
from nba_consolidation.operations.repair.predictions import PredictionsRepairer
from nba_consolidation.operations.repair.repair_result import PredictionsRepair
from nba_consolidation.operations.repair.repaired_table import REPAIRED_PREDICTIONS
from nba_consolidation.operations.repair.restore import Restorer
from nba_consolidation.operations.unfinished_dates import unfinished_dates
from nba_consolidation.schema import ACCURACY, ALL_TABLES, Column
from nba_consolidation.warehouse.bigquery.schema import schema_field
from nba_consolidation.warehouse.table_reads import game_dates
from nba_consolidation_tests.bigquery.executed import executes
from nba_consolidation_tests.bigquery.service import Service
from nba_consolidation_tests.bigquery.workbench import BigQueryBench
from nba_consolidation_tests.pipeline.consolidation.workbench import NO_WAIT, NOW

KINDS = ("STRING", "STRING", "NUMERIC", "BOOL", "TIMESTAMP", "TIMESTAMP")
COLUMNS = (
    "player_lookup, game_date, system_id, line_value, confidence_score, confidence_decile, actual_points, graded_at"
)


def current_rows(bench: BigQueryBench) -> list[str]:
    rows = bench.select(f"SELECT {COLUMNS} FROM {{dataset}}.prediction_accuracy WHERE game_date > '2000-01-01'")
    return sorted(str(tuple(row.values())) for row in rows)


@pytest.fixture
def bench(bigquery_service: Service) -> BigQueryBench:
    """With an accuracy table of a predecessor, which keeps more digits than the table of removed rows."""
    from google.cloud import bigquery

    session = bigquery_service.session()
    session.ensure_dataset(bigquery_service.dataset)
    exact = Column("pace_adjustment", "NUMERIC(7, 3)", "")
    fields = [schema_field(exact if column.name == exact.name else column) for column in ACCURACY.columns]
    reference = session.dataset(bigquery_service.dataset).table(ACCURACY.name)
    session.client.create_table(bigquery.Table(reference, schema=fields))
    return BigQueryBench(bigquery_service)


SHARED = {
    *("repair_versions", "keep_repaired", "clear_repaired", "repair_counts", "unconserved_repairs"),
    *("repair_ledger", "rows_before", "restorable_dates", "restore_plan", "lost_kept_rows", "keep_restored"),
    *("clear_restored", "put_back", "clear_put_back", "unconserved_restores", "restore_ledger", "restore_planned"),
}
PREDICTIONS = {
    *("predictions_before", "predictions_ranks", "predictions_forecast", "insert_predictions", "repaired_predictions"),
    *("count_active_rows", "predictions_changes"),
}


@executes(*SHARED, "accuracy_before", "accuracy_ranks", "settle_ranks", "accuracy_forecast", "insert_accuracy",
          "repaired_accuracy", "accuracy_changes", "inexactly_kept")  # fmt: skip
def test_a_legacy_prediction_accuracy_is_repaired_and_restored(bench: BigQueryBench) -> None:
    copies = ", ".join(["('a', 'g', DATE '2026-01-15', 's', NUMERIC '0.625', 5, TIMESTAMP '2026-01-16')"] * 3)
    bench.select(
        "INSERT INTO {dataset}.prediction_accuracy (player_lookup, game_id, game_date, system_id, confidence_score, "
        f"actual_points, graded_at) VALUES {copies}, "
        "('a', 'g', DATE '2026-01-15', 'p', NUMERIC '62.5', 5, TIMESTAMP '2026-01-16'), "
        "('a', 'g', DATE '2026-01-16', 's', NUMERIC '0.5', NULL, TIMESTAMP '2026-01-18'), "
        "('a', 'g', DATE '2026-01-16', 's', NUMERIC '0.5', 7, TIMESTAMP '2026-01-17')"
    )
    before = current_rows(bench)
    writer = FencedWriter(bench.warehouse, bench.leases, clock=lambda: NOW, wait=NO_WAIT)
    dates = game_dates(bench.warehouse, ACCURACY)
    forecast = AccuracyRepairer(writer).forecast(dates)
    report = AccuracyRepairer(writer).repair(dates, Holder.here("repair"))
    report.raise_if_poisoned()
    assert report.systems == forecast.systems
    assert (report.total.duplicates, report.total.normalised, report.total.after.rows) == (3, 1, 3)
    assert not AccuracyRepairer(writer).repair(dates, Holder.here("again")).total.needed
    plan = Restorer(writer).forecast("repair")
    restored = Restorer(writer).restore("repair", Holder.here("restore"))
    restored.raise_if_poisoned()
    assert (plan.dates, restored.total("put_back")) == (restored.dates, 4)
    assert current_rows(bench) == before


@executes(*SHARED, *PREDICTIONS, "unvalidated_dates")
def test_a_legacy_player_prop_predictions_is_repaired_and_restored(bench: BigQueryBench) -> None:
    bench.warehouse.create_tables(ALL_TABLES)
    columns = "prediction_id, player_lookup, current_points_line, is_active, created_at, invalidated_at"
    bench.select(
        f"INSERT INTO {{dataset}}.player_prop_predictions (game_date, game_id, system_id, {columns}) "
        "SELECT DATE '2026-01-15', 'g', 's', R.* FROM UNNEST(["
        f"STRUCT<{', '.join(f'{name} {kind}' for name, kind in zip(columns.split(', '), KINDS, strict=True))}>"
        "('a', 'Nikola Jokić', NULL, TRUE, TIMESTAMP '2026-01-15 12:00:00', NULL), "
        "('b', 'nikolajokic', NULL, TRUE, TIMESTAMP '2026-01-15 13:00:00', NULL), "
        "('c', 'nikolajokic', 20.5, TRUE, TIMESTAMP '2026-01-15 11:00:00', TIMESTAMP '2026-01-15 11:30:00'), "
        "('d', 'sound', 20.5, TRUE, TIMESTAMP '2026-01-15 11:00:00', NULL)]) AS R"
    )
    columns = f"{columns}, prediction_version, superseded_by, version_prediction_id, run_id"
    table = "{dataset}.player_prop_predictions WHERE game_date > '2000-01-01'"
    rows = f"SELECT {columns} FROM {table} ORDER BY prediction_id, created_at"
    before = bench.select(rows)
    writer = FencedWriter(bench.warehouse, bench.leases, clock=lambda: NOW, wait=NO_WAIT)
    repairer, dates = PredictionsRepairer(writer), game_dates(bench.warehouse, REPAIRED_PREDICTIONS.table)
    forecast = repairer.forecast(dates)
    report = repairer.repair(dates, Holder.here("repair"))
    report.raise_if_poisoned()
    assert report.systems == forecast.systems
    assert report.total == PredictionsRepair(4, 3, 4, 2, duplicates=1, active_twins=2, misspelt=1, changed=2)
    kept = bench.select(
        f"SELECT prediction_id AS id, version_prediction_id AS newest, is_active FROM {table} ORDER BY 1"
    )
    assert [tuple(row.values()) for row in kept] == [("a", "b", True), ("c", "c", False), ("d", None, True)]
    assert not repairer.repair(dates, Holder.here("again")).total.needed
    assert list(unfinished_dates(bench.warehouse).unvalidated) == list(dates)
    Restorer(writer).restore("repair", Holder.here("restore")).raise_if_poisoned()
    assert bench.select(rows) == before
