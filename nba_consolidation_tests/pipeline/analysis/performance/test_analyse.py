"""Which rows an analysis writes, and which it leaves unchanged."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from nba_consolidation.fencing.errors import FencedOut
from nba_consolidation.leases import Holder, LeaseHeld, LeaseTiming, hold, lease_key
from nba_consolidation.schema import PERFORMANCE_TABLES
from nba_consolidation_tests.pipeline.analysis.performance.graded import DATE, Graded, Row, bets, random_rows

NEXT_DATE = DATE + dt.timedelta(1)


def everything(home: Graded) -> dict[str, list[Row]]:
    return {table.name: home.read(table.name) for table in PERFORMANCE_TABLES}


def test_repeating_an_analysis_writes_no_row(home: Graded) -> None:
    home.add(random_rows(5))
    dates = [dt.date(2026, 6, 28) + dt.timedelta(day) for day in range(6)]
    first = home.analyse(*dates)
    assert first.total("written_rows") == first.total("total_rows") > 500
    before = everything(home)
    again = home.analyse(*dates, run_id="again")
    assert (again.total("written_rows"), again.total("total_rows")) == (0, first.total("total_rows"))
    assert everything(home) == before


def test_dates_one_by_one_give_the_same_rows_as_all_at_once(home: Graded, tmp_path: Path) -> None:
    """Even though the scores are then summed over other stretches of days."""
    one_by_one = Graded(tmp_path / "one_by_one")
    dates = [dt.date(2026, 6, 10), dt.date(2026, 6, 30), dt.date(2026, 7, 1)]
    for one in (home, one_by_one):
        one.add(random_rows(6))
    home.analyse(*dates)
    for date in reversed(dates):
        one_by_one.analyse(date)
    assert one_by_one.analyse(*dates).total("written_rows") == 0
    assert [r["log_loss"] for r in one_by_one.read("calibration_scores")] == [
        r["log_loss"] for r in home.read("calibration_scores")
    ]


def test_only_changed_rows_are_rewritten(home: Graded) -> None:
    home.add([*bets(3, 1), *bets(2, 2, system_id="ensemble_v1")])
    home.analyse(run_id="first")
    home.add(bets(0, 1, system_id="ensemble_v1"))
    home.analyse(run_id="second")
    runs = {row["system_id"]: row["run_id"] for row in home.read("system_performance", sliced_by="all")}
    assert runs == {"ALL": "second", "catboost_v9": "first", "ensemble_v1": "second"}
    assert home.whole(system="ensemble_v1")["wrong"] == 3


def test_an_obsolete_row_is_deleted(home: Graded) -> None:
    home.add([*bets(1, 0), *bets(1, 0, system_id="ensemble_v1")])
    home.analyse()
    home.execute("DELETE FROM prediction_accuracy WHERE system_id = 'ensemble_v1'")
    home.analyse()
    for rows in everything(home).values():
        assert {row["system_id"] for row in rows} == {"ALL", "catboost_v9"}


def test_other_dates_are_not_written(home: Graded) -> None:
    home.add(bets(1, 0))
    home.analyse(DATE, run_id="first")
    home.execute("UPDATE system_performance SET correct = 99")
    home.analyse(NEXT_DATE, run_id="second")
    assert {row["correct"] for row in home.read("system_performance", game_date=DATE)} == {99}


def test_later_dates_whose_windows_contain_a_regraded_date_are_recomputed(home: Graded) -> None:
    season, later = DATE + dt.timedelta(60), dt.date(2026, 7, 1)
    home.add([*bets(1, 0), *bets(1, 0, game_date=season), *bets(1, 0, game_date=later)])
    home.analyse(DATE, season, later)
    home.add(bets(0, 1))
    report = home.analyse(DATE)
    assert report.followed == (season,)
    assert home.whole("season", date=season)["wrong"] == 1
    assert home.whole("30d", date=season)["wrong"] == 0


def test_new_odds_rewrite_the_rows(home: Graded, tmp_path: Path) -> None:
    home.add(bets(1, 1))
    home.analyse()
    Graded(tmp_path / "home", odds=200).analyse()
    assert {row["odds"] for row in home.read("system_performance")} == {200}


def test_a_row_records_its_analysis_run_token_and_time(home: Graded) -> None:
    home.add(bets(1, 1))
    report = home.analyse(run_id="the-run")
    for rows in everything(home).values():
        assert {(row["performance_id"], row["run_id"]) for row in rows} == {(report.transactions[0], "the-run")}
        assert all(row["lease_token"] > 0 for row in rows)
        assert all(row["computed_at"] for row in rows)


def test_a_stale_token_is_fenced_out_and_nothing_is_written(home: Graded) -> None:
    home.add(bets(1, 1))
    home.analyse()
    before = everything(home)
    home.execute("UPDATE consolidation_fences SET token = 9000000000000000000 WHERE lease_key LIKE 'performance_%'")
    home.add(bets(5, 0))
    with pytest.raises(FencedOut):
        home.analyse()
    assert everything(home) == before


def test_a_held_lease_is_respected(home: Graded) -> None:
    home.add(bets(1, 1))
    with (
        hold(home.deployment.leases, [lease_key("performance", DATE)], Holder.here("other"), timing=LeaseTiming(30)),
        pytest.raises(LeaseHeld),
    ):
        home.analyse()


def test_without_dates_nothing_is_analysed(home: Graded) -> None:
    report = home.deployment.analyst.analyse([], Holder.here("run"))
    assert (report.dates, report.followed) == ((), ())


def test_a_failed_read_is_not_taken_for_an_empty_table(home: Graded) -> None:
    home.add(bets(1, 1))
    home.analyse()
    before = everything(home)
    home.execute("ALTER TABLE prediction_accuracy RENAME COLUMN actual_points TO points")
    with pytest.raises(Exception, match="actual_points"):
        home.analyse()
    assert everything(home) == before
