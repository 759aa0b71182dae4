"""The contents of a report, compared with the tables themselves."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from nba_consolidation.pipeline.daily_report.action_required import Urgency
from nba_consolidation.pipeline.daily_report.contents import Report
from nba_consolidation.pipeline.daily_report.gather import NothingToReport
from nba_consolidation.pipeline.daily_report.page import page
from nba_consolidation_tests.pipeline.analysis.performance.graded import DATE, Graded
from nba_consolidation_tests.pipeline.daily_report.conftest import EVIL, NEXT


def test_the_work_is_that_in_the_ledgers(report: Report, home: Graded) -> None:
    work = report.work
    (totals,) = work.consolidated
    (ledger,) = home.frame("SELECT * FROM consolidation_ledger").to_dict("records")
    for column in ("staged", "inserted", "updated", "stale", "superseded", "quarantined", "staging_tables"):
        assert totals[column] == ledger[column] == work.total_consolidated(column)
    assert (totals["staged"], totals["quarantined"], totals["superseded"]) == (4, 1, 1)
    assert (work.total_graded("correct"), work.total_graded("waiting")) == (1, 0)
    assert (work.status.total("waiting_rows"), work.status.total("waiting_tables")) == (2, 1)
    assert [rule.column_name for rule in work.broken_rules] == ["predicted_points"]


def test_duplicates_are_counted_by_audit(report: Report, home: Graded) -> None:
    duplicates = home.frame(
        "SELECT 1 FROM prediction_accuracy WHERE game_date = DATE '2026-01-15' "
        "GROUP BY game_id, player_lookup, system_id, line_value HAVING COUNT(*) > 1"
    )
    assert report.work.duplicates == {
        "duplicate_business_keys": 0,
        "duplicate_validated_predictions": 0,
        "duplicate_accuracy_keys": len(duplicates),
    }
    assert len(duplicates) > 0
    assert home.deployment.reporter.report(NEXT - dt.timedelta(30), NEXT - dt.timedelta(30)).work.duplicates != {}


def test_hit_rates_are_those_of_the_last_analysed_date(report: Report, home: Graded) -> None:
    assert {row["game_date"] for row in report.performance} == {DATE}
    expected = home.frame(
        "SELECT count(*) n FROM system_performance WHERE game_date = DATE '2026-01-15' AND sliced_by = 'all'"
    )
    assert len(report.performance) == expected["n"][0]
    assert {row["time_window"] for row in report.over_time} == {"30d"}
    assert max(row["game_date"] for row in report.over_time) == DATE


def test_a_confidence_is_calibrated_by_the_version_in_force_on_the_day_of_its_bet(report: Report, home: Graded) -> None:
    (system,) = [one for one in report.reliability if one.system_id == "catboost_v9"]
    assert system.in_force is not None
    assert system.in_force.game_date == DATE - dt.timedelta(14)
    rows = home.frame(
        "SELECT game_date, round(confidence_score, 3)::DOUBLE AS c, outcome = 'correct' AS won "
        "FROM prediction_accuracy WHERE system_id = 'catboost_v9' AND outcome IN ('correct', 'wrong') "
        "AND confidence_score BETWEEN 0 AND 1 AND game_date BETWEEN DATE '2025-12-17' AND DATE '2026-01-15'"
    )
    knots = np.linspace(0, 1, len(system.in_force.curve))
    calibrated = np.array([
        c if date < system.in_force.game_date else np.interp(c, knots, system.in_force.curve)
        for date, c in zip(rows["game_date"], rows["c"].astype(float), strict=True)
    ])  # fmt: skip
    won, bins = rows["won"].astype(float).to_numpy(), np.minimum(np.floor(calibrated * 10 + 1e-9), 9)
    ece = sum(abs(calibrated[bins == b].mean() - won[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins))
    assert system.bets == len(rows) == sum(bucket.bets for bucket in system.calibrated)
    assert system.calibrated_scores.ece == pytest.approx(ece, abs=1e-6)
    assert system.calibrated_scores.ece < system.stated_scores.ece - 0.05
    rate = won.mean()
    constant = -(rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
    assert system.constant_log_loss == pytest.approx(constant, abs=1e-9)


def test_without_a_calibration_in_force_there_are_only_stated_confidences(report: Report) -> None:
    (system,) = [one for one in report.reliability if one.system_id == EVIL]
    assert system.stated
    assert not system.calibrated
    assert system.in_force is None


def test_players_are_those_of_the_review_for_the_next_day(report: Report, home: Graded) -> None:
    assert report.players.date == NEXT
    assert len(report.players.rows) == len(home.read("player_reliability", game_date=NEXT))
    earlier = home.deployment.reporter.report(DATE - dt.timedelta(2), DATE - dt.timedelta(2))
    assert earlier.players.date is None
    assert earlier.players.rows == ()


def test_the_highlighted_strategies_are_baselines_the_picked_one_and_the_best_others(
    report: Report, home: Graded
) -> None:
    strategies = report.strategies
    assert strategies.date == DATE
    assert len(strategies.rows) == len(home.read("strategy_performance", game_date=DATE))
    highlights = strategies.highlighted
    baselines = [row["strategy"] for row in highlights if row["system_id"] == "PICKED" or row["verdict"] == "baseline"]
    assert {"ALL", "PICKED"} <= set(baselines)
    best = [row["roi_low"] for row in highlights[len(baselines) :]]
    assert 0 < len(best) <= 5
    assert best == sorted(best, reverse=True)


def test_the_latest_date_is_before_today_in_new_york_and_has_rows(home: Graded) -> None:
    moment = dt.datetime(2026, 1, 16, 3, tzinfo=dt.UTC)  # in New York it is still the 15th
    reporter = replace(home.deployment.reporter, clock=lambda: moment)
    assert reporter.latest_date() == DATE - dt.timedelta(1)
    assert replace(reporter, clock=lambda: moment + dt.timedelta(hours=3)).latest_date() == DATE
    assert reporter.dates_with_rows(DATE - dt.timedelta(2), dt.date.max) == (DATE - dt.timedelta(2), DATE)


def test_check_results_are_urgent_on_the_next_morning_and_no_longer_a_day_later(home: Graded) -> None:
    morning = dt.datetime(2026, 1, 16, 15, tzinfo=dt.UTC)
    for moment, urgency in ((morning, Urgency.NOW), (morning + dt.timedelta(1), Urgency.WHEN_THERE_IS_TIME)):
        reporter = replace(home.deployment.reporter, clock=partial(dt.datetime.fromisoformat, str(moment)))
        actions = reporter.report(DATE, DATE).actions
        assert {one.urgency for one in actions if one.what.startswith("quarantine_rate:")} == {urgency}


def test_dates_without_rows_are_refused_with_their_names(home: Graded, tmp_path: Path) -> None:
    with pytest.raises(NothingToReport, match="2026-05-01 to 2026-05-02"):
        home.deployment.reporter.report(dt.date(2026, 5, 1), dt.date(2026, 5, 2))
    empty = Graded(tmp_path / "empty")
    empty.deployment.create_tables()
    with pytest.raises(NothingToReport, match="stage and consolidate first"):
        empty.deployment.reporter.latest_date()


SECTION_FAULTS = {
    "work": "ALTER TABLE consolidation_ledger DROP COLUMN superseded",
    "hit-rates": "DROP TABLE system_performance",
    "calibration": "UPDATE confidence_recalibration SET curve = NULL",
    "players": "DROP TABLE player_reliability",
    "betting": "DROP TABLE strategy_performance",
    "leases": "ALTER TABLE grading_ledger DROP COLUMN holder_id",
}


@pytest.mark.parametrize("section", SECTION_FAULTS)
def test_a_section_that_cannot_be_read_says_why_and_the_others_are_complete(
    report: Report, home: Graded, tmp_path: Path, section: str
) -> None:
    shutil.copytree(home.settings.home, tmp_path / "home")
    faulty = Graded(tmp_path / "home")
    faulty.execute(SECTION_FAULTS[section])
    deployment = faulty.deployment
    made = deployment.reporter.report(DATE, DATE)
    assert set(made.unread) == {section}
    assert made.actions[0].what.startswith(f"the section {section} of this report could not be read: ")
    for name, contents in {
        "work": "work", "hit-rates": "performance", "calibration": "reliability", "betting": "strategies",
    }.items():  # fmt: skip
        assert (getattr(made, contents) == getattr(report, contents)) is (name != section), name
    text = page(made)
    assert f"This section could not be read: {made.unread[section]}".split("\n")[0][:40] in text
