"""`players` and its commands: what they print, and the effect of a status that is set by hand."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nba_consolidation.schema import PLAYER_ORDERS, PLAYER_STATUSES
from nba_consolidation.settings import today
from nba_consolidation_tests.cli.conftest import DATE, Terminal
from nba_consolidation_tests.pipeline.analysis.performance.graded import DATE as GAME_DATE
from nba_consolidation_tests.pipeline.analysis.performance.graded import Graded, bets, graded
from nba_consolidation_tests.pipeline.consolidation.workbench import prediction

NEXT = "2026-01-16"
WHY = ("--author", "ann", "--reason", "a knee")


@pytest.fixture
def terminal(terminal: Terminal) -> Terminal:
    """With a graded bet on each of two players on ten dates until DATE; those on the second are won every other day."""
    dates = [GAME_DATE - dt.timedelta(day) for day in range(10)]
    rows = [row for date in dates for row in bets(1, 0, game_date=date)]
    for day, date in enumerate(dates):
        rows += bets(day % 2, 1 - day % 2, game_date=date, player_lookup="lukadoncic")
    Graded(terminal.home).add(rows)
    return terminal


def test_a_review_prints_what_it_wrote_and_repeating_it_writes_nothing(terminal: Terminal) -> None:
    first = terminal.json("players", "review", "--date", NEXT)
    assert [date["game_date"] for date in first["dates"]] == [NEXT]
    assert (first["totals"]["players"], first["totals"]["written_rows"]) == (2, 2)
    assert terminal.json("players", "review", "--date", NEXT)["totals"]["written_rows"] == 0
    output = terminal.run("players", "review", "--date", NEXT).stdout
    assert "Reviewed 1 date: 2 rows, 0 of them written" in output
    assert f"For {NEXT}: 2 players, 0 blacklisted" in output
    assert "Validated again" not in output


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
    output = terminal.run("players", "list").stdout
    (line,) = (line for line in output.splitlines() if "lukadoncic" in line)
    assert "50.0 %" in line
    assert "23.7 % to 76.3 %" in line
    (policy,) = (line.split() for line in output.splitlines() if line.startswith("false_discovery"))
    assert policy[1] == "yes"
    assert f"For {NEXT}, from games before it" in output
    assert [row["bets"] for row in terminal.json("players", "list", "--date", DATE)["players"]] == [9, 9]


def test_the_list_can_be_limited_to_a_player_or_a_status(terminal: Terminal) -> None:
    terminal.run("players", "review", "--date", NEXT)
    (row,) = terminal.json("players", "list", "--player", "Luka Dončić")["players"]
    assert row["player_lookup"] == "lukadoncic"
    assert terminal.json("players", "list", "--status", "blacklisted")["players"] == []
    assert f"No such player for {NEXT}" in terminal.run("players", "list", "--player", "nobody").stdout


def test_an_unknown_player_is_refused_with_the_nearest_and_nothing_is_recorded(terminal: Terminal) -> None:
    terminal.run("players", "review", "--date", NEXT)
    error = terminal.run("players", "override", "lukadoncik", "watch", *WHY, exit_code=2).stderr
    assert "player 'lukadoncik' is unknown" in error
    assert "lukadoncic" in error
    assert terminal.json("players", "overrides")["overrides"] == []


def test_a_status_set_by_hand_is_recorded_and_can_be_cleared(terminal: Terminal) -> None:
    terminal.run("players", "review", "--date", NEXT)
    assert today() > GAME_DATE  # it is reviewed for NEXT, as before, and for today
    made = terminal.json("players", "override", "Luka Dončić", "blacklisted", *WHY, "--from", DATE)
    assert (made["override"]["author"], made["totals"]["overridden"]) == ("ann", 2)
    (row,) = terminal.json("players", "list", "--status", "blacklisted")["players"]
    assert (row["player_lookup"], row["reason"]) == ("lukadoncic", "override by ann: a knee")
    output = terminal.run("players", "clear", "Luka Dončić", *WHY, "--from", DATE).stdout
    assert f"from {DATE} on, Luka Dončić is as computed" in output
    assert terminal.json("players", "list", "--status", "blacklisted")["players"] == []
    recorded = terminal.json("players", "overrides")["overrides"]
    assert [(row["player_key"], row["status"], row["author"]) for row in recorded] == [
        ("lukadoncic", "blacklisted", "ann"), ("lukadoncic", None, "ann")
    ]  # fmt: skip
    assert "as computed" in terminal.run("players", "overrides").stdout


def test_a_status_set_by_hand_ends_on_its_last_date(terminal: Terminal) -> None:
    terminal.run("players", "review", "--from", DATE, "--to", "2026-01-18")
    terminal.run("players", "override", "lukadoncic", "watch", *WHY, "--from", DATE, "--to", NEXT)
    watched = {}
    for date in (DATE, NEXT, "2026-01-17"):
        rows = terminal.json("players", "list", "--date", date, "--status", "watch")["players"]
        watched[date] = [row["player_lookup"] for row in rows]
        assert {row["until"] for row in rows} <= {"2026-01-17"}, "the first date on which it does not apply"
    assert watched == {DATE: ["lukadoncic"], NEXT: ["lukadoncic"], "2026-01-17": []}


def test_two_players_are_blacklisted_by_name_stopped_at_once_and_their_worth_is_shown_later(
    terminal: Terminal, rows_file: Callable[..., Path]
) -> None:
    first, second = (today() + dt.timedelta(days) for days in (1, 2))
    players = ("lebronjames", "donovanmitchell", "jaimejaquezjr")
    rows = [prediction(game_date=date, player_lookup=name, is_actionable=True)
            for date in (first, second) for name in players]  # fmt: skip
    terminal.run("stage", rows_file("_staging_20260115_120000_w1.jsonl", *rows))
    terminal.run("consolidate")
    home = Graded(terminal.home)
    assert home.read("published_predictions", is_actionable=False) == []
    terminal.run("players", "override", "LeBron James", "blacklisted", *WHY, "--to", first)
    output = terminal.run("players", "override", "Donovan Mitchell", "blacklisted", *WHY).stdout
    assert f"Published again: {first}, {second}" in output
    stopped = home.read("published_predictions", filter_reason="blacklisted_player")
    assert {(row["game_date"], row["player_lookup"]) for row in stopped} == {
        (first, "donovanmitchell"), (first, "lebronjames"), (second, "donovanmitchell")
    }  # fmt: skip
    home.add(row for date in (first, second) for name, won in zip(players, (0, 2, 1), strict=True)
             for row in bets(won, 3, player_lookup=name, game_date=date))  # fmt: skip
    worth = {row["player_key"]: row for row in terminal.json("players", "overrides")["overrides"]}
    assert (worth["lebronjames"]["bets"], worth["lebronjames"]["units"]) == (3, -3)
    assert (worth["donovanmitchell"]["bets"], worth["donovanmitchell"]["correct"]) == (10, 4)
    assert worth["donovanmitchell"]["units"] == pytest.approx(4 * 100 / 110 - 6, abs=1e-6)
    assert "-2.4" in terminal.run("players", "overrides").stdout
    assert [row["bets"] for row in home.deployment.reporter.report(first, first).players.overrides] == [3, 10]


def test_a_name_that_nobody_has_is_refused_with_the_nearest_ones(terminal: Terminal) -> None:
    for command in (("override", "Luka Donkic", "blacklisted"), ("clear", "Luka Donkic")):
        refused = terminal.run("players", *command, *WHY, "--from", DATE, exit_code=2).stderr
        assert "player 'lukadonkic' is unknown. The nearest of" in refused
        assert "lukadoncic" in refused
    assert terminal.json("players", "overrides")["overrides"] == []


@pytest.fixture
def league(terminal: Terminal) -> Terminal:
    """60 players with 25 dates of bets; `wild` scatters twice as much, and `low` is predicted too low."""
    chance = np.random.default_rng(4)
    rows = []
    for day in range(25):
        for number in range(60):
            name = {0: "wild", 1: "low"}.get(number, f"player{number:02}")
            actual = 20 + round(float(chance.normal(0, 6 if name == "wild" else 3)))
            line = Decimal("15.5") if name == "low" else Decimal("20.5")
            rows.append(graded("correct" if actual > line else "wrong", player_lookup=name, actual_points=actual,
                               line_value=line, predicted_points=line + 1 if name == "low" else Decimal(20),
                               game_date=GAME_DATE - dt.timedelta(day)))  # fmt: skip
    Graded(terminal.home).add(rows)
    terminal.run("players", "review", "--date", NEXT)
    return terminal


def test_the_list_answers_whom_not_to_bet_on_about_whom_we_are_biased_and_who_scatters(league: Terminal) -> None:
    def listed(*options: object) -> list[Any]:
        rows: list[Any] = league.json("players", "list", *options)["players"]
        return rows

    assert [row["player_lookup"] for row in listed("--biased")] == ["low", "jaimejaquezjr", "lukadoncic"]
    wild = listed("--variance", "high")[0]
    assert (wild["player_lookup"], wild["variance_flag"]) == ("wild", "high_for_volume")
    assert 1.5 < wild["variance_ratio"] < 3
    margins = [row["margin"] for row in listed("--sort", "margin")]
    assert margins == sorted(margins)
    assert len(margins) == 62
    assert len(listed("--min-bets", 11)) == 60
    assert listed("--min-bets", 26) == []
    assert "no more than chance explains" in league.run("players", "list", "--player", "player05").stdout
    low = next(line for line in league.run("players", "list", "--player", "low").stdout.splitlines() if "low " in line)
    assert re.search(r"low +reliable +\+4\.\d +\+\d\.\d to \+\d\.\d +25 .*margin \+4\.\d points on 25 dates", low)


@pytest.mark.parametrize("order", PLAYER_ORDERS)
def test_players_are_listed_in_every_order_those_without_the_figure_last(league: Terminal, order: str) -> None:
    rows = league.json("players", "list", "--sort", order)["players"]
    name = {"hit-rate": "hit_rate", "variance": "variance_ratio"}.get(order, order)
    values = [row[name] for row in rows]
    known = [value for value in values if value is not None]
    assert values[: len(known)] == known
    if order in ("margin", "hit-rate"):
        assert known == sorted(known)
    elif order == "status":
        assert known == sorted(known, key=PLAYER_STATUSES.index)
    else:
        assert known == sorted(known, key=abs, reverse=True)


def test_before_the_first_review_the_next_step_is_printed(terminal: Terminal) -> None:
    assert "nba-consolidation players review" in terminal.run("players", "list").stdout
    assert "No status was ever set" in terminal.run("players", "overrides").stdout
    assert terminal.json("players", "list") == {"date": None, "players": [], "policies": []}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
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
def test_invalid_arguments_are_refused_and_nothing_is_recorded(
    terminal: Terminal, arguments: tuple[str, ...], code: int, message: str
) -> None:
    assert message in terminal.run("players", *arguments, exit_code=code).stderr
    assert terminal.json("players", "overrides")["overrides"] == []


def test_players_of_an_earlier_version_are_listed_and_bootstrap_completes_their_table(terminal: Terminal) -> None:
    terminal.run("players", "review", "--date", NEXT)
    home = Graded(terminal.home)
    for column in ("margin", "margin_low", "margin_high", "margin_days"):
        home.execute(f"ALTER TABLE player_reliability DROP COLUMN {column}")
    home.execute("ALTER TABLE player_reliability ADD COLUMN shrunken_rate DOUBLE")
    assert {row["margin"] for row in terminal.json("players", "list")["players"]} == {None}
    assert (
        "nba-consolidation bootstrap --apply" in terminal.run("players", "review", "--date", NEXT, exit_code=1).stderr
    )
    terminal.run("bootstrap", "--apply")
    assert "lukadoncic" in terminal.run("players", "list").stdout
    terminal.run("players", "review", "--date", NEXT)
    assert {row["margin_days"] for row in terminal.json("players", "list")["players"]} == {10}


def test_a_missing_home_is_not_created(terminal: Terminal) -> None:
    nowhere = Terminal(terminal.home / "nowhere")
    assert nowhere.run("players", "list", exit_code=1).stderr
    assert not nowhere.home.exists()
