"""Repair and restore of a legacy table on BigQuery, end to end."""

from __future__ import annotations

import pytest

from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder
from nba_consolidation.operations.repair.repair import Repairer
from nba_consolidation.operations.repair.restore import Restorer
from nba_consolidation.schema import ACCURACY, Column
from nba_consolidation.warehouse.bigquery.schema import schema_field
from nba_consolidation.warehouse.table_reads import game_dates
from nba_consolidation_tests.bigquery.executed import executes
from nba_consolidation_tests.bigquery.service import Service
from nba_consolidation_tests.bigquery.workbench import BigQueryBench
from nba_consolidation_tests.pipeline.consolidation.workbench import NO_WAIT, NOW

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


@executes("repair/")
def test_a_legacy_table_is_repaired_and_restored(bench: BigQueryBench) -> None:
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
    forecast = Repairer(writer).forecast(dates)
    report = Repairer(writer).repair(dates, Holder.here("repair"))
    report.raise_if_poisoned()
    assert report.systems == forecast.systems
    assert (report.total.duplicates, report.total.normalised, report.total.after.rows) == (3, 1, 3)
    assert not Repairer(writer).repair(dates, Holder.here("again")).total.needed
    plan = Restorer(writer).forecast("repair")
    restored = Restorer(writer).restore("repair", Holder.here("restore"))
    restored.raise_if_poisoned()
    assert (plan.dates, restored.total("put_back")) == (restored.dates, 4)
    assert current_rows(bench) == before
