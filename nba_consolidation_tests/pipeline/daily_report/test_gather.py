"""What a report says is what stands: each figure held against the tables themselves."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from nba_consolidation.pipeline.daily_report.action_required import Urgency
from nba_consolidation.pipeline.daily_report.contents import Report
from nba_consolidation.pipeline.daily_report.gather import NothingToReport
from nba_consolidation_tests.pipeline.analysis.performance.graded import DATE, Graded
from nba_consolidation_tests.pipeline.daily_report.conftest import EVIL, NEXT


def test_the_work_is_that_of_the_ledgers(report: Report, home: Graded) -> None:
    work = report.work
    (merged,) = work.merged
    (ledger,) = home.frame("SELECT * FROM consolidation_ledger").to_dict("records")
    for figure in ("staged", "inserted", "updated", "stale", "superseded", "quarantined", "staging_tables"):
        assert merged[figure] == ledger[figure] == work.merged_total(figure)
    assert (merged["staged"], merged["quarantined"], merged["superseded"]) == (4, 1, 1)
    assert (work.graded_total("correct"), work.graded_total("waiting")) == (1, 0)
    assert (work.status.total("waiting_rows"), work.status.total("waiting_tables")) == (2, 1)
    assert [rule.column_name for rule in work.broken_rules] == ["predicted_points"]


def test_duplicates_are_those_that_stand_in_the_dates(report: Report, home: Graded) -> None:
    twice = home.frame(
        "SELECT 1 FROM prediction_accuracy WHERE game_date = DATE '2026-01-15' "
        "GROUP BY game_id, player_lookup, system_id, line_value HAVING COUNT(*) > 1"
    )
    assert report.work.duplicates == {
        "duplicate_business_keys": 0,
        "duplicate_validated_predictions": 0,
        "duplicate_accuracy_keys": len(twice),
    }
    assert len(twice) > 0
    assert home.deployment.reporter.report(NEXT - dt.timedelta(30), NEXT - dt.timedelta(30)).work.duplicates != {}


def test_hit_rates_are_those_of_the_last_date_that_was_analysed(report: Report, home: Graded) -> None:
    assert {row["game_date"] for row in report.performance} == {DATE}
    wanted = home.frame(
        "SELECT count(*) n FROM system_performance WHERE game_date = DATE '2026-01-15' AND sliced_by = 'all'"
    )
    assert len(report.performance) == wanted["n"][0]
    assert {row["time_window"] for row in report.over_time} == {"30d"}
    assert max(row["game_date"] for row in report.over_time) == DATE


def test_a_confidence_is_calibrated_by_what_held_on_the_day_of_its_bet(report: Report, home: Graded) -> None:
    (found,) = [one for one in report.reliability if one.system_id == "catboost_v9"]
    assert found.in_force is not None
    assert found.in_force.game_date == DATE - dt.timedelta(14)
    rows = home.frame(
        "SELECT game_date, round(confidence_score, 3)::DOUBLE AS c, outcome = 'correct' AS won "
        "FROM prediction_accuracy WHERE system_id = 'catboost_v9' AND outcome IN ('correct', 'wrong') "
        "AND confidence_score BETWEEN 0 AND 1 AND game_date BETWEEN DATE '2025-12-17' AND DATE '2026-01-15'"
    )
    knots = np.linspace(0, 1, len(found.in_force.curve))
    said = np.array([
        c if date < found.in_force.game_date else np.interp(c, knots, found.in_force.curve)
        for date, c in zip(rows["game_date"], rows["c"].astype(float), strict=True)
    ])  # fmt: skip
    won, bins = rows["won"].astype(float).to_numpy(), np.minimum(np.floor(said * 10 + 1e-9), 9)
    ece = sum(abs(said[bins == b].mean() - won[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins))
    assert found.bets == len(rows) == sum(bucket.bets for bucket in found.after)
    assert found.ece_after == pytest.approx(ece, abs=1e-6)
    assert found.ece_after < found.ece_before - 0.05


def test_without_a_calibration_there_is_nothing_to_compare(report: Report) -> None:
    (found,) = [one for one in report.reliability if one.system_id == EVIL]
    assert found.before
    assert not found.after
    assert found.in_force is None


def test_players_are_as_the_morning_after_has_them(report: Report, home: Graded) -> None:
    assert report.players.date == NEXT
    assert len(report.players.rows) == len(home.read("player_reliability", game_date=NEXT))
    earlier = home.deployment.reporter.report(DATE - dt.timedelta(2), DATE - dt.timedelta(2))
    assert earlier.players.date is None
    assert earlier.players.rows == ()


def test_strategies_are_plain_bets_what_was_picked_and_the_best_of_the_others(report: Report, home: Graded) -> None:
    found = report.strategies
    assert found.date == DATE
    assert len(found.rows) == len(home.read("strategy_performance", game_date=DATE))
    plain = [row["strategy"] for row in found.told if row["system_id"] == "PICKED" or row["verdict"] == "baseline"]
    assert {"ALL", "PICKED"} <= set(plain)
    best = [row["roi_low"] for row in found.told[len(plain) :]]
    assert 0 < len(best) <= 5
    assert best == sorted(best, reverse=True)


def test_the_latest_date_is_one_before_today_and_open_ends_are_where_something_stands(home: Graded) -> None:
    moment = dt.datetime(2026, 1, 16, 3, tzinfo=dt.UTC)  # in New York it is still the 15th
    reporter = replace(home.deployment.reporter, clock=lambda: moment)
    assert reporter.latest() == DATE - dt.timedelta(1)
    assert replace(reporter, clock=lambda: moment + dt.timedelta(hours=3)).latest() == DATE
    assert reporter.standing(DATE - dt.timedelta(2), dt.date.max) == (DATE - dt.timedelta(2), DATE)


def test_what_checks_found_is_urgent_on_the_morning_after_and_not_any_more_a_day_later(home: Graded) -> None:
    morning = dt.datetime(2026, 1, 16, 15, tzinfo=dt.UTC)
    for moment, wanted in ((morning, Urgency.NOW), (morning + dt.timedelta(1), Urgency.WHEN_THERE_IS_TIME)):
        reporter = replace(home.deployment.reporter, clock=partial(dt.datetime.fromisoformat, str(moment)))
        needs = reporter.report(DATE, DATE).needs
        assert {need.urgency for need in needs if need.what.startswith("duplicate_accuracy:")} == {wanted}


def test_dates_of_which_nothing_stands_are_refused_by_name(home: Graded, tmp_path: Path) -> None:
    with pytest.raises(NothingToReport, match="2026-05-01 to 2026-05-02"):
        home.deployment.reporter.report(dt.date(2026, 5, 1), dt.date(2026, 5, 2))
    empty = Graded(tmp_path / "empty")
    empty.deployment.prepare()
    with pytest.raises(NothingToReport, match="stage and consolidate first"):
        empty.deployment.reporter.latest()
