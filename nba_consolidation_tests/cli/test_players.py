"""`players` and its commands: what they print, what a decision does, and what they say where there is nothing."""

from __future__ import annotations

import datetime as dt

import pytest

from nba_consolidation.settings import today
from nba_consolidation_tests.cli.conftest import DATE, Terminal
from nba_consolidation_tests.pipeline.analysis.performance.graded import DATE as GAME_DATE
from nba_consolidation_tests.pipeline.analysis.performance.graded import Graded, bets

NEXT = "2026-01-16"
WHY = ("--author", "ann", "--reason", "a knee")


@pytest.fixture
def terminal(terminal: Terminal) -> Terminal:
    """With a graded bet on each of two players, on ten dates up to DATE; the second one's are won every other day."""
    dates = [GAME_DATE - dt.timedelta(day) for day in range(10)]
    rows = [row for date in dates for row in bets(1, 0, game_date=date)]
    for day, date in enumerate(dates):
        rows += bets(day % 2, 1 - day % 2, game_date=date, player_lookup="lukadoncic")
    Graded(terminal.home).add(rows)
    return terminal


def test_a_review_says_what_it_wrote_and_the_same_again_writes_nothing(terminal: Terminal) -> None:
    first = terminal.json("players", "review", "--date", NEXT)
    assert [date["game_date"] for date in first["dates"]] == [NEXT]
    assert (first["totals"]["players"], first["totals"]["written_rows"]) == (2, 2)
    assert terminal.json("players", "review", "--date", NEXT)["totals"]["written_rows"] == 0
    shown = terminal.run("players", "review", "--date", NEXT).stdout
    assert "Reviewed 1 date: 2 rows, of which 0 had to be written" in shown
    assert f"For {NEXT}: 2 players, 0 blacklisted" in shown
    assert "Validated anew" not in shown


def test_a_review_without_dates_is_for_today(terminal: Terminal) -> None:
    assert [date["game_date"] for date in terminal.json("players", "review")["dates"]] == [str(today())]


def test_the_list_shows_players_with_intervals_and_the_policies(terminal: Terminal) -> None:
    terminal.run("players", "review", "--from", DATE, "--to", NEXT)
    document = terminal.json("players", "list")
    assert document["date"] == NEXT
    assert {row["player_lookup"]: (row["bets"], row["hit_rate"]) for row in document["players"]} == {
        "jaimejaquezjr": (10, 1.0), "lukadoncic": (10, 0.5)
    }  # fmt: skip
    assert [row["policy"] for row in document["policies"]] == ["false_discovery", "edge_3_under_40"]
    shown = terminal.run("players", "list").stdout
    (line,) = (line for line in shown.splitlines() if "lukadoncic" in line)
    assert "50.0 %" in line
    assert "23.7 % to 76.3 %" in line
    assert "false_discovery (acts)" in shown
    assert f"For {NEXT}, of games before it" in shown
    assert [row["bets"] for row in terminal.json("players", "list", "--date", DATE)["players"]] == [9, 9]


def test_the_list_can_be_of_a_player_or_a_status_and_says_where_there_is_none(terminal: Terminal) -> None:
    terminal.run("players", "review", "--date", NEXT)
    (row,) = terminal.json("players", "list", "--player", "Luka Dončić")["players"]
    assert row["player_lookup"] == "lukadoncic"
    assert terminal.json("players", "list", "--status", "blacklisted")["players"] == []
    assert f"No such player for {NEXT}" in terminal.run("players", "list", "--player", "nobody").stdout


def test_a_decision_holds_is_kept_and_is_given_back(terminal: Terminal) -> None:
    terminal.run("players", "review", "--date", NEXT)
    made = terminal.json("players", "override", "Luka Dončić", "blacklisted", *WHY, "--from", DATE)
    assert (made["override"]["author"], made["totals"]["overridden"]) == ("ann", 1)
    (row,) = terminal.json("players", "list", "--status", "blacklisted")["players"]
    assert (row["player_lookup"], row["reason"]) == ("lukadoncic", "override by ann: a knee")
    told = terminal.run("players", "clear", "Luka Dončić", *WHY, "--from", DATE).stdout
    assert f"Luka Dončić is as computed again from {DATE} on" in told
    assert terminal.json("players", "list", "--status", "blacklisted")["players"] == []
    kept = terminal.json("players", "overrides")["overrides"]
    assert [(row["player_key"], row["status"], row["author"]) for row in kept] == [
        ("lukadoncic", "blacklisted", "ann"), ("lukadoncic", None, "ann")
    ]  # fmt: skip
    assert "computed again" in terminal.run("players", "overrides").stdout


def test_a_decision_ends_when_it_should(terminal: Terminal) -> None:
    terminal.run("players", "review", "--from", DATE, "--to", "2026-01-18")
    terminal.run("players", "override", "lukadoncic", "watch", *WHY, "--from", DATE, "--to", NEXT)
    found = {}
    for date in (DATE, NEXT, "2026-01-17"):
        shown = terminal.json("players", "list", "--date", date, "--status", "watch")["players"]
        found[date] = [row["player_lookup"] for row in shown]
        assert {row["until"] for row in shown} <= {"2026-01-17"}, "the first date on which it does not hold"
    assert found == {DATE: ["lukadoncic"], NEXT: ["lukadoncic"], "2026-01-17": []}


def test_without_anything_each_command_says_what_to_do_next(terminal: Terminal) -> None:
    assert "nba-consolidation players review" in terminal.run("players", "list").stdout
    assert "Nothing was ever decided" in terminal.run("players", "overrides").stdout
    assert terminal.json("players", "list") == {"date": None, "players": [], "policies": []}


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("override", "p", "bad", *WHY), 2, "bad"),
        (("override", "p", "watch", "--author", "ann"), 2, "--reason"),
        (("override", "p", "watch", "--author", " ", "--reason", "x"), 1, "author"),
        (("override", "p", "watch", *WHY, "--from", NEXT, "--to", DATE), 1, "before"),
        (("clear", "p", "--reason", "x"), 2, "--author"),
        (("list", "--date", "soon"), 2, "soon"),
        (("list", "--status", "bad"), 2, "bad"),
        (("review", "--from", NEXT, "--to", DATE), 2, NEXT),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_kept(
    terminal: Terminal, arguments: tuple[str, ...], code: int, says: str
) -> None:
    assert says in terminal.run("players", *arguments, exit_code=code).stderr
    assert terminal.json("players", "overrides")["overrides"] == []


def test_a_home_that_is_not_there_is_not_made(terminal: Terminal) -> None:
    nowhere = Terminal(terminal.home / "nowhere")
    assert nowhere.run("players", "list", exit_code=1).stderr
    assert not nowhere.home.exists()
