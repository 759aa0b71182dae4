"""Which rows an evaluation writes, and which it leaves unchanged."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from nba_consolidation.fencing.errors import FencedOut
from nba_consolidation.leases import Holder, LeaseHeld, LeaseTiming, hold, lease_key
from nba_consolidation.pipeline.analysis.betting import queries
from nba_consolidation.pipeline.analysis.betting.evaluate import EvaluationReport
from nba_consolidation.schema import STRATEGY_PERFORMANCE
from nba_consolidation.warehouse.table_reads import game_dates
from nba_consolidation_tests.pipeline.analysis.performance.graded import DATE, Graded, Row, bets

NEXT = DATE + dt.timedelta(1)
LATER = DATE + dt.timedelta(9)


@pytest.fixture
def home(tmp_path: Path) -> Graded:
    return Graded(tmp_path / "home")


def evaluate(home: Graded, *dates: dt.date, run_id: str = "run") -> EvaluationReport:
    return home.deployment.strategist.evaluate(dates or [DATE], Holder.here(run_id))


def row(home: Graded, strategy: str = "ALL", date: dt.date = DATE) -> Row:
    return home.one("strategy_performance", game_date=date, strategy=strategy)


def test_only_bets_of_the_season_up_to_and_including_the_date_count(home: Graded) -> None:
    home.add([*bets(3, 2), *bets(0, 4, game_date=NEXT), *bets(7, 0, game_date=dt.date(2025, 6, 30))])
    home.add(bets(1, 0, game_date=dt.date(2025, 7, 1)))
    evaluate(home, DATE, dt.date(2025, 6, 30))
    assert (row(home)["correct"], row(home)["wrong"], row(home)["bet_days"]) == (4, 2, 2)
    assert row(home)["season_first"] == dt.date(2025, 7, 1)
    last = row(home, date=dt.date(2025, 6, 30))
    assert (last["correct"], last["season_first"]) == (7, dt.date(2024, 7, 1))


def test_repeating_writes_no_row_and_dates_one_by_one_give_the_same_rows(home: Graded, tmp_path: Path) -> None:
    one_by_one = Graded(tmp_path / "one_by_one")
    dates = [DATE + dt.timedelta(number) for number in range(22)]
    for one in (home, one_by_one):
        for number, date in enumerate(dates):
            one.add([*bets(3, 2 + number % 3, game_date=date), *bets(1, 1, game_date=date, system_id="ensemble_v1")])
    first = evaluate(home, *dates)
    assert first.total("written_rows") == first.total("strategies") > 500
    assert first.dates[-1].with_enough_data > 0
    again = evaluate(home, *dates, run_id="again")
    assert (again.total("written_rows"), again.total("strategies")) == (0, first.total("strategies"))
    assert {one["run_id"] for one in home.read("strategy_performance")} == {"run"}
    evaluate(one_by_one, *dates[:-5])
    for date in dates[-5:]:
        evaluate(one_by_one, date)
    assert evaluate(one_by_one, *dates).total("written_rows") == 0
    lineage = ["evaluation_id", "lease_token", "run_id", "computed_at"]
    at_once, in_turn = (
        one.frame("SELECT * FROM strategy_performance ORDER BY game_date, strategy").drop(columns=lineage)
        for one in (home, one_by_one)
    )
    assert at_once.equals(in_turn)


def test_only_changed_rows_are_rewritten_and_later_dates_of_the_season_are_recomputed(home: Graded) -> None:
    home.add([*bets(3, 2), *bets(1, 1, system_id="ensemble_v1"), *bets(1, 0, game_date=dt.date(2026, 7, 1))])
    evaluate(home, DATE, LATER, dt.date(2026, 7, 1), run_id="first")
    home.add(bets(0, 1, system_id="ensemble_v1"))
    report = evaluate(home, run_id="second")
    assert report.followed == (LATER,)
    assert {name: row(home, name, LATER)["run_id"] for name in ("ALL", "catboost_v9", "ensemble_v1")} == {
        "ALL": "second", "catboost_v9": "first", "ensemble_v1": "second"
    }  # fmt: skip
    assert row(home, "ensemble_v1", LATER)["wrong"] == 2
    assert row(home, date=dt.date(2026, 7, 1))["run_id"] == "first"


def test_an_obsolete_row_is_deleted_and_the_date_stays_evaluated(home: Graded) -> None:
    home.add(bets(2, 1))
    evaluate(home)
    home.execute("DELETE FROM prediction_accuracy")
    assert evaluate(home).dates[0].strategies == 1
    assert [one["strategy"] for one in home.read("strategy_performance")] == ["PICKED"]
    assert game_dates(home.deployment.warehouse, STRATEGY_PERFORMANCE) == (DATE,)


def test_new_odds_rewrite_the_rows(home: Graded, tmp_path: Path) -> None:
    home.add(bets(1, 1))
    evaluate(home)
    evaluate(Graded(tmp_path / "home", odds=200))
    assert {one["odds"] for one in home.read("strategy_performance")} == {200}
    assert row(home)["roi"] == 0.5


def test_a_row_records_its_evaluation_run_token_and_time(home: Graded) -> None:
    home.add(bets(1, 1))
    evaluate(home, run_id="the-run")
    rows = home.read("strategy_performance")
    assert len({one["evaluation_id"] for one in rows}) == 1
    assert all(
        (one["run_id"], one["lease_token"] > 0, bool(one["computed_at"])) == ("the-run", True, True) for one in rows
    )


def test_a_stale_token_is_fenced_out_and_a_held_lease_is_respected(home: Graded) -> None:
    home.add(bets(1, 1))
    evaluate(home)
    other = Holder.here("other")
    with (
        hold(home.deployment.leases, [lease_key("betting", DATE)], other, timing=LeaseTiming(30)),
        pytest.raises(LeaseHeld),
    ):
        evaluate(home)
    home.execute("UPDATE consolidation_fences SET token = 9000000000000000000 WHERE lease_key LIKE 'betting_%'")
    home.add(bets(5, 0))
    with pytest.raises(FencedOut):
        evaluate(home)
    assert row(home)["bets"] == 2


def test_without_dates_nothing_is_evaluated(home: Graded) -> None:
    report = home.deployment.strategist.evaluate([], Holder.here("run"))
    assert (report.dates, report.followed) == ((), ())


def test_of_strategies_with_the_same_bets_only_the_simplest_is_kept(home: Graded) -> None:
    home.add(bets(3, 2))  # a confidence of 0.65 and an edge of 1.5
    evaluate(home)
    rows = queries.strategies(home.deployment.warehouse, DATE, DATE)
    kept = [one["strategy"] for one in queries.simplest(rows)]
    assert sorted(kept) == ["ALL", "PICKED", "catboost_v9"]
    assert len(rows) > 10
