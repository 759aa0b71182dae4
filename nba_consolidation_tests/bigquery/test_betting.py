"""Betting strategies on BigQuery, end to end; a rerun writes nothing."""

from __future__ import annotations

from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.analysis.betting import queries
from nba_consolidation.pipeline.analysis.betting.evaluate import EvaluationReport, Strategist
from nba_consolidation.schema import STRATEGY_PERFORMANCE
from nba_consolidation.warehouse.table_reads import game_dates
from nba_consolidation_tests.bigquery.executed import executes
from nba_consolidation_tests.bigquery.workbench import BigQueryBench
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NO_WAIT, NOW

FILL = """
INSERT INTO {dataset}.prediction_accuracy (game_date, game_id, player_lookup, system_id, predicted_points, line_value,
  actual_points, recommendation, confidence_score, outcome) VALUES
"""
BET = "(DATE '2026-01-15', 'g', '%s', '%s', NUMERIC '%s', NUMERIC '20.5', 24, '%s', NUMERIC '%s', '%s')"
ROWS = [
    BET % ("Luka Dončić", "a", "23.5", "OVER", "0.8", "correct"),
    BET % ("lukadoncic", "b", "22.5", "OVER", "0.6", "correct"),
    BET % ("lukadoncic", "c", "19.0", "UNDER", "0.9", "wrong"),
    BET % ("flagged", "a", "22.0", "OVER", "0.55", "correct"),
    BET % ("flagged", "b", "22.0", "OVER", "0.5499", "correct"),
    BET % ("decided", "a", "22.0", "OVER", "0.7", "correct"),
    BET % ("pushed", "a", "22.0", "OVER", "0.7", "push"),
]
REVIEWS = (
    "policy_reviews (game_date, policy) VALUES (DATE '2026-01-12', 'p')",
    """player_reliability (game_date, player_lookup, status, computed_status, override_id) VALUES
      (DATE '2026-01-12', 'flagged', 'blacklisted', 'blacklisted', NULL),
      (DATE '2026-01-12', 'decided', 'blacklisted', 'normal', 'before'),
      (DATE '2026-01-12', 'lukadoncic', 'blacklisted', 'normal', 'after')""",
    """player_overrides (override_id, player_lookup, first_date, author, reason, created_at) VALUES
      ('before', 'decided', DATE '2026-01-10', 'a', 'r', TIMESTAMP '2026-01-14 10:00:00+00'),
      ('after', 'lukadoncic', DATE '2026-01-10', 'a', 'r', TIMESTAMP '2026-01-15 10:00:00+00')""",
)


def evaluate(bench: BigQueryBench, run_id: str) -> EvaluationReport:
    return Strategist(FencedWriter(bench.warehouse, bench.leases, clock=lambda: NOW, wait=NO_WAIT)).evaluate(
        [DATE], Holder.here(run_id)
    )


@executes("betting/")
def test_figures_are_computed_and_only_changed_rows_are_rewritten(bench: BigQueryBench) -> None:
    bench.select(FILL + ", ".join(ROWS))
    for review in REVIEWS:
        bench.select("INSERT INTO {dataset}." + review)
    first = evaluate(bench, "first")
    assert first.total("written_rows") == first.total("strategies") > 30
    by_name = {row["strategy"]: row for row in queries.strategies(bench.warehouse, DATE, DATE)}
    counts = {name: (row["correct"], row["wrong"]) for name, row in by_name.items()}
    assert {name: counts.get(name) for name in (
        "ALL", "ALL, unflagged players", "a", "b, confidence 0.55+", "UNANIMOUS", "MAJORITY", "MAJORITY, edge 2+",
        "MAJORITY, edge 3+", "MAJORITY, unflagged players", "PICKED"
    )} == {
        "ALL": (5, 1), "ALL, unflagged players": (2, 1), "a": (3, 0), "b, confidence 0.55+": (1, 0),
        "UNANIMOUS": (1, 0), "MAJORITY": (2, 0), "MAJORITY, edge 2+": (1, 0), "MAJORITY, edge 3+": None,
        "MAJORITY, unflagged players": (1, 0), "PICKED": (0, 0),
    }  # fmt: skip
    assert by_name["MAJORITY, confidence 0.7+"]["correct"] == 1
    assert by_name["ALL"]["roi"] == round((5 * 100 / 110 - 1) / 6, 6)
    assert evaluate(bench, "second").total("written_rows") == 0
    bench.select(FILL + BET % ("new", "b", "22.0", "OVER", "0.5", "wrong"))
    assert evaluate(bench, "third").total("written_rows") > 0
    rows = {row["strategy"]: row["run_id"] for row in queries.strategies(bench.warehouse, DATE, DATE)}
    assert (rows["ALL"], rows["a"], rows["b"]) == ("third", "first", "third")
    assert game_dates(bench.warehouse, STRATEGY_PERFORMANCE) == (DATE,)
