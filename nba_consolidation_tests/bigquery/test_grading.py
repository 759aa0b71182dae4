"""Grading on BigQuery, end to end."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.grading.grade import Grader
from nba_consolidation.pipeline.grading.result import GradingReport
from nba_consolidation.schema import BOX_SCORES
from nba_consolidation_tests.bigquery.workbench import BigQueryBench
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, NO_WAIT, NOW
from nba_consolidation_tests.pipeline.grading.workbench import bet

PREDICTIONS = [
    bet(player="won"),
    bet(player="lost", recommendation="UNDER"),
    bet("20.0", "met"),
    bet(player="passed", recommendation="PASS"),
    bet(None, "noline"),
    bet(player="absent", injury_status_at_prediction="OUT"),
    bet(player="nikolajokic"),
    bet(player="waits", game_id="20260115_LAL_GSW"),
]
SCORES = """
INSERT INTO {dataset}.player_game_summary (game_date, game_id, player_lookup, team_abbr, opponent_team_abbr, points,
  minutes_played) VALUES
"""
SCORE = "(DATE '2026-01-15', '20260115_MIA_BOS', '%s', 'MIA', 'BOS', %d, NUMERIC '30.0')"
POINTS = {"won": 25, "lost": 25, "met": 20, "passed": 25, "noline": 25, "Nikola Jokić": 25}


def grade(bench: BigQueryBench) -> GradingReport:
    writer = FencedWriter(bench.warehouse, bench.leases, clock=lambda: NOW, wait=NO_WAIT)
    return Grader(writer).grade([DATE], Holder.here("grading"))


@pytest.mark.slow
def test_every_outcome_is_graded_and_a_corrected_row_is_kept(bench: BigQueryBench) -> None:
    bench.warehouse.create_tables([BOX_SCORES])
    bench.stage(*PREDICTIONS)
    bench.consolidate()
    bench.validate()
    bench.select(SCORES + ", ".join(SCORE % score for score in POINTS.items()))
    report = grade(bench)
    assert report.poisoned == {}
    (date,) = report.dates
    assert (date.active, date.correct, date.wrong, date.push) == (8, 2, 1, 1)
    assert (date.passed, date.not_a_bet, date.voided, date.waiting, date.inserted) == (1, 1, 1, 1, 7)
    findings = {(finding.finding, finding.player_lookup) for finding in report.findings}
    assert {("name_differs", "nikolajokic"), ("game_without_box_scores", None), ("game_id_differs", None)} <= findings
    bench.select("UPDATE {dataset}.player_game_summary SET points = 3 WHERE player_lookup = 'won'")
    (again,) = grade(bench).dates
    assert (again.correct, again.wrong, again.updated, again.unchanged) == (1, 2, 1, 6)
    (removed,) = bench.select("SELECT * FROM {dataset}.prediction_accuracy_removed WHERE game_date = '2026-01-15'")
    assert (removed["player_lookup"], removed["removal_reason"], removed["signed_error"]) == (
        "won",
        "regraded",
        Decimal("-3.5"),
    )
