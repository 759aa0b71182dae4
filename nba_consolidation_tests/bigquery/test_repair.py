"""The repair and the restore of a legacy table are valid on BigQuery, and come to the same."""

from __future__ import annotations

import pytest

from nba_consolidation.fencing import Guarding
from nba_consolidation.grading.repair import Repairer, accuracy_dates
from nba_consolidation.grading.restore import Restorer
from nba_consolidation.locking import Holder
from nba_consolidation.tables import ACCURACY, Column
from nba_consolidation.warehouse.bigquery_schema import schema_field
from nba_consolidation_tests.consolidation.workbench import NO_WAIT, NOW

from .executed import executes
from .service import Service
from .workbench import BigQueryBench

COLUMNS = (
    "player_lookup, game_date, system_id, line_value, confidence_score, confidence_decile, actual_points, graded_at"
)


def standing(bench: BigQueryBench) -> list[str]:
    rows = bench.select(f"SELECT {COLUMNS} FROM {{dataset}}.prediction_accuracy WHERE game_date > '2000-01-01'")
    return sorted(str(tuple(row.values())) for row in rows)


@pytest.fixture
def bench(bigquery_service: Service) -> BigQueryBench:
    """With a table that was there before ours: it keeps more digits than the table for removed rows does."""
    from google.cloud import bigquery

    session = bigquery_service.session()
    session.ensure_dataset(bigquery_service.dataset)
    exact = Column("pace_adjustment", "NUMERIC(7, 3)", "")
    fields = [schema_field(exact if column.name == exact.name else column) for column in ACCURACY.columns]
    reference = session.dataset(bigquery_service.dataset).table(ACCURACY.name)
    session.client.create_table(bigquery.Table(reference, schema=fields))
    return BigQueryBench(bigquery_service)


@executes("repair", "restore")
def test_a_legacy_table_is_repaired_and_put_back(bench: BigQueryBench) -> None:
    copies = ", ".join(["('a', 'g', DATE '2026-01-15', 's', NUMERIC '0.625', 5, TIMESTAMP '2026-01-16')"] * 3)
    bench.select(
        "INSERT INTO {dataset}.prediction_accuracy (player_lookup, game_id, game_date, system_id, confidence_score, "
        f"actual_points, graded_at) VALUES {copies}, "
        "('a', 'g', DATE '2026-01-15', 'p', NUMERIC '62.5', 5, TIMESTAMP '2026-01-16'), "
        "('a', 'g', DATE '2026-01-16', 's', NUMERIC '0.5', NULL, TIMESTAMP '2026-01-18'), "
        "('a', 'g', DATE '2026-01-16', 's', NUMERIC '0.5', 7, TIMESTAMP '2026-01-17')"
    )
    before = standing(bench)
    guarding = Guarding(bench.warehouse, bench.leases, clock=lambda: NOW, wait=NO_WAIT)
    dates = accuracy_dates(bench.warehouse)
    foretold = Repairer(guarding).forecast(dates)
    report = Repairer(guarding).repair(dates, Holder.here("repair"))
    report.raise_if_poisoned()
    assert report.systems == foretold.systems
    assert (report.total.duplicates, report.total.normalised, report.total.after.rows) == (3, 1, 3)
    assert not Repairer(guarding).repair(dates, Holder.here("again")).total.needed
    planned = Restorer(guarding).forecast("repair")
    restored = Restorer(guarding).restore("repair", Holder.here("restore"))
    restored.raise_if_poisoned()
    assert (planned.dates, restored.total("put_back")) == (restored.dates, 4)
    assert standing(bench) == before
