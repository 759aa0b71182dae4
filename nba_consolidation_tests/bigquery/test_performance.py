"""System performance on BigQuery, end to end; a rerun writes nothing."""

from __future__ import annotations

from typing import Any

from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.analysis.performance import queries
from nba_consolidation.pipeline.analysis.performance.analyse import AnalysisReport, Analyst
from nba_consolidation.schema import ACCURACY, SYSTEM_PERFORMANCE
from nba_consolidation.warehouse.table_reads import game_dates
from nba_consolidation_tests.bigquery.executed import executes
from nba_consolidation_tests.bigquery.workbench import BigQueryBench
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NO_WAIT, NOW

FILL = """
INSERT INTO {dataset}.prediction_accuracy (game_date, game_id, player_lookup, system_id, predicted_points, line_value,
  actual_points, recommendation, confidence_score, outcome, prediction_correct, is_voided) VALUES
"""
GRADED = "(DATE '2026-01-15', 'g', '%s', '%s', NUMERIC '22.0', NUMERIC '20.5', %s, 'OVER', NUMERIC '0.8', %s, %s, %s)"
ROWS = [
    *(GRADED % (f"won{n}", "catboost_v9", 24, "'correct'", "TRUE", "FALSE") for n in range(6)),
    *(GRADED % (f"lost{n}", "catboost_v9", 12, "'wrong'", "FALSE", "FALSE") for n in range(3)),
    GRADED % ("older", "catboost_v9", 12, "NULL", "FALSE", "FALSE"),
    GRADED % ("absent", "ensemble_v1", "NULL", "NULL", "NULL", "TRUE"),
]


def analyse(bench: BigQueryBench, run_id: str) -> AnalysisReport:
    return Analyst(FencedWriter(bench.warehouse, bench.leases, clock=lambda: NOW, wait=NO_WAIT)).analyse(
        [DATE], Holder.here(run_id)
    )


def whole(bench: BigQueryBench, window: str = "season") -> dict[str, dict[str, Any]]:
    rows = queries.performance(bench.warehouse, DATE, DATE, window=window, by="all")
    return {row["system_id"]: row for row in rows}


@executes("performance/", "insert_computed", "delete_outdated")
def test_figures_are_computed_and_only_changed_rows_are_rewritten(bench: BigQueryBench) -> None:
    bench.select(FILL + ", ".join(ROWS))
    first = analyse(bench, "first")
    assert first.total("written_rows") == first.total("total_rows") > 0
    for table in (ACCURACY, SYSTEM_PERFORMANCE):
        assert game_dates(bench.warehouse, table) == (DATE,)
    by_system = whole(bench)
    assert (by_system["catboost_v9"]["bets"], by_system["catboost_v9"]["hit_rate"]) == (10, 0.6)
    assert (by_system["ensemble_v1"]["voided"], by_system["ensemble_v1"]["hit_rate"]) == (1, None)
    (scores,) = queries.calibration_scores(bench.warehouse, DATE, DATE, window="7d", system="catboost_v9")
    assert (scores["bets"], scores["ece"], scores["brier"]) == (10, 0.2, 0.28)
    (row,) = queries.reliability_tables(bench.warehouse, DATE, DATE, window="day", system="ALL")
    assert (row["bin"], row["bets"], row["mean_confidence"]) == (9, 10, 0.8)
    assert analyse(bench, "second").total("written_rows") == 0
    bench.select(FILL + GRADED % ("new", "ensemble_v1", 24, "'correct'", "TRUE", "FALSE"))
    assert analyse(bench, "third").total("written_rows") > 0
    assert {name: row["run_id"] for name, row in whole(bench).items()} == {
        "ALL": "third", "catboost_v9": "first", "ensemble_v1": "third"
    }  # fmt: skip
