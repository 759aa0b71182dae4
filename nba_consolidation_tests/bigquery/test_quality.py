"""Daily quality, lease history and the doctor's health checks on BigQuery."""

from __future__ import annotations

import datetime as dt

import pytest

from nba_consolidation.fencing.fenced_writer import FencedWriter
from nba_consolidation.leases import Holder
from nba_consolidation.operations.daily_quality.examine import Quality
from nba_consolidation.operations.daily_quality.readings import Reader
from nba_consolidation.operations.daily_quality.results import CheckResult, CheckStatus
from nba_consolidation.operations.doctor.health_checks import Health, run_checks, store_checks
from nba_consolidation.operations.lease_history import lease_history
from nba_consolidation.pipeline.grading.grade import Grader
from nba_consolidation.schema import BOX_SCORES
from nba_consolidation.settings import QualityThresholds
from nba_consolidation_tests.bigquery.executed import executes
from nba_consolidation_tests.bigquery.workbench import BigQueryBench
from nba_consolidation_tests.pipeline.consolidation.workbench import DATE, KNOWN, NO_WAIT, NOW
from nba_consolidation_tests.pipeline.grading.workbench import bet

MORNING_AFTER = dt.datetime(2026, 1, 16, 13, tzinfo=dt.UTC)
LENIENT = QualityThresholds(fewest_predictions=1, most_ungraded=0, staged_hours_warned=1e6, staged_hours_failed=1e6)
SCORE = """
INSERT INTO {dataset}.player_game_summary (game_date, game_id, player_lookup, team_abbr, opponent_team_abbr, points,
  minutes_played) VALUES (DATE '2026-01-15', '20260115_BOS_MIA', 'jaimejaquezjr', 'MIA', 'BOS', 25, NUMERIC '30.0')
"""


def examined(bench: BigQueryBench, date: dt.date = DATE) -> dict[str, CheckResult]:
    reader = Reader(bench.warehouse, bench.staging, bench.leases, lambda: KNOWN)
    report = Quality(reader, LENIENT, lambda: MORNING_AFTER).examine(date)
    return {result.name: result for result in report.results}


def not_passed(bench: BigQueryBench, date: dt.date = DATE) -> dict[str, CheckStatus]:
    return {name: r.status for name, r in examined(bench, date).items() if r.status is not CheckStatus.PASSED}


@pytest.mark.slow
def test_a_sound_date_passes_and_each_fault_is_reported(bench: BigQueryBench) -> None:
    bench.warehouse.create_tables([BOX_SCORES])
    bench.select(SCORE)
    bench.stage(bet(), bet(player="waits", game_id="20260115_LAL_GSW", team_abbr="LAL"))
    bench.consolidate(clock=lambda: MORNING_AFTER - dt.timedelta(hours=20))
    bench.validate()
    assert examined(bench)["ungraded"].value == 2
    Grader(FencedWriter(bench.warehouse, bench.leases, clock=lambda: NOW, wait=NO_WAIT)).grade([DATE], Holder.here("g"))
    results = examined(bench)
    assert (results["volume"].value, results["quarantine_rate"].value, results["ungraded"].value) == (2, 0, 1)
    assert not_passed(bench) == {"ungraded": CheckStatus.WARNED}  # of a game without a box score
    assert not_passed(bench, DATE + dt.timedelta(days=1)) == {}

    bench.select("UPDATE {dataset}.prediction_accuracy SET confidence_score = 62 WHERE game_date = '2026-01-15'")
    assert not_passed(bench) == {
        "confidence_scale": CheckStatus.FAILED,
        "ungraded": CheckStatus.WARNED,
    }


@pytest.mark.slow
def test_the_lease_history_has_every_write(bench: BigQueryBench) -> None:
    bench.stage(bet())
    bench.consolidate()
    (wrote,) = lease_history(bench.warehouse, bench.leases, DATE, DATE)
    assert (wrote.what, wrote.lease, wrote.run_id) == ("wrote", f"consolidation_{DATE}", "run")
    assert lease_history(bench.warehouse, bench.leases, DATE + dt.timedelta(days=1), DATE + dt.timedelta(days=1)) == []


@executes("write_probe", "newest_fence")
def test_health_checks_prove_the_write_permission_and_write_nothing(bench: BigQueryBench) -> None:
    bench.warehouse.create_tables([BOX_SCORES])
    results = run_checks(store_checks(bench.warehouse, bench.staging, bench.leases, lambda: KNOWN))
    assert [result for result in results if result.health is not Health.OK] == []
    assert bench.select("SELECT COUNT(*) AS n FROM {dataset}.consolidation_fences") == [{"n": 0}]
