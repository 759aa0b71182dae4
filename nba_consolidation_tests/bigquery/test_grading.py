"""The grading's statements in BigQuery: the outcomes that the suite of the grading has, by one script per grading."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nba_consolidation.fencing import Guarding
from nba_consolidation.grading.grade import Grader
from nba_consolidation.grading.report import GradingReport
from nba_consolidation.locking import Holder
from nba_consolidation.tables import BOX_SCORES
from nba_consolidation_tests.consolidation.workbench import DATE, NO_WAIT, NOW
from nba_consolidation_tests.grading.workbench import bet

from .workbench import BigQueryBench

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
    guarding = Guarding(bench.warehouse, bench.leases, clock=lambda: NOW, wait=NO_WAIT)
    return Grader(guarding).grade([DATE], Holder.here("grading"))


@pytest.mark.slow
def test_every_outcome_comes_out_and_a_correction_is_kept(bench: BigQueryBench) -> None:
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
    found = {(finding.finding, finding.player_lookup) for finding in report.findings}
    assert {("name_differs", "nikolajokic"), ("game_without_box_scores", None), ("game_id_differs", None)} <= found
    bench.select("UPDATE {dataset}.player_game_summary SET points = 3 WHERE player_lookup = 'won'")
    (again,) = grade(bench).dates
    assert (again.correct, again.wrong, again.updated, again.unchanged) == (1, 2, 1, 6)
    (kept,) = bench.select("SELECT * FROM {dataset}.prediction_accuracy_removed WHERE game_date = '2026-01-15'")
    assert (kept["player_lookup"], kept["removal_reason"], kept["signed_error"]) == ("won", "regraded", Decimal("-3.5"))
