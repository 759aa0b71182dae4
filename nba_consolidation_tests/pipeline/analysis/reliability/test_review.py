"""What a review writes, and what an override changes."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from nba_consolidation.errors import UnknownName
from nba_consolidation.fencing.errors import FencedOut
from nba_consolidation.leases import Holder
from nba_consolidation.pipeline.analysis.reliability.overrides import Override, overrides_with_results
from nba_consolidation.pipeline.analysis.reliability.review import ReviewReport
from nba_consolidation_tests.pipeline.analysis.performance.graded import DATE, Graded, Row, bets, graded

NEXT = DATE + dt.timedelta(1)


@pytest.fixture
def home(tmp_path: Path) -> Graded:
    return Graded(tmp_path / "home", disabled_systems=("switched_off",))


def review(home: Graded, *dates: dt.date, run_id: str = "run") -> ReviewReport:
    return home.deployment.reviewer.review(dates or [NEXT], Holder.here(run_id))


def decide(home: Graded, status: str | None, player: str = "Luka Dončić", first: dt.date = NEXT) -> ReviewReport:
    override = Override(f"{status}", player, status, first, None, "somebody", "a knee")
    return home.deployment.reviewer.decide(override, Holder.here("person"))


def row(home: Graded, player: str, date: dt.date = NEXT) -> Row:
    return home.one("player_reliability", game_date=date, player_lookup=player)


def test_only_games_before_the_date_of_its_season_and_enabled_systems_count(home: Graded) -> None:
    home.add(bets(2, 1))
    home.add([*bets(5, 0, system_id="switched_off"), *bets(4, 0, game_date=NEXT), graded("push"), graded("passed")])
    home.add(bets(9, 0, game_date=dt.date(2025, 6, 30)))
    review(home, NEXT, dt.date(2025, 7, 1))
    reviewed = row(home, "jaimejaquezjr")
    assert (reviewed["bets"], reviewed["correct"], reviewed["push"], reviewed["passed"]) == (3, 2, 1, 1)
    assert (reviewed["season_first"], reviewed["last_game"]) == (dt.date(2025, 7, 1), DATE)
    assert home.read("player_reliability", game_date=dt.date(2025, 7, 1)) == []


def test_the_margin_of_a_date_is_the_mean_of_its_bets_signed_by_their_side(home: Graded) -> None:
    """24 points: +3.5, -2.5, and a push; what is no bet, or has no result, has no margin."""
    home.add([
        graded("correct"),
        graded("wrong", recommendation="UNDER", line_value=Decimal("21.5")),
        graded("push", recommendation="UNDER", line_value=Decimal(24), system_id="ensemble_v1"),
        graded("passed", recommendation="PASS"),
        graded("voided", actual_points=0, system_id="moving_average"),
        graded("not_a_bet", line_value=None),
        *bets(1, 0, game_date=DATE - dt.timedelta(1), actual_points=30),
    ])  # fmt: skip
    review(home)
    reviewed = row(home, "jaimejaquezjr")
    assert reviewed["margin"] == pytest.approx(((3.5 - 2.5 + 0) / 3 + 9.5) / 2, abs=1e-6)
    assert (reviewed["margin_days"], reviewed["margin_low"], reviewed["worse_q"]) == (2, None, None)


def test_spellings_of_a_name_are_one_player(home: Graded) -> None:
    home.add(
        [*bets(1, 0, player_lookup="lukadončić"), *bets(0, 1, player_lookup="lukadoncic", system_id="ensemble_v1")]
    )
    review(home)
    assert row(home, "lukadoncic")["bets"] == 2


def test_reviewing_again_writes_no_row_and_later_dates_are_recomputed(home: Graded) -> None:
    home.add(bets(3, 2))
    assert review(home, NEXT, NEXT + dt.timedelta(5)).total("written_rows") == 2
    assert review(home, NEXT, NEXT + dt.timedelta(5)).total("written_rows") == 0
    home.add(bets(1, 0, system_id="ensemble_v1"))
    report = review(home)
    assert report.followed == (NEXT + dt.timedelta(5),)
    assert row(home, "jaimejaquezjr", NEXT + dt.timedelta(5))["bets"] == 6


def test_an_older_lease_is_fenced_out(home: Graded) -> None:
    home.add(bets(1, 1))
    review(home)
    home.execute("UPDATE consolidation_fences SET token = 9000000000000000000 WHERE lease_key LIKE 'reliability_%'")
    home.add(bets(5, 0))
    with pytest.raises(FencedOut):
        review(home)
    assert row(home, "jaimejaquezjr")["bets"] == 2


def test_an_override_replaces_the_computed_status_is_kept_and_can_be_cleared(home: Graded) -> None:
    """The player has no graded row before the date."""
    home.add([*bets(1, 1), graded("push", player_lookup="lukadoncic", game_date=NEXT)])
    review(home)
    decide(home, "blacklisted")
    reviewed = row(home, "lukadoncic")
    assert (reviewed["status"], reviewed["computed_status"], reviewed["override_id"]) == (
        "blacklisted",
        "not_enough",
        "blacklisted",
    )
    assert (reviewed["reason"], reviewed["since"]) == ("override by somebody: a knee", NEXT)
    decide(home, None)
    assert home.read("player_reliability", player_lookup="lukadoncic") == []
    kept = home.frame("SELECT player_lookup, status, author, reason FROM player_overrides ORDER BY created_at")
    assert kept["status"].tolist() == ["blacklisted", None]
    assert set(kept["player_lookup"]) == {"lukadoncic"}


def test_a_name_that_nobody_has_is_refused_with_the_nearest_ones_and_nothing_is_recorded(home: Graded) -> None:
    home.add([graded(player_lookup=name) for name in ("lukadoncic", "lukagarza", "joelembiid", "traeyoung", "jokic")])
    home.add([graded(player_lookup="lucadoncik", game_date=NEXT - dt.timedelta(366))])
    with pytest.raises(UnknownName, match=r"'lucadoncik' is unknown. The nearest of 5: lukadoncic"):
        decide(home, "blacklisted", "Luca Doncik")
    assert home.read("player_overrides") == []
    decide(home, "blacklisted", "LUKA  Dončić")
    assert home.one("player_overrides")["player_lookup"] == "lukadoncic"


def test_the_upcoming_dates_that_an_override_covers_are_reviewed(home: Graded) -> None:
    home.add([graded(player_lookup="lukadoncic")])
    override = Override("o", "lukadoncic", "blacklisted", NEXT, NEXT + dt.timedelta(2), "somebody", "a knee")
    upcoming = [DATE, NEXT + dt.timedelta(1), NEXT + dt.timedelta(3)]
    home.deployment.reviewer.decide(override, Holder.here("person"), upcoming)
    assert {row["game_date"] for row in home.read("policy_reviews")} == {NEXT + dt.timedelta(1)}


def test_an_override_is_worth_what_the_bets_from_its_day_on_won_until_another_one(home: Graded) -> None:
    """Made yesterday, of which a later one takes over after two days; results of earlier dates were known."""
    made = dt.datetime.now(dt.UTC).date()
    days = [made + dt.timedelta(number) for number in range(-1, 5)]
    name = {"player_lookup": "lukadoncic"}
    home.add(row for number, date in enumerate(days) for row in bets(number % 2, 2, game_date=date, **name))
    home.add([*bets(5, 5, game_date=made), graded("push", game_date=made, **name)])
    decide(home, "blacklisted", first=days[0])
    decide(home, "watch", first=days[3])
    decide(home, None, first=days[4])
    rows = overrides_with_results(home.deployment.warehouse)
    assert [(row["status"], row["bets"], row["correct"]) for row in rows] == [
        ("blacklisted", 5, 1), ("watch", 3, 1), (None, 0, 0)
    ]  # fmt: skip
    assert [row["units"] for row in rows] == [
        pytest.approx(100 / 110 - 4, abs=1e-6),
        pytest.approx(100 / 110 - 2, abs=1e-6),
        None,
    ]


def test_before_the_first_game_of_a_season_a_review_finds_nobody(home: Graded) -> None:
    home.add(bets(3, 2))
    report = review(home, dt.date(2026, 7, 1))
    assert (report.total("players"), report.total("written_rows")) == (0, 0)
    assert [row["verdict"] for row in home.read("policy_reviews")] == ["not_enough", "not_enough"]
